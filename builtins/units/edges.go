package units

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// checkEdges refuses edges against the script's order, and the cycles among them.
func (s *Set) checkEdges() {
	for _, h := range s.order {
		for _, id := range h.unit.Require {
			to := s.handles[id]
			if to == nil || to.index < h.index {
				continue
			}
			if path := s.path(to, h, map[*Handle]bool{}); path != nil {
				s.scope.Report(cycle(append([]*Handle{h}, path...)))
				return
			}
			s.scope.Report((&diag.Error{
				Summary: fmt.Sprintf("%s requires %s, which is declared after it, at %s", h, to, to.unit.Pos),
				Pos:     h.unit.Pos, Stack: h.unit.Stack, Unit: h.String(),
			}).WithHint("units run in the order of the script: declare %s first", to))
		}
	}
}

// path returns the units from one to another along their requirements, or nil.
func (s *Set) path(from, to *Handle, seen map[*Handle]bool) []*Handle {
	if from == to {
		return []*Handle{from}
	}
	if seen[from] {
		return nil
	}
	seen[from] = true
	for _, id := range from.unit.Require {
		next := s.handles[id]
		if next == nil {
			continue
		}
		if rest := s.path(next, to, seen); rest != nil {
			return append([]*Handle{from}, rest...)
		}
	}
	return nil
}

func cycle(path []*Handle) *diag.Error {
	names := make([]string, len(path))
	places := make([]string, 0, len(path))
	for i, h := range path {
		names[i] = h.String()
		if i < len(path)-1 {
			places = append(places, fmt.Sprintf("%s is declared at %s", h, h.unit.Pos))
		}
	}
	first := path[0].unit
	return (&diag.Error{
		Summary: "units require each other: " + strings.Join(names, " -> "),
		Detail:  strings.Join(places, "\n"),
		Pos:     first.Pos, Stack: first.Stack, Unit: first.ID.Local(),
	}).WithHint("take one of these edges out")
}
