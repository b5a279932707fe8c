package samehost_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/samehost"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

var _ dial.Gate = (*samehost.Name)(nil)

// holder is what the machine says of the lock that a name took.
func holder(name string, token int64) op.Holder {
	return op.Holder{Run: "r1", Name: name, Token: token}
}

// TestOneAtATime has names of few machines act many times over: never do two names
// of one machine at once, and all come to an end.
func TestOneAtATime(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.IntRange(1, 6).Draw(rt, "names")
		of := make([]int, names) // the machine of a name
		for i := range of {
			of[i] = rapid.IntRange(0, 2).Draw(rt, "machine")
		}
		var told atomic.Int32
		hosts := samehost.New(func(string, string) { told.Add(1) })
		var mu sync.Mutex
		locked := map[int]int{}  // machine to the name that locked it first
		shares := map[int]bool{} // names that know the lock of another
		at := map[int]map[int]int{0: {}, 1: {}, 2: {}}
		act := func(i int) {
			gate := hosts.Host(strconv.Itoa(i))
			for {
				mu.Lock()
				shared := shares[i] // before it enters, as a session does
				mu.Unlock()
				leave, err := gate.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				first, is := locked[of[i]]
				if !is {
					first, locked[of[i]] = i, i
				}
				mu.Unlock()
				if first != i && !shared {
					if !gate.Shared(holder(strconv.Itoa(first), 1)) {
						t.Errorf("%d does not share the machine of %d", i, first)
					}
					mu.Lock()
					shares[i] = true
					mu.Unlock()
					leave() // what it asked with did nothing
					continue
				}
				mu.Lock()
				at[of[i]][i]++
				for other, n := range at[of[i]] {
					if other != i && n > 0 {
						t.Errorf("%d and %d act on machine %d at once", i, other, of[i])
					}
				}
				mu.Unlock()
				runtime.Gosched()
				mu.Lock()
				at[of[i]][i]--
				mu.Unlock()
				leave()
				return
			}
		}
		for i := range names {
			hosts.Host(strconv.Itoa(i)).Acquiring(op.Lock{Run: "r1", Token: 1})
		}
		var all sync.WaitGroup
		for i := range names {
			for range 4 {
				all.Go(func() { act(i) })
			}
		}
		all.Wait()
		machines := map[int]bool{}
		for _, m := range of {
			machines[m] = true
		}
		if want := names - len(machines); int(told.Load()) != want {
			t.Errorf("told of %d names, want %d", told.Load(), want)
		}
	})
}

// TestWhoIsNotOfTheRun has a lock's holder say what it does not know.
func TestWhoIsNotOfTheRun(t *testing.T) {
	hosts := samehost.New(func(one, other string) { t.Errorf("%s and %s were taken for one machine", one, other) })
	h1, h2 := hosts.Host("h1"), hosts.Host("h2")
	h1.Acquiring(op.Lock{Run: "r1", Token: 17})
	h2.Acquiring(op.Lock{Run: "r1", Token: 18})
	for _, said := range []op.Holder{
		{}, {Run: "r1"}, holder("h1", 18), holder("h2", 18), holder("h3", 17), {Run: "r2", Name: "h1", Token: 17}, {Name: "h3"},
	} {
		if h2.Shared(said) {
			t.Errorf("%+v was believed", said)
		}
	}
}

// TestWaiting gives up with its context, and goes on when the other name has left.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		hosts := samehost.New(func(one, other string) { told = append(told, one+" "+other) })
		h1, h2 := hosts.Host("h1"), hosts.Host("h2")
		h1.Acquiring(op.Lock{Run: "r1", Token: 1})
		leave, err := h1.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again, err := h1.Enter(t.Context()) // the same name, side by side
		if err != nil {
			t.Fatal(err)
		}
		once, twice := h2.Shared(holder("h1", 1)), h2.Shared(holder("h1", 1))
		if !once || !twice || len(told) != 1 || told[0] != "h1 h2" {
			t.Errorf("told %q, want once of h1 and h2", told)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h2.Enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		entered := make(chan struct{})
		go func() {
			defer close(entered)
			leave, err := h2.Enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			leave()
		}()
		leave()
		synctest.Wait()
		select {
		case <-entered:
			t.Error("it entered beside the other name")
		default:
		}
		again()
		<-entered
	})
}
