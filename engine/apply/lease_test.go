package apply_test

import (
	"context"
	"testing"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// TestLease counts leases and round trips: a lease is taken with the first
// change, in its round trip, once, and not at all where nothing changes.
func TestLease(t *testing.T) {
	tests := []struct {
		name          string
		files         map[string]string
		holder        *op.Holder
		leases, trips int
		writes        int
		code          diag.Code
	}{
		{name: "nothing to change", files: map[string]string{"/a": "1", "/b": "1"}},
		{name: "changes", leases: 1, trips: 1, writes: 2},
		{name: "only the second changes", files: map[string]string{"/a": "1"}, leases: 1, trips: 1, writes: 1},
		{name: "another run's", holder: &op.Holder{Run: "r0", Owner: "bob@desk", Since: 1}, leases: 1, trips: 1, code: diag.Locked},
		{name: "another's who says nothing", holder: &op.Holder{}, leases: 1, trips: 1, code: diag.Locked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			host := enginetest.NewHost(test.files)
			host.Holder = test.holder
			f := &fleet{hosts: map[string]*enginetest.Host{"h1": host}, units: func(h string) []*unit.Unit {
				return []*unit.Unit{enginetest.Set(h, "/a", "1"), enginetest.Set(h, "/b", "1")}
			}}
			hosts := f.plan(t.Context())
			before := host.Trips
			var refused error
			e := &apply.Executor{
				Provider: func(context.Context, string) (plan.Provider, error) { return f.provider, nil },
				Record:   func(context.Context, ...apply.Change) error { return nil },
				Ledger:   f, Contents: &plan.Contents{}, Forks: 1,
				Events: event.Func(func(e event.Event) {
					if e.Kind == event.HostRefused {
						refused = e.Err
					}
				}),
				Lease: func(context.Context, *plan.Host, *plan.Step) (*apply.Lease, error) {
					return &apply.Lease{Op: op.Lease{Run: "r1", Owner: "ada@laptop"}}, nil
				},
			}
			e.Apply(t.Context(), []apply.Play{{Hosts: []string{"h1"}}}, hosts)
			if host.Leases != test.leases || host.Trips-before != test.trips || host.Writes != test.writes {
				t.Errorf("%d leases in %d round trips, %d files written; want %d, %d, %d",
					host.Leases, host.Trips-before, host.Writes, test.leases, test.trips, test.writes)
			}
			if got := diag.CodeOf(refused); got != test.code {
				t.Errorf("refused with %v, want the exit code %d", refused, test.code)
			}
		})
	}
}
