package fspath

import (
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAsTheKernel compares with the kernel, for trees whose links are all root's or ours.
func TestAsTheKernel(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		root := base + "/" + strings.Repeat("t", n%50+1) + rapid.StringMatching(`[0-9]{12}`).Draw(t, "dir")
		if err := os.Mkdir(root, 0o755); err != nil {
			t.Skip("the name is taken")
		}
		defer os.RemoveAll(root)
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		for range rapid.IntRange(1, 12).Draw(t, "entries") {
			at := root + "/" + strings.Join(rapid.SliceOfN(name, 1, 3).Draw(t, "at"), "/")
			target := drawPath(t, root, rapid.Bool().Draw(t, "absolute"))
			switch rapid.IntRange(0, 3).Draw(t, "kind") { // what is in the way is no matter
			case 0:
				_ = os.WriteFile(at, nil, 0o644)
			case 1:
				_ = os.MkdirAll(at, 0o755)
			default:
				_ = os.Symlink(target, at)
			}
		}
		for range 10 {
			p := root + "/" + drawPath(t, "", false)
			how := How{Follow: rapid.Bool().Draw(t, "follow"), Directory: rapid.Bool().Draw(t, "directory")}
			asKernel(t, p, how)
		}
	})
}

// drawPath draws a path of names, "." and "..", with odd slashes.
func drawPath(t *rapid.T, root string, absolute bool) string {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "a", "b", ".", "..", ""}), 1, 5).Draw(t, "names")
	p := strings.Join(names, "/")
	if absolute {
		return root + "/" + p
	}
	if p = strings.TrimLeft(p, "/"); p == "" {
		return "."
	}
	return p
}

func asKernel(t *rapid.T, p string, how How) {
	defer UseFallbacks(false)
	unsafe := how
	unsafe.Unsafe = true
	want, wantErr := Open(p, unsafe)
	if wantErr == nil {
		defer want.Close()
	}
	for _, old := range []bool{false, true} {
		UseFallbacks(old)
		got, err := Open(p, how)
		if err != nil || wantErr != nil {
			if err != wantErr { //nolint:errorlint // both are an errno as it comes
				t.Fatalf("%s %+v, old %v: %v, and the kernel says %v", p, how, old, err, wantErr)
			}
			continue
		}
		if !got.Same(&want.Info) || got.Real() != want.Real() {
			t.Errorf("%s %+v, old %v: is %s, and to the kernel %s", p, how, old, got.Real(), want.Real())
		}
		got.Close()
	}
}
