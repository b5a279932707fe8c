package jinja

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/jinja/program"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// compiled is a template file as it was read.
type compiled struct {
	path    string
	options syntax.Options
}

// file returns a compiled template, compiling it at its first use.
func (s *Set) file(name string, o syntax.Options) (*program.Program, error) {
	key := compiled{name, o}
	s.mu.Lock()
	p, ok := s.files[key]
	s.mu.Unlock()
	if ok {
		return p, nil
	}
	content, err := s.content(name)
	if err != nil {
		return nil, err
	}
	if p, err = program.Compile(name, content, o, s.lib); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[key] = p
	return p, nil
}

// missing is a file that cannot be read.
type missing struct {
	file  string
	cause error
}

func (m *missing) Error() string { return m.file + ": " + m.cause.Error() }
func (m *missing) Unwrap() error { return m.cause }

func (s *Set) content(name string) (string, error) {
	content, err := s.raw(name)
	return strings.TrimPrefix(content, "\ufeff"), err
}

// raw reads a file.
func (s *Set) raw(name string) (string, error) {
	content, err := bounds.ReadFile(s.fsys, name, bounds.MaxTemplate)
	if err != nil {
		return "", &missing{name, err}
	}
	if s.read != nil {
		s.read(name, content)
	}
	return string(content), nil
}

// finder finds what the templates of one rendering name.
type finder struct {
	set    *Set
	main   string
	lookup string // the template that a lookup renders, or ""
	depth  int    // of lookups within each other
}

// Load implements program.Loader.
func (f *finder) Load(name string, from *program.Program) (*program.Program, error) {
	places, err := candidates(name, from.Name, f.main)
	if err != nil {
		return nil, err
	}
	if at := path.Join(path.Dir(f.lookup), name); f.lookup != "" && !strings.HasPrefix(name, "/") && fs.ValidPath(at) {
		places = append([]string{at}, places...)
	}
	options := from.Options
	options.Named, options.RawTexts = true, false
	for _, at := range places {
		p, err := f.set.file(at, options)
		if err == nil {
			return p, nil
		}
		if m, ok := err.(*missing); !ok || !isNotExist(m) { //nolint:errorlint // file does not wrap it
			return nil, err
		}
	}
	return nil, &unknown{name, places}
}

// unknown is a name that no template has.
type unknown struct {
	name   string
	places []string
}

func (u *unknown) Error() string {
	if len(u.places) == 1 {
		return fmt.Sprintf("there is no template %q: %s does not exist", u.name, u.places[0])
	}
	return fmt.Sprintf("there is no template %q: none of %s exists", u.name, strings.Join(u.places, ", "))
}

func (u *unknown) Unwrap() error { return fs.ErrNotExist }

// candidates are where a template may be that another one names, in the order in which Ansible looks: the directory
// "templates" around the main template, what is beside that, the main template's own directory, and last the one of the
// template that names it. A name that begins with // counts from the root.
func candidates(name, from, main string) ([]string, error) {
	if rest, ok := strings.CutPrefix(name, "/"); ok {
		at := path.Clean(strings.TrimLeft(rest, "/"))
		if !fs.ValidPath(at) || at == "." {
			return nil, fmt.Errorf("%q leads out of the workspace", name)
		}
		return []string{at}, nil
	}
	var dirs []string
	for dir := path.Dir(main); dir != "."; dir = path.Dir(dir) {
		if path.Base(dir) == "templates" {
			dirs = append(dirs, dir, path.Dir(dir))
			break
		}
	}
	dirs = append(dirs, path.Join(path.Dir(main), "templates"), path.Dir(main), path.Dir(from))
	var out []string
	for _, dir := range dirs {
		if at := path.Join(dir, name); fs.ValidPath(at) && at != "." && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q leads out of the workspace", name)
	}
	return out, nil
}

// named matches the templates that a template names as literals.
var named = regexp.MustCompile(`\{%[-+]?\s*(?:include|extends|import|from)\s+["']([^"']+)["']`)

// Preload reads a template and those that it names, so that read is told of them before they are used. What is not there
// is passed over.
func (s *Set) Preload(name string) { s.preload(name, name, map[string]bool{}) }

func (s *Set) preload(name, main string, seen map[string]bool) bool {
	if seen[name] {
		return true
	}
	content, err := s.content(name)
	if err != nil {
		return false
	}
	seen[name] = true
	for _, m := range named.FindAllStringSubmatch(content, -1) {
		places, err := candidates(m[1], name, main)
		if err != nil {
			continue
		}
		for _, at := range places {
			if s.preload(at, main, seen) {
				break
			}
		}
	}
	return true
}
