package fleet

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/openfroyo/froyo/runner/codec"
	contract "github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// guarded is a host that an earlier run has left with a guard.
type guarded struct {
	Session
	state *contract.State
	// looks is how often it is looked at until ends happens.
	looks int
	ends  func(*guarded)
	// stuck is a guard that does not end.
	stuck bool
	did   []string
}

// Do implements plan.Target.
func (g *guarded) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	results := make([]op.Result, len(steps))
	for i, s := range steps {
		g.did = append(g.did, s.Op.String())
		if s.Op.Text == nil || s.Op.Text.Path != contract.StateFile {
			continue
		}
		if g.looks--; g.looks == 0 && g.ends != nil {
			g.ends(g)
		}
		if g.state == nil {
			results[i] = op.Result{Error: &op.Error{Class: op.Permanent, Code: "enoent", Message: "no such file"}}
			continue
		}
		text, err := codec.Marshal(g.state)
		if err != nil {
			return nil, err
		}
		results[i] = op.Result{Text: &op.TextResult{Text: string(text)}}
	}
	return results, nil
}

// Run implements plan.Target.
func (g *guarded) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	g.did = append(g.did, steps[0].Op.String())
	switch {
	case steps[0].Op.Remove != nil:
		g.state = nil
	case g.stuck:
		return []target.Outcome{{Ran: true, Result: op.Result{Exec: &op.ExecResult{RC: 1, Stderr: "disk full"}}}}, nil
	case steps[0].Op.Exec.Argv[1] != contract.Dismiss:
		return nil, errors.New("it is told to " + steps[0].Op.Exec.Argv[1])
	default:
		dismissed := *g.state
		dismissed.Phase, g.state = contract.Dismissed, nil
		text, err := codec.Marshal(&dismissed)
		return []target.Outcome{{Ran: true, Result: op.Result{Exec: &op.ExecResult{Stdout: string(text)}}}}, err
	}
	return []target.Outcome{{Ran: true}}, nil
}

func (g *guarded) restored() {
	g.state.Phase, g.state.Why, g.state.Restored = contract.Restored, contract.NotConfirmed, []string{"/etc/ssh"}
}

// TestGuardLeft: the first that is asked of a host brings up what a guard has left, in the same round trip.
func TestGuardLeft(t *testing.T) {
	armed := func() *contract.State {
		return &contract.State{Config: contract.Config{ID: "a1", Run: "r1", Window: 60000, Units: []string{"file[/etc/ssh/x]"}}, Phase: contract.Armed}
	}
	const back = "h1: of run r1: froyo did not get in over a new connection in time, so the host has put back what was there: /etc/ssh"
	restored := func(g *guarded) { g.restored() }
	for _, tt := range []struct {
		name string
		host *guarded
		told string
		did  int // ops, of which one is wanted
	}{
		{"none", &guarded{}, "", 2},
		{"one that has restored the host", &guarded{state: armed(), looks: 1, ends: restored}, back, 5},
		{"one that is confirmed meanwhile", &guarded{state: armed(), looks: 3, ends: func(g *guarded) { g.state = nil }}, "", 5},
		{"one that restores it meanwhile", &guarded{state: armed(), looks: 3, ends: restored}, back, 7},
		{
			"one that none watches", &guarded{state: armed()},
			"h1: the guard of run r1 did not end in time, since the process that watched was gone: nothing is put back, and what that run did to file[/etc/ssh/x] stays", 0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []string
				l := lastingOf(t, tt.host, &told)
				for range 2 {
					results, err := l.Do(t.Context(), []target.Step{{Op: op.Op{Stat: &op.Stat{Path: "/x"}}}})
					if err != nil || len(results) != 1 {
						t.Fatalf("%v, %v", results, err)
					}
				}
				if got := strings.Join(told, "; "); got != tt.told || tt.host.state != nil {
					t.Errorf("told %q, left %+v", told, tt.host.state)
				}
				if n := len(tt.host.did) - 1; tt.did > 0 && n != tt.did {
					t.Errorf("%d ops: %q", n, tt.host.did)
				}
			})
		})
	}
}

func lastingOf(t *testing.T, g *guarded, all *[]string) Session {
	t.Helper()
	l, err := newLasting(t.Context(), "h1", func(context.Context) (Session, error) { return g, nil }, Hooks{
		Guard: func(s *contract.State) { *all = append(*all, told("h1", s).Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestGuardStuck: where a guard does not end, the host is as no one knows, and its operator is sent there.
func TestGuardStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &guarded{state: &contract.State{Config: contract.Config{ID: "a1", Run: "r1", Window: 60000}, Phase: contract.Armed}, stuck: true}
		ask := []target.Step{{Op: op.Op{Stat: &op.Stat{Path: "/x"}}}}
		_, err := lastingOf(t, g, &[]string{}).Do(t.Context(), ask)
		stuck, is := errors.AsType[*target.Error](err)
		if !is || stuck.Message != "the guard of run r1 did not end in time, and cannot be dismissed: disk full" ||
			stuck.Hint != "look at the host: repair what it says, or have put back what was there before that run: /var/lib/froyo/guard/a1/froyo-guard restore" {
			t.Fatalf("%v", err)
		}
		g.stuck = false // there was room made
		if _, err := lastingOf(t, g, &[]string{}).Do(t.Context(), ask); err != nil {
			t.Error(err)
		}
	})
}
