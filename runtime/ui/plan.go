package ui

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// PlanView prints plans as text.
type PlanView struct {
	Style    Style
	Contents *plan.Contents
	// Rollouts are how the plays go over their hosts, play by play; nil is all at once.
	Rollouts []plan.Rollout
	// Verbose shows units that have nothing to do, too, with their reason.
	Verbose bool
	// Quiet leaves the diffs out.
	Quiet bool
	// Effects is the command that shows all that the plan does; "" is froyo plan --effects.
	Effects string
	// Generated are the secrets that are made when the plan is applied.
	Generated []secret.Ref
	// Line is that the runbook is a command line, whose play goes without saying.
	Line bool
}

// Print writes the plan and its one summary line.
func (v PlanView) Print(w io.Writer, plays []string, hosts []*plan.Host) error {
	b := bufio.NewWriter(w)
	summary := plan.Summarize(hosts)
	entries := fold(hosts, plays, v.shows)
	v.generated(b)
	v.entries(b, entries)
	v.barriers(b, plays, hosts)
	v.notes(b, summary, hosts)
	v.others(b, plays, hosts, entries)
	color := Bold
	if summary.Pending() == 0 {
		color = Green
	}
	fmt.Fprintln(b, v.Style.Wrap(color, summary.String(), 0, noteIndent))
	return b.Flush()
}

// generated prints which secrets are made.
func (v PlanView) generated(b *bufio.Writer) {
	if len(v.Generated) == 0 {
		return
	}
	fmt.Fprintln(b, v.Style.Paint(Bold, "secrets"))
	for _, ref := range v.Generated {
		about := "  will be generated: " + Readable(ref.Generate)
		fmt.Fprintln(b, "  "+v.Style.Paint(Green, "  + secret "+Readable(ref.Name))+v.Style.Paint(Dim, about))
	}
	fmt.Fprintln(b)
}

// entries prints what is going to happen, and below it, where that is asked for, the units that have nothing to do.
func (v PlanView) entries(b *bufio.Writer, all []*entry) {
	v.Verbose = false
	var acting, idle []*entry
	for _, e := range all {
		if v.shows(e.step) {
			acting = append(acting, e)
		} else {
			idle = append(idle, e)
		}
	}
	for i, part := range [][]*entry{acting, idle} {
		var last *entry
		if i > 0 && len(part) > 0 {
			fmt.Fprintln(b, v.Style.Paint(Dim, "nothing to do:"))
		}
		for _, e := range part {
			v.heading(b, last, e)
			v.entry(b, e)
			last = e
		}
		if len(part) > 0 {
			fmt.Fprintln(b)
		}
	}
}

// heading says which play, handler, change hook or verify the entries from here on belong to.
func (v PlanView) heading(b *bufio.Writer, last, e *entry) {
	fresh := last == nil || last.play != e.play
	if fresh {
		if last != nil {
			fmt.Fprintln(b)
		}
		order := ""
		if e.graph {
			order = v.Style.Paint(Dim, "  in graph order")
		}
		if e.play != "" || !v.Line {
			fmt.Fprintln(b, v.Style.Paint(Bold, "play "+PlayName(e.play))+order)
		}
		if v.shows(e.step) { // else it was told above
			v.rollout(b, e.index)
		}
	}
	scope := e.step.Unit.ID.Scope
	if scope == (unit.Scope{}) && fresh || !fresh && last.step.Unit.ID.Scope == scope {
		return
	}
	switch {
	case scope == unit.Scope{}:
		fmt.Fprintln(b, "  "+v.Style.Paint(Bold, "units"))
	case unit.IsHook(scope.Handler):
		fmt.Fprintln(b, "  "+v.Style.Paint(Bold, scope.Handler)+v.Style.Paint(Dim, "  where the play changes something"))
	case scope.Handler != "":
		fmt.Fprintln(b, "  "+v.Style.Paint(Bold, "handler "+Readable(scope.Handler)))
	default:
		fmt.Fprintln(b, "  "+v.Style.Paint(Bold, "verify"))
	}
}

// shows decides which steps are printed. What may differ only by a value that
// is known after apply is noise, unless what that value comes from changes.
func (v PlanView) shows(step *plan.Step) bool {
	return v.Verbose || step.Rescue || step.Err != nil || step.Pending() || step.Acts() && (step.InputsChanging || len(step.Awaits) > 0) || isElsewhere(step)
}

// noteIndent is of the lines after the first of what stands below the plan.
const noteIndent = 2

func (v PlanView) notes(b *bufio.Writer, s plan.Summary, hosts []*plan.Host) {
	v.refused(b, hosts)
	if s.Errors > 0 {
		text := wording.Plural(s.Errors, "unit") + " could not be planned"
		if s.Unbegun > 0 {
			text += ": nothing is done on " + Readable(inventory.FoldNames(unbegun(hosts)))
		}
		fmt.Fprintln(b, v.Style.Wrap(Red, text, 0, noteIndent))
	}
}

// refused names the hosts that have no plan.
func (v PlanView) refused(b *bufio.Writer, hosts []*plan.Host) {
	var failed, stale []string
	for _, h := range hosts {
		switch {
		case h.Err == nil:
		case diag.CodeOf(h.Err) == diag.Stale:
			stale = append(stale, h.Host.Name)
		default:
			failed = append(failed, h.Host.Name)
		}
	}
	say := func(names []string, what string) {
		if len(names) > 0 {
			text := wording.Plural(len(names), "host") + " " + what + ": " + Readable(inventory.FoldNames(names))
			fmt.Fprintln(b, v.Style.Wrap(Red, text, 0, noteIndent))
		}
	}
	say(failed, "could not be planned")
	say(stale, "changed since the plan")
}

// unbegun names the hosts that are not begun since a unit could not be planned.
func unbegun(hosts []*plan.Host) []string {
	var names []string
	for _, h := range hosts {
		if h.Err == nil && len(h.Unplanned()) > 0 {
			names = append(names, h.Host.Name)
		}
	}
	return names
}

func (v PlanView) entry(b *bufio.Writer, e *entry) {
	s := e.step
	mark, color := " ", Dim
	if s.Err != nil || s.Acts() {
		mark, color = symbol(s)
	}
	name := Clip(Readable(s.Unit.ID.Bare()), 100)
	about := e.on()
	if remarks := e.remarks(); remarks != "" {
		about += "  (" + remarks + ")"
	}
	const indent = len(diffIndent)
	fmt.Fprintln(b, "  "+v.Style.Paint(color, fmt.Sprintf("%3s ", mark)+name)+v.Style.After(Dim, about, len("  + x ")+layout.Width(name), indent))
	if s.Err != nil {
		fmt.Fprintln(b, diffIndent+v.Style.Wrap(Red, Readable(s.Err.Message), indent, indent+2))
		return
	}
	if s.Real != "" {
		fmt.Fprintln(b, "        path  "+Readable(s.Unit.ID.Key)+" → "+Readable(s.Real)+v.Style.Paint(Dim, "  (through a link)"))
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
		width = max(width, len(Readable(d.Field)))
	}
	for _, d := range s.Change.Diffs {
		d.Field = Readable(d.Field)
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
		r = append(r, "as "+Readable(e.user))
	}
	switch {
	case s.Elsewhere():
		r = append(r, "once, on "+Readable(s.Once))
	case s.Rescue:
		r = append(r, "only on failure")
	case s.Dormant && unit.IsHook(s.Unit.ID.Scope.Handler):
		r = append(r, "the play changes nothing")
	case s.Dormant:
		r = append(r, "not called for")
	case s.Skip && len(s.Unit.Conditions.OnChange) > 0 && s.Unit.Conditions.When == nil:
		r = append(r, "nothing it watches changes")
	case s.Skip:
		r = append(r, "when is false")
	case s.Certainty == plan.Conditional && unit.IsHook(s.Unit.ID.Scope.Handler) && s.Unit.Conditions.When == nil:
		r = append(r, "only if the play changes something, known after apply")
	case s.Certainty == plan.Conditional && s.Undecided != "":
		r = append(r, "decided at its turn: "+Readable(s.Undecided))
	case s.Certainty == plan.Conditional:
		r = append(r, "only if its condition holds, known after apply")
	}
	if s.Once != "" && !s.Elsewhere() {
		r = append(r, "once, for all hosts of the play")
	}
	if s.Unit.Rollout.Throttle > 0 && !s.Elsewhere() {
		r = append(r, fmt.Sprintf("on at most %s at once", wording.Plural(s.Unit.Rollout.Throttle, "host")))
	}
	if s.Guarded {
		r = append(r, "under guard")
	}
	if s.MayAct() {
		r = append(r, "may act: a unit before it changes the host")
	}
	if e.pending != nil {
		r = append(r, fmt.Sprintf("pending since %s, run %s", wording.When(e.pending.Since), Readable(e.pending.Run)))
	}
	for _, what := range s.Awaits {
		r = append(r, "once there is "+Readable(what))
	}
	if s.Change != nil && s.Change.Reason != "" && !s.Unit.Sensitive {
		r = append(r, Readable(s.Change.Reason))
	}
	return strings.Join(r, "; ")
}

// PlayName is a play's name as it is shown; the implicit play has none of its own.
func PlayName(name string) string { return Readable(wording.PlayName(name)) }

// clip cuts a text to n characters and shows that it did.
func Clip(s string, n int) string {
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
		p.one("warning", Yellow, w)
	}
}

// Step writes one step of a host as the plan shows it.
func (v PlanView) Step(w io.Writer, h *plan.Host, s *plan.Step) error {
	b := bufio.NewWriter(w)
	v.entry(b, &entry{step: s, user: userOf(h, s), hosts: []string{h.Host.Name}, pending: s.PendingHandler})
	return b.Flush()
}

// isElsewhere reports whether a step would have something to do here, were it
// not done once and on another host.
func isElsewhere(s *plan.Step) bool {
	return s.Elsewhere() && s.Change != nil && s.Change.Action != abi.None && s.Change.Action != abi.Probe
}
