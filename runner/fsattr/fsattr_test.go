package fsattr

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runner/fspath"
)

// acl makes an access list of tag, permissions, tag, permissions, ...
func acl(entries ...uint16) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for i := 0; i < len(entries); i += 2 {
		b = binary.LittleEndian.AppendUint16(b, entries[i])
		b = binary.LittleEndian.AppendUint16(b, entries[i+1])
		b = binary.LittleEndian.AppendUint32(b, 7)
	}
	return b
}

func TestNarrow(t *testing.T) {
	tests := []struct {
		name string
		list []byte
		mode uint32
		want []byte
	}{
		{"with a mask", acl(1, 7, 2, 7, 4, 5, 16, 7, 32, 4), 0o640, acl(1, 6, 2, 7, 4, 5, 16, 4, 32, 0)},
		{"without", acl(1, 7, 4, 7, 32, 7), 0o4751, acl(1, 7, 4, 5, 32, 1)},
		{"nothing left", acl(1, 7, 2, 7, 4, 5, 16, 7, 32, 4), 0, acl(1, 0, 2, 7, 4, 5, 16, 0, 32, 0)},
		{"cut off", acl(1, 7)[:9], 0, acl(1, 7)[:9]},
		{"empty", nil, 0o777, nil},
	}
	for _, tt := range tests {
		before := string(tt.list)
		if got := narrow(tt.list, tt.mode); string(got) != string(tt.want) {
			t.Errorf("%s: got %x, expected %x", tt.name, got, tt.want)
		}
		if string(tt.list) != before {
			t.Errorf("%s: the list itself was changed", tt.name)
		}
	}
}

func TestKept(t *testing.T) {
	for name, want := range map[string]bool{
		"system.posix_acl_access": true, "user.x": true, "security.selinux": true, "security.capability": true, "trusted.x": true, "btrfs.compression": true,
		"security.ima": false, "security.evm": false, "trusted.overlay.opaque": false, "system.posix_acl_default": false, "lustre.lov": false, "": false,
	} {
		if kept(name) != want {
			t.Errorf("%s: kept is %v", name, !want)
		}
	}
}

// TestLost copies to a file that cannot have what the old one has.
func TestLost(t *testing.T) {
	path := t.TempDir() + "/old"
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setxattr(path, "user.origin", []byte("here"), 0); err != nil {
		t.Skip("no extended attributes here: " + err.Error())
	}
	old, err := fspath.Open(path, fspath.How{})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	f, err := os.Open("/proc/self/status") // of a file system that has none
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = Copy(old, f, 0o600)
	if lost, ok := errors.AsType[*LostError](err); !ok || !strings.Contains(lost.Error(), "extended attribute user.origin of the file that is there cannot be kept") {
		t.Errorf("got %v, expected what is lost", err)
	}
}
