package unit

import "github.com/openfroyo/froyo/engine/diag"

// Barrier is a place in a play at which a host waits for the others of its
// batch that have a barrier of the same name.
type Barrier struct {
	// Name is, of a pause, its message.
	Name string
	// Pause says that they all wait until the operator confirms, too.
	Pause bool
	// At is its place: before the unit of that index, or behind the last.
	At int
	// Flushes is how many of the play's early deliveries come before it.
	Flushes int
	Pos     diag.Pos
}

// Same reports whether hosts that have one or the other wait for each other.
func (b Barrier) Same(o Barrier) bool { return b.Name == o.Name && b.Pause == o.Pause }

// Kind is what it is called.
func (b Barrier) Kind() string {
	if b.Pause {
		return "pause"
	}
	return "barrier"
}
