package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

// Close gives the lease of the machine back, and leaves a journal that Finish
// did not remove. No op may follow.
func (m *Machine) Close() {
	m.journal.Close()
	m.lease.Release()
}

// takeLease takes the machine for a run, until Close or the end of the process.
func (m *Machine) takeLease(ctx context.Context, l *op.Lease, note func(string)) (*op.Done, error) {
	if err := m.lease.Take(ctx, l, note); err != nil {
		return nil, err
	}
	m.journal.Enter(l.Run)
	return &op.Done{}, nil
}

// Note notes that a command was performed, in the journal of its run.
func (m *Machine) Note(e op.JournalEntry) error { return m.journal.Append(e) }

// Finish removes the journal: the controller has all answers. No Note may follow.
func (m *Machine) Finish() { m.journal.Remove() }

// mayChange refuses what changes the machine once another run has taken it.
func (m *Machine) mayChange(o op.Op) error {
	if !o.Changes() {
		return nil
	}
	return m.lease.Check()
}
