package units

import (
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// checkEdits refuses units that edit a file which another unit writes as a whole, or write it as a whole as a unit of
// another type does: each run, both would change it.
func (s *Set) checkEdits() {
	whole, edited := map[string]*unit.Unit{}, map[string]*unit.Unit{}
	for _, h := range s.order {
		if h.failed || h.unit.ID.Delegate != "" {
			continue
		}
		for _, c := range h.unit.Order.Claims {
			switch {
			case c.Whole:
				switch first, edit := whole[c.Name], edited[c.Name]; {
				case first != nil && first.ID.Type != h.unit.ID.Type:
					s.refuseSecond(first, h.unit, c.Name)
				case first == nil && edit != nil:
					s.refuseEdit(h.unit, edit, c.Name, h.unit)
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

// refuseSecond reports a unit that decides about a file as another one does.
func (s *Set) refuseSecond(first, second *unit.Unit, path string) {
	s.scope.Report((&diag.Error{
		Summary: fmt.Sprintf("%s and %s both decide about the whole of %s: each run, both would change it; the other is at %s", second.ID.Local(), first.ID.Local(), path, first.Pos),
		Pos:     second.Pos, Stack: second.Stack, Unit: second.ID.Local(),
	}).WithHint("leave out %s or %s", first.ID.Local(), second.ID.Local()))
}
