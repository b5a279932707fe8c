package proctree

import (
	"sort"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of what is looked at, and of what is told.
const (
	maxEnviron = 256 << 10
	maxFound   = 32
)

// Left lists what runners left running on this machine that a run may not work
// beside: programs of other runs, of this run's runners that are gone, and of those
// of its earlier attempts, which may live for a while after their controller or be
// stopped. ours tells by the token of a lock whether it is this attempt's; a runner
// that knew of no lock has changed nothing. Only what this user can see is found: of
// another's processes the cgroup, but not the environment.
func (t *Tracker) Left(run string, ours func(token int64) bool) []op.Process {
	return described(t.leftovers(func(m mark) bool {
		return m.run != run || !m.alive() || m.token != 0 && !ours(m.token)
	}))
}

// EndRun ends what a run left running: it asks, and ends after the grace. It
// returns what lives all the same.
func (t *Tracker) EndRun(run string, grace time.Duration) []op.Process {
	var asked, ended time.Time // for the first time
	for wait := firstPoll; ; wait = min(2*wait, lastPoll) {
		left := t.leftovers(func(m mark) bool { return m.run == run })
		switch now := time.Now(); {
		case len(left) == 0:
			return nil
		case asked.IsZero():
			asked = now
			signal(left, syscall.SIGTERM)
		case !ended.IsZero() && now.Sub(ended) > max(grace, time.Second):
			return described(left)
		case now.Sub(asked) > grace:
			if ended.IsZero() {
				ended = now
			}
			signal(left, syscall.SIGKILL) // again and again: it may start more
		}
		time.Sleep(wait)
	}
}

// signal sends a signal to processes that are what they were; whether they ended is looked at.
func signal(left []leftover, sig syscall.Signal) {
	for _, l := range left {
		if startOf(l.process.pid) == l.process.start {
			_ = syscall.Kill(l.process.pid, sig) // see above
		}
	}
}

// described tells about processes, the oldest first.
func described(left []leftover) []op.Process {
	var all []op.Process
	for _, l := range left {
		all = append(all, l.process.describe(l.run, l.trusted))
	}
	sort.Slice(all, func(i, j int) bool { // smaller than slices.SortFunc
		a, b := all[i], all[j]
		return a.Since < b.Since || a.Since == b.Since && a.PID < b.PID
	})
	return all[:min(len(all), maxFound)]
}

// leftover is a process that runs for a run.
type leftover struct {
	process *process
	claim
}

// claim is the run that a mark names, and whether the marked process is of a user who
// is taken at their word. What is below that process is as little to be trusted,
// whoever it became.
type claim struct {
	run     string
	trusted bool
}

// leftovers lists processes whose mark is another runner's of this PID namespace
// and is wanted, and those below them.
func (t *Tracker) leftovers(want func(mark) bool) []leftover {
	t.once.Do(t.setUp)
	t.mu.Lock()
	me := t.self.runnerOf()
	t.mu.Unlock()
	processes := map[int]*process{}
	claims := map[int]claim{} // of marked processes
	for _, pid := range all() {
		p := read(pid)
		if p == nil || p.kernel() {
			continue
		}
		processes[pid] = p
		m, ok := markOf(pid)
		if ok && m.run != "" && m.ns == me.ns && m.runnerOf() != me && want(m) {
			claims[pid] = claim{m.run, trusted(realUser(pid))}
		}
	}
	var found []leftover
	for pid, p := range processes {
		if c := inherited(processes, claims, pid); c.run != "" && pid != me.pid {
			found = append(found, leftover{p, c})
		}
	}
	return found
}

// markOf finds the mark of a process, in its cgroup's name or its environment.
func markOf(pid int) (mark, bool) {
	dir := "/proc/" + itoa(pid)
	if m, ok := ofGroup(slurp(dir+"/cgroup", 64<<10)); ok {
		return m, true
	}
	return ofEnvironment(environ(pid))
}

// inherited is the claim of a process, or of what it is below, or that to no run.
func inherited(processes map[int]*process, claims map[int]claim, pid int) claim {
	for range 1000 { // a parent that is gone and whose number is used again could make a circle
		if c := claims[pid]; c.run != "" {
			return c
		}
		p := processes[pid]
		if p == nil || p.parent <= 1 {
			return claim{}
		}
		pid = p.parent
	}
	return claim{}
}
