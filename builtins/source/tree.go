package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/tree"
)

// Trees are the lists of directories of a workspace. Each is made once; the files are read once to compute their digests, and those
// that a host needs again when they are sent. The zero value is ready for use, and safe for concurrent use.
type Trees struct {
	// Limit is how many entries a tree may have, 0 for tree.MaxEntries.
	Limit int

	mu    sync.Mutex
	known map[string]*op.Blob // by path and patterns
}

// Choice says what of a directory is listed.
type Choice struct {
	Exclude []string // patterns of what is left out: see tree.Excluded
}

// Get returns the list of a directory, given by its path from the root.
func (t *Trees) Get(fsys fs.FS, dir string, choice Choice) (*op.Blob, *diag.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	exclude := choice.Exclude
	key := dir + "\x00" + strings.Join(exclude, "\x00")
	if blob, ok := t.known[key]; ok {
		return blob, nil
	}
	for _, p := range exclude {
		if _, err := path.Match(p, ""); err != nil {
			return nil, (&diag.Error{Summary: fmt.Sprintf("%q is not a pattern of names", p)}).
				WithHint(`patterns are as of a shell, such as "*.tmp"; \[ stands for the character itself`)
		}
	}
	l := &lister{fsys: fsys, limit: t.Limit, root: dir, exclude: exclude, sum: sha256.New(), buf: make([]byte, 128<<10)}
	if l.limit == 0 {
		l.limit = tree.MaxEntries
	}
	if err := l.top(); err != nil {
		return nil, err
	}
	if t.known == nil {
		t.known = map[string]*op.Blob{}
	}
	blob := l.blob()
	t.known[key] = blob
	return blob, nil
}

// lister lists a directory.
type lister struct {
	fsys    fs.FS
	root    string
	limit   int
	exclude []string
	sum     hash.Hash
	buf     []byte
	entries []tree.Entry
}

func (l *lister) top() *diag.Error {
	info, err := fs.Stat(l.fsys, l.root)
	switch {
	case err != nil:
		return Missing(l.fsys, l.root, err)
	case !info.IsDir():
		return (&diag.Error{Summary: l.root + " is a file, want a directory"}).WithHint("to bring one file: file(path, source = ...)")
	}
	return l.directory("")
}

// directory lists what is in a directory, given by its path in the tree.
func (l *lister) directory(dir string) *diag.Error {
	all, err := fs.ReadDir(l.fsys, path.Join(l.root, dir))
	if err != nil {
		return Missing(l.fsys, path.Join(l.root, dir), err)
	}
	for _, found := range all {
		name := path.Join(dir, found.Name())
		if tree.Excluded(l.exclude, name) {
			continue
		}
		if err := l.entry(name); err != nil {
			return err
		}
		if found.IsDir() {
			if err := l.directory(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// othersWrite are the bits of a mode that are not taken over: who works in a checkout gives them by the way.
const othersWrite = 0o022

func (l *lister) entry(name string) *diag.Error {
	at := path.Join(l.root, name)
	if why := tree.Check(&tree.Entry{Name: name}); why != "" { // before a file system refuses it in other words
		return l.refuse(name, why)
	}
	info, err := fs.Lstat(l.fsys, at)
	if err != nil {
		return Missing(l.fsys, at, err)
	}
	e := tree.Entry{Name: name, Mode: uint32(info.Mode().Perm()) &^ othersWrite}
	switch info.Mode().Type() {
	case 0:
		e.Kind = tree.File
		e.Sum, e.Size, err = l.digest(at)
	case fs.ModeDir:
		e.Kind = tree.Dir
	case fs.ModeSymlink:
		e.Kind, e.Mode = tree.Link, 0
		e.Link, err = fs.ReadLink(l.fsys, at)
	default:
		return l.refuse(name, "is neither a file nor a directory nor a link")
	}
	if err != nil {
		return Missing(l.fsys, at, err)
	}
	if why := tree.Check(&e); why != "" {
		return l.refuse(name, why)
	}
	if len(l.entries) == l.limit {
		return (&diag.Error{Summary: fmt.Sprintf("%s holds more than %d files", l.root, l.limit)}).
			WithHint("leave some out with exclude, or bring an archive: unpack")
	}
	l.entries = append(l.entries, e)
	return nil
}

func (l *lister) refuse(name, why string) *diag.Error {
	return (&diag.Error{Summary: fmt.Sprintf("%q in %s %s", name, l.root, why)}).WithHint("leave it out: exclude = [%q]", name)
}

func (l *lister) digest(name string) (sum string, size int64, err error) {
	f, err := l.fsys.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }() // it was only read
	l.sum.Reset()
	size, err = io.CopyBuffer(l.sum, struct{ io.Reader }{f}, l.buf)
	return hex.EncodeToString(l.sum.Sum(nil)), size, err
}

// blob is the list as content.
func (l *lister) blob() *op.Blob {
	var list []byte
	for i := range l.entries {
		list = tree.Append(list, &l.entries[i])
	}
	blob := op.NewBlob(list)
	content := &content{fsys: l.fsys, root: l.root, list: list, entries: l.entries}
	blob.Pick = content.pick
	return blob
}

// content is a tree that is sent.
type content struct {
	fsys    fs.FS
	root    string
	list    []byte
	entries []tree.Entry
}

// pick reads the list, and the files of some entries behind it.
func (c *content) pick(which string) (io.ReadCloser, error) {
	picked, err := tree.Picked(which, len(c.entries))
	if err != nil {
		return nil, err
	}
	return &stream{content: c, now: bytes.NewReader(c.list), left: picked}, nil
}

// stream reads files one after the other.
type stream struct {
	*content
	now  io.Reader
	file fs.File // that now reads, nil for none
	e    *tree.Entry
	sum  hash.Hash
	size int64
	left []int
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	for {
		n, err := s.now.Read(p)
		if s.file != nil {
			s.sum.Write(p[:n])
			s.size += int64(n)
		}
		switch {
		case n > 0:
			return n, nil
		case err == nil:
			continue
		case !errors.Is(err, io.EOF):
			return 0, err
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
}

// next ends a file, which has to be what was listed, and opens the next one.
func (s *stream) next() error {
	if s.file != nil && (s.size != s.e.Size || hex.EncodeToString(s.sum.Sum(nil)) != s.e.Sum) {
		return s.changed()
	}
	if err := s.Close(); err != nil {
		return err
	}
	if len(s.left) == 0 {
		return io.EOF
	}
	s.e, s.left = &s.entries[s.left[0]], s.left[1:]
	if s.e.Kind != tree.File {
		return errors.New("what is picked of the tree is no file")
	}
	file, err := s.fsys.Open(path.Join(s.root, s.e.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return s.changed()
	}
	if err != nil {
		return err
	}
	s.file, s.sum, s.size = file, sha256.New(), 0
	s.now = io.LimitReader(file, s.e.Size+1)
	return nil
}

func (s *stream) changed() error {
	return fmt.Errorf("the file %s was changed since it was read for the plan; make a new plan", path.Join(s.root, s.e.Name))
}

// Close implements io.Closer.
func (s *stream) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
