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
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", unread(name, err)
	}
	if !info.Mode().IsRegular() {
		return "", refused("secret %q: %s is no file", "file:"+name, path).WithHint("name a file that holds the secret and nothing else")
	}
	file, err := os.Open(path)
	if err != nil {
		return "", unread(name, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	switch {
	case err != nil:
		return "", unread(name, err)
	case len(text) > maxSize:
		return "", refused("secret %q: %s is larger than %d MiB", "file:"+name, path, maxSize>>20).WithHint("name a file that holds the secret and nothing else")
	case info.Mode().Perm()&0o077 != 0:
		f.warn((&diag.Error{Summary: "secret \"file:" + name + "\": others can read " + path + " (mode " + wording.Mode(uint32(info.Mode().Perm())) + ")"}).
			WithHint("chmod 600 %s", wording.Quote(path)))
	}
	if line, rest, _ := strings.Cut(string(text), "\n"); rest == "" {
		return strings.TrimSuffix(line, "\r"), nil
	}
	return string(text), nil
}

func unread(name string, err error) error {
	e := *diag.ReadFailed("secret \"file:"+name+"\"", err)
	e.Code = diag.Usage
	return e.WithHint("its name starts from the workspace's directory; %s", toSet(ofFile, name))
}
