package kept

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDiffers: a name that was added counts, and what the guard itself adds does not.
func TestDiffers(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "etc/x/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Keep(root, dir, Set{Trees: []string{"/etc/x"}, Skip: "froyo-guard-"}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		add  string
		want bool
	}{{"", false}, {"froyo-guard-1", false}, {"sub/froyo-guard-1", false}, {"sub/another", true}} {
		if step.add != "" {
			if err := os.WriteFile(filepath.Join(root, "etc/x", step.add), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := Differs(root, dir, "froyo-guard-", "/etc/x"); err != nil || got != step.want {
			t.Errorf("after %q: %v, %v", step.add, got, err)
		}
	}
}
