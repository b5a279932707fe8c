package workspace

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/openfroyo/froyo/engine/diag"
)

// Trust refuses a file that others may have written, and so what it says: one
// that belongs to somebody else, or that others can write to, or whose folder
// is so. In a workspace, its root is checked as well.
func (w *Workspace) Trust(name string) error {
	paths := []string{name, filepath.Dir(name)}
	if w.Root != "" && w.Root != paths[1] {
		paths = append(paths, w.Root)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := w.check(path, info); err != nil {
			return err
		}
	}
	return nil
}

// check looks at one file or folder. A folder with the sticky bit, such as
// /tmp, is fine to stand in: others cannot replace what is not theirs.
func (w *Workspace) check(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: its owner cannot be told on this system", path)
	}
	mode := info.Mode()
	if owner := int(stat.Uid); owner != 0 && owner != w.env.UID && owner != w.env.SudoUID {
		return (&diag.Error{Summary: fmt.Sprintf("%s belongs to user %d, who could make it do anything on your hosts", path, owner)}).
			WithHint("if you trust what it holds, take it over: chown %d %s", w.env.UID, path)
	}
	sticky := mode.IsDir() && mode&fs.ModeSticky != 0
	if mode.Perm()&0o002 != 0 && !sticky {
		return w.refuseWritable(path, "everybody", "o-w", mode)
	}
	// With user-private groups a group of the same number as its owner is that owner's own.
	if mode.Perm()&0o020 != 0 && stat.Gid != stat.Uid && !sticky {
		return w.refuseWritable(path, fmt.Sprintf("group %d", stat.Gid), "g-w", mode)
	}
	return nil
}

func (w *Workspace) refuseWritable(path, who, mend string, mode fs.FileMode) error {
	return (&diag.Error{Summary: fmt.Sprintf("%s can be written by %s (mode %04o), who could make it do anything on your hosts", path, who, mode.Perm())}).
		WithHint("chmod %s %s", mend, path)
}
