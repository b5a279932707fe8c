package unit

import "github.com/openfroyo/froyo/engine/diag"

// Barrier is a place in a play at which a host waits for the others of its
// batch that have a barrier of the same name.
type Barrier struct {
	Name string
	// At is its place: before the unit of that index, or behind the last.
	At int
	// Flushes is how many of the play's early deliveries come before it.
	Flushes int
	Pos     diag.Pos
}
