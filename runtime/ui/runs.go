package ui

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// RunSummary is a run in a list, and its shape as JSON.
type RunSummary struct {
	ID      string    `json:"id"`
	Command string    `json:"command"`
	Runbook string    `json:"runbook,omitempty"`
	User    string    `json:"user"`
	Started time.Time `json:"started"`
	// Earlier are how it had ended each time that it was resumed; Resumed is when that was last.
	Earlier []RunAttempt `json:"earlier,omitempty"`
	Resumed *time.Time   `json:"resumed,omitempty"`
	// Ended is nil where nothing says how the run ended: it is under way, or its process died.
	Ended *time.Time `json:"ended,omitempty"`
	// Heard is when an unfinished run last told of itself.
	Heard      *time.Time `json:"last_event,omitempty"`
	Status     string     `json:"status"`
	Code       *diag.Code `json:"exit_code,omitempty"`
	DurationMS int64      `json:"duration_ms,omitempty"`
	HostCount  int        `json:"host_count"`
	// Phase is how far an unfinished run has come with its plan.
	Phase    string    `json:"phase,omitempty"`
	Approval *Approval `json:"approval,omitempty"`
}

// Approval is who approved the plan of a run, and its shape as JSON.
type Approval struct {
	By   string    `json:"by"`
	Time time.Time `json:"time"`
	Plan string    `json:"plan"` // its digest
}

// RunAttempt is a run up to its end, after which it was resumed.
type RunAttempt struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	Status  string    `json:"status"`
	Code    diag.Code `json:"exit_code"`
}

// RunReport is a run as it is told afterwards, and its shape as JSON.
type RunReport struct {
	RunSummary
	Hosts []*HostReport `json:"hosts"`
}

// HostReport is what became of a host in a run.
type HostReport struct {
	Host   string        `json:"host"`
	Error  string        `json:"error,omitempty"`
	Detail string        `json:"detail,omitempty"`
	Units  []*UnitReport `json:"units"`
}

// UnitReport is what was planned of a unit and how its turn ended.
type UnitReport struct {
	Unit      string     `json:"unit"`
	Play      string     `json:"play"`
	Pos       diag.Pos   `json:"pos"`
	Action    abi.Action `json:"action,omitempty"`
	Status    string     `json:"status"`
	Reason    string     `json:"reason,omitempty"`
	ElapsedMS int64      `json:"elapsed_ms,omitempty"`
	Error     string     `json:"error,omitempty"`
	Detail    string     `json:"detail,omitempty"`
	Hint      string     `json:"hint,omitempty"`
	// Diffs are what it changed; Unkept says why they are not there.
	Diffs  []planfile.Diff `json:"diffs,omitempty"`
	Unkept string          `json:"unkept,omitempty"`
}

// The statuses of units of which no event tells how they ended.
const (
	UnitPlanned = "planned"     // and the run was to do no more
	UnitNone    = "not reached" // the run ended before
	UnitBegun   = "begun"       // how it ended is not known
	UnitUnknown = "unknown"     // the run ended without a word
)

// quiet reports whether a unit is worth a line only where all are asked for.
func (u *UnitReport) quiet() bool {
	switch state.Idle(u.Status) {
	case state.NotNotified, state.NothingFailed, state.ConditionFalse, state.OnAnotherHost:
		return true
	}
	return u.Error == "" && (u.Status == "ok" || u.Action == abi.None || u.Action == "") && u.Status != UnitBegun && u.Status != "changed" && u.Status != "skipped"
}

// RunView prints a run.
type RunView struct {
	Style    Style
	Contents *plan.Contents
	// Verbose shows units that had nothing to do, too.
	Verbose bool
	// Line is that a command line was run, which has no plays.
	Line bool
}

// Print writes what a run planned and did, host by host.
func (v RunView) Print(w io.Writer, r *RunReport) error {
	b := bufio.NewWriter(w)
	about, status, color, end := v.headline(&r.RunSummary)
	before := "run " + Readable(r.ID) + "  " + about
	line := "run " + v.Style.Paint(Bold, Readable(r.ID)) + "  " + about + " " + v.Style.Paint(color, status)
	if used := layout.Width(before + " " + status); v.Style.Columns > 0 && used+layout.Width(end) > v.Style.Columns {
		line = "run " + v.Style.Paint(Bold, Readable(r.ID)) + "  " + v.Style.Wrap("", about, layout.Width(before)-layout.Width(about), noteIndent) + "\n  " + v.Style.Paint(color, status)
		end = v.Style.Wrap("", end, noteIndent+layout.Width(status), 2*noteIndent)
	}
	fmt.Fprintln(b, line+end)
	if a := r.Approval; a != nil {
		fmt.Fprintf(b, "plan %s approved by %s, %s\n", Clip(Readable(a.Plan), 12), Readable(a.By), wording.When(a.Time))
	}
	for _, h := range r.Hosts {
		v.host(b, h)
	}
	return b.Flush()
}

// headline is what a run was, how it ended in a word, and more about that.
func (v RunView) headline(r *RunSummary) (about, status, color, end string) {
	command := Readable(r.Command)
	if r.Runbook != "" {
		command += " of " + Readable(r.Runbook)
	}
	about = fmt.Sprintf("%s by %s, started %s, %s:", command, Readable(r.User), wording.When(r.Started), wording.Plural(r.HostCount, "host"))
	if r.Ended == nil {
		told := "it is under way, or its process died"
		if r.Heard != nil {
			told += "; last heard of " + wording.When(*r.Heard)
		}
		if r.Phase == string(state.Planned) {
			told += "; its plan waits for approval"
		}
		return about, Readable(r.Status), Yellow, " (" + told + ")"
	}
	return about, Readable(r.Status), statusColor(r.Status), fmt.Sprintf(" after %s with exit code %d", Took(r.DurationMS), *r.Code)
}

// Took writes how long something lasted.
func Took(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d < time.Minute {
		return d.String()
	}
	return d.Round(time.Second).String()
}

func statusColor(status string) string {
	switch status {
	case "failed", "interrupted":
		return Red
	case "changed", UnitBegun, UnitUnknown:
		return Yellow
	case "skipped", UnitNone, string(state.NotNotified), string(state.NothingFailed), string(state.ConditionFalse), string(state.OnAnotherHost):
		return Cyan
	}
	return Green
}

func (v RunView) host(b *bufio.Writer, h *HostReport) {
	fmt.Fprintf(b, "\n%s\n", v.Style.Paint(Bold, Readable(h.Host)))
	if h.Error != "" {
		v.trouble(b, "  ", h.Error, h.Detail, "")
	}
	play, hidden, first := "", 0, true
	for _, u := range h.Units {
		if !v.Verbose && u.quiet() {
			hidden++
			continue
		}
		if (first || u.Play != play) && !v.Line {
			fmt.Fprintln(b, "  play "+Readable(PlayName(u.Play)))
		}
		play, first = u.Play, false
		v.unit(b, u)
	}
	if hidden > 0 {
		fmt.Fprintln(b, "  "+v.Style.Paint(Dim, wording.Plural(hidden, "unit")+" without a change"))
	}
}

func (v RunView) unit(b *bufio.Writer, u *UnitReport) {
	mark, color := actionSymbol(u.Action)
	about := v.Style.Paint(statusColor(u.Status), Readable(u.Status))
	if u.ElapsedMS > 0 {
		about += "  " + Took(u.ElapsedMS)
	}
	if u.Reason != "" {
		about += "  (" + Readable(u.Reason) + ")"
	}
	fmt.Fprintf(b, "    %s  %s\n", v.Style.Paint(color, fmt.Sprintf("%3s ", mark)+Clip(Readable(u.Unit), 100)), about)
	if u.Error != "" {
		v.trouble(b, diffIndent, u.Error, u.Detail, u.Hint)
	}
	if u.Unkept != "" {
		fmt.Fprintln(b, diffIndent+v.Style.Paint(Dim, u.Unkept))
	}
	width := 0
	for _, d := range u.Diffs {
		width = max(width, len(d.Field))
	}
	view := PlanView{Style: v.Style, Contents: v.Contents}
	for _, d := range u.Diffs {
		view.diff(b, abi.Diff{Field: Readable(d.Field), Before: []byte(d.Before), After: []byte(d.After)}, width)
	}
}

// trouble prints what went wrong, with its evidence.
func (v RunView) trouble(b *bufio.Writer, indent, summary, detail, hint string) {
	fmt.Fprintln(b, indent+v.Style.Wrap(Red, Readable(summary), len(indent), len(indent)+2))
	if detail != "" {
		for line := range strings.SplitSeq(strings.TrimRight(detail, "\n"), "\n") {
			fmt.Fprint(b, evidence(v.Style, indent+"  ", line))
		}
	}
	if hint != "" {
		fmt.Fprint(b, hintLine(v.Style, indent, hint))
	}
}
