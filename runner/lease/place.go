package lease

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// place returns where this user's file is, making root's folder where it is missing.
func (l *Lease) place() (string, error) {
	if l.uid == 0 {
		return l.ofRoot()
	}
	dir := filepath.Join(l.root, "run/user", strconv.Itoa(l.uid))
	if checkDir(dir, l.uid) == nil {
		return filepath.Join(dir, "froyo.lease"), nil
	}
	return l.inTmp(), nil
}

// ofRoot makes the folder; the last holder's end may remove it at any time.
func (l *Lease) ofRoot() (string, error) {
	dir := filepath.Join(l.root, "run/froyo")
	for range tries {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return l.inTmp(), nil
		}
		if err := checkDir(dir, l.uid); !errors.Is(err, os.ErrNotExist) {
			return filepath.Join(dir, "lease"), err
		}
	}
	return "", errors.New("the folder " + dir + " is being removed over and over")
}

// inTmp is the place of last resort. Whoever takes another's name there keeps
// that user from working, and shows as the owner of the file.
func (l *Lease) inTmp() string {
	return filepath.Join(l.root, "tmp", tmpPrefix+strconv.Itoa(l.uid)+tmpSuffix)
}

const tmpPrefix, tmpSuffix = ".froyo-", ".lease"

// checkDir refuses a folder that others could put things into.
func checkDir(dir string, uid int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || owner(info) != uid || info.Mode().Perm()&0o022 != 0 {
		return errors.New("the folder of the lease, " + dir + ", must be a directory that its user alone can write to")
	}
	return nil
}

// maxOthers bounds the folders and files of other users that are looked at.
const maxOthers = 10000

// others lists where other users' files may be.
func (l *Lease) others() []string {
	var paths []string
	if l.uid != 0 {
		paths = append(paths, filepath.Join(l.root, "run/froyo/lease"))
	}
	users := filepath.Join(l.root, "run/user")
	for _, name := range list(users) {
		if name != strconv.Itoa(l.uid) {
			paths = append(paths, filepath.Join(users, name, "froyo.lease"))
		}
	}
	tmp := filepath.Join(l.root, "tmp")
	for _, name := range list(tmp) {
		if path := filepath.Join(tmp, name); strings.HasPrefix(name, tmpPrefix) && strings.HasSuffix(name, tmpSuffix) && path != l.inTmp() {
			paths = append(paths, path)
		}
	}
	return paths
}

// list names what is in a folder; nothing where it cannot be read.
func list(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxOthers) // at its end it returns io.EOF
	return names
}

// tidy removes root's folder with the last file in it.
func (l *Lease) tidy() {
	if dir := filepath.Dir(l.path); filepath.Base(dir) == "froyo" {
		_ = os.Remove(dir) // another runner may have made its file already
	}
}

// open opens a user's own file, making it where it is missing, and refuses
// what another has put there.
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
	if !info.Mode().IsRegular() || owner(info) != uid {
		f.Close()
		return nil, errors.New(path + " is not this user's, so it cannot hold the lease: remove it")
	}
	return f, nil
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
