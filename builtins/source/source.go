// Package source finds the files of the workspace that a runbook names, and
// gives their content as what is sent to hosts.
//
// It imports diagnostics, runner/op and runner/tree only.
package source

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/op"
)

// ResolvePath turns a name in a file of the workspace into a path from its
// root: "//x" counts from the root, anything else from the directory of from.
func ResolvePath(from, name string) (string, *diag.Error) {
	resolved, rooted := strings.CutPrefix(name, "//")
	if !rooted {
		if name == "" || path.IsAbs(name) {
			return "", (&diag.Error{Summary: fmt.Sprintf("%q is not a path in the workspace", name)}).
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
		return err.WithHint("there is no directory %s either", path.Dir(name))
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

// Blobs are the contents of files of a workspace. Each file is read once to
// compute its digest, and again when it is sent. The zero value is ready for
// use, and safe for concurrent use.
type Blobs struct {
	mu    sync.Mutex
	known map[string]*op.Blob // by path
}

// Get returns the content of a file, given by its path from the root.
func (b *Blobs) Get(fsys fs.FS, file string) (*op.Blob, *diag.Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if blob, ok := b.known[file]; ok {
		return blob, nil
	}
	open := func() (io.ReadCloser, error) { return fsys.Open(file) }
	r, err := open()
	if err != nil {
		return nil, Missing(fsys, file, err)
	}
	defer r.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, r)
	if err != nil {
		return nil, Missing(fsys, file, err)
	}
	if b.known == nil {
		b.known = map[string]*op.Blob{}
	}
	blob := &op.Blob{Sum: hex.EncodeToString(hash.Sum(nil)), Size: size, Open: open}
	b.known[file] = blob
	return blob, nil
}
