package unit

import "slices"

// Lifecycle is what a unit's resource is kept from.
type Lifecycle struct {
	// IgnoreChanges names arguments whose differences do not count once the
	// resource is there.
	IgnoreChanges []string
	// PreventDestroy keeps the resource from being removed, also by those who no
	// longer know of it; false lifts that, nil says nothing.
	PreventDestroy *bool
}

// Equal reports whether two lifecycles say the same.
func (l Lifecycle) Equal(other Lifecycle) bool {
	if l.PreventDestroy == nil || other.PreventDestroy == nil {
		return l.PreventDestroy == other.PreventDestroy && slices.Equal(l.IgnoreChanges, other.IgnoreChanges)
	}
	return *l.PreventDestroy == *other.PreventDestroy && slices.Equal(l.IgnoreChanges, other.IgnoreChanges)
}

// Protects reports whether the resource shall be kept from being removed from now on.
func (l Lifecycle) Protects() bool { return l.PreventDestroy != nil && *l.PreventDestroy }

// Lifts reports whether the resource may be removed again.
func (l Lifecycle) Lifts() bool { return l.PreventDestroy != nil && !*l.PreventDestroy }
