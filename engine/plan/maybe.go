package plan

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Others are units of some hosts that are no change of the plan, or not for sure, and do something all the same.
type Others struct {
	// Hosts are those on which the units are the same.
	Hosts []string
	// MayAct are the units that may change something, as it comes: what units before them do, a value, a condition or
	// a notification decides. Probes are those that are executed and change nothing.
	MayAct, Probes []string
}

// NotAmong finds the units that do or may do something and are not among those that are shown, by sets of hosts and in
// the order of the runbook. Hosts that are not begun have none.
func NotAmong(hosts []*Host, plays []string, shown func(*Step) bool) []Others {
	f := others{known: map[otherUnit][]string{}}
	for _, h := range hosts {
		if h.Begun() {
			f.add(h, shown)
		}
	}
	places := make([]map[string]int, len(plays))
	for play := range plays {
		places[play] = Places(hosts, play)
	}
	slices.SortStableFunc(f.order, func(a, b otherUnit) int {
		if a.play != b.play {
			return a.play - b.play
		}
		return places[a.play][a.unit] - places[b.play][b.unit]
	})
	return f.fold()
}

// others collects the units that are not shown, each with the hosts on which it is so.
type others struct {
	known map[otherUnit][]string
	order []otherUnit
}

type otherUnit struct {
	play  int
	unit  string
	probe bool
}

func (f *others) add(h *Host, shown func(*Step) bool) {
	acting := map[unit.ID]bool{} // the steps so far that change or may change something
	for play, s := range h.Steps() {
		is, probe := s.other(h.Plays[play], acting)
		if is && !probe {
			acting[s.Unit.ID] = true
		}
		if !is || shown(s) {
			continue
		}
		u := otherUnit{play, s.Unit.ID.Local(), probe}
		if f.known[u] == nil {
			f.order = append(f.order, u)
		}
		if !slices.Contains(f.known[u], h.Host.Name) {
			f.known[u] = append(f.known[u], h.Host.Name)
		}
	}
}

// fold joins units that are so on the same hosts.
func (f *others) fold() []Others {
	var all []Others
	at := map[string]int{}
	for _, u := range f.order {
		on := f.known[u]
		key := strings.Join(on, "\x00")
		i, known := at[key]
		if !known {
			i = len(all)
			at[key] = i
			all = append(all, Others{Hosts: on})
		}
		if u.probe {
			all[i].Probes = append(all[i].Probes, u.unit)
		} else {
			all[i].MayAct = append(all[i].MayAct, u.unit)
		}
	}
	return all
}

// other reports whether the step, which the play p holds, does or may do something, and whether it is a probe; acting are the
// steps before it that change or may change something. Where none does, what was skipped as things stand stays so.
func (s *Step) other(p *Play, acting map[unit.ID]bool) (is, probe bool) {
	c := s.Unit.Conditions
	_, decided := c.When.(unit.Const)
	switch {
	case s.Done || s.Elsewhere() || s.Err != nil || len(s.Potential) == 0 && (s.Change == nil || s.Change.Action == abi.None):
		return false, false
	case s.Dormant && !p.mayCall(s.Unit.ID.Scope.Handler), len(acting) == 0 && (s.Skip || s.Dormant):
		return false, false
	case s.Skip && decided, s.Skip && c.When == nil && !slices.ContainsFunc(c.OnChange, func(id unit.ID) bool { return acting[id] }):
		return false, false
	}
	return true, s.Acts() && s.Change.Action == abi.Probe
}
