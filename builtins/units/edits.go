package units

import (
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// checkEdits refuses units that edit a file which another unit writes as a whole: each run, both would change it.
func (s *Set) checkEdits() {
	whole, edited := map[string]*unit.Unit{}, map[string]*unit.Unit{}
	for _, h := range s.order {
		if h.failed || h.unit.ID.Delegate != "" {
			continue
		}
		for _, c := range h.unit.Order.Claims {
			switch {
			case c.Whole:
				if other := edited[c.Name]; other != nil && whole[c.Name] == nil {
					s.refuseEdit(h.unit, other, c.Name, h.unit)
				}
				whole[c.Name] = h.unit
			case c.Edits:
				if other := whole[c.Name]; other != nil && edited[c.Name] == nil {
					s.refuseEdit(other, h.unit, c.Name, h.unit)
				}
				edited[c.Name] = h.unit
			}
		}
	}
}

// refuseEdit reports two units at the place of the later one.
func (s *Set) refuseEdit(whole, edit *unit.Unit, path string, at *unit.Unit) {
	first := whole
	if first == at {
		first = edit
	}
	s.scope.Report((&diag.Error{
		Summary: fmt.Sprintf("%s decides about the whole of %s, and %s edits it: each run, both would change it; the other is at %s", whole.ID.Local(), path, edit.ID.Local(), first.Pos),
		Pos:     at.Pos, Stack: at.Stack, Unit: at.ID.Local(),
	}).WithHint("write the whole content in one unit, or only edit what is there: a %s without content can make the file and give it its mode", whole.ID.Type))
}
