package jinja

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/nikolalohinski/gonja/v2/loaders"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// loader finds templates for include, import and extends: relative to the
// template that names them, never outside the workspace. A resolved name
// begins with a slash, which stands for the workspace's root.
type loader struct {
	set   *Set
	dir   string
	text  string // content of "/", for a template that is no file
	depth int
}

func dirOf(name string) string { return path.Dir(name) }

// Resolve implements gonja's loader.
func (l *loader) Resolve(name string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "/"); ok {
		name = strings.TrimPrefix(rest, "/") // "//x" and a name that is resolved already
	} else {
		name = path.Join(l.dir, name)
	}
	if name == "" {
		return "/", nil
	}
	if name = path.Clean(name); !fs.ValidPath(name) {
		return "", fmt.Errorf("%q leads out of the workspace", name)
	}
	return "/" + name, nil
}

// Read implements gonja's loader.
func (l *loader) Read(name string) (io.Reader, error) {
	resolved, err := l.Resolve(name)
	if err != nil {
		return nil, err
	}
	if l.depth > maxDepth {
		return nil, fmt.Errorf("templates include each other more than %d levels deep", maxDepth)
	}
	if resolved == "/" {
		return strings.NewReader(l.text), nil
	}
	file := resolved[1:]
	content, err := bounds.ReadFile(l.set.fsys, file, bounds.MaxTemplate)
	if err != nil {
		return nil, err
	}
	if l.set.read != nil {
		l.set.read(file, content)
	}
	return bytes.NewReader(content), nil
}

// Inherit implements gonja's loader.
func (l *loader) Inherit(from string) (loaders.Loader, error) {
	resolved, err := l.Resolve(from)
	if err != nil {
		return nil, err
	}
	return &loader{set: l.set, dir: dirOf(strings.TrimPrefix(resolved, "/")), text: l.text, depth: l.depth + 1}, nil
}
