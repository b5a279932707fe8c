package fspath

import (
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Numbers that package syscall does not name on every platform.
const (
	oPath             = 0x200000
	atFdCwd           = -0x64
	atEmptyPath       = 0x1000
	atSymlinkFollow   = 0x400
	atRemoveDir       = 0x200
	sysOpenat2        = 437
	resolveNoSymlinks = 0x04 // links of /proc among them

	statxBasic      = 0x7ff
	statxMount      = 0x1000
	attrImmutable   = 0x10
	attrAppend      = 0x20
	procSuper       = 0x9fa0
	modeType        = syscall.S_IFMT
	sizeofStatx     = 256
	maxLinkTarget   = 4096
	maxMountInfo    = 16 << 20
	procFDPrefix    = "/proc/"
	mountIDPrefix   = "mnt_id:"
	mountInfoOfSelf = "/proc/self/mountinfo"
)

// What the kernel does not have, or a filter of system calls forbids.
var noOpenat2, noStatx atomic.Bool

// UseFallbacks makes the package do without openat2 and statx, as on an old
// kernel, or use them again. It is for tests.
func UseFallbacks(on bool) {
	noOpenat2.Store(on)
	noStatx.Store(on)
}

// Info is what the kernel says of a file.
type Info struct {
	Mode  uint32 // with the type
	UID   uint32
	GID   uint32
	Nlink uint64
	Size  int64
	Dev   uint64
	Ino   uint64
	// Modified is when its content last changed, in seconds since 1970.
	Modified int64

	mount uint64 // 0 where it was not told
	attrs uint64
}

// IsDir reports whether it is a directory.
func (i *Info) IsDir() bool { return i.Mode&modeType == syscall.S_IFDIR }

// IsLink reports whether it is a symbolic link.
func (i *Info) IsLink() bool { return i.Mode&modeType == syscall.S_IFLNK }

// Fixed says why a file cannot be changed by anybody: "immutable" or
// "append-only", else "".
func (i *Info) Fixed() string {
	switch {
	case i.attrs&attrImmutable != 0:
		return "immutable"
	case i.attrs&attrAppend != 0:
		return "append-only"
	}
	return ""
}

// statx is the kernel's struct, as far as it is used.
type statx struct {
	mask  uint32
	_     uint32
	attrs uint64
	nlink uint32
	uid   uint32
	gid   uint32
	mode  uint16
	_     uint16
	ino   uint64
	size  uint64
	_     [2]uint64
	times [8]int64 // seconds and nanoseconds; those of the content are last
	_     [2]uint32
	major uint32
	minor uint32
	mount uint64
	_     [sizeofStatx - 152]byte
}

// look asks what a descriptor refers to.
func look(fd int, info *Info) error {
	if !noStatx.Load() {
		var st statx
		empty := [1]byte{}
		_, _, errno := syscall.Syscall6(sysStatx, uintptr(fd), uintptr(unsafe.Pointer(&empty[0])), atEmptyPath,
			statxBasic|statxMount, uintptr(unsafe.Pointer(&st)), 0)
		switch errno {
		case 0:
			*info = Info{
				Mode: uint32(st.mode), UID: st.uid, GID: st.gid, Nlink: uint64(st.nlink), Size: int64(st.size), //nolint:gosec // the kernel's own are signed
				Dev: uint64(st.major)<<32 | uint64(st.minor), Ino: st.ino, Modified: st.times[6], attrs: st.attrs,
			}
			if st.mask&statxMount != 0 {
				info.mount = st.mount
			}
			return nil
		case syscall.ENOSYS, syscall.EPERM:
			noStatx.Store(true)
		default:
			return errno
		}
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return err
	}
	dev := uint64(st.Dev) //nolint:unconvert // differs between platforms
	*info = Info{
		Mode: st.Mode, UID: st.Uid, GID: st.Gid, Nlink: uint64(st.Nlink), Size: st.Size, //nolint:unconvert // differs between platforms
		Dev: major(dev)<<32 | minor(dev), Ino: st.Ino, Modified: int64(st.Mtim.Sec), //nolint:unconvert // differs between platforms
	}
	return nil
}

func major(dev uint64) uint64 { return dev>>8&0xfff | dev>>32&^0xfff }
func minor(dev uint64) uint64 { return dev&0xff | dev>>12&0xfff00 }

// openat2 opens an absolute path, with errByHand where the kernel has no such call.
func openat2(p string, flags int, resolve uint64) (int, error) {
	if noOpenat2.Load() {
		return -1, errByHand
	}
	name, err := syscall.BytePtrFromString(p)
	if err != nil {
		return -1, err
	}
	how := struct{ flags, mode, resolve uint64 }{uint64(flags), 0, resolve} //nolint:gosec // flags are no negative number
	for {
		cwd := atFdCwd
		fd, _, errno := syscall.Syscall6(sysOpenat2, uintptr(cwd), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&how)),
			unsafe.Sizeof(how), 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case syscall.EINTR:
			continue
		case syscall.ENOSYS, syscall.EPERM:
			noOpenat2.Store(true)
			return -1, errByHand
		}
		return -1, errno
	}
}

func openat(dir int, name string, flags int, perm uint32) (int, error) {
	for {
		fd, err := syscall.Openat(dir, name, flags, perm)
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

func procFD(pid string, fd int) string { return procFDPrefix + pid + "/fd/" + strconv.Itoa(fd) }
