package systemd

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
)

// unitDirs are where units' files are, and the links that enable them, before
// the host's root. Those that systemd alone writes to are left out.
var unitDirs = [...]string{
	"etc/systemd/system", "etc/systemd/system.attached", "run/systemd/system", "run/systemd/system.attached",
	"usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system",
}

// unchanged reports whether no file was put into the directories of units, and
// none taken out, since systemd read them. Then what it remembers of the state
// of files is right, and spares it a search of a millisecond for each unit.
func (f unitFiles) unchanged(since time.Time) bool {
	for _, dir := range unitDirs {
		dir = f.root + dir
		if !older(dir, since) {
			return false
		}
		names, err := namesIn(dir)
		if err != nil {
			return false
		}
		for _, name := range names {
			links := strings.HasSuffix(name, ".wants") || strings.HasSuffix(name, ".requires") || strings.HasSuffix(name, ".upholds")
			if links && !older(dir+"/"+name, since) {
				return false
			}
		}
	}
	return true
}

// namesIn lists a directory in no order; one that does not exist has nothing in it.
func namesIn(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// newDropIns reports whether a unit's directory of drop-ins was made or changed
// since systemd read its files: a directory that is new systemd does not see by
// itself (before version 254).
func (f unitFiles) newDropIns(id string, since time.Time) bool {
	for _, dir := range unitDirs {
		if !older(f.root+dir+"/"+id+".d", since) {
			return true
		}
	}
	return false
}

// older reports whether a directory has not changed since; one that is not there has not.
func older(path string, since time.Time) bool {
	info, err := os.Stat(path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return !info.ModTime().After(since)
}
