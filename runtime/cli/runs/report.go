package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runtime/ui"
)

// happened is what was last told of a host or a unit. Where the status is not what
// is kept of the unit, its outcome is unknown.
type happened struct {
	event.Record
	started bool
}

// subject is a unit on a host; "" is the host itself.
type subject struct{ host, unit string }

// reportOf gathers what is kept of a run. contents takes the texts that its diffs refer to.
func reportOf(ctx context.Context, store state.Store, run state.Run, events []state.Event, contents *plan.Contents) (*ui.RunReport, error) {
	report := &ui.RunReport{RunSummary: summaryOf(run), Hosts: []*ui.HostReport{}}
	if report.Ended == nil && len(events) > 0 {
		report.Heard = &events[len(events)-1].Time
	}
	told, order, err := tell(events)
	if err != nil {
		return nil, err
	}
	units, err := store.Units(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	hosts := map[string]*ui.HostReport{}
	host := func(name string) *ui.HostReport {
		if hosts[name] == nil {
			failed := told[subject{name, ""}]
			hosts[name] = &ui.HostReport{Host: name, Error: failed.Error, Detail: failed.Detail, Units: []*ui.UnitReport{}}
			report.Hosts = append(report.Hosts, hosts[name])
		}
		return hosts[name]
	}
	for _, name := range order {
		host(name)
	}
	for _, u := range units {
		r := unitReport(run, u, told[subject{u.Host, u.Unit}])
		if r.Diffs, r.Unkept, err = keptDiffs(ctx, store, u, contents); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", u.Host, u.Unit, err)
		}
		h := host(u.Host)
		h.Units = append(h.Units, r)
	}
	return report, nil
}

// tell sorts out what events say of each unit, and which hosts failed without
// a unit being to blame, in the order in which the hosts came.
func tell(events []state.Event) (told map[subject]happened, hosts []string, err error) {
	told = map[subject]happened{}
	for _, e := range events {
		at := subject{e.Host, e.Unit}
		switch event.Kind(e.Kind) {
		case event.HostStarted:
			if !slices.Contains(hosts, e.Host) {
				hosts = append(hosts, e.Host)
			}
		case event.UnitStarted:
			told[at] = happened{started: true}
		case event.UnitFinished, event.HostFailed:
			r, err := event.Decode(e.Data)
			if err != nil {
				return nil, nil, fmt.Errorf("event %d: %w", e.Seq, err)
			}
			told[at] = happened{r, true}
		default:
		}
	}
	slices.Sort(hosts) // they came at once
	return told, hosts, nil
}

func unitReport(run state.Run, u state.PlanUnit, told happened) *ui.UnitReport {
	r := &ui.UnitReport{
		Unit: u.Unit, Play: u.Play, Pos: u.Pos, Action: u.Action, Status: u.Status,
		Reason: told.Reason, ElapsedMS: told.ElapsedMS, Error: told.Error, Detail: told.Detail, Hint: told.Hint,
	}
	switch {
	case r.Status != "":
	case u.Idle != "" && !told.started:
		r.Status = string(u.Idle)
	case !Applies(&run):
		r.Status = ui.UnitPlanned
	case told.started && u.Started.IsZero() && told.Status == string(unit.Skipped):
		r.Status = told.Status
	case told.started:
		r.Status = ui.UnitBegun
	case run.Status == state.Running:
		r.Status = ui.UnitUnknown
	default:
		r.Status = ui.UnitNone
	}
	return r
}

// keptDiffs are what a unit changed, from the content that was kept of it, or
// why there is none.
func keptDiffs(ctx context.Context, store state.Store, u state.PlanUnit, contents *plan.Contents) ([]planfile.Diff, string, error) {
	if u.Status != string(unit.Changed) || u.Before == u.After {
		return nil, "", nil
	}
	before, errBefore := keptSide(ctx, store, u.Before)
	after, errAfter := keptSide(ctx, store, u.After)
	switch err := errors.Join(errBefore, errAfter); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "what it changed is not kept: it is sensitive or too large", nil
	case err != nil:
		return nil, "", err
	}
	fields := maps.Clone(before)
	maps.Copy(fields, after)
	var diffs []planfile.Diff
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		d := planfile.Diff{Field: name, Before: before[name], After: after[name]}
		for _, side := range []json.RawMessage{d.Before, d.After} {
			if err := recallContent(ctx, store, side, contents); err != nil {
				return nil, "", err
			}
		}
		diffs = append(diffs, d)
	}
	return diffs, "", nil
}

// keptSide is what a resource was, by attribute.
func keptSide(ctx context.Context, store state.Store, sum string) (map[string]json.RawMessage, error) {
	attributes := map[string]json.RawMessage{}
	if sum == "" {
		return attributes, nil
	}
	data, err := store.Content(ctx, sum)
	if err != nil {
		return nil, err
	}
	return attributes, json.Unmarshal(data, &attributes)
}

// recallContent fetches the text that a value refers to, where it was kept.
func recallContent(ctx context.Context, store state.Store, value json.RawMessage, contents *plan.Contents) error {
	ref, ok := plan.AsReference(codec.Raw(value))
	if !ok || ref.Sum == "" {
		return nil
	}
	data, err := store.Content(ctx, ref.Sum)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its digest is shown
	}
	if err != nil {
		return err
	}
	contents.Add(op.NewBlob(data))
	return nil
}
