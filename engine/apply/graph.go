package apply

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/engine/apply/explain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/sequence"
	"github.com/openfroyo/froyo/providers/abi"
)

// maxTogether bounds the units of one host that are at work at once.
const maxTogether = 8

// graph is steps of a host that run side by side as their edges allow, each
// group in a lane of its own. The host mutex guards all of it.
type graph struct {
	host     *hostRun
	ctx      context.Context //nolint:containedctx // of all that is begun
	groups   []plan.Group
	next     [][]int // groups that come after each
	inDegree []int   // how many each still waits for
	ready    []int   // that wait for none, in script order
	begun    []bool
	// dirty says that a group or one before it changed the host; all is where
	// that was so before any began.
	dirty []bool
	all   bool
	// running counts the groups at work, lockers those that may be the first to
	// change the host, which has to be locked for that.
	running, lockers int
	waiting          int   // of those at work, that wait for other hosts
	err              error // why no more begin
	over             chan struct{}
}

// section executes steps of the play's units, in the play's order.
func (r *hostRun) section(ctx context.Context, steps []*plan.Step) {
	own := &r.own
	if !r.play.Graph || len(steps) < 2 {
		for len(steps) > 0 {
			n := r.early.Next(steps)
			own.run(ctx, steps[:n])
			lookAgain(ctx, r, steps[n-1])
			steps = steps[n:]
		}
		return
	}
	defer func() {
		for _, s := range steps {
			lookAgain(ctx, r, s)
		}
	}()
	if own.err == nil && !r.stopped(ctx) {
		r.lockFirst(ctx, steps)
	}
	g := newGraph(ctx, r, plan.Groups(steps))
	if own.err == nil {
		g.work()
	}
	left := g.left()
	if own.err == nil && len(left) > 0 {
		own.interrupt(ctx)
	}
	for _, s := range left {
		if s.Done {
			own.pass(s)
			continue
		}
		own.leave(s, NotReached)
	}
	r.count.Unreachable = min(r.count.Unreachable, 1)
	own.cancelPotential(ctx)
}

// lookAgain asks the host again what the runbook asked before the step, which has been executed, and warns of answers that are
// others by now: the units behind it were declared with the old ones.
func lookAgain(ctx context.Context, r *hostRun, s *plan.Step) {
	if !r.touched || r.own.err != nil || r.stopped(ctx) {
		return
	}
	var different []plan.Look
	var err error
	r.unlocked(func() { different, err = r.early.Different(ctx, r.plan.Target, s) })
	if err != nil { // the next unit will tell what is wrong with the host
		different = nil
		r.emitHost(event.Event{Kind: event.HostWarned, Pos: s.Unit.Pos, Err: &diag.Error{
			Summary: "what the runbook read before " + s.Unit.ID.Local() + " could not be read again: " + err.Error(), Pos: s.Unit.Pos, Cause: err,
		}})
	}
	for _, look := range different {
		told := &diag.Error{Summary: "this was read before " + s.Unit.ID.Local() + " changed the host, and has another answer now", Pos: look.Pos}
		r.emitHost(event.Event{Kind: event.HostWarned, Pos: look.Pos, Err: told.WithHint("%s", "apply again, and the units behind it are declared by what there is now; "+plan.ReadLater)})
	}
}

// lockFirst locks the host before its units change it side by side: none of them
// has to wait for the one that would do so first. Where that cannot be asked,
// the first that changes something will report that.
func (r *hostRun) lockFirst(ctx context.Context, steps []*plan.Step) {
	i := slices.IndexFunc(steps, sequence.ChangesHost)
	if i < 0 {
		return
	}
	request, ok := r.own.requestLock(ctx, steps[i], true)
	if !ok || len(request) == 0 {
		return
	}
	if outcomes, err := r.own.send(ctx, nil, request); err == nil {
		r.own.lockAcquired(request, outcomes)
	}
}

func newGraph(ctx context.Context, h *hostRun, groups []plan.Group) *graph {
	n := len(groups)
	g := &graph{
		host: h, ctx: ctx, groups: groups, next: make([][]int, n), inDegree: make([]int, n), begun: make([]bool, n),
		dirty: make([]bool, n), all: h.own.dirty, over: make(chan struct{}),
	}
	for i, group := range groups {
		g.inDegree[i] = len(group.After)
		for _, before := range group.After {
			g.next[before] = append(g.next[before], i)
		}
		if g.inDegree[i] == 0 {
			g.ready = append(g.ready, i)
		}
	}
	return g
}

// work runs the groups and returns when all that began have ended.
func (g *graph) work() {
	if n := g.begin(); n > 0 {
		g.host.slot.AddActive(n - 1) // this goroutine only waits
		g.host.unlocked(func() { <-g.over })
	}
	own := &g.host.own
	own.err, own.dirty = g.err, g.all || slices.Contains(g.dirty, true)
}

// begin begins what may begin now, and returns how much that is.
func (g *graph) begin() (n int) {
	g.ready = slices.DeleteFunc(g.ready, func(i int) bool {
		if !g.admits(i) {
			return false
		}
		g.begun[i] = true
		g.running++
		if g.locks(i) {
			g.lockers++
		}
		n++
		go g.do(i)
		return true
	})
	return n
}

// admits reports whether a group that waits for no other may begin.
func (g *graph) admits(i int) bool {
	most := maxTogether
	if g.host.exec.Confirmer != nil { // one question at a time
		most = 1
	}
	return g.err == nil && g.running-g.waiting < most && (g.lockers == 0 || !g.locks(i)) && !g.host.stopped(g.ctx)
}

// locks reports whether a group may have to lock the host for the run.
func (g *graph) locks(i int) bool {
	if !g.host.lock.Needed() {
		return false
	}
	return slices.ContainsFunc(g.groups[i].Steps, func(s *plan.Step) bool {
		changes := func(e abi.Effect) bool { return e.Op.Changes() }
		return s.Change == nil || slices.ContainsFunc(s.Change.Effects, changes) || slices.ContainsFunc(s.Potential, changes)
	})
}

// lockAcquired begins what waited for the host to be locked.
func (g *graph) lockAcquired() {
	if g.lockers == 0 || !g.host.lock.Held() {
		return
	}
	g.lockers = 0
	g.host.slot.AddActive(g.begin())
}

// park lets others begin in the place of a unit that waits for other hosts.
func (g *graph) park() (leave func()) {
	g.waiting++
	g.host.slot.AddActive(g.begin())
	return func() { g.waiting-- }
}

// do executes the steps of a group.
func (g *graph) do(i int) {
	g.host.mu.Lock()
	defer g.host.mu.Unlock()
	l := &lane{
		host: g.host, ctx: g.ctx, graph: g,
		dirty: g.all || slices.ContainsFunc(g.groups[i].After, func(before int) bool { return g.dirty[before] }),
	}
	locker := g.locks(i)
	for steps := g.groups[i].Steps; len(steps) > 0; {
		if l.err == nil && g.err != nil { // another failed meanwhile
			l.err = g.err
		}
		n, _ := l.advance(g.ctx, steps)
		steps = steps[n:]
	}
	if l.window != nil {
		l.window.prove(g.ctx)
	}
	g.end(i, l, locker)
}

// end notes that a group has ended and begins what waited for it.
func (g *graph) end(i int, l *lane, locker bool) {
	g.dirty[i] = l.dirty
	g.stop(l.err)
	g.running--
	if locker && g.lockers > 0 {
		g.lockers--
	}
	for _, k := range g.next[i] {
		if g.inDegree[k]--; g.inDegree[k] == 0 {
			at, _ := slices.BinarySearch(g.ready, k)
			g.ready = slices.Insert(g.ready, at, k)
		}
	}
	n := g.begin()
	switch {
	case g.running == 0:
		close(g.over)
	case n != 1:
		g.host.slot.AddActive(n - 1)
	}
}

// stop lets nothing more begin, because of an error. Of several the one is kept
// that ends the host's part whatever its units say.
func (g *graph) stop(err error) {
	if err != nil && (g.err == nil || explain.EndsHost(err) && !explain.EndsHost(g.err)) {
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
