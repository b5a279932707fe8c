package statetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/providers/abi"
)

func testRun(t *testing.T, f *fixture) {
	want := f.begin(t, "r1")
	same(t, []state.Run{want}, f.list(t, workspace, 10))

	want.End = state.End{Ended: began.Add(time.Minute), Status: state.Failed, Code: diag.Failed, Summary: object(`{"changed":1}`)}
	must(t, f.FinishRun(t.Context(), "r1", want.End))
	f.reopen(t)
	same(t, []state.Run{want}, f.list(t, workspace, 10))

	want.End = state.End{Ended: began.Add(time.Hour), Status: state.Interrupted, Code: diag.Interrupted}
	must(t, f.FinishRun(t.Context(), "r1", want.End)) // corrected
	same(t, []state.Run{want}, f.list(t, workspace, 10))
}

func (f *fixture) list(t *testing.T, workspace string, limit int) []state.Run {
	t.Helper()
	runs, err := f.Runs(t.Context(), workspace, limit)
	must(t, err)
	return runs
}

func testRuns(t *testing.T, f *fixture) {
	for i, workspace := range []string{"/a", "/b", "/a", "/a"} {
		must(t, f.BeginRun(t.Context(), state.Run{
			ID: fmt.Sprint("r", i), Workspace: workspace, Command: "plan", Runbook: "lib/web.star", User: "ada", Started: began.Add(time.Duration(i) * time.Second),
		}))
	}
	tests := []struct {
		name, workspace string
		limit           int
		want            string
	}{
		{"youngest first", "/a", 10, "[r3 r2 r0]"},
		{"no more than asked", "/a", 2, "[r3 r2]"},
		{"all of them", "/a", -1, "[r3 r2 r0]"},
		{"another workspace", "/b", 10, "[r1]"},
		{"an unknown workspace", "/c", 10, "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ids := []string{}
			for _, r := range f.list(t, test.workspace, test.limit) {
				ids = append(ids, r.ID)
				same(t, "lib/web.star", r.Runbook)
			}
			same(t, test.want, fmt.Sprint(ids))
		})
	}
}

func testUnits(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	units := []state.PlanUnit{
		{Host: "h1", Unit: "file[/z]", Play: "web", Position: 0, Pos: diag.Pos{File: "lib/a:b.star", Line: 3, Col: 5}, Action: abi.Create, After: "aa", Effects: object(`[{"op":{}}]`)},
		{Host: "h1", Unit: "cmd[a\nb]", Play: "web", Position: 1, Action: abi.Run, Idle: state.NotNotified},
		{Host: "h2", Unit: "file[/z]", Play: "", Position: 0, Action: abi.None, Before: "bb", After: "bb"},
	}
	must(t, f.SaveUnits(t.Context(), "r1", units))
	must(t, f.SaveUnits(t.Context(), "r2", units[:1]))
	f.reopen(t)
	same(t, units, f.units(t, "r1"))

	units[2].Action, units[2].Before, units[2].Idle = abi.Update, "", state.ConditionFalse
	must(t, f.SaveUnits(t.Context(), "r1", units[2:]))
	same(t, units, f.units(t, "r1"))
	same(t, units[:1], f.units(t, "r2"))
	same(t, nil, f.units(t, "r3"))
}

func (f *fixture) units(t *testing.T, run string) []state.PlanUnit {
	t.Helper()
	units, err := f.Units(t.Context(), run)
	must(t, err)
	return units
}

func testEvents(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	var want []state.Event
	for i := range 300 {
		want = append(want, state.Event{
			Seq: int64(i + 1), Time: began.Add(time.Duration(i) * time.Microsecond), Host: "h1", Unit: "file[/a]",
			Kind: "unit.finished", Status: "ok", Data: object(`{"n":%d,"text":"\u001b[31m \"%% é"}`, i),
		})
	}
	must(t, f.AppendEvents(t.Context(), "r1", want[200:]))
	must(t, f.AppendEvents(t.Context(), "r1", want[:200]))
	must(t, f.AppendEvents(t.Context(), "r1", nil))
	f.reopen(t)
	got, err := f.Events(t.Context(), "r1")
	must(t, err)
	same(t, want, got)
}

// testStatuses has events tell how units ended.
func testStatuses(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	units := []state.PlanUnit{
		{Host: "h1", Unit: "file[/a]", Position: 0, Action: abi.None},
		{Host: "h1", Unit: "file[/b]", Position: 1, Action: abi.Update},
		{Host: "h2", Unit: "file[/a]", Position: 0, Action: abi.None},
	}
	must(t, f.SaveUnits(t.Context(), "r1", units))
	must(t, f.AppendEvents(t.Context(), "r1", []state.Event{
		{Seq: 1, Host: "h1", Unit: "file[/a]", Kind: "unit.started", Data: object(`{}`)},
		{Seq: 2, Host: "h1", Unit: "file[/a]", Kind: "unit.finished", Status: "ok", Data: object(`{}`)},
		{Seq: 3, Host: "h1", Unit: "file[/b]", Kind: "unit.finished", Status: "failed", Data: object(`{}`)},
		{Seq: 4, Host: "h3", Unit: "file[/c]", Kind: "unit.finished", Status: "ok", Data: object(`{}`)}, // was not planned
	}))
	f.reopen(t)
	units[0].Status, units[1].Status = "ok", "failed"
	same(t, units, f.units(t, "r1"))
}

// testRefused makes calls that cannot be kept and checks that nothing of them is.
func testRefused(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	must(t, f.AppendEvents(t.Context(), "r1", []state.Event{{Seq: 2, Kind: "printed", Data: object(`{}`)}}))
	tests := []struct {
		name string
		do   func() error
	}{
		{"a run twice", func() error {
			return f.BeginRun(t.Context(), state.Run{ID: "r1", Workspace: workspace, Command: "plan"})
		}},
		{"an event twice", func() error {
			return f.AppendEvents(t.Context(), "r1", []state.Event{{Seq: 1, Kind: "new", Data: object(`{}`)}, {Seq: 2, Kind: "again", Data: object(`{}`)}})
		}},
		{"events of no run", func() error {
			return f.AppendEvents(t.Context(), "r9", []state.Event{{Seq: 1, Data: object(`{}`)}})
		}},
		{"units of no run", func() error { return f.SaveUnits(t.Context(), "r9", []state.PlanUnit{{Host: "h1", Unit: "u"}}) }},
		{"a change of no run", func() error {
			return f.RecordChange(t.Context(), state.Change{Run: "r9", Workspace: workspace, Host: "h1", Unit: "u"})
		}},
		{"the end of no run", func() error { return f.FinishRun(t.Context(), "r9", state.End{Status: state.Succeeded}) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.do(); err == nil {
				t.Error("it was accepted")
			}
		})
	}
	events, err := f.Events(t.Context(), "r1")
	must(t, err)
	if len(events) != 1 || events[0].Kind != "printed" {
		t.Errorf("events are now %v", events)
	}
	if runs := f.list(t, workspace, 10); len(runs) != 1 || runs[0].Command != "apply" {
		t.Errorf("runs are now %v", runs)
	}
	same(t, nil, f.units(t, "r9"))
	resources, err := f.Resources(t.Context(), workspace, "h1")
	must(t, err)
	same(t, nil, resources)
}
