package host_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/runner/codec"
)

// others are 200 units that have nothing to do with those that misbehave.
func others() []abi.Request {
	var all []abi.Request
	for n := range 200 {
		all = append(all, ask("fine", n))
	}
	return all
}

// misbehaving are units that end their guest in every way there is.
func misbehaving() []abi.Request {
	var all []abi.Request
	for _, do := range []string{"loop", "recurse", "allocate", "panic", "deadlock", "exit", "print", "unmarked", "liar", "wild mark", "garbage", "count", "outside memory", "endless", "nothing"} {
		all = append(all, ask(do, 0))
	}
	return all
}

// TestMisbehavingUnitsFailAlone: units that trap, loop, grow, recurse or answer
// rubbish fail, and the 200 others that are asked with them have their answers.
func TestMisbehavingUnitsFailAlone(t *testing.T) {
	m := load(t, host.Options{Instances: 2})
	bad := misbehaving()
	requests := others()
	for n, r := range bad { // spread over the batches
		at := n * len(requests) / len(bad)
		requests = append(requests[:at:at], append([]abi.Request{r}, requests[at:]...)...)
	}
	replies, err := m.Call(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for n, r := range replies {
		var u struct {
			Do string `json:"do"`
			N  int    `json:"n"`
		}
		if err := codec.Unmarshal(requests[n].Unit, &u); err != nil {
			t.Fatal(err)
		}
		if u.Do == "fine" {
			wantFine(t, r, u.N)
		} else if failed++; r.Error == nil {
			t.Errorf("%s: %+v", u.Do, r)
		}
	}
	t.Logf("%d units misbehaved, %d did not", failed, len(requests)-failed)
}

// TestRandomAnswers: whatever a guest answers, it is an error or what the contract
// allows, for every verb; and the same again, since it is asked the same.
func TestRandomAnswers(t *testing.T) {
	m := load(t, host.Options{Instances: 2})
	verbs := []abi.Verb{abi.Read, abi.Plan, abi.Potential, abi.Apply, abi.Destroy}
	var requests []abi.Request
	seeds := 100
	if n, err := strconv.Atoi(os.Getenv("FROYO_RANDOM_ANSWERS")); err == nil {
		seeds = n
	}
	for seed := range seeds {
		requests = append(requests, abi.Request{Type: "unit", Verb: verbs[seed%len(verbs)], Unit: fmt.Appendf(nil, `{"do":"noise","n":%d}`, seed)})
	}
	replies, err := m.Call(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Call(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for n, r := range replies {
		first, errFirst := codec.Marshal(r)
		second, errSecond := codec.Marshal(again[n])
		if errFirst != nil || errSecond != nil || string(first) != string(second) {
			t.Errorf("seed %d: %s, then %s", n, first, second)
		}
		switch {
		case r.Error != nil:
			refused++
		case r.Change != nil && r.Change.Agree() != nil && requests[n].Verb == abi.Plan:
			t.Errorf("seed %d: %s", n, first)
		}
		for _, o := range r.Need {
			if o.Validate() != nil || requests[n].Verb == abi.Plan && (o.Changes() || o.Exec != nil) {
				t.Errorf("seed %d: needs %s", n, o)
			}
		}
	}
	if refused < len(requests)/2 {
		t.Errorf("only %d of %d random answers were refused", refused, len(requests))
	}
	t.Logf("%d of %d random answers were refused", refused, len(requests))
}

// TestOthersKeepTheirTime: while one provider misbehaves, another answers for 200
// units in at most 1.2 times the time it takes alone. Both are measured in turn in
// one run; a machine that is busy with something else gets more attempts, and more
// room unless FROYO_QUIET says that it is not.
func TestOthersKeepTheirTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures")
	}
	honest, evil := load(t, host.Options{Instances: 1}), load(t, host.Options{Instances: 1})
	requests, bad := others(), misbehaving()
	measure := func() time.Duration {
		begin := time.Now()
		for range 20 {
			replies, err := honest.Call(t.Context(), requests)
			if err != nil {
				t.Fatal(err)
			}
			for n, r := range replies {
				wantFine(t, r, n)
			}
		}
		return time.Since(begin)
	}
	measure() // the guest is compiled by then
	best, most := 99.0, 2.0
	if os.Getenv("FROYO_QUIET") != "" {
		most = 1.2
	}
	for attempt := 0; attempt < 15 && best > 1.2; attempt++ {
		alone := measure()
		ctx, stop := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		busy.Go(func() {
			for ctx.Err() == nil {
				if _, err := evil.Call(ctx, bad); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
		beside := measure()
		stop()
		busy.Wait()
		best = min(best, float64(beside)/float64(alone))
	}
	t.Logf("beside a provider that misbehaves it took %.2f times as long", best)
	if best > most {
		t.Errorf("beside a provider that misbehaves 200 units took %.2f times as long, more than %.1f", best, most)
	}
}
