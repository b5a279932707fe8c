package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// fileName is the journal in the directory of its run.
const fileName = "journal"

// base is the directory of this user's journals. The file of the host lock is beside
// them, or next to it.
func (j *Journal) base() string {
	uid := strconv.Itoa(j.uid)
	if j.uid == 0 {
		if run := filepath.Join(j.root, "run"); checkDir(run, j.uid) == nil {
			return filepath.Join(run, "froyo")
		}
	} else if run := filepath.Join(j.root, "run/user", uid); checkDir(run, j.uid) == nil {
		return filepath.Join(run, "froyo")
	}
	return filepath.Join(j.root, "tmp/.froyo-"+uid)
}

// makeDir makes the directory of a run. That of root may be looked into, since
// the host lock is in it.
func (j *Journal) makeDir(run string) (string, error) {
	base := j.base()
	mode := os.FileMode(0o700)
	if j.uid == 0 && filepath.Base(base) == "froyo" {
		mode = 0o755
	}
	dir := filepath.Join(base, run)
	for range tries {
		err := makeOwn(base, mode, j.uid)
		if err == nil {
			err = makeOwn(dir, 0o700, j.uid)
		}
		if !errors.Is(err, os.ErrNotExist) { // else a runner that ends removed one just now
			return dir, err
		}
	}
	return "", errors.New("the directory " + base + " is being removed over and over")
}

// makeOwn makes a directory, or accepts one that is this user's alone to write to.
func makeOwn(dir string, mode os.FileMode, uid int) error {
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return checkDir(dir, uid)
}

// checkDir refuses a directory that others could put things into.
func checkDir(dir string, uid int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || owner(info) != uid || info.Mode().Perm()&0o022 != 0 {
		return errors.New(dir + " must be a directory that its user alone can write to")
	}
	return nil
}

// maxNames bounds what is looked at in a directory.
const maxNames = 10000

// names lists what is in a directory; nothing where it cannot be read.
func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	all, _ := f.Readdirnames(maxNames) // at its end it returns io.EOF
	return all
}

// same reports whether a file is the one at a path.
func same(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(mine, there)
}

// owner is the user whom a file belongs to, or -1.
func owner(info os.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}
