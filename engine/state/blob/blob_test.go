package blob_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/openfroyo/froyo/engine/state/blob"
	"github.com/openfroyo/froyo/runner/op"
)

func open(t *testing.T, dir string) blob.Store {
	t.Helper()
	s, err := blob.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestPutGet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := open(t, dir)
	for _, content := range []string{"", "hello\n", strings.Repeat("x", blob.Max)} {
		sum, err := s.Put([]byte(content))
		if err != nil {
			t.Fatal(err)
		}
		if sum != op.Sum([]byte(content)) {
			t.Errorf("Put returned %s", sum)
		}
		got, err := open(t, dir).Get(sum) // another store on the same directory
		if err != nil || string(got) != content {
			t.Errorf("Get(%s) = %d bytes, %v", sum, len(got), err)
		}
	}
	if _, err := s.Put(make([]byte, blob.Max+1)); !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("Put of too much: %v", err)
	}
}

func TestOnlyForTheOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	if _, err := open(t, dir).Put([]byte("secret")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGetWhatIsNotThere(t *testing.T) {
	s := open(t, t.TempDir())
	absent := strings.Repeat("0", 64)
	for _, sum := range []string{absent, "", "ab", "../../etc/passwd", strings.Repeat("../", 22)[:64], strings.ToUpper(strings.Repeat("ab", 32))} {
		if _, err := s.Get(sum); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Get(%q): %v, want not exist", sum, err)
		}
	}
}

func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	content := []byte("what was put")
	sum, err := s.Put(content)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, sum[:2], sum[2:])
	tests := []struct {
		name, now string
		repaired  bool // by putting the content again
	}{
		{"cut short", "what", true},
		{"empty", "", true},
		{"other bytes", "what was pUt", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(test.now), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(sum); !errors.Is(err, blob.ErrDamaged) {
				t.Errorf("Get: %v, want %v", err, blob.ErrDamaged)
			}
			if _, err := s.Put(content); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(sum); (err == nil) != test.repaired {
				t.Errorf("Get after Put: %v", err)
			}
		})
	}
}

func TestPutFromManySides(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			store := []blob.Store{s, other}[i%2]
			if _, err := store.Put([]byte("the same")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	files, err := filepath.Glob(filepath.Join(dir, "tmp-*"))
	if err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	if _, err := s.Get(op.Sum([]byte("the same"))); err != nil {
		t.Error(err)
	}
}

func TestPutWithoutRoom(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root writes anywhere; the store's tests cover a full disk")
	}
	dir := t.TempDir()
	s := open(t, dir)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put([]byte("x")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Put: %v", err)
	}
}
