package rollout_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
)

// member is a host without a plan: its units take a second and say how they ended.
type member struct {
	name   string
	part   rollout.Part
	work   func(slot *rollout.Slot) error
	verify func() bool
	log    *journal
	plays  []int // that it has a part in; nil is all

	err      error
	finished int
}

// journal is what happened to all members, in its order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(parts ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, strings.Join(parts, " "))
}

func (m *member) Name() string            { return m.name }
func (m *member) Err() error              { return m.err }
func (m *member) Refuse(err error)        { m.err = err; m.log.note("refuse", m.name) }
func (m *member) Skip(reason *diag.Error) { m.err = reason; m.log.note("skip", m.name) }
func (m *member) Stop(err *diag.Error)    { m.err = err; m.log.note("stop", m.name) }
func (m *member) Finish()                 { m.finished++ }
func (m *member) Enter(play int, _ string) *rollout.Part {
	if m.plays != nil && !slices.Contains(m.plays, play) {
		return nil
	}
	return &m.part
}

func (m *member) Verify(_ context.Context, _ *rollout.Slot) bool {
	return m.verify == nil || m.verify()
}

func (m *member) RunUnits(_ context.Context, slot *rollout.Slot) {
	m.log.note("begin", m.name)
	time.Sleep(time.Second)
	if m.work != nil {
		m.err = m.work(slot)
	}
	m.log.note("end", m.name)
}

// run rolls a play out over members, with so many worker slots.
func run(t *testing.T, slots int, queue rollout.WorkQueue, p rollout.Play, members ...*member) []string {
	t.Helper()
	log := &journal{}
	all := make([]rollout.Member, len(members))
	for i, m := range members {
		m.log, m.part.Last = log, true
		all[i] = m
		p.Hosts = append(p.Hosts, m.name)
	}
	r := rollout.Rollout{Slots: slots, Queue: queue, Events: event.Func(func(e event.Event) { log.note(string(e.Kind), e.Host) })}
	r.Run(t.Context(), []rollout.Play{p}, all)
	for _, m := range members {
		if m.finished == 0 {
			t.Errorf("%s was not finished", m.name)
		}
	}
	return log.lines
}

func TestMembersWaitForASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := run(t, 1, nil, rollout.Play{Name: "web"}, &member{name: "h1"}, &member{name: "h2"})
		if diff := cmp.Diff([]string{"begin h1", "end h1", "begin h2", "end h2"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestABarrierReleasesTheSlot: with one slot, both come to where they wait for each other.
func TestABarrierReleasesTheSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meet := func(name string) *member {
			return &member{name: name, part: rollout.Part{Barriers: []unit.Barrier{{Name: "x"}}}, work: func(slot *rollout.Slot) error {
				if v := slot.Meet(unit.Barrier{Name: "x"}, event.Event{Kind: event.HostWaits, Host: name}); v != rollout.Granted {
					t.Errorf("%s was not let through: %v", name, v)
				}
				return nil
			}}
		}
		got := run(t, 1, nil, rollout.Play{Name: "web"}, meet("h1"), meet("h2"))
		want := []string{"begin h1", string(event.HostWaits) + " h1", "begin h2", "end h2", "end h1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestVerifyThatFailsSkipsTheOtherBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := &member{name: "h1", part: rollout.Part{Verifies: true}, verify: func() bool { return false }}
		got := run(t, 2, nil, rollout.Play{Name: "web", Batch: []unit.Size{{N: 2}}}, bad, &member{name: "h2"}, &member{name: "h3"})
		if tail := got[len(got)-3:]; !slices.Equal(tail, []string{"stop h1", "stop h2", "skip h3"}) {
			t.Errorf("%q", got)
		}
	})
}

// TestVerifyThatFailedInAnEarlierPlay shows that a play goes on where a host of it was lost to another play's verify.
func TestVerifyThatFailedInAnEarlierPlay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &journal{}
		bad := &member{name: "h1", part: rollout.Part{Verifies: true}, verify: func() bool { return false }, log: log, plays: []int{0}}
		good := &member{name: "h2", part: rollout.Part{Last: true}, log: log, plays: []int{1}}
		plays := []rollout.Play{{Name: "app", Hosts: []string{"h1"}}, {Name: "web", Hosts: []string{"h1", "h2"}}}
		(&rollout.Rollout{Slots: 2, Events: event.Func(func(event.Event) {})}).Run(t.Context(), plays, []rollout.Member{bad, good})
		if want := []string{"begin h2", "end h2"}; !slices.Equal(log.lines[len(log.lines)-2:], want) {
			t.Errorf("got %q, want %q at the end", log.lines, want)
		}
	})
}

// queue is a work queue that refuses some hosts.
type queue struct {
	refused map[string]error
	log     []string
}

func (q *queue) Claim(_ context.Context, b rollout.Batch, hosts []string) (map[string]error, error) {
	q.log = append(q.log, "claim "+strings.Join(hosts, ","))
	return q.refused, nil
}

func (q *queue) Complete(_ rollout.Batch, host string) { q.log = append(q.log, "complete "+host) }
func (q *queue) Release(_ rollout.Batch, host string)  { q.log = append(q.log, "release "+host) }

// TestWorkItems: those of hosts that change something are claimed, completed
// also where the host failed, and released where the run was interrupted.
func TestWorkItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{refused: map[string]error{"h3": errors.New("dead-lettered")}}
		ends := func(name string, err error) *member {
			return &member{name: name, part: rollout.Part{Changes: true}, work: func(*rollout.Slot) error { return err }}
		}
		interrupted := &diag.Error{Summary: "interrupted", Code: diag.Interrupted}
		run(t, 1, q, rollout.Play{Name: "web"}, ends("h1", errors.New("failed")), ends("h2", interrupted), ends("h3", nil), &member{name: "h4"})
		if diff := cmp.Diff([]string{"claim h1,h2,h3", "complete h1", "release h2"}, q.log); diff != "" {
			t.Error(diff)
		}
	})
}
