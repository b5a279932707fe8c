package ui

import (
	"encoding/json"
	"slices"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
)

// entry is one change that is the same on several hosts.
type entry struct {
	play    string
	index   int  // of the play
	graph   bool // the play's units run side by side
	place   int  // of its unit
	step    *plan.Step
	user    string // who it acts as, where that is not who the host's units usually act as
	hosts   []string
	pending *plan.PendingHandler // the earliest, where an earlier run left the step's handler pending
}

// on names the entry's hosts: "on h3", "on 18 hosts: h[1-18]".
func (e *entry) on() string { return "on " + wording.On(e.hosts) }

// fold joins what is the same on many hosts into one entry each, in the order
// in which the runbook has them; where hosts differ in a unit, its entries stand together.
func fold(hosts []*plan.Host, plays []string, show func(*plan.Step) bool) []*entry {
	var entries []*entry
	known := map[string]*entry{}
	for play := range plays {
		first, place := len(entries), plan.Places(hosts, play)
		for _, h := range hosts {
			if h.Plays[play] == nil {
				continue
			}
			for s := range h.Plays[play].All() {
				if h.Err != nil || !show(s) {
					continue
				}
				user := userOf(h, s)
				key := foldKey(play, user, s)
				e := known[key]
				if e == nil {
					e = &entry{play: plays[play], index: play, graph: h.Plays[play].Graph, place: place[s.Unit.ID.Local()], step: s, user: user}
					known[key] = e
					entries = append(entries, e)
				}
				e.hosts = append(e.hosts, h.Host.Name)
				if s.PendingHandler != nil && (e.pending == nil || s.PendingHandler.Since.Before(e.pending.Since)) {
					e.pending = s.PendingHandler
				}
			}
		}
		slices.SortStableFunc(entries[first:], func(a, b *entry) int { return a.place - b.place })
	}
	return entries
}

// userOf is who a step acts as, or "" where that is who the host's units usually act as.
func userOf(h *plan.Host, s *plan.Step) string {
	if s.Unit.User == h.Host.ActsAs() {
		return ""
	}
	return s.Unit.User
}

// foldKey is equal for steps that read the same on the screen.
func foldKey(play int, user string, s *plan.Step) string {
	pending := "" // by a run, in which hosts get a little apart
	if s.PendingHandler != nil {
		pending = s.PendingHandler.Run
	}
	key, err := json.Marshal([]any{play, s.Unit.ID.Local(), s.Unit.Pos, user, s.Certainty, s.Skip, s.Err, s.Change, s.MayAct(), s.Unit.Sensitive, pending, s.Awaits, s.Undecided, s.Once, s.Elsewhere(), s.Unit.Rollout.Throttle, s.Real})
	if err != nil {
		return s.Unit.ID.String() // unique: it is shown on its own
	}
	return string(key)
}
