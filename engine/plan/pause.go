package plan

import (
	"slices"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Pauses are the pauses that the operator is asked about, by the name of the host and the index of
// the play. There is none where nothing is to be changed on any host. Of a resumed
// run those are left out behind which something was executed before: they were
// confirmed then.
func Pauses(hosts []*Host) map[string]map[int][]unit.Barrier {
	changes, last := false, -1 // play in which something was executed
	for _, h := range hosts {
		for play, s := range h.Steps() {
			changes = changes || executed(s) || s.Acts() && s.Change.Action != abi.Probe
			if executed(s) {
				last = max(last, play)
			}
		}
	}
	asked := map[string]map[int][]unit.Barrier{}
	if !changes {
		return asked
	}
	for _, h := range hosts {
		if h.Err != nil {
			continue
		}
		for play, p := range h.Plays {
			for _, b := range p.Barriers {
				if !b.Pause || play < last || p.executedFrom(b.At) {
					continue
				}
				if asked[h.Host.Name] == nil {
					asked[h.Host.Name] = map[int][]unit.Barrier{}
				}
				asked[h.Host.Name][play] = append(asked[h.Host.Name][play], b)
			}
		}
	}
	return asked
}

// executedFrom reports whether a resumed run had come to a step from an index on.
func (p *Play) executedFrom(at int) bool {
	return slices.ContainsFunc(p.Steps[min(at, len(p.Steps)):], executed)
}

// executed reports whether a resumed run had begun the step on its host.
func executed(s *Step) bool { return !s.Elsewhere() && (s.Done || !s.Interrupted.IsZero()) }
