// Package samehost keeps names of a run's inventory apart that turn out to be one
// machine: only one of them acts on it at a time. That they are one shows on the
// machine itself, whose lock the run has under the other name already; a machine-id
// would not do, since clones have the same.
//
// It imports runner/op and the standard library.
package samehost

import (
	"context"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
)

// Hosts are the hosts of one run. They may be used by several goroutines.
type Hosts struct {
	found func(one, other string)

	mu    sync.Mutex
	names map[string]*Name // guarded by mu
}

// New returns the hosts of a run. found is told once of each name that is another
// name of a machine; nil drops it. It must return at once.
func New(found func(one, other string)) *Hosts {
	if found == nil {
		found = func(string, string) {}
	}
	return &Hosts{found: found, names: map[string]*Name{}}
}

// Host returns the host of a name.
func (h *Hosts) Host(name string) *Name {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.names[name] == nil {
		h.names[name] = &Name{hosts: h, name: name, machine: &machine{left: make(chan struct{})}}
	}
	return h.names[name]
}

// Name is what the run calls a machine. It implements dial.Gate.
type Name struct {
	hosts *Hosts
	name  string

	// All guarded by hosts.mu.
	machine *machine
	run     string // that has locked it, or is about to
	token   int64  // of the lock
}

// machine is what one or more names mean. Its fields are guarded by Hosts.mu.
type machine struct {
	at   *Name         // the name that is at work
	n    int           // how much of it is under way
	left chan struct{} // closed when n is 0 again
}

// Enter implements dial.Gate. The same name may be at work several times over.
func (n *Name) Enter(ctx context.Context) (leave func(), err error) {
	h := n.hosts
	h.mu.Lock()
	for n.machine.n > 0 && n.machine.at != n {
		left := n.machine.left
		h.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		h.mu.Lock()
	}
	defer h.mu.Unlock()
	m := n.machine
	m.at = n
	m.n++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if m.n--; m.n == 0 {
			close(m.left)
			m.left = make(chan struct{})
		}
	}, nil
}

// Acquiring implements dial.Gate.
func (n *Name) Acquiring(l op.Lock) {
	n.hosts.mu.Lock()
	defer n.hosts.mu.Unlock()
	n.run, n.token = l.Run, l.Token
}

// Shared implements dial.Gate. Whoever holds the lock could say anything, so it has
// to know what the run locked the machine with.
func (n *Name) Shared(holder op.Holder) bool {
	h := n.hosts
	h.mu.Lock()
	other := h.names[holder.Name]
	if other == nil || other == n || holder.Run == "" || other.run != holder.Run || other.token != holder.Token {
		h.mu.Unlock()
		return false
	}
	gone := n.machine
	merged := gone != other.machine
	if merged {
		for _, name := range h.names {
			if name.machine == gone {
				name.machine = other.machine
			}
		}
	}
	h.mu.Unlock()
	if merged {
		pair := []string{n.name, other.name}
		slices.Sort(pair)
		h.found(pair[0], pair[1])
	}
	return true
}
