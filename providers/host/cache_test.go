package host_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	wt "github.com/openfroyo/froyo/providers/host/wasmtest"
)

const okAnswer = `{"replies":[{"actual":"ok"}]}`

// small is a guest that answers one request, and whose code takes no time to
// compile: its answer lies at 2048.
var small = wt.Guest{
	ABI:  1,
	Call: append([]byte{0x42}, wt.Number(2048<<32|uint64(len(okAnswer)))...),
	More: map[byte][]byte{wt.Data: wt.Section(wt.Data, append([]byte{0, 0x41, 0x80, 0x10, 0x0b}, wt.Name(okAnswer)...))},
}

// use loads the small guest with a cache and has it answer.
func use(t *testing.T, dir string) {
	t.Helper()
	rt, err := host.New(t.Context(), host.Options{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(t.Context())
	answers(t, rt)
}

func answers(t *testing.T, rt *host.Runtime) {
	t.Helper()
	m, err := rt.Load(t.Context(), pack(hostileManifest, small.Binary()))
	if err != nil {
		t.Fatal(err)
	}
	replies, err := m.Call(t.Context(), []abi.Request{ask("fine", 0)})
	if err != nil {
		t.Fatal(err)
	}
	if string(replies[0].Actual) != `"ok"` {
		t.Fatalf("reply = %+v, error %v", replies[0], replies[0].Error)
	}
}

// cached returns the files below a cache with what tells whether they were made anew.
func cached(t *testing.T, dir string) map[string]fs.FileInfo {
	t.Helper()
	files := map[string]fs.FileInfo{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		files[path] = info
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "cache")
	use(t, dir)
	first := cached(t, dir)
	if len(first) != 3 { // the metered module, its code, the checksums
		t.Fatalf("files = %v", first)
	}
	use(t, dir)
	for path, info := range cached(t, dir) {
		if !os.SameFile(first[path], info) {
			t.Errorf("%s was made anew", path)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
}

// signedFiles are a package that knows the digest of its guest.
type signedFiles struct {
	fs.FS
	sum [sha256.Size]byte
}

func (f signedFiles) Signed(sum [sha256.Size]byte) error {
	if sum != f.sum {
		return errors.New("it was not signed")
	}
	return nil
}

// TestGuestThatWasNotSigned is refused, also where it was compiled before.
func TestGuestThatWasNotSigned(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	use(t, dir)
	rt, err := host.New(t.Context(), host.Options{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(t.Context())
	for _, signed := range []bool{true, false} {
		files := signedFiles{FS: pack(hostileManifest, small.Binary())}
		if signed {
			files.sum = sha256.Sum256(small.Binary())
		}
		m, err := rt.Load(t.Context(), files)
		if err != nil {
			t.Fatal(err)
		}
		err = m.Prepare(t.Context())
		if signed != (err == nil) || err != nil && !strings.Contains(err.Error(), "its guest is refused: it was not signed") {
			t.Errorf("signed %v: %v", signed, err)
		}
	}
}

func TestCacheDamaged(t *testing.T) {
	truncate := func(path string) error { return os.Truncate(path, 10) }
	flip := func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 0x40
		return os.WriteFile(path, data, 0o600)
	}
	tests := []struct {
		name   string
		file   string // part of its path
		damage func(path string) error
	}{
		{"code cut off", "wazero", truncate},
		{"code changed", "wazero", flip},
		{"code gone", "wazero", os.Remove},
		{"module cut off", "metered.wasm", truncate},
		{"module changed", "metered.wasm", flip},
		{"module gone", "metered.wasm", os.Remove},
		{"sums changed", "sums", flip},
		{"sums gone", "sums", os.Remove},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cache")
			use(t, dir)
			before := cached(t, dir)
			damaged := ""
			for path := range before {
				if rel, _ := filepath.Rel(dir, path); strings.Contains(rel, test.file) {
					damaged = path
				}
			}
			if err := test.damage(damaged); err != nil {
				t.Fatal(err)
			}
			use(t, dir)
			after := cached(t, dir)
			if len(after) != len(before) {
				t.Fatalf("files = %v, want %v", after, before)
			}
			use(t, dir)
			for path, info := range cached(t, dir) {
				if !os.SameFile(after[path], info) {
					t.Errorf("%s was made anew again", path)
				}
			}
		})
	}
}

func TestCacheRefused(t *testing.T) {
	tests := []struct {
		name string
		make func(dir string) error
		want string
	}{
		{"open to others", func(dir string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o750)) }, "is open to others (mode 0750)"},
		{"a link", func(dir string) error {
			return errors.Join(os.Mkdir(dir+".real", 0o700), os.Symlink(dir+".real", dir))
		}, "is a symbolic link"},
		{"a file", func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, "not a directory"},
		{"someone else's", func(dir string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 12345, 12345)) }, "belongs to another user"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cache")
			if err := test.make(dir); errors.Is(err, fs.ErrPermission) {
				t.Skip("needs root: ", err)
			} else if err != nil {
				t.Fatal(err)
			}
			_, err := host.New(t.Context(), host.Options{CacheDir: dir})
			e, ok := errors.AsType[*host.Error](err)
			if !ok || !strings.Contains(err.Error(), test.want) || e.Hint() == "" {
				t.Errorf("err = %v, want %q and a hint", err, test.want)
			}
			if !strings.HasSuffix(e.Hint(), "choose another cache directory, or remove this one") {
				return // TestCacheHints follows the others
			}
			another := dir + ".other"
			for _, follow := range []func() string{
				func() string { return another },
				func() string { must(t, os.RemoveAll(dir)); return dir },
			} {
				at := follow()
				r, err := host.New(t.Context(), host.Options{CacheDir: at})
				if err != nil {
					t.Errorf("%s: the hint does not help: %v", at, err)
					continue
				}
				must(t, r.Close(t.Context()))
			}
		})
	}
}

// TestCacheLost takes the directory away while it is in use: that costs time, nothing else.
func TestCacheLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	rt, err := host.New(t.Context(), host.Options{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(t.Context())
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	answers(t, rt)
}

func TestCacheSweeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	use(t, dir)
	old, young, other := filepath.Join(dir, "m1-a.1.tmp"), filepath.Join(dir, "m1-b.2.tmp"), filepath.Join(dir, "keep")
	for _, d := range []string{old, young, other} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := errors.Join(os.Chtimes(old, yesterday, yesterday), os.Chtimes(other, yesterday, yesterday)); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "m*-*", "sums"))
	if err != nil || len(left) != 1 {
		t.Fatal(left, err)
	}
	if err := os.Remove(left[0]); err != nil { // so that the next use makes it anew
		t.Fatal(err)
	}
	use(t, dir)
	for path, want := range map[string]bool{old: false, young: true, other: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestCacheHints makes a cache usable as the hint about it says.
func TestCacheHints(t *testing.T) {
	for _, test := range []struct {
		hint string
		make func(t *testing.T, dir string)
		// follow does what the hint says and returns the cache to use.
		follow func(t *testing.T, dir, hint string) string
	}{
		{"chmod 700 ", func(t *testing.T, dir string) {
			must(t, os.Mkdir(dir, 0o700))
			must(t, os.Chmod(dir, 0o777))
		}, func(t *testing.T, dir, hint string) string {
			if want := "chmod 700 " + dir + " after removing what is in it"; hint != want {
				t.Errorf("hint %q, want %q", hint, want)
			}
			must(t, os.Chmod(dir, 0o700))
			return dir
		}},
		{"choose the directory it points to", func(t *testing.T, dir string) {
			must(t, os.Mkdir(dir+"-real", 0o700))
			must(t, os.Symlink(dir+"-real", dir))
		}, func(_ *testing.T, dir, _ string) string { return dir + "-real" }},
		{"choose another cache directory", func(t *testing.T, dir string) {
			must(t, os.WriteFile(dir, nil, 0o600))
		}, func(_ *testing.T, dir, _ string) string { return dir + "-other" }},
	} {
		t.Run(test.hint, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cache")
			test.make(t, dir)
			_, err := host.New(t.Context(), host.Options{CacheDir: dir})
			e, ok := errors.AsType[*host.Error](err)
			if !ok || !strings.Contains(e.Hint(), test.hint) {
				t.Fatalf("got %v", err)
			}
			use(t, test.follow(t, dir, e.Hint()))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPackagesShareAGuest: of packages with the same file only the first looks for compiled code, or makes it.
func TestPackagesShareAGuest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	rt, err := host.New(t.Context(), host.Options{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	answers(t, rt)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	answers(t, rt)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the guest of the second package was compiled again: %v", err)
	}
	if err := rt.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
