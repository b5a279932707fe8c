package statetest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/state"
)

// testConcurrency works on one store, and on a second one on the same directory,
// as another process would, from many sides at once.
func testConcurrency(t *testing.T, f *fixture) {
	const writers, each = 8, 20
	f.begin(t, "r1")
	other := f.open(t, f.dir)
	var wg sync.WaitGroup
	for w := range writers {
		store := []state.Store{f.Store, other}[w%2]
		wg.Go(func() {
			for i := range each {
				c := change("r1")
				c.Host, c.MachineID, c.Unit = "h1", "", fmt.Sprintf("file[/%d/%d]", w, i)
				if err := store.RecordChange(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
				seq := int64(w*each + i)
				if err := store.AppendEvents(t.Context(), "r1", []state.Event{{Seq: seq, Kind: "k", Data: object(`{}`)}}); err != nil {
					t.Error(err)
					return
				}
				if _, err := store.Resources(t.Context(), workspace, "h1"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	must(t, other.Close())
	f.reopen(t)
	if got := len(f.resources(t, "h1")); got != writers*each {
		t.Errorf("%d resources are kept, want %d", got, writers*each)
	}
	events, err := f.Events(t.Context(), "r1")
	must(t, err)
	if len(events) != writers*each {
		t.Errorf("%d events are kept, want %d", len(events), writers*each)
	}
}

// testAudit: what begins, is approved and ends is in the audit log, whichever process does it, and the log is whole.
func testAudit(t *testing.T, f *fixture) {
	public, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	by := audit.Author{User: "eve", Origin: "here", Key: func() (ed25519.PrivateKey, error) { return private, nil }}
	other := f.open(t, f.dir)
	f.Author(by)
	other.Author(by)
	var wg sync.WaitGroup
	const runs = 12
	for i := range runs {
		store, id := []state.Store{f.Store, other}[i%2], fmt.Sprintf("r%d", i)
		wg.Go(func() {
			err := store.BeginRun(t.Context(), state.Run{ID: id, Workspace: workspace, Command: "apply", Runbook: "site.star", User: "ada", Started: began, Names: []string{"h1", "h2"}})
			if err == nil {
				err = store.BeginApply(t.Context(), id, "aa", began, &state.Approval{By: "ada", Time: began, Plan: "aa"})
			}
			if err == nil {
				err = store.AppendAudit(t.Context(), state.Audit{Time: began, Action: "lock break", Detail: "\xff", Outcome: audit.Done})
			}
			if err == nil {
				err = store.FinishRun(t.Context(), id, state.End{Ended: began, Status: state.Failed, Code: 3})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	must(t, other.Close())
	f.reopen(t)
	l, err := f.AuditLog(t.Context(), -1)
	must(t, err)
	same(t, nil, l.Verify(nil, []ed25519.PublicKey{public}))
	var told []state.Audit
	for _, r := range l.Rows {
		if r.Run == "r1" {
			told = append(told, r.Entry)
		}
	}
	same(t, []state.Audit{
		{Time: began, User: "ada", Origin: "here", Action: "apply", Run: "r1", Hosts: "h1 h2", Detail: "site.star"},
		{Time: began, User: "ada", Origin: "here", Action: "approve", Run: "r1", Plan: "aa"},
		{Time: began, User: "eve", Origin: "here", Action: "apply", Run: "r1", Hosts: "h1 h2", Plan: "aa", Outcome: "failed, exit code 3", Detail: "site.star"},
	}, told)
	part, err := f.AuditLog(t.Context(), 5)
	must(t, err)
	same(t, nil, part.Verify(nil, []ed25519.PublicKey{public}))
	same(t, 5, len(part.Rows))
	same(t, l.End(), part.End())
	if len(l.Rows) != 4*runs || len(l.Heads) != 4*runs {
		t.Errorf("%d rows, %d heads", len(l.Rows), len(l.Heads))
	}
}

func testCancelled(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := f.RecordChange(ctx, change("r1"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a change with a cancelled context: %v", err)
	}
	same(t, nil, f.resources(t, "h1"))
	must(t, f.FinishRun(t.Context(), "r1", state.End{Ended: began, Status: state.Interrupted}))
}
