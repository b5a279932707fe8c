package source

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
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
func (f files) read(ctx context.Context, name string) (string, error) {
	text, mode, err := f.content(ctx, ofFile, name)
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
func (f files) content(ctx context.Context, kind, name string) (text string, mode fs.FileMode, err error) {
	path := f.path(name)
	read, err := input.File{
		Name: path, What: "secret \"" + nameOf(kind, name) + "\": " + path, Max: maxSize, Regular: true, Hint: "its name starts from the workspace's directory; " + toSet(kind, name),
		Check: func(info fs.FileInfo) error { mode = info.Mode(); return nil },
	}.Read(ctx)
	if d, is := errors.AsType[*diag.Error](err); is {
		d.Code = diag.Usage
	}
	return string(read), mode, err
}

// oneLine leaves out the end of the line where there is one line.
func oneLine(text string) string {
	if _, rest, _ := strings.Cut(text, "\n"); rest == "" {
		return withoutEnd(text)
	}
	return text
}
