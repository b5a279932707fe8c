// Package fsattr keeps what a file has besides its content, owner and mode when
// another file takes its place: access lists, extended attributes, labels, and flags.
//
// It imports runner/fspath and the standard library only.
package fsattr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/openfroyo/froyo/runner/fspath"
)

// Names of extended attributes.
const (
	accessList  = "system.posix_acl_access"
	defaultList = "system.posix_acl_default"
	capability  = "security.capability"
)

// maxValue is the kernel's limit for one attribute and for the list of names.
const maxValue = 64 << 10

// LostError says what of a file cannot be kept.
type LostError struct {
	What string
	Err  error
}

func (e *LostError) Error() string {
	return e.What + " of the file that is there cannot be kept: " + e.Err.Error()
}

// Copy gives a new file the extended attributes of an old one, its access list
// among them. That list is narrowed to the mode that the new file will have, as
// chmod does, so that no user can read it meanwhile who cannot read it then.
//
// Where the new file, which has its owner already, is not of the same one, only what root gave the
// old one is kept: a user's access list would let the user into the new one's file. Labels stay.
func Copy(old *fspath.Node, f *os.File, mode uint32) error {
	same, err := sameOwner(old, f)
	if err != nil {
		return &LostError{"the extended attributes", err}
	}
	from := old.Proc()
	names, err := list(from)
	if err != nil {
		return &LostError{"the extended attributes", err}
	}
	has := false
	for _, name := range names {
		if !kept(name) || !same && !label(name) {
			continue
		}
		value, err := get(from, name)
		if errors.Is(err, syscall.ENODATA) {
			continue // it was removed since the names were read
		}
		if err != nil {
			return &LostError{"the extended attribute " + name, err}
		}
		if name == accessList {
			has, value = true, narrow(value, mode)
		}
		if err := set(f, name, value); err != nil {
			return &LostError{"the extended attribute " + name, err}
		}
	}
	if has {
		return nil
	}
	return drop(procFD(f), accessList)
}

// sameOwner reports whether a new file belongs to whom the old one did. What root's or
// this process's own had may go to anybody.
func sameOwner(old *fspath.Node, f *os.File) (bool, error) {
	if old.UID == 0 || int(old.UID) == os.Geteuid() {
		return true, nil
	}
	var now syscall.Stat_t
	err := syscall.Fstat(int(f.Fd()), &now)
	return now.Uid == old.UID, err
}

// label reports whether an attribute is a security module's, which no owner of a file sets.
func label(name string) bool {
	return strings.HasPrefix(name, "security.") && name != capability
}

// DropInherited takes away the access lists that something new, at a path below /proc, has
// from its directory.
func DropInherited(proc string) error {
	if err := drop(proc, accessList); err != nil {
		return err
	}
	return drop(proc, defaultList)
}

// drop takes an access list away that something new has from its directory.
func drop(path, name string) error {
	err := syscall.Removexattr(path, name)
	switch err {
	case nil, syscall.ENODATA, syscall.ENOTSUP, syscall.ENOENT:
		return nil
	}
	return &LostError{"the missing access list", err}
}

// kept reports whether an attribute goes from file to file. Signatures of the
// content do not fit another one, and overlayfs looks after its own.
func kept(name string) bool {
	switch {
	case name == accessList:
		return true
	case name == "security.ima" || name == "security.evm" || strings.HasPrefix(name, "trusted.overlay."):
		return false
	}
	space, _, _ := strings.Cut(name, ".")
	return space == "user" || space == "security" || space == "trusted" || space == "btrfs"
}

// list returns the names of a file's extended attributes; none where its file system has none.
func list(path string) ([]string, error) {
	for size := 1 << 10; ; size = maxValue {
		buf := make([]byte, size)
		n, err := syscall.Listxattr(path, buf)
		switch {
		case err == syscall.ERANGE && size < maxValue:
			continue
		case err == syscall.ENOTSUP:
			return nil, nil
		case err != nil:
			return nil, err
		}
		return strings.FieldsFunc(string(buf[:n]), func(r rune) bool { return r == 0 }), nil
	}
}

func get(path, name string) ([]byte, error) {
	for size := 256; ; size = maxValue {
		buf := make([]byte, size)
		n, err := syscall.Getxattr(path, name, buf)
		if err == syscall.ERANGE && size < maxValue {
			continue
		}
		if err != nil {
			return nil, err
		}
		return buf[:n], nil
	}
}

// set sets an attribute where it is another; not all who may have a value may set it.
func set(f *os.File, name string, value []byte) error {
	path := procFD(f)
	if now, err := get(path, name); err == nil && bytes.Equal(now, value) {
		return nil
	}
	return syscall.Setxattr(path, name, value, 0)
}

func procFD(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

// Tags of entries of an access list, in the kernel's form: a version, then entries of a
// tag, permissions and an id.
const (
	aclHeader = 4
	aclEntry  = 8

	tagOwner = 0x01
	tagGroup = 0x04
	tagMask  = 0x10
	tagOther = 0x20
)

// narrow gives an access list the permissions of a mode: those of the group are
// the mask where there is one.
func narrow(acl []byte, mode uint32) []byte {
	group := uint16(tagGroup)
	for at := aclHeader; at+aclEntry <= len(acl); at += aclEntry {
		if binary.LittleEndian.Uint16(acl[at:]) == tagMask {
			group = tagMask
		}
	}
	acl = bytes.Clone(acl)
	for at := aclHeader; at+aclEntry <= len(acl); at += aclEntry {
		perm := acl[at+2:]
		switch binary.LittleEndian.Uint16(acl[at:]) {
		case tagOwner:
			binary.LittleEndian.PutUint16(perm, uint16(mode>>6&7))
		case group:
			binary.LittleEndian.PutUint16(perm, uint16(mode>>3&7))
		case tagOther:
			binary.LittleEndian.PutUint16(perm, uint16(mode&7))
		}
	}
	return acl
}

// Capabilities returns what gives a program capabilities, which the kernel takes
// away where its file is written, nil where there is nothing.
func Capabilities(n *fspath.Node) []byte {
	value, err := get(n.Proc(), capability)
	if err != nil {
		return nil
	}
	return value
}

// SetCapabilities gives a file that was written its capabilities back.
func SetCapabilities(f *os.File, value []byte) error {
	if value == nil {
		return nil
	}
	if err := set(f, capability, value); err != nil {
		return &LostError{"the extended attribute " + capability, err}
	}
	return nil
}

// Flags of files, as chattr sets them, that go from file to file.
const (
	flagsKept = 0x1 | 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x400 | 0x8000 | 0x800000 | 0x2000000

	flagAppend    = 0x20
	flagImmutable = 0x10
)

// CopyFlags gives a new file the flags of an old one. It must be empty yet: some
// cannot be had later.
func CopyFlags(old *fspath.Node, f *os.File) error {
	from, err := old.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
		return nil // who may not even read a file could set no flags on his own
	}
	if err != nil {
		return &LostError{"the flags", err}
	}
	defer from.Close()
	want, ok := flags(from)
	if !ok {
		return nil
	}
	now, ok := flags(f)
	if !ok {
		return nil // and the same file system
	}
	if want = now&^flagsKept | want&flagsKept; want == now {
		return nil
	}
	if errno := ioctl(f, 0x40006602, &want); errno != 0 {
		return &LostError{"the flags (see lsattr)", errno}
	}
	return nil
}

// Fixed says why a file cannot be changed: "immutable" or "append-only", else "".
func Fixed(n *fspath.Node) string {
	if why := n.Fixed(); why != "" || !n.IsDir() && n.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return why
	}
	f, err := n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return ""
	}
	defer f.Close()
	switch set, _ := flags(f); {
	case set&flagImmutable != 0:
		return "immutable"
	case set&flagAppend != 0:
		return "append-only"
	}
	return ""
}

// flags returns a file's flags; not all file systems have some.
func flags(f *os.File) (set uint32, ok bool) {
	return set, ioctl(f, 0x80006601, &set) == 0
}

// ioctl calls FS_IOC_GETFLAGS or FS_IOC_SETFLAGS, whose numbers hold the size of
// a long, though they read and write 32 bits.
func ioctl(f *os.File, request uintptr, value *uint32) syscall.Errno {
	buf := [2]uint32{*value, 0} // some file systems do write a long
	request |= unsafe.Sizeof(uintptr(0)) << 16
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(&buf[0])))
	runtime.KeepAlive(f)
	*value = buf[0]
	return errno
}
