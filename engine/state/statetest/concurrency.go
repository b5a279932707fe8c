package statetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

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
