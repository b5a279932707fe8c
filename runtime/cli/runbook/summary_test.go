package runbook

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
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
		{"saved plan, nothing begun", "froyo apply --plan p.json", ending{saved: true}, "fix the cause, then make a new plan: froyo plan --out FILE"},
		{"saved plan, resumed", resume, ending{acted: true, saved: true, resumed: true}, "fix the cause, then make a new plan: froyo plan --out FILE"},
		{"resumed", resume, ending{acted: true, resumed: true}, "fix the cause, then: froyo resume r1 --with-changes (takes the runbook as it is now)"},
		{"resumed, stopped", resume + " -y", ending{acted: true, resumed: true, code: diag.Interrupted}, "to continue: froyo resume r1"},
		{"resumed with changes", resume + " --with-changes", ending{acted: true, resumed: true, changes: true, runbook: " 'my web.star'"}, "fix the cause, then plan anew what is left: froyo plan 'my web.star'"},
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
			if e.code == diag.Interrupted {
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
