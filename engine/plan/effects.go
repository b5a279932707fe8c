package plan

import (
	"cmp"
	"slices"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// Effect is one thing that a plan does, in words, and on which hosts.
type Effect struct {
	Text string `json:"effect"`
	// Potential says that it is not certain: it depends on a condition, a value, or what units before it do.
	Potential bool     `json:"potential,omitempty"`
	Unit      string   `json:"unit"`
	Play      string   `json:"play"`
	Hosts     []string `json:"hosts"`
	// On is the host that a delegated unit of Hosts acts on; "" is that it acts on these.
	On string `json:"on,omitempty"`
}

func (e Effect) String() string {
	if e.Potential {
		return "potential: " + e.Text
	}
	return e.Text
}

// Effects lists all effects of a plan, planned and potential, in the order of its plays and
// units. What is the same on many hosts stands once. Hosts that are not begun have none.
func Effects(hosts []*Host, plays []string) []Effect {
	type key struct {
		play       int
		unit, text string
		potential  bool
	}
	var all []Effect
	var keys []key // of all
	known := map[key]int{}
	for _, h := range hosts {
		if !h.Begun() {
			continue
		}
		for play, s := range h.Steps() {
			for _, e := range s.Effects(h.Plays[play]) {
				k := key{play, s.Unit.ID.Local(), e.Text, e.Potential}
				at, ok := known[k]
				if !ok {
					at = len(all)
					known[k] = at
					e.Unit, e.Play, e.On = k.unit, plays[play], s.Unit.ID.Delegate
					all = append(all, e)
					keys = append(keys, k)
				}
				if !slices.Contains(all[at].Hosts, h.Host.Name) {
					all[at].Hosts = append(all[at].Hosts, h.Host.Name)
				}
			}
		}
	}
	places := make([]map[string]int, len(plays))
	for play := range plays {
		places[play] = Places(hosts, play)
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := keys[i], keys[j]
		return cmp.Or(cmp.Compare(a.play, b.play), cmp.Compare(places[a.play][a.unit], places[b.play][b.unit]))
	})
	sorted := make([]Effect, len(all))
	for i, at := range order {
		sorted[i] = all[at]
	}
	return sorted
}

// Effects are those of one step, which the play p holds.
func (s *Step) Effects(p *Play) []Effect {
	if s.Dormant && !p.mayCall(s.Unit.ID.Scope.Handler) {
		return nil
	}
	out := s.PlannedEffects()
	if s.Unit.Sensitive {
		if len(out) == 0 && len(s.Potential) > 0 {
			out = s.sensitiveEffect(false)
		}
		return out
	}
	for _, e := range s.Potential {
		out = append(out, Effect{Text: s.words(e), Potential: true})
	}
	return out
}

// PlannedEffects are those of one step without what it may do besides.
func (s *Step) PlannedEffects() (out []Effect) {
	if s.Change == nil || s.Change.Action == abi.None {
		return nil
	}
	sure := s.Err == nil && s.Acts() && s.Certainty == Sure
	if s.Unit.Sensitive {
		return s.sensitiveEffect(sure)
	}
	for _, e := range s.Change.Effects {
		out = append(out, Effect{Text: s.words(e), Potential: !sure})
	}
	return out
}

func (s *Step) sensitiveEffect(sure bool) []Effect {
	return []Effect{{Text: "does what is sensitive: " + s.Unit.ID.Bare(), Potential: !sure}}
}

// mayCall reports whether a step of the play that does or may do something notifies a
// handler. Whatever the play's units may change calls for its change hooks.
func (p *Play) mayCall(handler string) bool {
	if unit.IsHook(handler) {
		return slices.ContainsFunc(p.Steps, (*Step).mayChange)
	}
	for s := range p.All() {
		acts := len(s.Potential) > 0 || s.Change != nil && s.Change.Action != abi.None
		if acts && slices.Contains(s.Unit.Notify, handler) {
			return true
		}
	}
	return false
}

// mayChange reports whether the step changes something, or may when it is executed: what is
// skipped for what it watches does not, unless that changes.
func (s *Step) mayChange() bool {
	if s.Done || s.Elsewhere() || s.Skip && s.Unit.Conditions.When == nil {
		return false
	}
	return len(s.Potential) > 0 || s.Change != nil && s.Change.Action != abi.None && s.Change.Action != abi.Probe
}

// words says what an effect of the step does: all of it, since it is read to
// find out whether it is wanted.
func (s *Step) words(e abi.Effect) string { return wording.Effect(e, s.Unit.User, s.newVersion()) }

// newVersion is the version that the plan shows for a package, or "".
func (s *Step) newVersion() string {
	if s.Change == nil {
		return ""
	}
	for _, d := range s.Change.Diffs {
		var version string
		if d.Field == "version" && len(d.After) > 0 && codec.Unmarshal(d.After, &version) == nil {
			return version
		}
	}
	return ""
}
