package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
)

// advised checks that an error has a hint.
func advised(t *testing.T, err error, hint string) {
	t.Helper()
	if d, is := errors.AsType[*diag.Error](err); !is || d.Hint != hint {
		t.Errorf("got %#v, want the hint %q", err, hint)
	}
}

// TestHints does what the hints of the queue's faults say: then it works, with all that was queued before.
func TestHints(t *testing.T) {
	whole := func(t *testing.T, q *Queue, before int) {
		t.Helper()
		must(t, q.Put(t.Context(), item("later")))
		if items, err := q.List(t.Context(), "/w"); err != nil || len(items) != before+1 {
			t.Errorf("%d items, want the %d of before and one: %v", len(items), before, err)
		}
	}
	t.Run("in use", func(t *testing.T) {
		q := filled(t, 1)
		q.wait = 20 * time.Millisecond
		db, err := bbolt.Open(q.path, 0o600, nil)
		must(t, err)
		advised(t, q.Put(t.Context(), item("h2")), "try again; froyo needs the file for moments only, so look for what else has it open if that does not help")
		must(t, db.Close())
		whole(t, q, 1)
	})
	t.Run("of a later froyo", func(t *testing.T) {
		q := filled(t, 1)
		format := func(text string) {
			alter(t, q.path, func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte("format"), []byte(text)) })
		}
		format("2")
		before, err := os.ReadFile(q.path)
		must(t, err)
		advised(t, q.Put(t.Context(), item("h2")), "use that froyo or a later one; the file has not been touched")
		after, err := os.ReadFile(q.path)
		must(t, err)
		if !bytes.Equal(before, after) {
			t.Error("the file was touched")
		}
		format("1") // of which this froyo is
		whole(t, q, 1)
	})
	t.Run("calls that make no sense", func(t *testing.T) {
		q := filled(t, 1)
		for _, err := range []error{q.Put(t.Context(), queue.Item{}), q.Drop(t.Context(), "")} {
			advised(t, err, "nothing was queued or changed")
		}
		whole(t, q, 1)
	})
	t.Run("no directory", func(t *testing.T) {
		q := filled(t, 1)
		dir := filepath.Dir(q.path)
		must(t, os.Rename(dir, dir+".away"))
		must(t, os.WriteFile(dir, nil, 0o600))
		advised(t, q.Put(t.Context(), item("h2")), "what was queued before is kept")
		must(t, os.Remove(dir))
		must(t, os.Rename(dir+".away", dir))
		whole(t, q, 1)
	})
}

// mounted mounts a file system that ends with the test.
func mounted(t *testing.T, source, dir, kind string, flags uintptr, options string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	if err := syscall.Mount(source, dir, kind, flags, options); err != nil {
		t.Skip("no mounts here: ", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
}

// TestHintsOfDisks: the same where the disk is full, or cannot be written to.
func TestHintsOfDisks(t *testing.T) {
	t.Run("read-only", func(t *testing.T) {
		q := filled(t, 1)
		dir := filepath.Dir(q.path)
		mounted(t, dir, dir, "", syscall.MS_BIND, "")
		must(t, syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
		advised(t, q.Put(t.Context(), item("h2")), "froyo records pending work before it does it: give it a directory it may write to")
		must(t, syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT, ""))
		must(t, q.Put(t.Context(), item("h2")))
	})
	t.Run("full", func(t *testing.T) {
		dir := t.TempDir()
		mounted(t, "tmpfs", dir, "tmpfs", 0, "size=256k")
		q := New(filepath.Join(dir, "queue.db"), time.Now)
		name := strings.Repeat("x", 1000)
		kept, err := 0, error(nil)
		for ; err == nil && kept < 1000; kept++ {
			err = q.Put(t.Context(), item(fmt.Sprint(name, kept)))
		}
		kept--
		advised(t, err, "make room and run again; what was queued before is kept")
		must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=8m"))
		items, err := q.List(context.WithoutCancel(t.Context()), "/w")
		if err != nil || len(items) != kept {
			t.Errorf("%d items are kept, want %d: %v", len(items), kept, err)
		}
		must(t, q.Put(t.Context(), item(fmt.Sprint(name, kept))))
	})
}
