package fspath

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// Unsafe is a step on a path that is not taken, since a user who is not
// trusted may have led it there.
type Unsafe struct {
	Path      string // of the link
	UID       uint32 // whom the link belongs to, or the file with several names
	Target    string // where the link leads
	TargetUID uint32

	Magic bool // a link of /proc, whose target is no path

	Hard  bool // a hard link
	Moved bool // a link below Dir, where not only its owner can rename things

	Dir    string // that it lies in or below, where that matters
	DirUID uint32
}

func (u *Unsafe) Error() string {
	return u.Say(func(uid uint32) string { return strconv.Itoa(int(uid)) })
}

// Say is the error's text; name gives users their names.
func (u *Unsafe) Say(name func(uid uint32) string) string {
	const what = "unsafe path transition: "
	switch {
	case u.Magic:
		return what + u.Path + " is a link of /proc to " + strconv.Quote(u.Target) + ", which is not followed"
	case u.Hard:
		return what + u.Path + " of " + name(u.UID) + " has other names, too, and lies in " + u.Dir + " of " + name(u.DirUID) +
			", where users who are not trusted can make hard links to what is not theirs"
	case u.Moved:
		return what + "the link " + u.Path + " of " + name(u.UID) + " lies below " + u.Dir + " of " + name(u.DirUID) +
			", where users who are not trusted can rename what is not theirs"
	case u.Dir != "":
		return what + "the link " + u.Path + " of " + name(u.UID) + ", which " + name(u.DirUID) + " can have put there (" + u.Dir + " is theirs), leads to " +
			u.Target + " of " + name(u.TargetUID)
	}
	return what + "the link " + u.Path + " of " + name(u.UID) + " leads to " + u.Target + " of " + name(u.TargetUID)
}

// Is makes the error one of missing permission for errors.Is.
func (u *Unsafe) Is(target error) bool { return target == os.ErrPermission }

// ErrDots is of paths that end in "..".
var ErrDots = errors.New(`it ends in "..", which is no name that can be changed: write the directory's own path`)

var (
	// errByHand says that a path has to be looked up one name at a time.
	errByHand = errors.New("to be looked up by hand")
	errNoProc = errors.New("/proc is not mounted, which opening files safely needs")
)

// trusted reports whether a user's links are followed everywhere.
func trusted(uid uint32) bool { return uid == 0 || int(uid) == os.Geteuid() }

// othersWrite reports whether a user who is not trusted may put names into a directory.
func (i *Info) othersWrite() bool {
	return !trusted(i.UID) || i.Mode&0o022 != 0
}

// othersRename reports whether a user who is not trusted may rename what root or this
// process's user has in a directory. The group of this process is trusted: it is root's, or the one
// that many systems give each user.
func (i *Info) othersRename() bool {
	sticky := i.Mode&syscall.S_ISVTX != 0
	return !trusted(i.UID) || !sticky && (i.Mode&0o002 != 0 || i.Mode&0o020 != 0 && int(i.GID) != os.Getegid())
}

// OthersWrite reports whether a user other than root and this process's may
// change what a directory holds.
func (n *Node) OthersWrite() bool { return n.othersWrite() }

// hardLinked reports whether it has several names.
func (i *Info) hardLinked() bool { return i.Nlink > 1 && !i.IsDir() }

// CheckLinks refuses a file with several names where its name in the
// directory dir may have been made by a user to whom the file does not belong.
// A user's file in the user's own directory is fine.
func (i *Info) CheckLinks(dir *Info, p string) error {
	if !i.hardLinked() || !dir.othersWrite() || i.UID == dir.UID && dir.Mode&0o002 == 0 && i.UID != 0 {
		return nil
	}
	return &Unsafe{Path: p, UID: i.UID, Hard: true, Dir: parentOf(p), DirUID: dir.UID}
}
