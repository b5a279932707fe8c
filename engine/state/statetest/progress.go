package statetest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/providers/abi"
)

// testProgress follows units as they are executed.
func testProgress(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.see(t, "m1", began)
	units := []state.PlanUnit{
		{Host: "h1", Unit: "file[/a]", Play: "web", Position: 0, Action: abi.Create},
		{Host: "h1", Unit: "cmd[b]", Play: "web", Position: 1, Action: abi.Run},
		{Host: "h1", Unit: "cmd[c]", Play: "web", Position: 2, Action: abi.Run},
	}
	must(t, f.SaveUnits(t.Context(), "r1", units))
	pending := state.PendingHandler{Workspace: workspace, Host: "h1", MachineID: "m1", Play: "web", Handler: "reload", Run: "r1", Since: began, Called: began, Runbook: "site.star"}
	at := began.Add(time.Second)
	must(t, f.RecordIntent(t.Context(), state.Intent{
		Run: "r1", Host: "h1", Units: []string{"file[/a]", "cmd[b]"}, Time: at, Handlers: []state.PendingHandler{pending},
	}))
	f.reopen(t)
	units[0].Started, units[1].Started = at, at
	same(t, units, f.units(t, "r1"))
	same(t, []state.PendingHandler{pending}, f.pending(t))

	// One ends with a change, the other without.
	changed := change("r1")
	changed.Unit, changed.Outputs = "file[/a]", object(`{"changed":true}`)
	must(t, f.RecordChange(t.Context(), changed))
	must(t, f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h1", Unit: "cmd[b]", Status: "ok", Outputs: object(`{"rc":0}`)}))
	f.reopen(t)
	after := f.units(t, "r1")
	same(t, []string{"changed", "ok", ""}, []string{after[0].Status, after[1].Status, after[2].Status})
	same(t, `{"changed":true}`, string(after[0].Outputs))
	same(t, `{"rc":0}`, string(after[1].Outputs))
	same(t, at, after[0].Started)

	// Planned again, each stays as far as it has come, and what was changed stays told.
	must(t, f.SaveUnits(t.Context(), "r1", units))
	same(t, after[0], f.units(t, "r1")[0])
	same(t, "ok", f.units(t, "r1")[1].Status)

	// Another execution opens it again.
	again := at.Add(time.Minute)
	must(t, f.RecordIntent(t.Context(), state.Intent{Run: "r1", Host: "h1", Units: []string{"cmd[b]"}, Time: again}))
	b := f.units(t, "r1")[1]
	same(t, state.PlanUnit{Host: "h1", Unit: "cmd[b]", Play: "web", Position: 1, Action: abi.Run, Started: again}, b)

	// What an earlier execution came to may be told late, and says nothing of this one.
	told := func(seq int64, at time.Time) {
		must(t, f.AppendEvents(t.Context(), "r1", []state.Event{
			{Seq: seq, Time: at, Host: "h1", Unit: "cmd[b]", Kind: "unit.finished", Status: "changed", Data: object(`{}`)},
		}))
	}
	told(1, again.Add(-time.Microsecond))
	same(t, "", f.units(t, "r1")[1].Status)
	told(2, again)
	same(t, "changed", f.units(t, "r1")[1].Status)

	// One that turns out not to have begun is as before.
	must(t, f.RecordIntent(t.Context(), state.Intent{Run: "r1", Host: "h1", Units: []string{"cmd[b]", "cmd[c]"}, Time: again}))
	must(t, f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h1", Unit: "cmd[b]"}, state.UnitEnd{Host: "h1", Unit: "cmd[c]"}))
	b.Started = time.Time{}
	same(t, []state.PlanUnit{b, units[2]}, f.units(t, "r1")[1:])

	// What was not planned is refused, and nothing of the call is kept.
	stray := state.Intent{Run: "r1", Host: "h1", Units: []string{"cmd[c]", "cmd[d]"}, Time: again}
	if err := f.RecordIntent(t.Context(), stray); err == nil {
		t.Error("a unit that no run planned could begin")
	}
	same(t, time.Time{}, f.units(t, "r1")[2].Started)
	if err := f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h9", Unit: "cmd[c]", Status: "ok"}); err == nil {
		t.Error("a unit that no run planned could end")
	}
}

// testManyPlans: of a run that is under way the plan stays, however many others fail.
func testManyPlans(t *testing.T, f *fixture) {
	f.begin(t, "r000")
	must(t, f.SavePlan(t.Context(), "r000", []byte("{}")))
	for i := range 30 {
		run := fmt.Sprintf("r%03d", i+1)
		f.begin(t, run)
		must(t, f.SavePlan(t.Context(), run, []byte("{}")))
		must(t, f.FinishRun(t.Context(), run, state.End{Ended: began, Status: state.Failed, Code: diag.Failed}))
	}
	if _, err := f.PlanOf(t.Context(), "r000"); err != nil {
		t.Errorf("the plan of a run that is under way: %v", err)
	}
	if _, err := f.PlanOf(t.Context(), "r030"); err != nil {
		t.Errorf("the plan of the latest run: %v", err)
	}
}

// testReplaced has a machine replaced by another between two parts of a run.
func testReplaced(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	old := state.PlanUnit{Host: "h1", MachineID: "m1", Unit: "cmd[b]", Play: "web", Action: abi.Run}
	begin := func(machine string, at time.Time) {
		must(t, f.RecordIntent(t.Context(), state.Intent{Run: "r1", Host: "h1", MachineID: machine, Units: []string{"cmd[b]"}, Time: at}))
	}
	must(t, f.SaveUnits(t.Context(), "r1", []state.PlanUnit{old}))
	begin("m1", began)
	must(t, f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h1", Unit: "cmd[b]", Status: "changed", Outputs: object(`{"rc":0}`)}))
	done := f.units(t, "r1")[0]

	// Of one that does not say which it is, nothing is known.
	unknown := old
	unknown.MachineID = ""
	must(t, f.SaveUnits(t.Context(), "r1", []state.PlanUnit{unknown}))
	same(t, done, f.units(t, "r1")[0])

	fresh := old
	fresh.MachineID = "m2"
	must(t, f.SaveUnits(t.Context(), "r1", []state.PlanUnit{fresh}))
	f.reopen(t)
	same(t, fresh, f.units(t, "r1")[0])
	begin("", began.Add(time.Second))
	same(t, "", f.units(t, "r1")[0].MachineID)
}

// testResume has a run die and another process resume it.
func testResume(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	if _, err := f.PlanOf(t.Context(), "r1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a plan of a run that has none: %v", err)
	}
	long := bytes.Repeat([]byte("froyo "), 1<<18)
	must(t, f.SavePlan(t.Context(), "r1", []byte("{}")))
	must(t, f.SavePlan(t.Context(), "r1", long))
	f.reopen(t)
	kept, err := f.PlanOf(t.Context(), "r1")
	must(t, err)
	if !bytes.Equal(kept, long) {
		t.Errorf("the plan came back with %d bytes, want %d", len(kept), len(long))
	}
	if !f.list(t, workspace, 1)[0].Resumable {
		t.Error("a run whose plan is kept is not resumable")
	}

	must(t, f.AppendEvents(t.Context(), "r1", []state.Event{{Seq: 7, Time: began, Kind: "printed", Data: object(`{}`)}}))
	must(t, f.FinishRun(t.Context(), "r1", state.End{Ended: began, Status: state.Interrupted, Code: 130, Summary: object(`[]`)}))
	last, err := f.ResumeRun(t.Context(), "r1", state.Process{PID: 42, Birth: "boot/1"}, began.Add(time.Hour))
	must(t, err)
	same(t, int64(7), last)
	f.reopen(t)
	open, err := f.Unfinished(t.Context(), workspace)
	must(t, err)
	same(t, f.list(t, workspace, 1), open)
	r := f.list(t, workspace, 1)[0]
	same(t, state.Running, r.Status)
	same(t, state.Process{PID: 42, Birth: "boot/1"}, r.Process)
	same(t, state.End{Status: state.Running}, r.End)
	same(t, began.Add(time.Hour), r.Resumed)
	same(t, []state.Attempt{{Started: began, Ended: began, Status: state.Interrupted, Code: 130}}, r.Earlier)

	// No other process resumes it, or ends it for a process that it is no longer in.
	if _, err := f.ResumeRun(t.Context(), "r1", state.Process{PID: 43}, began); diag.CodeOf(err) != diag.Locked {
		t.Errorf("a run that is under way was resumed: %v", err)
	}
	lock := state.HostLock{Workspace: workspace, Host: "h1", Run: "r1", PID: 42, Process: "boot/1", Acquired: began, Heartbeat: began}
	_, err = f.LockHost(t.Context(), lock, "")
	must(t, err)
	dead := state.End{Ended: began, Status: state.Interrupted, Code: 130}
	must(t, f.EndDead(t.Context(), "r1", state.Process{PID: 42, Birth: "boot/0"}, dead))
	same(t, r, f.list(t, workspace, 1)[0])
	locks, err := f.LockedHosts(t.Context(), workspace)
	must(t, err)
	same(t, []state.HostLock{lock}, locks)
	must(t, f.EndDead(t.Context(), "r1", r.Process, dead))
	same(t, dead, f.list(t, workspace, 1)[0].End)
	locks, err = f.LockedHosts(t.Context(), workspace)
	must(t, err)
	same(t, nil, locks)
	must(t, f.EndDead(t.Context(), "r1", r.Process, state.End{Ended: began, Status: state.NeverStarted}))
	same(t, dead, f.list(t, workspace, 1)[0].End)

	// One that has come to its end well is not resumed.
	must(t, f.FinishRun(t.Context(), "r1", state.End{Ended: began, Status: state.Succeeded}))
	if _, err := f.PlanOf(t.Context(), "r1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the plan of a run that succeeded is kept: %v", err)
	}
	same(t, false, f.list(t, workspace, 1)[0].Resumable)
	open, err = f.Unfinished(t.Context(), workspace)
	must(t, err)
	same(t, nil, open)
	if _, err := f.ResumeRun(t.Context(), "r9", state.Process{}, began); err == nil {
		t.Error("a run that is not there was resumed")
	}
	if _, err := f.ResumeRun(t.Context(), "r1", state.Process{}, began); err == nil {
		t.Error("a run was resumed of which no plan is kept")
	}
	if err := f.SavePlan(t.Context(), "r9", nil); err == nil {
		t.Error("a plan of a run that is not there was kept")
	}
}

// testOutputs keeps what programs printed, with whichever record tells how their unit ended.
func testOutputs(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	f.see(t, "m1", began)
	for _, run := range []string{"r1", "r2"} {
		must(t, f.SaveUnits(t.Context(), run, []state.PlanUnit{
			{Host: "h1", Unit: "cmd[a]", Play: "web", Action: abi.Run},
			{Host: "h1", Unit: "cmd[b]", Play: "web", Position: 1, Action: abi.Run},
			{Host: "h1", Unit: "cmd[c]", Play: "web", Position: 2, Action: abi.Probe},
		}))
	}
	none := func(run, host, unit string) {
		t.Helper()
		if o, _, err := f.Output(t.Context(), run, host, unit); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s/%s of %s: got %v and error %v, want that there is none", host, unit, run, o, err)
		}
	}
	kept := func(unit string, at time.Time, want output.Output) {
		t.Helper()
		o, when, err := f.Output(t.Context(), "r1", "h1", unit)
		must(t, err)
		want.Recorded = true
		same(t, &want, o)
		same(t, at, when)
	}
	none("r1", "h1", "cmd[a]")

	// With a change, with an end, with an event.
	long := output.Output{RC: 3, Stdout: output.Stream{Text: strings.Repeat("a line\x00\x1b[31m\n", 5000), Omitted: 1 << 40}, Stderr: output.Stream{Text: "é\n"}}
	c := change("r1")
	c.Unit, c.Output = "cmd[a]", &long
	must(t, f.RecordChange(t.Context(), c))
	hidden := output.Output{RC: 1, Sensitive: true}
	must(t, f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h1", Unit: "cmd[b]", Status: "ok", Time: began, Output: &hidden}))
	empty := output.Output{}
	must(t, f.AppendEvents(t.Context(), "r1", []state.Event{
		{Seq: 1, Time: began, Host: "h1", Unit: "cmd[c]", Kind: "unit.finished", Status: "ok", Data: object(`{}`), Output: &empty},
	}))
	f.reopen(t)
	kept("cmd[a]", c.Time, long)
	kept("cmd[b]", began, hidden)
	kept("cmd[c]", began, empty)
	none("r1", "h2", "cmd[a]")
	none("r2", "h1", "cmd[a]")

	// A record without an output leaves what there is, another replaces it, and who is about to act again has none.
	must(t, f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h1", Unit: "cmd[a]", Status: "failed"}))
	kept("cmd[a]", c.Time, long)
	largest := output.Output{Stdout: output.Stream{Text: strings.Repeat("x", output.Max)}}
	later := began.Add(time.Hour)
	must(t, f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h1", Unit: "cmd[a]", Status: "ok", Time: later, Output: &largest}))
	kept("cmd[a]", later, largest)
	must(t, f.AppendEvents(t.Context(), "r1", []state.Event{
		{Seq: 2, Time: began, Host: "h1", Unit: "cmd[a]", Kind: "unit.finished", Data: object(`{}`), Output: &empty}, // late
	}))
	kept("cmd[a]", later, largest)
	must(t, f.RecordIntent(t.Context(), state.Intent{Run: "r1", Host: "h1", Units: []string{"cmd[a]"}, Time: later}))
	none("r1", "h1", "cmd[a]")
	kept("cmd[b]", began, hidden)

	// What is refused leaves none.
	err := f.RecordEnds(t.Context(), "r1", state.UnitEnd{Host: "h1", Unit: "cmd[a]", Status: "ok", Output: &empty}, state.UnitEnd{Host: "h1", Unit: "cmd[z]"})
	if err == nil {
		t.Error("a unit that no run planned could end")
	}
	none("r1", "h1", "cmd[a]")
}

// testCancelResume: a resume of which nothing came leaves the run as it was, with the approval that it had.
func testCancelResume(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	must(t, f.SavePlan(t.Context(), "r1", []byte("{}")))
	if err := f.CancelResume(t.Context(), "r1"); err == nil {
		t.Error("a run that was never resumed was taken back")
	}
	by := state.Approval{By: "ada@ops", Time: began.Add(time.Second), Plan: strings.Repeat("ab", 32)}
	must(t, f.BeginApply(t.Context(), "r1", by.Plan, began.Add(2*time.Second), &by))
	must(t, f.FinishRun(t.Context(), "r1", state.End{Ended: began.Add(time.Minute), Status: state.Failed, Code: diag.Failed, Summary: object(`[1]`)}))
	before := f.list(t, workspace, 1)[0]
	same(t, by, before.Approval)

	resume := func(at time.Time) {
		_, err := f.ResumeRun(t.Context(), "r1", state.Process{PID: before.PID, Birth: before.Birth}, at)
		must(t, err)
		same(t, state.Approval{}, f.list(t, workspace, 1)[0].Approval)
	}
	for i := range 2 {
		resume(began.Add(time.Duration(i+1) * time.Hour))
		must(t, f.CancelResume(t.Context(), "r1"))
		f.reopen(t)
		same(t, before, f.list(t, workspace, 1)[0])
	}
	if err := f.CancelResume(t.Context(), "r1"); err == nil {
		t.Error("a run that has ended was taken back")
	}

	// After one that was resumed and failed again, it is that end which comes back.
	resume(began.Add(3 * time.Hour))
	must(t, f.BeginApply(t.Context(), "r1", by.Plan, began.Add(4*time.Hour), &by))
	must(t, f.FinishRun(t.Context(), "r1", state.End{Ended: began.Add(5 * time.Hour), Status: state.Interrupted, Code: diag.Interrupted}))
	again := f.list(t, workspace, 1)[0]
	resume(began.Add(6 * time.Hour))
	must(t, f.CancelResume(t.Context(), "r1"))
	same(t, again, f.list(t, workspace, 1)[0])
}
