package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/openfroyo/froyo/engine/diag"
)

// Trust refuses a file that others may have written, and so what it says: one
// that belongs to another user, or that others can write to, or that lies in
// a directory of which this is true. In a workspace every directory from the file's
// up to the root is looked at.
func (w *Workspace) Trust(name string) error {
	name, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	if err := w.trustOne(name); err != nil {
		return err
	}
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		if err := w.trustOne(dir); err != nil {
			return err
		}
		if rel, err := filepath.Rel(w.Root, dir); w.Root == "" || err != nil || rel == "." || !filepath.IsLocal(rel) {
			return nil // the root is done, or the file is not below it
		}
	}
}

func (w *Workspace) trustOne(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return w.check(path, info)
}

// Check is Trust for one file or directory that was looked at, without what it is in.
func (w *Workspace) Check(path string, info fs.FileInfo) error { return w.check(path, info) }

// check looks at one file or directory. Root's files are trusted; so are those of
// who called sudo. A directory with the sticky bit, such as /tmp, is fine to stand
// in: others cannot replace what is not theirs.
func (w *Workspace) check(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: its owner cannot be told on this system", path)
	}
	mode := info.Mode()
	if owner := int(stat.Uid); owner != 0 && owner != w.env.UID && owner != w.env.SudoUID {
		return (&diag.Error{
			Summary: fmt.Sprintf("%s belongs to user %d (mode %04o), who could make it do anything on your hosts", path, owner, mode.Perm()),
		}).WithHint("if you trust what it holds, take it over: chown %d %s", w.env.UID, path)
	}
	sticky := mode.IsDir() && mode&fs.ModeSticky != 0
	if mode.Perm()&0o002 != 0 && !sticky {
		return refuseWritable(path, "everybody", "o-w", stat.Uid, mode)
	}
	// A checkout with umask 002 is fine where users have groups of their own:
	// such a group bears its user's number.
	if mode.Perm()&0o020 != 0 && stat.Gid != stat.Uid && !sticky {
		return refuseWritable(path, fmt.Sprintf("group %d", stat.Gid), "g-w", stat.Uid, mode)
	}
	return nil
}

func refuseWritable(path, who, fix string, owner uint32, mode fs.FileMode) error {
	return (&diag.Error{
		Summary: fmt.Sprintf("%s can be written by %s (mode %04o, owner %d), who could make it do anything on your hosts",
			path, who, mode.Perm(), owner),
	}).WithHint("chmod %s %s", fix, path)
}

// Files returns the files below a directory. What is opened there must not lead
// out of it, and is refused where Trust would refuse it; Close lets go of the directory.
func (w *Workspace) Files(dir string) (*Files, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Files{w: w, root: root}, nil
}

// Files is a directory whose files are checked when they are opened.
type Files struct {
	w    *Workspace
	root *os.Root
}

var _ fs.ReadLinkFS = (*Files)(nil)

// Lstat implements fs.ReadLinkFS.
func (f *Files) Lstat(name string) (fs.FileInfo, error) { return f.root.Lstat(name) }

// ReadLink implements fs.ReadLinkFS.
func (f *Files) ReadLink(name string) (string, error) { return f.root.Readlink(name) }

// Open implements fs.FS. The open file itself is looked at, so that it cannot
// be another one by the time it is read.
func (f *Files) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if err := f.trust(name); err != nil {
		return nil, err
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = f.w.check(filepath.Join(f.root.Name(), name), info)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// trust looks at the directories of a file, and at what kind of file it is: one
// that is no file on a disk could keep its reader waiting.
func (f *Files) trust(name string) error {
	for dir := name; dir != "."; {
		dir = path.Dir(dir)
		info, err := f.root.Stat(dir)
		if err != nil {
			return err
		}
		if err := f.w.check(filepath.Join(f.root.Name(), dir), info); err != nil {
			return err
		}
	}
	info, err := f.root.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return &fs.PathError{Op: "open", Path: name, Err: errors.New("neither a file nor a directory")}
	}
	return nil
}

// Below opens the directory once more, to write into it what comes from hosts.
func (f *Files) Below() (*os.Root, error) { return f.root.OpenRoot(".") }

// Close lets go of the directory. Files that are open stay so.
func (f *Files) Close() error { return f.root.Close() }
