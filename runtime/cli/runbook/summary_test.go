package runbook

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/run"
)

// TestTheAdviceIsNeverWhatFailed: however an apply ends, there is one way on, and it is not the command that has just
// failed. One that the operator has stopped has not failed.
func TestTheAdviceIsNeverWhatFailed(t *testing.T) {
	const resume = "froyo resume r1"
	for _, tt := range []struct {
		name    string
		command string // that was just run
		ending  ending
		want    string
	}{
		{"apply", "froyo apply", ending{acted: true}, "fix the cause, then: froyo resume r1 (for a changed runbook: with --with-changes)"},
		{"apply, nothing begun", "froyo apply web.star", ending{runbook: " web.star"}, "fix the cause; nothing has begun that could be resumed, and froyo plan web.star shows what is to be done"},
		{"apply, stopped", "froyo apply", ending{acted: true, code: diag.Interrupted}, "to continue: froyo resume r1"},
		{"saved plan", "froyo apply --plan p.json", ending{acted: true, saved: true}, "fix the cause, then: froyo resume r1 (for hosts that no longer fit the plan, make a new one: froyo plan --out FILE)"},
		{"saved plan, a host stale", "froyo apply --plan p.json", ending{acted: true, saved: true, code: diag.Stale}, "make a new plan of what is left, and review it: froyo plan --out FILE"},
		{"saved plan, resumed, a host stale", resume, ending{acted: true, saved: true, resumed: true, code: diag.Stale}, "make a new plan of what is left, and review it: froyo plan --out FILE"},
		{"saved plan, nothing begun", "froyo apply --plan p.json", ending{saved: true}, "fix the cause, then make a new plan: froyo plan --out FILE"},
		{"saved plan, resumed", resume, ending{acted: true, saved: true, resumed: true}, "fix the cause, then make a new plan: froyo plan --out FILE"},
		{"resumed", resume, ending{acted: true, resumed: true}, "fix the cause, then: froyo resume r1 --with-changes (takes the runbook as it is now)"},
		{"resumed, unreachable", resume, ending{acted: true, resumed: true, code: diag.Unreachable}, "fix the cause, then: froyo resume r1 (for a changed runbook: with --with-changes)"},
		{"resumed, stopped", resume + " -y", ending{acted: true, resumed: true, code: diag.Interrupted}, "to continue: froyo resume r1"},
		{"resumed with changes", resume + " --with-changes", ending{acted: true, resumed: true, changes: true, runbook: " 'my web.star'"}, "fix the cause, then plan anew what is left: froyo plan 'my web.star'"},
		{"command", "froyo run cmd x", ending{acted: true, again: "froyo run cmd x -C"}, "fix the cause, then: froyo resume r1"},
		{"command, resumed", resume, ending{acted: true, resumed: true, again: "froyo run cmd x -C"}, "fix the cause, then plan anew what is left: froyo run cmd x -C"},
		{"command, its plan", "froyo apply --plan p.json", ending{saved: true, again: "froyo run cmd x -C"}, "fix the cause, then make a new plan: froyo run cmd x -C --out FILE"},
		{
			"resumed, one unit undecided", resume,
			ending{acted: true, resumed: true, undecided: []string{"h1/cmd[x]"}},
			"look at the host, then say what became of it: froyo resume r1 --interrupted skip (it did its work), or --interrupted rerun",
		},
		{
			"resumed with changes, two units undecided", resume + " --with-changes",
			ending{acted: true, resumed: true, changes: true, undecided: []string{"h1/cmd[x]", "h2/cmd[x]"}},
			"look at the host, then say what became of it: froyo resume r1 --interrupted skip (it did its work), or --interrupted rerun; for one alone: --interrupted 'h1/cmd[x]=skip'",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := tt.ending
			e.run = "r1"
			got := next(e)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if e.code == diag.Interrupted || e.code == diag.Unreachable { // it was not the command
				return
			}
			for _, end := range []string{"", " (", ";", ","} { // the command itself, with no other flag
				if strings.Contains(got+"\n", tt.command+end+"\n") || end != "" && strings.Contains(got, tt.command+end) {
					t.Errorf("%s failed, and is what is advised: %s", tt.command, got)
				}
			}
			if n := strings.Count(got, "froyo"); n > 1 && !strings.Contains(got, "(") {
				t.Errorf("%d ways on: %s", n, got)
			}
		})
	}
}

// TestWhatBecameOfHostsIsToldOnce: zeros are not told, nor a host twice.
func TestWhatBecameOfHostsIsToldOnce(t *testing.T) {
	stale := (&diag.Error{Summary: "it has changed"}).WithCode(diag.Stale)
	for _, tt := range []struct {
		name          string
		errs          []error // of the hosts, why they were not begun
		counts        []apply.Count
		left, unknown int
		want          string
	}{
		{"nothing", []error{nil}, []apply.Count{{OK: 1, Failed: 1, Skipped: 2}}, 2, 0, "nothing changed, 1 failed, 2 left to do"},
		{"stopped", []error{nil, nil}, []apply.Count{{Changed: 2}, {Changed: 1}}, 3, 0, "3 units changed on 2 hosts, 3 left to do"},
		{"lost under way", []error{nil}, []apply.Count{{Changed: 1, Unreachable: 1}}, 0, 1, "1 unit changed on 1 host; outcome unknown of 1 unit; 1 host unreachable"},
		{
			"never reached",
			[]error{nil, errors.New("refused")},
			[]apply.Count{{Changed: 4}, {Unreachable: 1}},
			0, 0, "4 units changed on 1 host; not counting 1 host that could not be reached",
		},
		{
			"stale and not planned",
			[]error{nil, stale, stale, errors.New("no fact")},
			[]apply.Count{{Changed: 4}, {Failed: 1, Skipped: 7}, {Failed: 1, Skipped: 7}, {Failed: 1}},
			1, 0,
			"4 units changed on 1 host, 1 left to do; not counting 2 hosts that are no longer as planned and 1 host that could not be planned",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hosts, left := make([]*plan.Host, len(tt.errs)), map[string]int{"0": tt.left}
			for i, err := range tt.errs {
				if err != nil {
					left[strconv.Itoa(i)] = 9 // which is not known to be left
				}
				hosts[i] = &plan.Host{Host: &inventory.Host{Name: strconv.Itoa(i)}, Err: err}
				tt.counts[i].Host = strconv.Itoa(i)
			}
			got := summed(hosts, &run.Result{Counts: tt.counts, Left: left, Unknown: tt.unknown})
			if got.String() != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestTheRestIsCountedOnce: what is skipped and what is left to do never contradict each other.
func TestTheRestIsCountedOnce(t *testing.T) {
	for _, tt := range []struct {
		skipped, left int
		want          string
	}{
		{0, 0, ""},
		{2, 0, ", 2 skipped"},
		{2, 2, ", 2 left to do"},
		{5, 2, ", 5 skipped, of which 2 left to do"},
		{0, 3, ", 3 left to do"},
	} {
		if got := restOf(tt.skipped, tt.left); got != tt.want {
			t.Errorf("%d skipped, %d left: got %q, want %q", tt.skipped, tt.left, got, tt.want)
		}
	}
}
