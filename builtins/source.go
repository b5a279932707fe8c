package builtins

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/op"
)

// ResolvePath turns a name in a file of the workspace into a path from its
// root: "//x" counts from the root, anything else from the folder of from.
func ResolvePath(from, name string) (string, *diag.Error) {
	resolved, rooted := strings.CutPrefix(name, "//")
	if !rooted {
		if name == "" || path.IsAbs(name) {
			return "", (&diag.Error{Summary: fmt.Sprintf("%q is no path in the workspace", name)}).
				WithHint("write //x for x at the workspace's root, or a path beside %s", path.Base(from))
		}
		resolved = path.Join(path.Dir(from), name)
	}
	resolved = path.Clean(resolved)
	if !fs.ValidPath(resolved) {
		return "", (&diag.Error{Summary: fmt.Sprintf("%q leads out of the workspace", name)}).
			WithHint("only files of the workspace can be read")
	}
	return resolved, nil
}

// Missing describes a file that cannot be read, with the nearest name.
func Missing(fsys fs.FS, name string, cause error) *diag.Error {
	if !errors.Is(cause, fs.ErrNotExist) {
		return &diag.Error{Summary: fmt.Sprintf("read %s: %v", name, reason(cause)), Cause: cause}
	}
	err := &diag.Error{Summary: fmt.Sprintf("there is no file %s", name), Cause: cause}
	entries, dirErr := fs.ReadDir(fsys, path.Dir(name))
	if dirErr != nil {
		return err.WithHint("there is no folder %s either", path.Dir(name))
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if near := diag.Nearest(path.Base(name), names); near != "" {
		return err.WithHint("did you mean %s?", path.Join(path.Dir(name), near))
	}
	return err
}

// reason is an error without the path that the caller names already.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// source returns the content of a file that goes to hosts as it is. It is
// read when it is sent; here only its digest is computed, once for a program.
func (s *Scope) source(name string) (*op.Blob, *diag.Error) {
	file, err := ResolvePath(Pos(Stack(s.thread)).File, name)
	if err != nil {
		return nil, err
	}
	blob, err := s.env.blob(file)
	if err != nil {
		return nil, err
	}
	s.record.file(file, blob.Sum)
	return blob, nil
}

func (e *Env) blob(file string) (*op.Blob, *diag.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if blob, ok := e.blobs[file]; ok {
		return blob, nil
	}
	open := func() (io.ReadCloser, error) { return e.FS.Open(file) }
	r, err := open()
	if err != nil {
		return nil, Missing(e.FS, file, err)
	}
	defer r.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, r)
	if err != nil {
		return nil, Missing(e.FS, file, err)
	}
	blob := &op.Blob{Sum: hex.EncodeToString(hash.Sum(nil)), Size: size, Open: open}
	put(&e.blobs, file, blob)
	return blob, nil
}
