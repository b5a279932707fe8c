// Package unitfilter narrows a run to the units that tags and names of units
// select, and to what these require.
//
// It imports engine/unit and engine/inventory.
package unitfilter

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// Tags narrow which units take part.
type Tags struct {
	Only []string // with one of these; empty is all
	Skip []string // with none of these
}

// Filter leaves out of a play what takes no part. It ends at once as skipped,
// so that what reads its results sees that.
func (t Tags) Filter(p *unit.Play) *unit.Play {
	if len(t.Only) == 0 && len(t.Skip) == 0 {
		return p
	}
	return p.Keep(func(u *unit.Unit) bool { return taken(u, t.takes(u)) })
}

// taken ends a unit that takes no part as skipped, before anything of it is executed.
func taken(u *unit.Unit, takes bool) bool {
	if !takes {
		u.Known = &unit.Outcome{Status: unit.Skipped, Outputs: map[string]any{"changed": false}}
	}
	return takes
}

// Names are the tags that units have. The zero value knows none. It is safe for concurrent use.
type Names struct {
	mu   sync.Mutex
	seen map[string]bool
}

// See notes the tags of a play's units, before any is left out.
func (n *Names) See(p *unit.Play) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	for u := range p.All() {
		for _, tag := range u.Tags {
			n.seen[tag] = true
		}
	}
}

// Unmatched is an error where no unit has one of the tags that narrow a run.
func (n *Names) Unmatched(t Tags) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, tag := range slices.Concat(t.Only, t.Skip) {
		if n.seen[tag] {
			continue
		}
		d := &diag.Error{Summary: fmt.Sprintf("no unit has the tag %q", tag)}
		if near := diag.Nearest(tag, slices.Sorted(maps.Keys(n.seen))); near != "" {
			return d.WithHint("did you mean %q?", near)
		}
		return d.WithHint("froyo plan --list-tags lists them")
	}
	return nil
}

func (t Tags) takes(u *unit.Unit) bool {
	has := func(tag string) bool { return slices.Contains(u.Tags, tag) }
	if slices.ContainsFunc(t.Skip, has) {
		return false
	}
	return len(t.Only) == 0 || slices.ContainsFunc(t.Only, has)
}
