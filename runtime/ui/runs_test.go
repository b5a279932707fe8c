package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// TestRunOnATerminal: how a run ended is one line through a pipe, and fits any terminal of 40 columns or more.
func TestRunOnATerminal(t *testing.T) {
	ended, code := time.Now(), diag.Failed
	summary := ui.RunSummary{ID: "20261125-210903-4f3a", Command: "apply", User: "ops", HostCount: 20, Status: "failed", DurationMS: 1642, Ended: &ended, Code: &code}
	unfinished := summary
	unfinished.Ended, unfinished.Status, unfinished.Phase = nil, "unfinished", "planned"
	for _, r := range []ui.RunSummary{summary, unfinished} {
		for _, columns := range []int{0, 40, 80, 200} {
			var b strings.Builder
			if err := (ui.RunView{Style: ui.Style{Columns: columns}}).Print(&b, &ui.RunReport{RunSummary: r}); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(b.String(), "\n"); columns == 0 && n != 1 {
				t.Errorf("%d lines through a pipe:\n%s", n, b.String())
			}
			for line := range strings.Lines(b.String()) {
				if layout.Width(line)-1 > columns && columns > 0 {
					t.Errorf("wider than %d columns: %q", columns, line)
				}
			}
			if got, want := strings.Join(strings.Fields(b.String()), " "), "20 hosts: "+r.Status; !strings.Contains(got, want) {
				t.Errorf("%q lacks %q", got, want)
			}
		}
	}
}
