package depend

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// TestRivals: of two units that decide the same, or of which one has its lines in a file that the other writes as a whole, the later one
// is refused, and the other is named with its place. Where one of them may not be executed at all, that is the author's.
func TestRivals(t *testing.T) {
	deciding := func(name string, what ...string) *plan.Step {
		return &plan.Step{Unit: &unit.Unit{ID: unit.ID{Type: "t", Key: name}, Pos: diag.Pos{File: name + ".star", Line: 3}}, Change: &abi.Change{Action: abi.None, Decides: what}}
	}
	editing := func(name, path string) *plan.Step {
		s := deciding(name)
		s.Change.Edits = []string{path}
		return s
	}
	writing := func(name, path string) *plan.Step {
		s := deciding(name)
		s.Unit.Order.Claims = []unit.Claim{{Namespace: unit.PathNamespace, Name: path, Owns: true, Whole: true}}
		return s
	}
	with := func(s *plan.Step, change func(*plan.Step)) *plan.Step {
		change(s)
		return s
	}
	for name, tt := range map[string]struct {
		steps      []*plan.Step
		want, hint string
	}{
		"one decision":              {[]*plan.Step{deciding("a", "Port of x"), deciding("b", "Y", "Port of x")}, "Port of x is set by t[a] at a.star:3, too: each run, both would change it", "set it in one of the two: leave it out of t[b] or t[a]"},
		"others":                    {[]*plan.Step{deciding("a", "Port of x"), deciding("b", "Y")}, "", ""},
		"on another host":           {[]*plan.Step{deciding("a", "X"), with(deciding("b", "X"), func(s *plan.Step) { s.Unit.ID.Delegate = "h2" })}, "", ""},
		"with a condition":          {[]*plan.Step{deciding("a", "X"), with(deciding("b", "X"), func(s *plan.Step) { s.Unit.Conditions.When = later{} })}, "", ""},
		"with one that holds":       {[]*plan.Step{deciding("a", "X"), with(deciding("b", "X"), func(s *plan.Step) { s.Unit.Conditions.When = unit.Const{Value: true} })}, "X is set by t[a]", "set it in one"},
		"with one that does not":    {[]*plan.Step{deciding("a", "X"), with(deciding("b", "X"), func(s *plan.Step) { s.Unit.Conditions.When, s.Skip = unit.Const{Value: false}, true })}, "", ""},
		"a rescue":                  {[]*plan.Step{deciding("a", "X"), with(deciding("b", "X"), func(s *plan.Step) { s.Rescue = true })}, "", ""},
		"a handler":                 {[]*plan.Step{deciding("a", "X"), with(deciding("b", "X"), func(s *plan.Step) { s.Unit.ID.Scope = unit.Scope{Handler: "h"} })}, "", ""},
		"a file, and its lines":     {[]*plan.Step{writing("f", "/c"), editing("b", "/c")}, "t[f] decides about the whole of /c, and t[b] has its lines there: each run, both would change it; the other is at f.star:3", "leave out t[b], and write its lines in t[f]"},
		"lines, and their file":     {[]*plan.Step{editing("b", "/c"), writing("f", "/c")}, "t[f] decides about the whole of /c, and t[b] has its lines there: each run, both would change it; the other is at b.star:3", "leave out t[b], and write its lines in t[f]"},
		"lines of two in one":       {[]*plan.Step{editing("a", "/c"), editing("b", "/c")}, "", ""},
		"another file":              {[]*plan.Step{editing("a", "/c"), writing("b", "/d")}, "", ""},
		"one that both writes, too": {[]*plan.Step{with(writing("f", "/c"), func(s *plan.Step) { s.Change.Edits = []string{"/c"} })}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			play := &plan.Play{Steps: tt.steps}
			h := &plan.Host{Host: &inventory.Host{Name: "h1"}, Plays: map[int]*plan.Play{0: play}}
			Rivals(h)
			last := tt.steps[len(tt.steps)-1]
			if (tt.want == "") != (last.Err == nil) || last.Err != nil && (!strings.HasPrefix(last.Err.Message, tt.want) || !strings.HasPrefix(last.Err.Hint, tt.hint) || last.Change != nil) {
				t.Errorf("%+v", last.Err)
			}
			if tt.steps[0].Err != nil {
				t.Errorf("the first: %+v", tt.steps[0].Err)
			}
		})
	}
}

// later is a condition that is not known before its unit is executed.
type later struct{ unit.Lambda }

// TestNotes: what a unit has found is a warning at its place, unless it is not executed.
func TestNotes(t *testing.T) {
	step := func() *plan.Step {
		return &plan.Step{Unit: &unit.Unit{ID: unit.ID{Type: "t", Key: "a"}, Pos: diag.Pos{File: "a.star", Line: 3}}, Change: &abi.Change{Action: abi.None, Notes: []string{"one", "two"}}}
	}
	skipped := step()
	skipped.Skip = true
	h := &plan.Host{Host: &inventory.Host{Name: "h1"}, Plays: map[int]*plan.Play{0: {Steps: []*plan.Step{step(), skipped}}}}
	all := Notes(h)
	if len(all) != 2 || all[0].Summary != "one" || all[0].Host != "h1" || all[0].Unit != "t[a]" || all[0].Pos.File != "a.star" {
		t.Errorf("%+v", all)
	}
}

// TestRefusals: what stands in a unit's way may be changed or taken away by one before it; else the unit fails as it says itself.
func TestRefusals(t *testing.T) {
	why := &abi.Error{Class: op.Conflict, Message: "/etc/c:3 sets Port, too", Hint: "remove it"}
	for name, tt := range map[string]struct {
		before op.Op
		helps  bool
	}{
		"the file is written":  {op.Op{Write: &op.Write{Path: "/etc/c"}}, true},
		"the file is removed":  {op.Op{Remove: &op.Remove{Path: "/etc/c"}}, true},
		"one in the directory": {op.Op{Remove: &op.Remove{Path: "/etc/c.d/x"}}, true},
		"another":              {op.Op{Write: &op.Write{Path: "/etc/d"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := does("s", abi.Update, op.Op{Write: &op.Write{Path: "/x"}})
			s.Change.Needs = []abi.Need{{What: "a configuration", Kind: "configuration", Paths: []string{"/etc/c", "/etc/c.d"}, Refusal: why}}
			h := &plan.Host{Host: &inventory.Host{Name: "h1"}, Plays: map[int]*plan.Play{0: {Steps: []*plan.Step{does("before", abi.Update, tt.before), s}}}}
			Prerequisites(h)
			if tt.helps != (s.Err == nil) || s.Err != nil && *s.Err != *why || tt.helps && len(s.Awaits) != 1 {
				t.Errorf("%+v %v", s.Err, s.Awaits)
			}
		})
	}
}
