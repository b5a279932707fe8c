package script

import (
	"context"
	"encoding/json"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/runbook"
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
	for i, play := range ev.Plays {
		out.Plays[plays[i]] = play
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
