package names

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	n := New(dir, nil)
	if got, err := n.Secret("web", ""); got != nil || err != nil {
		t.Errorf("without a file: got %v, %v", got, err)
	}
	const text = `root:*:19000:0:99999:7:::
web:$6$salt$hash:19001:1:90:14:30:20000:
locked:!$6$salt$hash:19001::::::
fresh:!:19001:0:99999:7:::
open::19001:0:99999:7:::
old:$1$a$b:19001
more:x:1:2:3:4:5:6:7:8
web:second:1:1:1:1:1:1:
`
	if err := os.WriteFile(filepath.Join(dir, Shadow), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, hash string
		want       *Secret
	}{
		{"root", "", &Secret{Entry: Entry{"root", "x", "19000", "0", "99999", "7", "", "", ""}, Unset: true}},
		{"web", "$6$salt$hash", &Secret{Entry: Entry{"web", "x", "19001", "1", "90", "14", "30", "20000", ""}, Same: true}},
		{"web", "$6$salt$other", &Secret{Entry: Entry{"web", "x", "19001", "1", "90", "14", "30", "20000", ""}}},
		{"locked", "$6$salt$hash", &Secret{Entry: Entry{"locked", "x", "19001", "", "", "", "", "", ""}, Locked: true, Same: true}},
		{"fresh", "!", &Secret{Entry: Entry{"fresh", "x", "19001", "0", "99999", "7", "", "", ""}, Locked: true, Unset: true, Same: true}},
		{"open", "", &Secret{Entry: Entry{"open", "x", "19001", "0", "99999", "7", "", "", ""}}},
		{"old", "$1$a$b", &Secret{Entry: Entry{"old", "x", "19001", "", "", "", "", "", ""}, Same: true}},
		{"more", "y", &Secret{Entry: Entry{"more", "x", "1", "2", "3", "4", "5", "6", "7"}}},
		{"we", "", nil},
		{"", "", nil},
		{"web:$6$salt$hash", "", nil},
	}
	for _, tt := range tests {
		got, err := n.Secret(tt.name, tt.hash)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tt.name, diff)
		}
		if got != nil && strings.Contains(strings.Join(got.Entry, ":"), "$") {
			t.Errorf("%s: a hash is told: %v", tt.name, got.Entry)
		}
	}
}
