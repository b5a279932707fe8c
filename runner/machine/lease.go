package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

// Close gives the lease of the machine back. No op may follow.
func (m *Machine) Close() { m.lease.Release() }

// takeLease takes the machine for a run, until Close or the end of the process.
func (m *Machine) takeLease(ctx context.Context, l *op.Lease, note func(string)) (*op.Done, error) {
	if err := m.lease.Take(ctx, l, note); err != nil {
		return nil, err
	}
	return &op.Done{}, nil
}

// mayChange refuses what changes the machine once another run has taken it.
func (m *Machine) mayChange(o op.Op) error {
	if !o.Changes() {
		return nil
	}
	return m.lease.Check()
}
