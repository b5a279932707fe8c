package files

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// acl is an access list in the kernel's form: for the owner, a user, the group, the mask and others.
func acl(owner, user uint16, uid uint32, group, mask, other uint16) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, owner, ^uint32(0)}, {2, user, uid}, {4, group, ^uint32(0)}, {16, mask, ^uint32(0)}, {32, other, ^uint32(0)}} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

const (
	aclName    = "system.posix_acl_access"
	defaultACL = "system.posix_acl_default"
)

func setXattr(t *testing.T, path, name string, value []byte) {
	t.Helper()
	if err := syscall.Setxattr(path, name, value, 0); errors.Is(err, syscall.ENOTSUP) {
		t.Skipf("the file system of %s has no %s", path, name)
	} else if err != nil {
		t.Fatal(err)
	}
}

func xattr(path, name string) string {
	value := make([]byte, 1024)
	n, err := syscall.Getxattr(path, name, value)
	if err != nil {
		return "none: " + err.Error()
	}
	return string(value[:n])
}

func TestReplaceKeepsAccessList(t *testing.T) {
	performtest.NeedRoot(t, "to give files access lists")
	m := newMachine(t)
	dir := t.TempDir()
	path := dir + "/file"
	performtest.Put(t, path, "old", 0o640)
	setXattr(t, path, aclName, acl(6, 7, 1234, 4, 6, 0))
	performtest.Do(t, m, op.Op{Write: writeOp(path, "new", op.Attributes{})})
	if got := xattr(path, aclName); got != string(acl(6, 7, 1234, 4, 6, 0)) {
		t.Errorf("the list became %q", got)
	}
	performtest.Do(t, m, op.Op{Write: writeOp(path, "newer", mode(0o600))})
	if got := xattr(path, aclName); got != string(acl(6, 7, 1234, 4, 0, 0)) {
		t.Errorf("with mode 0600 the list is %q, expected an empty mask", got)
	}
	// A list that a new file would get from its directory is not the old file's.
	performtest.Put(t, dir+"/plain", "old", 0o600)
	setXattr(t, dir, defaultACL, acl(7, 7, 1234, 5, 7, 5))
	performtest.Do(t, m, op.Op{Write: writeOp(dir+"/plain", "new", op.Attributes{})})
	if got := xattr(dir+"/plain", aclName); !strings.HasPrefix(got, "none") {
		t.Errorf("the file has got the list %q", got)
	}
}

// TestReplaceOfUser replaces a user's file: what the user gave it stays with it alone.
func TestReplaceOfUser(t *testing.T) {
	performtest.NeedRoot(t, "to give files access lists")
	m := newMachine(t)
	path := t.TempDir() + "/file"
	list := string(acl(6, 6, guest, 4, 6, 0))
	const label, bits = "security.froyo-test", "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for _, tt := range []struct {
		name string
		old  int
		a    op.Attributes
		kept bool
	}{
		{"a user's that becomes root's", guest, op.Attributes{Owner: "root", Mode: new(uint32(0o660))}, false},
		{"a user's that becomes another's", guest, op.Attributes{Owner: "7", Mode: new(uint32(0o660))}, false},
		{"a user's that stays the user's", guest, op.Attributes{Mode: new(uint32(0o660))}, true},
		{"root's that becomes a user's", 0, op.Attributes{Owner: "7", Mode: new(uint32(0o660))}, true},
	} {
		_ = os.Remove(path) // not there at first
		performtest.Put(t, path, "old", 0o660)
		if err := os.Chown(path, tt.old, -1); err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{aclName: list, "user.origin": "here", "security.capability": bits, label: "x"} {
			setXattr(t, path, name, []byte(value))
		}
		performtest.Do(t, m, op.Op{Write: writeOp(path, "new", tt.a)})
		if st := performtest.Lstat(t, path); permissions(st.Mode) != 0o660 {
			t.Errorf("%s: the mode is %o", tt.name, st.Mode)
		}
		got := map[string]bool{aclName: xattr(path, aclName) == list, "user.origin": xattr(path, "user.origin") == "here", "security.capability": xattr(path, "security.capability") == bits}
		for name, kept := range got {
			if kept != tt.kept || !kept && !strings.HasPrefix(xattr(path, name), "none") {
				t.Errorf("%s: %s is %q, expected kept %v", tt.name, name, xattr(path, name), tt.kept)
			}
		}
		if got := xattr(path, label); got != "x" {
			t.Errorf("%s: the label is %q", tt.name, got)
		}
	}
}

// TestInheritedAccessList makes things in a user's directory, whose default list is the user's.
func TestInheritedAccessList(t *testing.T) {
	performtest.NeedRoot(t, "to give files access lists")
	m := newMachine(t)
	_, home := homes(t)
	setXattr(t, home, defaultACL, acl(7, 7, guest, 5, 7, 5))
	for owner, inherits := range map[string]bool{"": false, "root": false, itoa(guest): true} {
		at := home + "/of" + owner
		a := op.Attributes{Owner: owner, Mode: new(uint32(0o770))}
		performtest.Do(t, m, op.Op{Write: writeOp(at, "secret", a)})
		performtest.Do(t, m, op.Op{Mkdir: &op.Mkdir{Path: at + ".d", Attributes: a}})
		for _, list := range []string{xattr(at, aclName), xattr(at+".d", aclName), xattr(at+".d", defaultACL)} {
			if got := !strings.HasPrefix(list, "none"); got != inherits {
				t.Errorf("owner %q: there is an access list %v, expected %v: %q", owner, got, inherits, list)
			}
		}
	}
}

func TestReplaceKeepsAttributes(t *testing.T) {
	m := newMachine(t)
	path := t.TempDir() + "/file"
	performtest.Put(t, path, "old", 0o600)
	setXattr(t, path, "user.origin", []byte("here"))
	setXattr(t, path, "user.big", []byte(strings.Repeat("x", 600)))
	w := writeOp(path, "new", op.Attributes{})
	w.Backup = true
	done := performtest.Do(t, m, op.Op{Write: w}).Done
	for _, p := range []string{path, done.Backup} {
		if xattr(p, "user.origin") != "here" || len(xattr(p, "user.big")) != 600 {
			t.Errorf("%s has %q", p, xattr(p, "user.origin"))
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	capabilities := "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	setXattr(t, path, "security.capability", []byte(capabilities))
	for _, w.InPlace = range []bool{false, true} {
		performtest.Do(t, m, op.Op{Write: w})
		if got := xattr(path, "security.capability"); got != capabilities {
			t.Errorf("in place %v: the capabilities became %q", w.InPlace, got)
		}
	}
}

// The ioctls that read and set flags, without the size of a long.
const (
	getFlags = 0x80006601
	setFlags = 0x40006602
)

// chattr sets those of a file's flags that the tests use, or skips where its file system has none.
func chattr(t *testing.T, path string, set uint32) {
	t.Helper()
	flags := flagsOf(t, path)&^0x70 | set
	if errno := flagsIoctl(t, path, setFlags, &flags); errno != 0 {
		t.Skipf("no flags here: %v", errno)
	}
}

func flagsOf(t *testing.T, path string) uint32 {
	t.Helper()
	var flags uint32
	if errno := flagsIoctl(t, path, getFlags, &flags); errno != 0 {
		t.Skipf("no flags here: %v", errno)
	}
	return flags
}

func flagsIoctl(t *testing.T, path string, request uintptr, flags *uint32) syscall.Errno {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := [2]uint32{*flags}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request|unsafe.Sizeof(uintptr(0))<<16, uintptr(unsafe.Pointer(&buf[0])))
	*flags = buf[0]
	return errno
}

func TestFlags(t *testing.T) {
	performtest.NeedRoot(t, "to set flags")
	const immutable, appendOnly, noDump = 0x10, 0x20, 0x40
	bothWays(t, func(t *testing.T) {
		m := newMachine(t)
		dir := t.TempDir()
		path := dir + "/file"
		performtest.Put(t, path, "old", 0o600)
		chattr(t, path, noDump)
		performtest.Do(t, m, op.Op{Write: writeOp(path, "new", op.Attributes{})})
		if flagsOf(t, path)&noDump == 0 {
			t.Error("the flag nodump was lost")
		}
		for set, want := range map[uint32]string{immutable: "immutable", appendOnly: "append-only"} {
			chattr(t, path, set)
			t.Cleanup(func() { chattr(t, path, 0) })
			inPlace := writeOp(path, "x", op.Attributes{})
			inPlace.InPlace = true
			for _, o := range []op.Op{
				{Write: writeOp(path, "x", op.Attributes{})},
				{Write: inPlace},
				{Attr: &op.Attr{Path: path, Attributes: mode(0o644)}},
				{Link: &op.Link{Path: path, Target: "x"}},
				{Remove: &op.Remove{Path: path}},
			} {
				if e := performtest.Refused(t, m, o, op.CodeFixed); !strings.Contains(e.Message, path+" is "+want) || e.Hint() == "" {
					t.Errorf("%s: %q", o, e.Message)
				}
			}
			chattr(t, path, 0)
		}
		if err := os.MkdirAll(dir+"/tree/sub", 0o755); err != nil {
			t.Fatal(err)
		}
		performtest.Put(t, dir+"/tree/sub/deep", "", 0o600)
		chattr(t, dir+"/tree/sub/deep", immutable)
		t.Cleanup(func() { chattr(t, dir+"/tree/sub/deep", 0) })
		if !strings.HasSuffix(t.Name(), "old_kernel") { // which tells no flags with the rest
			e := performtest.Refused(t, m, op.Op{Remove: &op.Remove{Path: dir + "/tree", Recurse: true}}, op.CodeFixed)
			if !strings.Contains(e.Message, dir+"/tree/sub/deep is immutable") {
				t.Errorf("got %q", e.Message)
			}
		}
		chattr(t, dir, immutable)
		t.Cleanup(func() { chattr(t, dir, 0) })
		e := performtest.Refused(t, m, op.Op{Write: writeOp(path, "x", op.Attributes{})}, op.CodeFixed)
		if !strings.Contains(e.Message, dir+" is immutable") {
			t.Errorf("got %q", e.Message)
		}
		_ = performtest.Refused(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + "/sub"}}, op.CodeFixed)
	})
}

func TestWriteInPlace(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	path := dir + "/file"
	performtest.Put(t, path, strings.Repeat("old", 1000), 0o640)
	inode := performtest.Lstat(t, path).Ino
	write := func(text string, a op.Attributes, check string, backup bool) op.Op {
		w := writeOp(path, text, a)
		w.InPlace, w.Check, w.Backup = true, check, backup
		return op.Op{Write: w}
	}
	done := performtest.Do(t, m, write("new", op.Attributes{}, "grep -q '^new$' %s", true)).Done
	if st := performtest.Lstat(t, path); performtest.Slurp(t, path) != "new" || st.Ino != inode || permissions(st.Mode) != 0o640 {
		t.Errorf("the file has %q and the mode %o, and is another: %v", performtest.Slurp(t, path), st.Mode, st.Ino != inode)
	}
	if performtest.Slurp(t, done.Backup) != strings.Repeat("old", 1000) {
		t.Errorf("the backup has %q", performtest.Slurp(t, done.Backup))
	}
	e := performtest.Refused(t, m, write("bad", op.Attributes{}, `echo "wrong: %s"; false`, false), "check")
	if performtest.Slurp(t, path) != "new" || !strings.Contains(e.Message, "wrong: "+path) {
		t.Errorf("after the check said no the file has %q: %s", performtest.Slurp(t, path), e.Message)
	}
	performtest.Do(t, m, write("wider", mode(0o4755), "", false))
	if st := performtest.Lstat(t, path); permissions(st.Mode) != 0o4755 || performtest.Slurp(t, path) != "wider" {
		t.Errorf("the mode is %o", st.Mode)
	}
	short := write("content", op.Attributes{}, "", false)
	if r := m.Perform(t.Context(), short, perform.Stream{In: strings.NewReader("con")}); r.Error == nil || performtest.Slurp(t, path) != "wider" {
		t.Errorf("content that is not whole was written: %+v", r)
	}
	path = dir + "/fresh"
	performtest.Do(t, m, write("made", op.Attributes{}, "", false))
	if performtest.Slurp(t, path) != "made" {
		t.Error("a file that is not there was not made")
	}
}

func TestWriteOverMount(t *testing.T) {
	m := newMachine(t)
	etc, home := homes(t)
	performtest.Put(t, home+"/conf", "", 0o600)
	bind(t, etc+"/secret", home+"/conf")
	e := performtest.Refused(t, m, op.Op{Write: writeOp(home+"/conf", "x", op.Attributes{})}, op.CodeMounted)
	if !strings.Contains(e.Hint(), "in_place = True") || performtest.NamesIn(t, home) != "conf own" {
		t.Errorf("the hint is %q, and the directory has %q", e.Hint(), performtest.NamesIn(t, home))
	}
	w := writeOp(home+"/conf", "through", op.Attributes{})
	w.InPlace = true
	performtest.Do(t, m, op.Op{Write: w})
	if performtest.Slurp(t, etc+"/secret") != "through" {
		t.Error("the mounted file was not written")
	}
}

// TestCheckIsNoShell hands files over whose paths would mean something to a shell.
func TestCheckIsNoShell(t *testing.T) {
	m := newMachine(t)
	base := t.TempDir()
	mark := base + "/ran"
	for _, name := range []string{"$(touch " + "ran)", "`touch ran`", "a b", `it's`, `say "x"`, "a;touch ran", "*", "~", "new\nline", `back\slash`, "é", "$HOME", "#x", "plain"} {
		dir := base + "/" + name
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, check := range []string{`cat %s`, `cat "%s"`, `cat '%s'`, `sh -c "cat \"%s\""`, `set -- --config="%s"; cat "${1#--config=}"`, `eval "cat '%s'"`} {
			w := writeOp(dir+"/f", "new", op.Attributes{})
			w.Check = "cd " + base + " && test \"$(" + check + ")\" = new"
			r := m.Perform(t.Context(), op.Op{Write: w}, perform.Stream{In: strings.NewReader("new")})
			if r.Error != nil {
				t.Errorf("%q with %s: %v", name, check, r.Error)
			}
		}
	}
	if _, err := os.Lstat(mark); err == nil {
		t.Error("a path was run")
	}
}

// TestCheckSeesWhatComes exchanges the new file while it is checked, in a directory that others may write.
func TestCheckSeesWhatComes(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // it is the point of the test
		t.Fatal(err)
	}
	w := writeOp(dir+"/file", "new", op.Attributes{})
	w.Check = "cd " + dir + " && f=$(ls -A | grep froyo) && mv $f kept && echo other >$f && grep -q new %s"
	if e := performtest.Refused(t, m, op.Op{Write: w}, "changed"); !strings.Contains(e.Message, "exchanged") {
		t.Errorf("got %q", e.Message)
	}
	w.Check = "rm -f " + dir + "/.froyo-*; grep -q new %s"
	_ = performtest.Refused(t, m, op.Op{Write: w}, "changed")
}
