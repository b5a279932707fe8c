package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/storefault"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func item(host string) queue.Item {
	return queue.Item{ID: queue.ID("r1", 0, "web", host), Run: "r1", Workspace: "/w", Play: "web", Host: host}
}

// filled returns a queue with items.
func filled(t testing.TB, items int) *Queue {
	t.Helper()
	q := New(filepath.Join(t.TempDir(), "data", "queue.db"), time.Now)
	var all []queue.Item
	for i := range items {
		all = append(all, item(fmt.Sprint("h", i)))
	}
	must(t, q.Put(t.Context(), all...))
	return q
}

// alter changes a queue's file as a program other than froyo would.
func alter(t *testing.T, path string, do func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(do))
	must(t, db.Close())
}

// calls are all that can be asked of a queue that has h0.
func calls(ctx context.Context, q *Queue) map[string]error {
	_, claimed := q.Claim(ctx, "w", queue.Filter{}, 100, time.Minute)
	_, listed := q.List(ctx, "/w")
	id := item("h0").ID
	return map[string]error{
		"put": q.Put(ctx, item("new")), "claim": claimed, "list": listed, "extend": q.Extend(ctx, "w", time.Minute, id),
		"ack": q.Complete(ctx, "w", id), "release": q.Release(ctx, "w", id), "drop": q.Drop(ctx, "r1"),
	}
}

// wantFault checks that an error is of a kind and tells the operator what to do.
func wantFault(t *testing.T, q *Queue, err, kind error) {
	t.Helper()
	d, ok := errors.AsType[*diag.Error](err)
	if !ok || !errors.Is(err, kind) || d.Hint == "" || strings.Contains(d.Summary, "\n") || !strings.Contains(d.Summary, q.path) {
		t.Errorf("error %#v, want %v in one line with the file's name, and a hint", err, kind)
	}
}

func TestNothingIsMadeByLooking(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	q := New(filepath.Join(dir, "queue.db"), time.Now)
	for call, err := range calls(t.Context(), q) {
		if call != "put" && err != nil && !errors.Is(err, queue.ErrLost) {
			t.Errorf("%s: %v", call, err)
		}
	}
	must(t, os.RemoveAll(dir)) // of put
	if _, err := q.List(t.Context(), "/w"); err != nil {
		t.Error(err)
	}
	must(t, q.Complete(t.Context(), "w", "x"))
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory: %v", err)
	}
}

// TestForItsOwnerAlone: no other user can read the file, and nothing else is left beside it.
func TestForItsOwnerAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	q := filled(t, 1)
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		must(t, err)
		return info.Mode().Perm()
	}
	if file, dir := mode(q.path), mode(filepath.Dir(q.path)); file != 0o600 || dir != 0o700 {
		t.Errorf("file %o, directory %o", file, dir)
	}
	must(t, os.Chmod(q.path, 0o644))
	must(t, q.Put(t.Context(), item("h2")))
	if file := mode(q.path); file != 0o600 {
		t.Errorf("an open file stays %o", file)
	}
	entries, err := os.ReadDir(filepath.Dir(q.path))
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("the directory has %v", entries)
	}
}

// TestNotHeld: between calls another process can have the file.
func TestNotHeld(t *testing.T) {
	q := filled(t, 3)
	for range 2 {
		if _, err := q.Claim(t.Context(), "w", queue.Filter{}, 1, time.Minute); err != nil {
			t.Fatal(err)
		}
		db, err := bbolt.Open(q.path, 0o600, &bbolt.Options{Timeout: time.Millisecond})
		must(t, err)
		must(t, db.Close())
	}
}

func TestInUse(t *testing.T) {
	q := filled(t, 1)
	q.wait = 20 * time.Millisecond
	db, err := bbolt.Open(q.path, 0o600, nil)
	must(t, err)
	for call, err := range calls(t.Context(), q) {
		t.Run(call, func(t *testing.T) {
			wantFault(t, q, err, storefault.ErrBusy)
			if code := diag.CodeOf(err); code != diag.Locked {
				t.Errorf("exit code %d, want %d", code, diag.Locked)
			}
		})
	}
	q.wait = time.Hour
	ctx, cancel := context.WithCancelCause(t.Context())
	go cancel(errors.New("enough"))
	if _, err := q.List(ctx, "/w"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a context that ends: %v", err)
	}
	done := make(chan error)
	go func() { done <- q.Put(t.Context(), item("h1")) }()
	must(t, db.Close())
	must(t, <-done)
}

// TestReadersShare: one that lists does not keep out another that does.
func TestReadersShare(t *testing.T) {
	q := filled(t, 1)
	q.wait = 20 * time.Millisecond
	db, err := bbolt.Open(q.path, 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	defer db.Close()
	items, err := q.List(t.Context(), "/w")
	if err != nil || len(items) != 1 {
		t.Errorf("%v, %v", items, err)
	}
	wantFault(t, q, q.Put(t.Context(), item("h2")), storefault.ErrBusy)
}

// overwrite puts bytes over a part of a file.
func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(with, at)
	must(t, err)
	must(t, f.Close())
}

// TestDamaged has files that are no queue of this froyo: each call says so, and touches nothing.
func TestDamaged(t *testing.T) {
	inBucket := func(bucket []byte, key, value string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			alter(t, path, func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte(key), []byte(value)) })
		}
	}
	whole := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) { must(t, os.WriteFile(path, []byte(text), 0o600)) }
	}
	first := string([]byte{0, 0, 0, 0, 0, 0, 0, 1})
	tests := []struct {
		name   string
		make   func(t *testing.T, path string)
		want   error
		detail string
	}{
		{"empty", whole(""), storefault.ErrCorrupt, "empty"},
		{"text", whole("nothing to do\n"), storefault.ErrCorrupt, "no bbolt file"},
		{"long text", whole(strings.Repeat("nothing to do\n", 1<<16)), storefault.ErrCorrupt, "no bbolt file"},
		{"cut off", func(t *testing.T, path string) { must(t, os.Truncate(path, int64(3*os.Getpagesize()))) }, storefault.ErrCorrupt, "pages"},
		{"both heads overwritten", func(t *testing.T, path string) {
			overwrite(t, path, 0, bytes.Repeat([]byte{7}, 2*os.Getpagesize()))
		}, storefault.ErrCorrupt, "no bbolt file"},
		{"all behind the heads overwritten", func(t *testing.T, path string) {
			info, err := os.Stat(path)
			must(t, err)
			overwrite(t, path, int64(2*os.Getpagesize()), bytes.Repeat([]byte{7}, int(info.Size())-2*os.Getpagesize()))
		}, storefault.ErrCorrupt, ""},
		{"another program's", func(t *testing.T, path string) {
			must(t, os.Remove(path))
			alter(t, path, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte("wine"))
				return errors.Join(err, b.Put([]byte("red"), []byte("12")))
			})
		}, storefault.ErrCorrupt, "not froyo's queue"},
		{"another program's without a list of free pages", func(t *testing.T, path string) {
			must(t, os.Remove(path))
			db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true})
			must(t, err)
			must(t, db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("wine")); return err }))
			must(t, db.Close())
		}, storefault.ErrCorrupt, "free pages"},
		{"a later format", inBucket(metaBucket, "format", "2"), storefault.ErrNewer, "format 2"},
		{"a format that is none", inBucket(metaBucket, "format", "one"), storefault.ErrCorrupt, `"one"`},
		{"format 0", inBucket(metaBucket, "format", "0"), storefault.ErrCorrupt, `"0"`},
		{"no items", func(t *testing.T, path string) {
			alter(t, path, func(tx *bbolt.Tx) error { return tx.DeleteBucket(itemsBucket) })
		}, storefault.ErrCorrupt, "bucket"},
		{"an item that is none", inBucket(itemsBucket, first, "{}"), storefault.ErrCorrupt, "item number 0000000000000001"},
		{"an item of a later froyo", inBucket(itemsBucket, first, `{"id":"x","run":"r","host":"h","put":1,"colour":"red"}`), storefault.ErrCorrupt, "colour"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q := filled(t, 100)
			test.make(t, q.path)
			before, err := os.ReadFile(q.path)
			must(t, err)
			for call, err := range calls(t.Context(), q) {
				if call == "put" && strings.HasPrefix(test.name, "an item") {
					continue // looks at no others
				}
				if (call == "extend" || call == "ack" || call == "release") && err == nil {
					t.Errorf("%s: no error", call)
					continue
				}
				wantFault(t, q, err, test.want)
				if d, ok := errors.AsType[*diag.Error](err); ok && !strings.Contains(d.Detail, test.detail) {
					t.Errorf("%s: detail %q lacks %q", call, d.Detail, test.detail)
				}
			}
			after, err := os.ReadFile(q.path)
			must(t, err)
			if !strings.HasPrefix(test.name, "an item") && !bytes.Equal(before, after) {
				t.Error("the file was touched")
			}
		})
	}
}

// TestGarbage overwrites each page in turn: whatever a call finds, it ends with
// an error or a result, and lets go of the file.
func TestGarbage(t *testing.T) {
	whole := filled(t, 60)
	text, err := os.ReadFile(whole.path)
	must(t, err)
	page := os.Getpagesize()
	for _, garbage := range []byte{0, 0xff} {
		for at := 0; at < len(text); at += page / 2 {
			q := New(filepath.Join(t.TempDir(), "queue.db"), time.Now)
			spoilt := bytes.Clone(text)
			copy(spoilt[at:], bytes.Repeat([]byte{garbage}, page/2))
			must(t, os.WriteFile(q.path, spoilt, 0o600))
			for call, err := range calls(t.Context(), q) {
				if errors.Is(err, storefault.ErrBusy) {
					t.Errorf("%#x at %d: %s: %v", garbage, at, call, err)
				}
				if err != nil && !errors.Is(err, queue.ErrLost) {
					wantFault(t, q, err, storefault.ErrCorrupt)
				}
			}
		}
	}
}

// TestNotWritable has a file that cannot be written: by its mode, or, since
// root may write all the same, because its file system is read-only.
func TestNotWritable(t *testing.T) {
	q := filled(t, 1)
	if os.Getuid() != 0 {
		must(t, os.Chmod(q.path, 0o400))
	} else {
		dir := filepath.Dir(q.path)
		must(t, syscall.Mount(dir, dir, "", syscall.MS_BIND, ""))
		t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
		must(t, syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	}
	wantFault(t, q, q.Put(t.Context(), item("h2")), storefault.ErrReadOnly)
	if items, err := q.List(t.Context(), "/w"); err != nil || len(items) != 1 {
		t.Errorf("%v, %v", items, err)
	}
}
