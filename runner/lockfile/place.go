package lockfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	// The names of the files are those of earlier versions, which exclude this one by them.
	rootFile = "run/froyo/lease"
	// tmpNames is how many names of a user's in /tmp others may have taken.
	tmpNames = 10
)

// openOwn opens this user's file, making it where it is missing, with root's
// directory. In /tmp another may have taken the name; then the next does as well, for
// everybody looks at all of them.
func (l *Lock) openOwn() (*os.File, string, error) {
	if l.uid == 0 {
		path, err := l.ofRoot()
		if err != nil {
			return nil, "", err
		}
		f, err := open(path, l.uid)
		return f, path, err
	}
	var first error
	for n := range tmpNames {
		path := l.inTmp(l.uid, n)
		f, err := open(path, l.uid)
		if err == nil {
			return f, path, nil
		}
		if first == nil {
			first = err
		}
	}
	path := l.inRun(l.uid)
	if checkDir(filepath.Dir(path), l.uid) != nil {
		return nil, "", first
	}
	f, err := open(path, l.uid)
	return f, path, err
}

// ofRoot makes the directory; the last holder's end may remove it at any time.
func (l *Lock) ofRoot() (string, error) {
	path := filepath.Join(l.root, rootFile)
	dir := filepath.Dir(path)
	for range tries {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return l.inTmp(0, 0), nil
		}
		if err := checkDir(dir, l.uid); !errors.Is(err, os.ErrNotExist) {
			return path, err
		}
	}
	return "", errors.New("the directory " + dir + " is being removed over and over")
}

// inTmp is the nth place of a user's file in /tmp.
func (l *Lock) inTmp(uid, n int) string {
	name := tmpPrefix + strconv.Itoa(uid)
	if n > 0 {
		name += "-" + strconv.Itoa(n)
	}
	return filepath.Join(l.root, "tmp", name+tmpSuffix)
}

// inRun is the place of a user's file where /tmp is of no use. Of others only
// root sees it.
func (l *Lock) inRun(uid int) string {
	return filepath.Join(l.root, "run/user", strconv.Itoa(uid), "froyo.lease")
}

const tmpPrefix, tmpSuffix = ".froyo-", ".lease"

// checkDir refuses a directory that others could put things into.
func checkDir(dir string, uid int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || owner(info) != uid || info.Mode().Perm()&0o022 != 0 {
		return errors.New("the directory of the host lock, " + dir + ", must be a directory that its user alone can write to")
	}
	return nil
}

// others lists where files may be but the one that this runner holds.
func (l *Lock) others() []string {
	paths := []string{filepath.Join(l.root, rootFile)}
	users := filepath.Join(l.root, "run/user")
	list(users, func(name string) { paths = append(paths, filepath.Join(users, name, "froyo.lease")) })
	tmp := filepath.Join(l.root, "tmp")
	list(tmp, func(name string) {
		if strings.HasPrefix(name, tmpPrefix) && strings.HasSuffix(name, tmpSuffix) {
			paths = append(paths, filepath.Join(tmp, name))
		}
	})
	return slices.DeleteFunc(paths, func(path string) bool {
		return l.file != nil && path == l.path || l.dependsOn != nil && path == l.dependsOn.path
	})
}

// list names all that is in a directory, however much others put there; nothing
// where it cannot be read.
func list(dir string, each func(name string)) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	for {
		names, err := f.Readdirnames(1024)
		for _, name := range names {
			each(name)
		}
		if err != nil { // its end
			return
		}
	}
}

// tidy removes root's directory with the last file in it.
func (l *Lock) tidy() {
	if dir := filepath.Dir(l.path); filepath.Base(dir) == "froyo" {
		_ = os.Remove(dir) // another runner may have made its file already
	}
}

// open opens a user's own file, making it where it is missing, and refuses
// what another has put there: in a directory that all can write, a hard link to
// another file of this user's, too, for the record is written over what is there.
func open(path string, uid int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular() || owner(info) != uid:
		err = errors.New(path + " is not this user's, so it cannot be the host lock: remove it")
	case names(info) > 1:
		err = errors.New(path + " has other names, too (hard links), so it cannot be the host lock: remove it")
	default:
		return f, nil
	}
	f.Close()
	return nil, err
}

// lock locks a file, or reports that another has it.
func lock(f *os.File, how int) bool {
	return syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) == nil
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

func regular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// owner is the user whom a file belongs to, or -1.
func owner(info os.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// names is how many names a file has; 0 where it was removed meanwhile.
func names(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink) //nolint:unconvert // its type differs between platforms
	}
	return 0
}
