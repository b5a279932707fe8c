package ui

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// PlanView prints plans as text.
type PlanView struct {
	Style    Style
	Contents *plan.Contents
	// Verbose shows units that have nothing to do, too, with their reason.
	Verbose bool
	// Quiet leaves the diffs out.
	Quiet bool
}

// Print writes the plan and its one summary line.
func (v PlanView) Print(w io.Writer, plays []string, hosts []*plan.Host) error {
	b := bufio.NewWriter(w)
	summary := plan.Summarize(hosts)
	entries := fold(hosts, plays, v.shows)
	var last *entry
	for _, e := range entries {
		v.heading(b, last, e)
		v.entry(b, e)
		last = e
	}
	if len(entries) > 0 {
		fmt.Fprintln(b)
	}
	v.barriers(b, plays, hosts)
	v.notes(b, summary)
	color := bold
	if summary.Pending() == 0 {
		color = green
	}
	fmt.Fprintln(b, v.Style.paint(color, summary.String()))
	return b.Flush()
}

// heading says which play, handler or verify the entries from here on belong to.
func (v PlanView) heading(b *bufio.Writer, last, e *entry) {
	fresh := last == nil || last.play != e.play
	if fresh {
		if last != nil {
			fmt.Fprintln(b)
		}
		order := ""
		if e.graph {
			order = v.Style.paint(dim, "  in graph order")
		}
		fmt.Fprintln(b, v.Style.paint(bold, "play "+PlayName(e.play))+order)
	}
	scope := e.step.Unit.ID.Scope
	if scope == (unit.Scope{}) || !fresh && last.step.Unit.ID.Scope == scope {
		return
	}
	text := "verify"
	if scope.Handler != "" {
		text = "handler " + Readable(scope.Handler)
	}
	fmt.Fprintln(b, "  "+v.Style.paint(bold, text))
}

// shows decides which steps are printed. What may differ only by a value that
// is known after apply is noise, unless what that value comes from changes.
func (v PlanView) shows(step *plan.Step) bool {
	return v.Verbose || step.Rescue || step.Err != nil || step.Pending() || step.Acts() && step.Stirred || isElsewhere(step)
}

func (v PlanView) notes(b *bufio.Writer, s plan.Summary) {
	if s.Unknown > 0 {
		fmt.Fprintln(b, v.Style.paint(dim, Plural(s.Unknown, "unit")+" with a value known only after apply"))
	}
	if s.Failed > 0 {
		fmt.Fprintln(b, v.Style.paint(red, Plural(s.Failed, "host")+" could not be planned"))
	}
	if s.Errors > 0 {
		fmt.Fprintln(b, v.Style.paint(red, Plural(s.Errors, "unit")+" could not be planned"))
	}
}

func (v PlanView) entry(b *bufio.Writer, e *entry) {
	s := e.step
	mark, color := " ", dim
	if s.Err != nil || s.Acts() {
		mark, color = symbol(s)
	}
	name := clip(Readable(s.Unit.ID.Bare()), 100)
	about := e.on()
	if remarks := e.remarks(); remarks != "" {
		about += "  (" + remarks + ")"
	}
	fmt.Fprintln(b, "  "+v.Style.paint(color, fmt.Sprintf("%3s ", mark)+name)+"  "+v.Style.paint(dim, about))
	if s.Err != nil {
		fmt.Fprintln(b, "        "+v.Style.paint(red, Readable(s.Err.Message)))
		return
	}
	if v.Quiet || s.Change == nil || s.Skip || s.Elsewhere() {
		return
	}
	if s.Unit.Sensitive && len(s.Change.Diffs) > 0 {
		fmt.Fprintln(b, "        (sensitive)")
		return
	}
	width := 0
	for _, d := range s.Change.Diffs {
		width = max(width, len(d.Field))
	}
	for _, d := range s.Change.Diffs {
		v.diff(b, d, width)
	}
}

// remarks are the things to know about a step beside its change.
func (e *entry) remarks() string {
	var r []string
	s := e.step
	if s.Unit.ID.Delegate != "" {
		r = append(r, "done on "+Readable(s.Unit.ID.Delegate))
	}
	if e.user != "" {
		r = append(r, "as "+e.user)
	}
	switch {
	case s.Elsewhere():
		r = append(r, "once, on "+Readable(s.Once))
	case s.Rescue:
		r = append(r, "only on failure")
	case s.Dormant:
		r = append(r, "not called for")
	case s.Skip && len(s.Unit.OnChange) > 0 && s.Unit.When == nil:
		r = append(r, "nothing it watches changes")
	case s.Skip:
		r = append(r, "when is false")
	case s.Certainty == plan.Conditional:
		r = append(r, "only if its condition holds, known after apply")
	}
	if s.Once != "" && !s.Elsewhere() {
		r = append(r, "once, for all hosts of the play")
	}
	if s.Unit.Throttle > 0 && !s.Elsewhere() {
		r = append(r, fmt.Sprintf("on at most %s at once", Plural(s.Unit.Throttle, "host")))
	}
	if s.MayAct() {
		r = append(r, "may act: a unit before it changes the host")
	}
	if e.owed != nil {
		r = append(r, fmt.Sprintf("owed since %s, run %s", When(e.owed.Since), Readable(e.owed.Run)))
	}
	if s.Change != nil && s.Change.Missing != "" {
		r = append(r, "once there is "+Readable(s.Change.Missing))
	}
	if s.Change != nil && s.Change.Reason != "" && !s.Unit.Sensitive {
		r = append(r, Readable(s.Change.Reason))
	}
	return strings.Join(r, "; ")
}

// PlayName is a play's name as a heading; the implicit play has none of its own.
func PlayName(name string) string {
	if name == "" {
		return "(implicit)"
	}
	return name
}

// When shows a time as the clock on the wall has it.
func When(t time.Time) string { return t.Local().Format(time.DateTime) }

// Plural counts things: "1 unit", "3 units".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// clip cuts a text to n characters and shows that it did.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// Warnings prints remarks on the runbook, equal ones once.
func (p *Errors) Warnings(warnings []*diag.Error) {
	seen := map[string]bool{}
	for _, w := range warnings {
		key := w.Pos.String() + w.Summary
		if seen[key] {
			continue
		}
		seen[key] = true
		p.one("warning", yellow, w)
	}
}

// Step writes one step of a host as the plan shows it.
func (v PlanView) Step(w io.Writer, h *plan.Host, s *plan.Step) error {
	b := bufio.NewWriter(w)
	v.entry(b, &entry{step: s, user: userOf(h, s), hosts: []string{h.Host.Name}, owed: s.Owed})
	return b.Flush()
}

// isElsewhere reports whether a step would have something to do here, were it
// not done once and on another host.
func isElsewhere(s *plan.Step) bool {
	return s.Elsewhere() && s.Change != nil && s.Change.Action != abi.None && s.Change.Action != abi.Probe
}
