package resume

import (
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
)

// Unforeseen counts the steps that are going to act though the run, as it was before it was interrupted, had not planned
// that: its host had no plan then or is another machine now, or something has changed there since.
func Unforeseen(hosts []*plan.Host) int {
	n := 0
	for _, h := range hosts {
		for _, s := range h.Steps() {
			if s.Acts() && s.Change.Action != abi.Probe && !foreseen(s) {
				n++
			}
		}
	}
	return n
}

// foreseen reports whether the run had planned what the step is going to do. Of a sensitive unit it is not stored what
// was planned, and one that began may have done a part of it.
func foreseen(s *plan.Step) bool {
	return s.Known && (s.Planned == s.Change.Action || s.Unit.Sensitive || s.Began)
}

// Unknown counts the steps of which nothing tells whether they did their work.
func Unknown(hosts []*plan.Host) int {
	n := 0
	for _, h := range hosts {
		for _, s := range h.Steps() {
			if s.OutcomeUnknown() {
				n++
			}
		}
	}
	return n
}
