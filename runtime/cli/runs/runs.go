// Package runs is froyo runs: what earlier runs planned and did.
//
// It imports runtime/cli/here and engine/state.
package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Command is froyo runs.
type Command struct {
	List listCommand `cmd:"" help:"List the latest runs, newest first."`
	Show showCommand `cmd:"" help:"Show what a run planned and did."`
}

type listCommand struct {
	Number int  `short:"n" default:"20" placeholder:"N" help:"Show at most N runs; 0 = all (20)."`
	All    bool `short:"a" help:"List also runs that change nothing: those of froyo plan and graph."`
	JSON   bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*listCommand) Help() string {
	return `It lists the runs that change hosts: those of froyo apply, resumed or not. What is left out is said below the list.
A run that was resumed has a line for each time: how it ended, and above that how the resume of it did.
A run whose status is unfinished is under way, or its process died: froyo runs show tells when it was last heard of.

Examples:
  froyo runs list -n 5
  froyo runs list --all                      plans, too
  froyo runs list --json | jq '.runs[] | select(.status == "failed")'`
}

// Run lists runs.
func (c *listCommand) Run(ctx context.Context, e *console.Console) (err error) {
	if c.Number < 0 {
		return &diag.Error{Summary: fmt.Sprintf("-n %d: want how many runs to list, or 0 for all", c.Number)}
	}
	store, workspace, err := here.State(ctx, e)
	if err != nil {
		return err
	}
	var kept []state.Run
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
		if kept, err = store.Runs(ctx, workspace, -1); err != nil {
			return err
		}
	}
	runs, hidden := c.listed(kept)
	if c.JSON {
		return e.WriteJSON(struct {
			Runs []ui.RunSummary `json:"runs"`
		}{runs})
	}
	if len(runs) == 0 {
		err = printNone(e.Stdout, len(kept) > 0)
	} else {
		err = printRuns(e, runs)
	}
	if err != nil {
		return err
	}
	if hidden != "" {
		e.Errors.Note(hidden)
	}
	return nil
}

// listed are the runs that are wanted, and what is said of those that are left out.
func (c *listCommand) listed(kept []state.Run) (runs []ui.RunSummary, hidden string) {
	runs = []ui.RunSummary{}
	older, idle := 0, 0
	for i := range kept {
		switch {
		case !c.All && !Changes(&kept[i]):
			idle++
		case c.Number > 0 && len(runs) == c.Number:
			older++
		default:
			runs = append(runs, summaryOf(kept[i]))
		}
	}
	var told []string
	if older > 0 {
		told = append(told, fmt.Sprintf("%s (-n 0 lists all)", wording.Plural(older, "older run")))
	}
	if idle > 0 {
		told = append(told, fmt.Sprintf("%s of plan or graph (--all lists them)", wording.Plural(idle, "run")))
	}
	if len(told) > 0 {
		hidden = "not listed: " + strings.Join(told, ", ")
	}
	return runs, hidden
}

// Changes reports whether a run is one that changes hosts, or was to do so.
func Changes(r *state.Run) bool { return Applies(r) || r.Command == OfShell }

// Applies reports whether a run is one that applies a plan, or was to do so.
func Applies(r *state.Run) bool { return r.Command == "apply" || r.Command == OfRotation }

// OfShell is what a line of froyo run shell is recorded as, and OfRotation each runbook of froyo secret rotate.
const (
	OfShell    = "shell"
	OfRotation = "secret rotate"
)

func printNone(w io.Writer, some bool) error {
	text := "no runs yet"
	if some {
		text = "no runs yet that change hosts"
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// printRuns writes the table. A terminal that is too narrow for it gets fewer columns; the ID has when the run began.
func printRuns(e *console.Console, runs []ui.RunSummary) error {
	rows := [][]string{{"RUN", "STARTED", "COMMAND", "RUNBOOK", "USER", "STATUS", "TOOK", "HOSTS"}}
	for _, r := range runs {
		rows = append(rows, rowsOf(r)...)
	}
	var gone []string
	if columns := e.Columns(); columns > 0 {
		rows, gone = layout.Narrow(rows, columns, "USER", "STARTED", "RUNBOOK", "TOOK", "COMMAND")
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	if err := e.WriteFitted(b.String()); err != nil {
		return err
	}
	if len(gone) > 0 {
		e.Errors.Note("no room for " + strings.Join(gone, ", ") + ": a wider terminal shows them, and --json")
	}
	return nil
}

// rowsOf are the lines of a run: how it ended, and below that how it had ended each time that
// it was resumed.
func rowsOf(r ui.RunSummary) [][]string {
	row := func(command string, started time.Time, status, took string) []string {
		return []string{
			ui.Readable(r.ID), wording.When(started), ui.Readable(command), ui.Readable(r.Runbook), ui.Readable(r.User), ui.Readable(status), took, strconv.Itoa(r.HostCount),
		}
	}
	command, began, took := r.Command, r.Started, ""
	if len(r.Earlier) > 0 && r.Resumed != nil {
		command, began = "resume", *r.Resumed
	}
	if r.Ended != nil {
		took = ui.Took(r.Ended.Sub(began).Milliseconds())
	}
	rows := [][]string{row(command, began, r.Status, took)}
	for i, a := range slices.Backward(r.Earlier) {
		command := "resume"
		if i == 0 {
			command = r.Command
		}
		rows = append(rows, row(command, a.Started, a.Status+", resumed", ui.Took(a.Ended.Sub(a.Started).Milliseconds())))
	}
	return rows
}

// unfinished is the status of a run that nothing says the end of.
const unfinished = "unfinished"

func summaryOf(r state.Run) ui.RunSummary {
	s := ui.RunSummary{ID: r.ID, Command: r.Command, Runbook: r.Runbook, User: r.User, Started: r.Started, Status: string(r.Status), HostCount: r.Hosts}
	for _, a := range r.Earlier {
		s.Earlier = append(s.Earlier, ui.RunAttempt{Started: a.Started, Ended: a.Ended, Status: string(a.Status), Code: a.Code})
	}
	if len(r.Earlier) > 0 {
		s.Resumed = &r.Resumed
	}
	if a := r.Approval; !a.Time.IsZero() {
		s.Approval = &ui.Approval{By: a.By, Time: a.Time, Plan: a.Plan}
	}
	if r.Status == state.Running {
		s.Status, s.Phase = unfinished, string(r.Phase())
		return s
	}
	s.Ended, s.Code, s.DurationMS = &r.Ended, &r.Code, r.Ended.Sub(r.Started).Milliseconds()
	return s
}

type showCommand struct {
	Name   string `arg:"" name:"run" optional:"" default:"last" complete:"runs" help:"ID of a run, its beginning, or last, which is the last that changes hosts (last)."`
	Unit   string `arg:"" name:"unit" optional:"" complete:"run-units" help:"A unit of it, of which all is shown that it printed: 'cmd[x]' on all hosts, 'h1/cmd[x]', 'web*/cmd[*]'."`
	Events bool   `xor:"shape" help:"Print all that happened, one JSON object per line."`
	JSON   bool   `name:"json" xor:"shape" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*showCommand) Help() string {
	return `With a unit it prints how that ended, its exit code, and stdout and stderr as they are kept: the last 64 KiB of each, or
as many bytes as max_output says. It is kept of the latest 100 runs of a workspace, and of at most 256 MiB; the latest keeps
it in any case. Of sensitive units no output is kept.

Examples:
  froyo runs show                            the last
  froyo runs show last 'web1/cmd[migrate]'   what it printed
  froyo runs show 20261125-2109 -v           units that had nothing to do, too
  froyo runs show last --events | jq 'select(.status == "failed")'`
}

// Run shows a run.
func (c *showCommand) Run(ctx context.Context, e *console.Console) (err error) {
	store, workspace, err := here.State(ctx, e)
	if err != nil {
		return err
	}
	if store == nil {
		return noRun(c.Name)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all, err := store.Runs(ctx, workspace, -1)
	if err != nil {
		return err
	}
	run, err := Find(all, c.Name)
	if err != nil {
		return err
	}
	if c.Unit != "" && c.Events {
		return &diag.Error{Summary: "--events prints what happened in the whole run", Hint: "leave out the unit, or use --json"}
	}
	events, err := store.Events(ctx, run.ID)
	if err != nil {
		return err
	}
	if c.Unit != "" {
		return c.showUnits(ctx, e, store, run, events)
	}
	if c.Events {
		for _, ev := range events {
			if _, err := fmt.Fprintf(e.Stdout, "%s\n", escape.JSON(ev.Data)); err != nil {
				return err
			}
		}
		return nil
	}
	contents := &plan.Contents{}
	report, err := reportOf(ctx, store, run, events, contents)
	if err != nil {
		return err
	}
	if c.JSON {
		return e.WriteJSON(report)
	}
	v := ui.RunView{Style: e.Style(e.Stdout), Contents: contents, Verbose: e.Verbose > 0, Line: ofLine(report.Runbook)}
	return v.Print(e.Stdout, report)
}

// ofLine reports whether what was run was a command line, which has no plays.
func ofLine(runbook string) bool { return run.IsCommandLine(runbook) }

func noRun(name string) error {
	if name == "last" {
		return &diag.Error{Summary: "there is no run in this workspace yet"}
	}
	return (&diag.Error{Summary: fmt.Sprintf("there is no run %q in this workspace", name)}).WithHint("froyo runs list --all shows them")
}

// Find finds a run by its ID, by the beginning of one, or the last one: that which changes hosts, else a plan.
func Find(all []state.Run, name string) (state.Run, error) {
	if name == "last" {
		return last(all)
	}
	var found []state.Run
	for _, r := range all { // the youngest comes first
		if r.ID == name {
			return r, nil
		}
		if name != "" && strings.HasPrefix(r.ID, name) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return state.Run{}, noRun(name)
	case 1:
		return found[0], nil
	}
	return state.Run{}, (&diag.Error{
		Summary: fmt.Sprintf("%q begins the IDs of %d runs: %s, %s, …", name, len(found), found[0].ID, found[1].ID),
	}).WithHint("give more characters of it, or last")
}

// last is the last run that changes hosts, or the last of all where there is none.
func last(all []state.Run) (state.Run, error) {
	for i := range all {
		if Changes(&all[i]) {
			return all[i], nil
		}
	}
	if len(all) == 0 {
		return state.Run{}, noRun("last")
	}
	return all[0], nil
}
