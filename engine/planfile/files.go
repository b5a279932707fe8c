package planfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Files shows the sources of a saved plan in place of the files below.
func (d *Document) Files(below fs.FS) fs.FS {
	return overlay{sources: d.Sources, below: below}
}

// overlay shows a saved plan's sources in place of the workspace's files.
type overlay struct {
	sources map[string]string
	below   fs.FS
}

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	if text, ok := o.sources[path.Clean(name)]; ok {
		return &savedFile{Reader: bytes.NewReader([]byte(text)), name: filepath.Base(name), size: int64(len(text))}, nil
	}
	f, err := o.below.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f, err
}

// Lstat and ReadLink tell what the files below are: fs.ReadLinkFS.
func (o overlay) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(o.below, name) }
func (o overlay) ReadLink(name string) (string, error)   { return fs.ReadLink(o.below, name) }

// ReadDir implements fs.ReadDirFS: the saved sources of a directory, and what is there below.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.below, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for file, text := range o.sources {
		if path.Dir(file) != path.Clean(name) || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == path.Base(file) }) {
			continue
		}
		entries, err = append(entries, fs.FileInfoToDirEntry(&savedFile{name: path.Base(file), size: int64(len(text))})), nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// savedFile is a source of a saved plan as a file.
type savedFile struct {
	*bytes.Reader
	name string
	size int64
}

var (
	_ fs.File     = (*savedFile)(nil)
	_ fs.FileInfo = (*savedFile)(nil)
	_ io.ReaderAt = (*savedFile)(nil)
)

func (f *savedFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *savedFile) Close() error               { return nil }
func (f *savedFile) Name() string               { return f.name }
func (f *savedFile) Size() int64                { return f.size }
func (f *savedFile) Mode() fs.FileMode          { return 0o400 }
func (f *savedFile) ModTime() time.Time         { return time.Time{} }
func (f *savedFile) IsDir() bool                { return false }
func (f *savedFile) Sys() any                   { return nil }
