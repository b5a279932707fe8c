package jinja

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// maxLookups is how many templates may be looked up within each other.
const maxLookups = 20

// bases are the directories in which lookups look: what is around the directory "templates" of the main template, and
// the main template's own.
func (f *finder) bases() []string {
	var out []string
	for dir := path.Dir(f.main); dir != "."; dir = path.Dir(dir) {
		if path.Base(dir) == "templates" {
			out = append(out, path.Dir(dir))
			break
		}
	}
	return append(out, path.Dir(f.main))
}

// places are where a file may be that a lookup names. An absolute path of Ansible's machine is refused.
func (f *finder) places(dir, name string) ([]string, error) {
	if rest, ok := strings.CutPrefix(name, "//"); ok {
		if at := path.Clean(rest); fs.ValidPath(at) {
			return []string{at}, nil
		}
		return nil, fmt.Errorf("%q leads out of the workspace", name)
	}
	if strings.HasPrefix(name, "/") || strings.HasPrefix(name, "~") {
		return nil, fmt.Errorf("%q is no path in the workspace; write //x for x at its root", name)
	}
	var out []string
	first, _, _ := strings.Cut(name, "/")
	for _, base := range f.bases() {
		for _, at := range []string{path.Join(base, dir, name), path.Join(base, name)} {
			if at == path.Join(base, dir, name) && first == dir {
				continue
			}
			if fs.ValidPath(at) && !slices.Contains(out, at) {
				out = append(out, at)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q leads out of the workspace", name)
	}
	return out, nil
}

// Find implements function.Workspace.
func (f *finder) Find(dir, name string) (string, bool, error) {
	places, err := f.places(dir, name)
	if err != nil {
		return "", false, &py.Error{Message: err.Error()}
	}
	for _, at := range places {
		_, err := fs.Stat(f.set.fsys, at)
		if err == nil {
			return at, true, nil
		}
		if !isNotExist(err) {
			return "", false, &missing{at, err}
		}
	}
	return "", false, nil
}

// Read implements function.Workspace.
func (f *finder) Read(at string) (string, error) { return f.set.raw(at) }

// Glob implements function.Workspace.
func (f *finder) Glob(dir, pattern string) ([]string, error) {
	in, pattern := path.Split(pattern)
	var dirs []string
	if in != "" {
		at, ok, err := f.Find(dir, strings.TrimRight(in, "/")+"/.")
		if err != nil || !ok {
			return nil, err
		}
		dirs = []string{at}
	} else {
		for _, base := range f.bases() {
			dirs = append(dirs, path.Join(base, dir), base)
		}
	}
	for _, at := range dirs {
		found, err := f.matches(at, pattern)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// matches are the files of a directory that match a pattern, in order. As in Python, those that begin with a dot match
// a pattern only that does so, too.
func (f *finder) matches(dir, pattern string) ([]string, error) {
	entries, err := fs.ReadDir(f.set.fsys, dir)
	if isNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &missing{dir, err}
	}
	var out []string
	for _, e := range entries {
		if ok, _ := path.Match(pattern, e.Name()); !ok || strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(pattern, ".") {
			continue
		}
		at := path.Join(dir, e.Name())
		info, err := fs.Stat(f.set.fsys, at)
		if err == nil && info.Mode().IsRegular() {
			out = append(out, at)
		}
	}
	return out, nil
}

// Render implements function.Workspace.
func (f *finder) Render(r *function.Run, at string, more map[string]py.Value) (string, error) {
	if f.depth++; f.depth > maxLookups {
		return "", &function.Limit{Message: fmt.Sprintf("more than %d lookups of templates are within each other", maxLookups)}
	}
	p, err := f.set.file(at, syntax.Default())
	if err != nil {
		return "", err
	}
	inner := &finder{set: f.set, main: f.main, lookup: at, depth: f.depth}
	outer, outerFiles := r.Variable, r.Files
	r.Files = inner
	defer func() {
		f.depth--
		r.Variable, r.Files = outer, outerFiles
	}()
	return p.Render(r, inner, func(name string) (py.Value, bool, error) {
		if v, ok := more[name]; ok {
			return v, true, nil
		}
		return outer(name)
	})
}
