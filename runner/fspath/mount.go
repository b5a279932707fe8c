package fspath

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Mount is the id of the mount that the node lies on. Two directories of one
// file system differ in it where one of them is reached through a bind mount.
func (n *Node) Mount() (uint64, error) {
	if n.mount == 0 {
		id, err := mountByProc(n.fd)
		if err != nil {
			return 0, err
		}
		n.mount = id
	}
	return n.mount, nil
}

// mountByProc asks /proc for a mount id, for kernels whose statx does not tell.
func mountByProc(fd int) (uint64, error) {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if id, ok := strings.CutPrefix(line, mountIDPrefix); ok {
			return strconv.ParseUint(strings.TrimSpace(id), 10, 64)
		}
	}
	return 0, errors.New("the kernel does not tell on which mount a file is")
}

// isMagic reports whether a link is one of /proc that leads to a thing instead
// of a path, such as /proc/1/root.
func isMagic(n *Node, target string) (bool, error) {
	if target[0] != '/' && !strings.Contains(target, ":") {
		return false, nil
	}
	var fs syscall.Statfs_t
	if err := syscall.Fstatfs(n.fd, &fs); err != nil {
		return false, err
	}
	return uint64(fs.Type) == procSuper, nil //nolint:gosec,unconvert // differs between platforms
}

// Place is where a file lies in its file system. Paths that lead there through
// different bind mounts have equal places.
type Place struct {
	Dev  string // major:minor of the file system
	Path string // from the root of the file system
}

// Place tells where the node lies in its file system.
func (n *Node) Place() (Place, error) {
	mounts, err := ReadMounts()
	if err != nil {
		return Place{}, err
	}
	return mounts.Place(n)
}

// Mounts is what is mounted where, as seen by this process.
type Mounts map[uint64]mount

type mount struct {
	dev   string
	root  string // what of the file system is mounted
	point string // where
}

// ReadMounts reads /proc/self/mountinfo.
func ReadMounts() (Mounts, error) {
	f, err := os.Open(mountInfoOfSelf)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMountInfo))
	if err != nil {
		return nil, err
	}
	return parseMounts(text), nil
}

// parseMounts reads lines such as "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw".
func parseMounts(text []byte) Mounts {
	mounts := Mounts{}
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) < 5 {
			continue
		}
		if id, err := strconv.ParseUint(fields[0], 10, 64); err == nil {
			mounts[id] = mount{fields[2], unescape(fields[3]), unescape(fields[4])}
		}
	}
	return mounts
}

// unescape replaces \040 and the like.
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// Place tells where a node lies in its file system.
func (m Mounts) Place(n *Node) (Place, error) {
	id, err := n.Mount()
	if err != nil {
		return Place{}, err
	}
	on, ok := m[id]
	if !ok {
		return Place{}, errors.New("the mount of " + n.Real() + " is not one of those that this process sees")
	}
	// The kernel knows where it lies now, and that is how mount points are named, too.
	at, err := os.Readlink(procFD("self", n.fd))
	if err != nil {
		return Place{}, err
	}
	rel, ok := below(at, on.point)
	if !ok {
		return Place{}, errors.New(at + " does not lie below " + on.point + ", where its file system is mounted")
	}
	return Place{Dev: on.dev, Path: join(on.root, rel)}, nil
}

// Point is where the mount of a node is mounted.
func (m Mounts) Point(n *Node) string {
	id, err := n.Mount()
	if err != nil {
		return ""
	}
	return m[id].point
}

// below returns the path of what is at or below dir, relative to it.
func below(p, dir string) (rel string, ok bool) {
	if dir == "/" {
		return strings.TrimPrefix(p, "/"), true
	}
	if p == dir {
		return "", true
	}
	return strings.CutPrefix(p, dir+"/")
}

func join(dir, rel string) string {
	if rel == "" {
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + rel
}
