package machine

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/proctree"
)

// Close releases the host lock, and leaves a journal that Finish
// did not remove. No op may follow.
func (m *Machine) Close() {
	m.journal.Close()
	m.lock.Release()
	m.trees.Close()
}

// acquireLock locks the machine for a run, until Close or the end of the process. One
// that this runner has already stays as it is: what it did depends on it.
func (m *Machine) acquireLock(ctx context.Context, c *perform.Call) error {
	l := c.Op.Lock
	until := time.Now().Add(time.Duration(l.WaitMS) * time.Millisecond)
	m.acquiring.Lock()
	defer m.acquiring.Unlock()
	acquired, err := m.lock.Acquire(ctx, l, c.Stream.Tell)
	if err != nil {
		return err
	}
	c.Result.Done = &op.Done{}
	if !acquired {
		return nil
	}
	if err := m.clear(ctx, l, until, c.Stream.Tell); err != nil {
		m.lock.Release()
		return err
	}
	m.trees.Enter(l.Run)
	m.trees.Depend(lockOf(l))
	m.journal.Enter(l.Run)
	return nil
}

// lockOf is the token of the lock that a machine is locked with: its own, or that
// which the run has on it under another name.
func lockOf(l *op.Lock) int64 {
	if l.Shared != nil {
		return l.Shared.Token
	}
	return l.Token
}

// watchLock makes all that changes the machine from now on depend on another
// runner's lock.
func (m *Machine) watchLock(c *perform.Call) error {
	m.trees.Depend(c.Op.Watch.Token) // even where it cannot be seen: another runner looks at it then
	c.Result.Done = &op.Done{}
	return m.lock.Watch(c.Op.Watch)
}

// clear waits for what other runs, and this one's runners that are gone or of an
// earlier attempt, left running on the machine, or ends it where that is asked for. No other user can have
// the machine meanwhile.
func (m *Machine) clear(ctx context.Context, l *op.Lock, until time.Time, note func(string)) error {
	if l.Kill {
		if left := m.trees.EndRun(l.Break, m.grace); len(left) > 0 {
			return perform.Conflict("eexist", "processes of run "+l.Break+" do not end: "+proctree.Words(left))
		}
	}
	left, err := m.waitRun(ctx, l.Run, func(token int64) bool { return token == lockOf(l) }, until, note)
	if err != nil || len(left) == 0 {
		return err
	}
	h := &op.Holder{Run: left[0].Run, Since: left[0].Since, Running: left}
	return &op.Error{
		Class: op.Conflict, Code: op.CodeHeld, Holder: h,
		Message: "run " + h.Run + " left processes running on the host: " + proctree.Words(left),
	}
}

// waitRun waits until nothing runs any more that a run may not work beside, and returns
// what still does at the end of the time.
func (m *Machine) waitRun(ctx context.Context, run string, ours func(token int64) bool, until time.Time, note func(string)) ([]op.Process, error) {
	const pace = 300 * time.Millisecond
	for {
		left := m.trees.Left(run, ours)
		if len(left) == 0 || !time.Now().Before(until) {
			return left, nil
		}
		note("waiting for what run " + left[0].Run + " left running: " + proctree.Words(left))
		select {
		case <-time.After(min(pace, time.Until(until))):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// readJournal tells what a run's runners did, once nothing of that runs any more,
// and what still does.
func (m *Machine) readJournal(ctx context.Context, c *perform.Call) error {
	j := c.Op.Journal
	ours := func(token int64) bool { return token >= j.Since } // locks of earlier attempts are older
	left, err := m.waitRun(ctx, j.Run, ours, time.Now().Add(time.Duration(j.WaitMS)*time.Millisecond), c.Stream.Tell)
	if err != nil {
		return err
	}
	r, err := m.journal.Read(j.Run)
	if err != nil {
		return err
	}
	for _, p := range left {
		if p.Run == j.Run {
			r.Running = append(r.Running, p)
		}
	}
	c.Result.Journal = r
	return nil
}

// Enter tells of which run the programs are that follow.
func (m *Machine) Enter(run string) { m.trees.Enter(run) }

// Note notes that a command was performed, in the journal of its run.
func (m *Machine) Note(e op.JournalEntry) error { return m.journal.Append(e) }

// Finish removes the journal: the controller has all answers. No Note may follow.
func (m *Machine) Finish() { m.journal.Remove() }

// mayChange refuses what changes the machine once the run has lost it. Between
// the look and the end of the op another run may lock it: as much as one op is
// done then.
func (m *Machine) mayChange(o op.Op) error {
	if !o.Changes() {
		return nil
	}
	return m.lock.Check()
}
