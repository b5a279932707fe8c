package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
)

// kept is a sink that keeps what it is given.
type kept []event.Event

func (k *kept) Emit(e event.Event) { *k = append(*k, e) }

func TestAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened atomic.Int32
		c := Connect(Openers{"": func(ctx context.Context, _ *inventory.Host, hooks Hooks) (Session, error) {
			opened.Add(1)
			time.Sleep(time.Second)
			hooks.LoggedIn(Login{User: "ops"})
			hooks.Restricted("root", []string{"/bin/true"})
			return (&machine{boot: "first"}).open(ctx)
		}}, false)
		hosts := []*inventory.Host{{Name: "h1"}, {Name: "h2"}, {Name: "h3"}}
		c.Ahead(t.Context(), hosts, 2)
		synctest.Wait()
		if opened.Load() != 2 {
			t.Errorf("%d are being opened, want as many as there are forks", opened.Load())
		}
		late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.Pool.Connect(late, hosts[0]); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who has less time than the opening got %v", err)
		}
		if _, err := c.Pool.Connect(t.Context(), hosts[0]); err != nil || opened.Load() != 2 {
			t.Errorf("got %v after %d openings, want what was opened ahead", err, opened.Load())
		}
		synctest.Wait()
		var told kept
		c.Listen(&told, nil)
		if len(told) != 2 || told[0].Kind != event.HostLimited {
			t.Errorf("told %+v, want what was told before anyone listened", told)
		}
		if l, in, limit := c.Login("h1"); l.User != "ops" || !in || limit != "/bin/true" {
			t.Errorf("got %+v, %v, %q", l, in, limit)
		}
		c.Pool.Retain(t.Context(), hosts[1:])
		if _, err := c.Pool.Connect(t.Context(), hosts[0]); err != nil || opened.Load() != 3 {
			t.Errorf("got %v after %d openings, want a new one of a host that was left", err, opened.Load())
		}
		c.Close(t.Context())
		if _, err := c.Pool.Connect(t.Context(), hosts[2]); !errors.Is(err, errClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestAheadEnds: what was begun early does not hold up an end that comes early, too.
func TestAheadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Connect(Openers{"": func(ctx context.Context, _ *inventory.Host, _ Hooks) (Session, error) {
			<-ctx.Done() // a host that does not answer
			return nil, ctx.Err()
		}}, false)
		c.Ahead(t.Context(), []*inventory.Host{{Name: "h1"}}, 1)
		synctest.Wait()
		c.Close(t.Context())
	})
}

// TestRenew: a host that was lost is connected to anew, and what the others told is asked for anew.
func TestRenew(t *testing.T) {
	opened := map[string]int{}
	fails := true
	c := Connect(Openers{"": func(ctx context.Context, h *inventory.Host, _ Hooks) (Session, error) {
		opened[h.Name]++
		if h.Name == "h3" && fails {
			return nil, errors.New("no way there")
		}
		return (&machine{boot: "first"}).open(ctx)
	}}, false)
	defer c.Close(t.Context())
	hosts := []*inventory.Host{{Name: "h1"}, {Name: "h2"}, {Name: "h3"}}
	ask := func() (failed int) {
		for _, h := range hosts {
			if _, err := c.Pool.Connect(t.Context(), h); err != nil {
				failed++
			}
		}
		return failed
	}
	if failed := ask() + ask(); failed != 2 || opened["h3"] != 1 {
		t.Errorf("%d failed, h3 was opened %d times", failed, opened["h3"])
	}
	fails = false
	c.Pool.Renew(t.Context(), []string{"h2"})
	if failed := ask(); failed != 0 || opened["h1"] != 1 || opened["h2"] != 2 || opened["h3"] != 2 {
		t.Errorf("%d failed, opened %v", failed, opened)
	}
}

// TestPreview: what is shown at once still waits for the run that takes the connections over.
func TestPreview(t *testing.T) {
	c := Connect(Openers{}, false)
	var shown, told kept
	c.Preview(&shown)
	c.Emit(event.Event{Kind: event.HostLimited, Host: "h1"})
	c.Listen(&told, nil)
	c.Emit(event.Event{Kind: event.HostLimited, Host: "h2"})
	if len(shown) != 1 || len(told) != 2 || told[0].Host != "h1" {
		t.Errorf("shown %+v, told %+v", shown, told)
	}
}
