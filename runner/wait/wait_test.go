package wait

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// perform waits, and returns what was told meanwhile.
func await(t *testing.T, w *Waiter, o op.Wait) (told []string, err error) {
	t.Helper()
	if o.TimeoutMS == 0 {
		o.TimeoutMS = 50
	}
	o.IntervalMS = 5
	c := &perform.Call{Op: op.Op{Wait: &o}, Stream: perform.Stream{Note: func(text string) { told = append(told, text) }}}
	if err := c.Op.Validate(); err != nil {
		t.Fatal(err)
	}
	err = w.Perform(t.Context(), c)
	if (err == nil) != (c.Result.Wait != nil) {
		t.Errorf("error %v, result %+v", err, c.Result)
	}
	return told, err
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	file, long, pipe, dangling := filepath.Join(dir, "file"), filepath.Join(dir, "long"), filepath.Join(dir, "pipe"), filepath.Join(dir, "dangling")
	for path, text := range map[string]string{file: "the app has started\n", long: strings.Repeat("x", chunk-3) + "started" + strings.Repeat("y", chunk)} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(syscall.Mkfifo(pipe, 0o644), os.Symlink("nowhere", dangling)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		wait op.Wait
		seen string // the end of the error, "" where it is so
	}{
		{"there", op.Wait{Path: file}, ""},
		{"a pipe is there", op.Wait{Path: pipe}, ""},
		{"not there", op.Wait{Path: dir + "/none"}, "it is not there"},
		{"leads nowhere", op.Wait{Path: dangling}, "it is not there"},
		{"below a file", op.Wait{Path: file + "/x"}, "it is not there"},
		{"gone", op.Wait{Path: dir + "/none", Gone: true}, ""},
		{"gone, below a file", op.Wait{Path: file + "/x", Gone: true}, ""},
		{"not gone", op.Wait{Path: file, Gone: true}, "it is there"},
		{"a link is not gone", op.Wait{Path: dangling, Gone: true}, "it is there"},
		{"contains", op.Wait{Path: file, Contains: "app has"}, ""},
		{"contains across two parts", op.Wait{Path: long, Contains: "started"}, ""},
		{"does not contain", op.Wait{Path: long, Contains: "stopped"}, "it does not contain the text"},
		{"no file to look through", op.Wait{Path: dir + "/none", Contains: "x"}, "it is not there"},
		{"a pipe is not read", op.Wait{Path: pipe, Contains: "x"}, "it is no regular file"},
		{"a directory is not read", op.Wait{Path: dir, Contains: "x"}, "it is no regular file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			told, err := await(t, &Waiter{}, tt.wait)
			if tt.seen == "" {
				if err != nil || len(told) > 0 {
					t.Errorf("got %v, told %q", err, told)
				}
				return
			}
			e, ok := errors.AsType[*op.Error](err)
			if !ok || e.Class != op.Transient || !strings.HasSuffix(e.Message, ": "+tt.seen) || len(told) != 1 || !strings.HasSuffix(told[0], tt.seen) {
				t.Errorf("got %v, told %q; want %q, told once", err, told, tt.seen)
			}
		})
	}
}

// TestComesAbout waits for a file that comes later.
func TestComesAbout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	time.AfterFunc(30*time.Millisecond, func() { _ = os.WriteFile(file, nil, 0o644) }) // the wait fails without it
	if told, err := await(t, &Waiter{}, op.Wait{Path: file, TimeoutMS: 60_000}); err != nil || len(told) != 1 {
		t.Errorf("got %v, told %q", err, told)
	}
}

func TestPortsAndUnits(t *testing.T) {
	answers := func(err error) *Waiter {
		return &Waiter{Reach: func(context.Context, string, int) error { return err }}
	}
	unit := func(load, active string) *Waiter {
		return &Waiter{Unit: func(_ context.Context, name string) (*op.Service, error) {
			return &op.Service{Name: name, Load: load, Active: active}, nil
		}}
	}
	port, closed := op.Wait{Port: 80, Address: "db"}, op.Wait{Port: 80, Address: "db", Gone: true}
	runs, stopped := op.Wait{Unit: "x.service"}, op.Wait{Unit: "x.service", Gone: true}
	for _, tt := range []struct {
		name   string
		waiter *Waiter
		wait   op.Wait
		want   string
	}{
		{"open", answers(nil), port, ""},
		{"refused", answers(syscall.ECONNREFUSED), port, "waited 50ms until port 80 of db is open: connecting: connection refused"},
		{"closed", answers(syscall.ECONNREFUSED), closed, ""},
		{"not closed", answers(nil), closed, "waited 50ms until port 80 of db is closed: somebody listens there"},
		{"filtered is not closed", answers(syscall.EHOSTUNREACH), closed, "waited 50ms until port 80 of db is closed: connecting: no route to host"},
		{"runs", unit("loaded", "active"), runs, ""},
		{"starts", unit("loaded", "activating"), runs, "waited 50ms until x.service runs: it is activating"},
		{"no unit", unit("not-found", "inactive"), runs, "waited 50ms until x.service runs: there is no unit x.service"},
		{"stopped", unit("loaded", "failed"), stopped, ""},
		{"no unit has stopped", unit("not-found", "inactive"), stopped, ""},
		{"stops", unit("loaded", "deactivating"), stopped, "waited 50ms until x.service has stopped: it is deactivating"},
		{"no systemd", &Waiter{Unit: func(context.Context, string) (*op.Service, error) { return nil, errors.New("no systemd") }}, runs, "no systemd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := await(t, tt.waiter, tt.wait)
			got := ""
			if e, ok := errors.AsType[*op.Error](err); ok {
				got = e.Message
			} else if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
