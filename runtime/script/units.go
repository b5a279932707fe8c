package script

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

var _ runbook.Program = (*Program)(nil)

// Units implements runbook.Program.
func (p *Program) Units(ctx context.Context, h *inventory.Host, plays []int, r runbook.Reader) (*planning.Evaluation, *diag.Error, error) {
	ev, err := p.Evaluate(ctx, h, plays, r)
	if err != nil {
		return nil, nil, err
	}
	inputs, err := json.Marshal(ev.Inputs)
	if err != nil {
		return nil, nil, err
	}
	out := &planning.Evaluation{Plays: map[int]*unit.Play{}, Inputs: inputs, Warnings: ev.Warnings}
	for i, wanted := range ev.Plays {
		out.Plays[plays[i]] = wanted
	}
	for _, read := range ev.Inputs.Reads {
		look := plan.Look{Pos: read.Pos, After: read.After, Op: read.Op, User: read.User, Digest: read.Digest}
		if read.Host != h.Name {
			continue
		}
		if read.Sealed {
			look.Digest = ""
		}
		out.Looks = append(out.Looks, look)
	}
	return out, ev.Stopped, nil
}

// Actions returns what the runbook and the files that it loads declare to be run by name, in the order of their names.
func (p *Program) Actions() []runbook.Action {
	all := make([]runbook.Action, len(p.actions))
	for i, a := range p.actions {
		all[i] = runbook.Action{Name: a.Name, Doc: a.Doc, Selector: a.Selector, Pos: a.Pos}
		for _, d := range a.Params.All() {
			all[i].Params = append(all[i].Params, runbook.Param{Name: d.Name, Type: d.Type, Default: d.Default, HasDefault: d.HasDefault})
		}
	}
	return all
}

// findActions finds what the files declare, and refuses names that mean something else.
func (p *Program) findActions(l *loader) (errs []*diag.Error) {
	for _, name := range slices.Sorted(maps.Keys(l.modules)) {
		if m := l.modules[name]; m.run != nil {
			p.actions = append(p.actions, m.run.Plays.Actions()...)
		}
	}
	slices.SortStableFunc(p.actions, func(a, b *play.Action) int { return cmp.Compare(a.Name, b.Name) })
	for i, a := range p.actions {
		isType := slices.ContainsFunc(p.opts.Types, func(t *schema.Type) bool { return t.Name == a.Name })
		isMethod := false
		for _, b := range hostapi.Methods() {
			isMethod = isMethod || b.Name == "host."+a.Name
		}
		summary := ""
		switch {
		case isType:
			summary = fmt.Sprintf("action %q: this is a resource type", a.Name)
		case isMethod:
			summary = fmt.Sprintf("action %q: this is a question to hosts", a.Name)
		case i > 0 && p.actions[i-1].Name == a.Name:
			summary = fmt.Sprintf("action %q is declared twice; first at %s", a.Name, p.actions[i-1].Pos)
		}
		if summary != "" {
			errs = append(errs, (&diag.Error{Summary: summary, Pos: a.Pos}).WithHint("give each action a name of its own"))
		}
		if err := capture.Freeze(a.Do); err != nil {
			errs = append(errs, &diag.Error{Summary: fmt.Sprintf("action %q: %v", a.Name, err), Pos: a.Pos, Cause: err})
		}
	}
	return errs
}
