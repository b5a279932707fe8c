package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// TestEveryColumnIsShown: however narrow a terminal is, all of a row is there, and no line is wider.
func TestEveryColumnIsShown(t *testing.T) {
	rows := []audit.Row{
		{Seq: 12, Entry: audit.Entry{
			Time: time.Date(2026, 12, 2, 1, 0, 0, 0, time.UTC), User: "ada", Origin: "ada@controller, process 4711, from 192.0.2.7", Action: "apply",
			Run: "20261202-010000-abcdef", Plan: strings.Repeat("ab", 32), Outcome: "failed, exit code 3", Detail: "site.star",
			Hosts: "web1.example.org web2.example.org web3.example.org web4.example.org web5.example.org web6.example.org",
		}},
		{Seq: 11, Entry: audit.Entry{Time: time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC), User: "eve\x1b[2J", Origin: "x", Action: "secret set", Outcome: audit.Done, Detail: "db/password"}},
	}
	words := []string{
		"12", "11", "ada", "process 4711", "192.0.2.7", "apply", "20261202-010000-abcdef", "failed, exit code 3", "site.star", "web5.example.org", "1 more",
		`eve\x1b[2J`, "secret set", "done", "db/password",
	}
	for _, n := range []int{0, 40, 80, 100, 200, 400} {
		got := text(rows, n)
		flat := strings.Join(strings.Fields(got), " ")
		for _, word := range words {
			if !strings.Contains(flat, word) {
				t.Errorf("%d columns: no %q in\n%s", n, word, got)
			}
		}
		for line := range strings.Lines(got) {
			if n > 0 && layout.Width(strings.TrimSuffix(line, "\n")) > n {
				t.Errorf("%d columns: %q is wider", n, line)
			}
		}
		if lines := strings.Count(got, "\n"); (n == 0 || n == 400) && lines != 3 {
			t.Errorf("%d columns: %d lines, want a table:\n%s", n, lines, got)
		}
	}
	t.Log("\n" + text(rows, 80))
}
