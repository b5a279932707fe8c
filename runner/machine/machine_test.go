package machine

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// newMachine returns this machine, with a short grace.
func newMachine(t *testing.T) *Machine {
	t.Helper()
	m := New(200 * time.Millisecond)
	t.Cleanup(m.Close)
	return m
}

func TestPerformAnswersWhateverHappens(t *testing.T) {
	m := newMachine(t)
	t.Run("panic", func(t *testing.T) {
		path := t.TempDir() + "/x"
		performtest.Put(t, path, "content", 0o600)
		r := m.Perform(t.Context(), op.Op{Read: &op.Read{Path: path, Limit: 100}}, perform.Stream{Out: nil})
		if r.Error == nil || !strings.Contains(r.Error.Message, "defect") || !strings.Contains(r.Error.Message, "read.go:") {
			t.Errorf("got %+v, expected a defect and where it is", r.Error)
		}
	})
	t.Run("nothing asked", func(t *testing.T) {
		if r := m.Perform(t.Context(), op.Op{}, perform.Stream{}); r.Error == nil {
			t.Errorf("got %+v, expected an error", r)
		}
	})
}

func TestGetent(t *testing.T) {
	m := newMachine(t)
	got := performtest.Do(t, m, op.Op{Getent: &op.Getent{DB: "passwd", Key: "root"}}).Getent
	if !got.Found || got.Fields[1] != "x" || got.Fields[2] != "0" {
		t.Errorf("got %+v for root", got)
	}
	got = performtest.Do(t, m, op.Op{Getent: &op.Getent{DB: "group", Key: "no-such-group-here"}}).Getent
	if got.Found || got.Fields != nil {
		t.Errorf("got %+v for a group that is not there", got)
	}
	got = performtest.Do(t, m, op.Op{Getent: &op.Getent{DB: "shadow", Key: "no-such-user-here", Hash: "x"}}).Getent
	if got.Found || got.Same {
		t.Errorf("got %+v for the password of a user who is not there", got)
	}
	_ = performtest.Refused(t, m, op.Op{Getent: &op.Getent{DB: "hosts", Key: "root"}}, "nodb")
}

func TestGivenUpBeforeItBegan(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	performtest.Put(t, dir+"/file", "x", 0o600)
	ops := []op.Op{
		{Stat: &op.Stat{Path: dir}},
		{Read: &op.Read{Path: dir + "/file"}},
		{List: &op.List{Path: dir}},
		{Exec: &op.Exec{Shell: "touch " + dir + "/made"}},
		{Write: &op.Write{Path: dir + "/written", Content: op.NewBlob([]byte("x"))}},
	}
	for _, o := range ops {
		t.Run(string(o.Kind()), func(t *testing.T) {
			r := m.Perform(performtest.Stopped(t), o, perform.Stream{In: performtest.Content(t, o)})
			if r.Error == nil || r.Error.Code != "timeout" || r.Error.Class != op.Transient {
				t.Errorf("got %+v, expected a timeout", r)
			}
		})
	}
	if got := performtest.NamesIn(t, dir); got != "file" {
		t.Errorf("the directory now has %q", got)
	}
}

// TestExecOfFreshFile runs programs that were written a moment ago while
// others are being started, whose children may still hold them open.
func TestExecOfFreshFile(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			m.Perform(context.Background(), op.Op{Exec: &op.Exec{Argv: []string{"true"}}}, perform.Stream{})
		}
	}()
	mode := uint32(0o755)
	for i := range 30 {
		path := dir + "/run" + strconv.Itoa(i)
		performtest.Do(t, m, op.Op{Write: &op.Write{Path: path, Content: op.NewBlob([]byte("#!/bin/sh\necho ok\n")), Attributes: op.Attributes{Mode: &mode}}})
		if got := performtest.Do(t, m, op.Op{Exec: &op.Exec{Argv: []string{path}}}).Exec.Stdout; got != "ok\n" {
			t.Errorf("got %q", got)
		}
	}
	<-done
}
