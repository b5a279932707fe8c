package source

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// environment are the variables of the environment.
type environment struct{ all []string }

func (e environment) read(_ context.Context, name string) (string, error) {
	var names []string
	for _, variable := range slices.Backward(e.all) { // the last one counts
		known, value, _ := strings.Cut(variable, "=")
		if known == name {
			return value, nil
		}
		names = append(names, known)
	}
	err := refused("secret %q: the environment has no variable %s", "env:"+name, name)
	if near := diag.Nearest(name, names); near != "" {
		return "", err.WithHint("did you mean env:%s?", near)
	}
	return "", err.WithHint("%s", toSet(ofVariable, name))
}

// files are files of the controller.
type files struct {
	dir  string
	warn func(*diag.Error)
}

// read reads a file. The end of the line is no part of a secret that is one line.
func (f files) read(_ context.Context, name string) (string, error) {
	text, mode, err := f.content(ofFile, name)
	if err != nil {
		return "", err
	}
	if mode.Perm()&0o077 != 0 {
		path := f.path(name)
		f.warn((&diag.Error{Summary: "secret \"file:" + name + "\": others can read " + path + " (mode " + wording.Mode(uint32(mode.Perm())) + ")"}).
			WithHint("chmod 600 %s", wording.Quote(path)))
	}
	return oneLine(text), nil
}

// path is where a file is.
func (f files) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.dir, name)
}

// content is what the file of a secret holds.
func (f files) content(kind, name string) (string, os.FileMode, error) {
	of := "secret \"" + nameOf(kind, name) + "\""
	path := f.path(name)
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, unread(kind, name, err)
	}
	if !info.Mode().IsRegular() {
		return "", 0, refused("%s: %s is no file", of, path).WithHint("name a file that holds the secret and nothing else")
	}
	file, err := os.Open(path)
	if err != nil {
		return "", 0, unread(kind, name, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	switch {
	case err != nil:
		return "", 0, unread(kind, name, err)
	case len(text) > maxSize:
		return "", 0, refused("%s: %s is larger than %d MiB", of, path, maxSize>>20).WithHint("name a file that holds the secret and nothing else")
	}
	return string(text), info.Mode(), nil
}

// oneLine leaves out the end of the line where there is one line.
func oneLine(text string) string {
	if _, rest, _ := strings.Cut(text, "\n"); rest == "" {
		return withoutEnd(text)
	}
	return text
}

func unread(kind, name string, err error) error {
	e := *diag.ReadFailed("secret \""+nameOf(kind, name)+"\"", err)
	e.Code = diag.Usage
	return e.WithHint("its name starts from the workspace's directory; %s", toSet(kind, name))
}
