package shell

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runtime/cli/runs"
)

// withheld stands for a line that begins with a space.
const withheld = "(not kept)"

// recorded is a line in the store: a run with one unit for each host.
type recorded struct {
	store  state.Store
	run    string
	unit   string
	hidden bool
}

// begin records that a command is about to be run.
func (s *session) begin(ctx context.Context, line string, hosts []*inventory.Host) (*recorded, error) {
	now := time.Now()
	r := &recorded{store: s.fleet.Collector.Store, run: state.NewRunID(now), hidden: line[0] == ' '}
	if r.hidden {
		line = withheld
	}
	r.unit = unit.ID{Type: "cmd", Key: line}.Local()
	here := worker.Here()
	if err := r.store.BeginRun(ctx, state.Run{
		ID: r.run, Workspace: s.fleet.Collector.Workspace, Command: runs.OfShell, User: here.Operator, Started: now, Hosts: len(hosts), Names: inventory.Names(hosts),
		Note: line, Process: here.Process,
	}); err != nil {
		return nil, err
	}
	units := make([]state.PlanUnit, len(hosts))
	for i, h := range hosts {
		units[i] = state.PlanUnit{Host: h.Name, Unit: r.unit, Action: abi.Run, Started: now}
	}
	if err := r.store.SaveUnits(ctx, r.run, units); err != nil { // nothing is done on any host
		failed := r.store.FinishRun(context.WithoutCancel(ctx), r.run, state.End{Ended: time.Now(), Status: state.Failed, Code: diag.CodeOf(err)})
		return nil, errors.Join(err, failed)
	}
	return r, nil
}

// end records how it went. Where a command did not end nothing is known.
func (r *recorded) end(ctx context.Context, hosts []*inventory.Host, answers []answer, code diag.Code, interrupted bool) error {
	now := time.Now()
	counts := make([]apply.Count, len(hosts))
	var ends []state.UnitEnd
	for i, h := range hosts {
		counts[i].Host = h.Name
		a := answers[i]
		status := unit.Failed
		switch {
		case a.printed != nil && a.printed.RC == 0 && a.err == nil:
			status = unit.Changed
			counts[i].OK, counts[i].Changed = 1, 1
		case isOut(a.err):
			counts[i].Unreachable = 1
		default:
			counts[i].Failed = 1
		}
		if a.printed == nil && (isOut(a.err) || a.unknown) {
			continue
		}
		end := state.UnitEnd{Host: h.Name, Unit: r.unit, Status: string(status), Time: now}
		if !r.hidden {
			end.Output = a.printed
		} else if a.printed != nil {
			end.Output = &output.Output{RC: a.printed.RC, Sensitive: true}
		}
		ends = append(ends, end)
	}
	err := r.store.RecordEnds(ctx, r.run, ends...)
	summary, failed := json.Marshal(counts)
	end := state.End{Ended: now, Status: state.Succeeded, Code: code, Summary: summary}
	switch {
	case interrupted:
		end.Status = state.Interrupted
	case code != diag.OK:
		end.Status = state.Failed
	}
	return errors.Join(err, failed, r.store.FinishRun(ctx, r.run, end))
}
