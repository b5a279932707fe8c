package resume

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/unitfilter"
)

// Decisions say in place of the runbook what becomes of units whose outcome is unknown. The zero
// value leaves that to the runbook.
type Decisions struct {
	all unit.OnResume
	of  []decision
}

// decision is what becomes of the units of a name.
type decision struct {
	text     string
	name     *unitfilter.Name
	onResume unit.OnResume
}

// ParseDecisions reads what an operator decided: fail, skip or rerun for all units, and
// h1/cmd[migrate]=skip for those of a name. Names are read as unitfilter.Parse does.
func ParseDecisions(texts []string, pathKey func(typ string) bool) (*Decisions, error) {
	d := &Decisions{}
	wrong := func(text, why string) error {
		return (&diag.Error{Summary: fmt.Sprintf("--interrupted %s: %s", text, why)}).
			WithHint("fail, skip or rerun, for all commands or for one: --interrupted 'h1/cmd[migrate]=skip'")
	}
	for _, text := range texts {
		name, value := "", text
		if i := strings.LastIndexByte(text, '='); i >= 0 {
			name, value = text[:i], text[i+1:]
		}
		onResume := unit.OnResume(value)
		switch {
		case onResume != unit.Fail && onResume != unit.PassOver && onResume != unit.Rerun:
			return nil, wrong(text, "not a decision")
		case name != "":
			n, err := unitfilter.ParseName(name, pathKey)
			if err != nil {
				return nil, wrong(text, err.Error())
			}
			d.of = append(d.of, decision{text, n, onResume})
		case strings.Contains(text, "="):
			return nil, wrong(text, "it names no unit")
		case d.all != "" && d.all != onResume:
			return nil, wrong(text, fmt.Sprintf("%s was decided for all units, too", d.all))
		default:
			d.all = onResume
		}
	}
	return d, nil
}

// Of tells what becomes of a unit: the last that names it, else what is decided for all, else what the
// runbook says.
func (d *Decisions) Of(id unit.ID, runbook unit.OnResume) unit.OnResume {
	decided := runbook
	if d.all != "" {
		decided = d.all
	}
	for _, one := range d.of {
		if one.name.Matches(id) {
			decided = one.onResume
		}
	}
	return decided
}

// Unmatched is an error where a decision is about no unit whose outcome is unknown.
func (d *Decisions) Unmatched(hosts []*plan.Host) error {
	var unknown []string
	for _, h := range hosts {
		for _, s := range h.Steps() {
			if !s.Interrupted.IsZero() {
				unknown = append(unknown, s.Unit.ID.String())
			}
		}
	}
	for _, one := range d.of {
		found := false
		for _, h := range hosts {
			for _, s := range h.Steps() {
				found = found || !s.Interrupted.IsZero() && one.name.Matches(s.Unit.ID)
			}
		}
		if found {
			continue
		}
		e := &diag.Error{Summary: fmt.Sprintf("--interrupted %s: that is no unit whose outcome is unknown", one.text)}
		if len(unknown) == 0 {
			return e.WithHint("the outcome of all units is known; leave it out")
		}
		return e.WithHint("the outcome is unknown of %s", strings.Join(unknown, ", "))
	}
	return nil
}
