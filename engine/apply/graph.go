package apply

import (
	"context"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
)

// maxTogether bounds the units of one host that are at work at once.
const maxTogether = 8

// graph is steps of a host that run side by side as their edges allow. All of
// it belongs to who holds the baton.
type graph struct {
	run    *hostRun
	ctx    context.Context //nolint:containedctx // of all that is begun
	baton  sync.Mutex
	groups []plan.Group
	next   [][]int // groups that come after each
	owing  []int   // how many each still waits for
	ready  []int   // that wait for none, in script order
	begun  []bool
	// dirty says that a group or one before it changed the host; all is where
	// that was so before any began.
	dirty []bool
	all   bool
	// running counts the groups at work, takers those that may be the first to
	// change the host, which has to be taken for that.
	running, takers int
	parked          int   // of those at work, that wait for other hosts
	err             error // why no more begin
	over            chan struct{}
}

// section gives steps of the play's units their turns, in the play's order.
func (r *hostRun) section(ctx context.Context, steps []*plan.Step) {
	if !r.play.Graph || len(steps) < 2 {
		r.run(ctx, steps)
		return
	}
	if r.err == nil && !r.stopped(ctx) {
		r.secure(ctx, steps)
	}
	g := newGraph(ctx, r, plan.Groups(steps))
	if r.err == nil {
		g.work()
	}
	left := g.left()
	if r.err == nil && len(left) > 0 {
		r.interrupt(ctx)
	}
	for _, s := range left {
		if s.Done {
			r.pass(s)
			continue
		}
		r.leave(s, NotReached)
	}
	r.count.Unreachable = min(r.count.Unreachable, 1)
	r.withdraw(ctx)
}

// secure takes the host before its units change it side by side: none of them
// has to wait for the one that would do so first. Where that cannot be asked,
// the first that changes something will tell.
func (r *hostRun) secure(ctx context.Context, steps []*plan.Step) {
	i := slices.IndexFunc(steps, changesHost)
	if i < 0 {
		return
	}
	lead, ok := r.lead(ctx, steps[i], true)
	if !ok || len(lead) == 0 {
		return
	}
	if outcomes, err := r.host.Target.Run(ctx, lead); err == nil {
		r.taken(lead, outcomes)
	}
}

func newGraph(ctx context.Context, r *hostRun, groups []plan.Group) *graph {
	n := len(groups)
	g := &graph{
		run: r, ctx: ctx, groups: groups, next: make([][]int, n), owing: make([]int, n), begun: make([]bool, n),
		dirty: make([]bool, n), all: r.dirty, over: make(chan struct{}),
	}
	for i, group := range groups {
		g.owing[i] = len(group.After)
		for _, before := range group.After {
			g.next[before] = append(g.next[before], i)
		}
		if g.owing[i] == 0 {
			g.ready = append(g.ready, i)
		}
	}
	return g
}

// work runs the groups and returns when all that began have ended.
func (g *graph) work() {
	r := g.run
	r.ctx, r.side = g.ctx, g
	g.baton.Lock()
	n := g.begin()
	if n > 0 {
		r.seat.more(n - 1) // this goroutine only waits
	}
	g.baton.Unlock()
	if n > 0 {
		<-g.over
	}
	r.side = nil
	r.err, r.dirty = g.err, g.all || slices.Contains(g.dirty, true)
}

// begin begins what may begin now, and returns how much that is.
func (g *graph) begin() (n int) {
	g.ready = slices.DeleteFunc(g.ready, func(i int) bool {
		if !g.admits(i) {
			return false
		}
		g.begun[i] = true
		g.running++
		if g.takes(i) {
			g.takers++
		}
		n++
		go g.do(i)
		return true
	})
	return n
}

// admits reports whether a group that waits for no other may begin.
func (g *graph) admits(i int) bool {
	r := g.run
	most := maxTogether
	if r.Confirm != nil { // one question at a time
		most = 1
	}
	return g.err == nil && g.running-g.parked < most && (g.takers == 0 || !g.takes(i)) && !r.stopped(g.ctx)
}

// takes reports whether a group may have to take the host for the run.
func (g *graph) takes(i int) bool {
	if g.run.Lease == nil || g.run.leased {
		return false
	}
	return slices.ContainsFunc(g.groups[i].Steps, func(s *plan.Step) bool {
		changes := func(e abi.Effect) bool { return e.Op.Changes() }
		return s.Change == nil || slices.ContainsFunc(s.Change.Effects, changes) || slices.ContainsFunc(s.May, changes)
	})
}

// widen begins what waited for the host to be taken, once it is.
func (g *graph) widen() {
	if g.takers == 0 || !g.run.leased {
		return
	}
	g.takers = 0
	g.run.seat.more(g.begin())
}

// park lets others begin in the place of a unit that waits for other hosts.
func (g *graph) park() (leave func()) {
	g.parked++
	g.run.seat.more(g.begin())
	return func() { g.parked-- }
}

// do gives the steps of a group their turns.
func (g *graph) do(i int) {
	g.baton.Lock()
	defer g.baton.Unlock()
	r := g.run
	r.registers = registers{dirty: g.all || slices.ContainsFunc(g.groups[i].After, func(before int) bool { return g.dirty[before] })}
	taker := g.takes(i)
	for steps := g.groups[i].Steps; len(steps) > 0; {
		if r.err == nil && g.err != nil { // another failed meanwhile
			r.err = g.err
		}
		n, _ := r.advance(g.ctx, steps)
		steps = steps[n:]
	}
	g.end(i, taker)
}

// end notes that a group has ended and begins what waited for it.
func (g *graph) end(i int, taker bool) {
	r := g.run
	g.dirty[i] = r.dirty
	g.stop(r.err)
	g.running--
	if taker && g.takers > 0 {
		g.takers--
	}
	for _, k := range g.next[i] {
		if g.owing[k]--; g.owing[k] == 0 {
			at, _ := slices.BinarySearch(g.ready, k)
			g.ready = slices.Insert(g.ready, at, k)
		}
	}
	n := g.begin()
	switch {
	case g.running == 0:
		close(g.over)
	case n != 1:
		r.seat.more(n - 1)
	}
}

// stop lets nothing more begin, because of an error. Of several the one is kept
// that ends the host's part whatever its units say.
func (g *graph) stop(err error) {
	if err != nil && (g.err == nil || ends(err) && !ends(g.err)) {
		g.err = err
	}
}

// left are the steps that nothing was begun of, in script order.
func (g *graph) left() []*plan.Step {
	var steps []*plan.Step
	for i, group := range g.groups {
		if !g.begun[i] {
			steps = append(steps, group.Steps...)
		}
	}
	return steps
}
