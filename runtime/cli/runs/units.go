package runs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/unitfilter"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// showUnits prints the units that are named, with what their programs printed.
func (c *showCommand) showUnits(ctx context.Context, e *console.Console, store state.Store, run state.Run, events []state.Event) error {
	planned, err := store.Units(ctx, run.ID)
	if err != nil {
		return err
	}
	named, err := unitsNamed(run.ID, planned, c.Unit)
	if err != nil {
		return err
	}
	told, _, err := tell(events)
	if err != nil {
		return err
	}
	report := &ui.UnitsReport{Run: run.ID}
	for _, u := range named {
		h := told[subject{u.Host, u.Unit}]
		d := &ui.UnitDetail{Host: u.Host, UnitReport: unitReport(run, u, h)}
		d.Started, d.Ended = times(u, h)
		d.Printed, _, err = store.Output(ctx, run.ID, u.Host, u.Unit)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		report.Units = append(report.Units, d)
	}
	if c.JSON {
		return e.WriteJSON(report)
	}
	return report.Print(e.Stdout, e.Style(e.Stdout))
}

// times are when a unit began and ended, nil where that is not known. One that only reads is not recorded as
// about to act.
func times(u state.PlanUnit, told happened) (started, ended *time.Time) {
	if !told.Time.IsZero() && told.Kind == event.UnitFinished && told.Status != string(unit.Skipped) {
		ended = &told.Time
	}
	switch {
	case !u.Started.IsZero():
		started = &u.Started
	case ended != nil && told.ElapsedMS > 0:
		at := ended.Add(-time.Duration(told.ElapsedMS) * time.Millisecond)
		started = &at
	}
	return started, ended
}

// unitsNamed are the units of a run that a pattern names, in their order.
func unitsNamed(run string, all []state.PlanUnit, text string) ([]state.PlanUnit, error) {
	anyPath := func(string) bool { return true }
	noPath := func(string) bool { return false }
	exact, err := unitfilter.ParseName(text, noPath)
	if err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s: %v", text, err), Cause: err}).
			WithHint("name units as the plan does: 'cmd[migrate]', 'h1/cmd[*]'")
	}
	path, err := unitfilter.ParseName(text, anyPath) // which types are known by a path is not kept of a run
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(slices.Clone(all), func(u state.PlanUnit) bool {
		id := unit.ParseLocal(u.Host, u.Unit)
		return !exact.Matches(id) && !path.Matches(id)
	})
	if len(named) > 0 {
		return named, nil
	}
	d := &diag.Error{Summary: "no unit of the run is named " + text}
	var names []string
	typ, _, _ := strings.Cut(text, "[")
	for _, u := range all {
		if strings.Contains(typ, "/") {
			names = append(names, u.Host+"/"+u.Unit)
		} else {
			names = append(names, u.Unit)
		}
	}
	slices.Sort(names)
	if near := diag.Nearest(text, slices.Compact(names)); near != "" {
		return nil, d.WithHint("did you mean %q?", near)
	}
	return nil, d.WithHint("froyo runs show -v %s lists its units", run)
}
