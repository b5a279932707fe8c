package plan

import (
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Pauses are the pauses that the operator is asked about, by host and the index of
// the play. There is none where nothing is to be changed on any host. Of a resumed
// run those are left out behind which something was executed before: they were
// confirmed then.
func Pauses(hosts []*Host) map[*Host]map[int][]unit.Barrier {
	changes, last := false, -1 // play in which something was executed
	for _, h := range hosts {
		for play, s := range h.Steps() {
			changes = changes || executed(s) || s.Acts() && s.Change.Action != abi.Probe
			if executed(s) {
				last = max(last, play)
			}
		}
	}
	asked := map[*Host]map[int][]unit.Barrier{}
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
				if asked[h] == nil {
					asked[h] = map[int][]unit.Barrier{}
				}
				asked[h][play] = append(asked[h][play], b)
			}
		}
	}
	return asked
}

// executedFrom reports whether a resumed run had come to a step from an index on.
func (p *Play) executedFrom(at int) bool {
	for _, s := range p.Steps[min(at, len(p.Steps)):] {
		if executed(s) {
			return true
		}
	}
	return false
}

// executed reports whether a resumed run had begun the step on its host.
func executed(s *Step) bool { return !s.Elsewhere() && (s.Done || !s.Interrupted.IsZero()) }
