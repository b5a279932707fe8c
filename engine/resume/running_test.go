package resume_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/runner/op"
)

// TestStillRunning has what another user of the host could write never become part of a command.
func TestStillRunning(t *testing.T) {
	since := time.Now().UnixMilli()
	sleep := op.Process{PID: 4711, UID: 0, Since: since, Command: "sleep 1000", Run: "20261129-1", Trusted: true}
	with := func(change func(*op.Process)) op.Process {
		p := sleep
		change(&p)
		return p
	}
	at := time.UnixMilli(since).Local().Format(time.TimeOnly)
	tests := []struct {
		name      string
		processes []op.Process
		want      string
		hint      string
	}{
		{
			"one",
			[]op.Process{sleep},
			`processes of run 20261129-1 are still running, and its runner is gone: "sleep 1000", pid 4711, since ` + at,
			"froyo lock break 20261129-1 --kill",
		},
		{"many", []op.Process{sleep, sleep, sleep, sleep, sleep}, "; and 2 more", "--kill"},
		{"of another user", []op.Process{with(func(p *op.Process) { p.Trusted, p.UID = false, 1001 })}, "run 20261129-1", "process 4711 on the host; it belongs to user 1001"},
		{"no name of a run", []op.Process{with(func(p *op.Process) { p.Run = "x; reboot" })}, "processes of a run are", "look at process 4711"},
		{"long", []op.Process{with(func(p *op.Process) { p.Command = strings.Repeat("x", 5000) })}, strings.Repeat("x", 80) + `..."`, "--kill"},
		{"control characters", []op.Process{with(func(p *op.Process) { p.Command = "a\x1b[2Jb\n" })}, `"a\x1b[2Jb\n"`, "--kill"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := resume.StillRunning("h1", test.processes)
			if d.Code != diag.Locked || d.Host != "h1" {
				t.Errorf("code %v, host %q", d.Code, d.Host)
			}
			if !strings.Contains(d.Summary, test.want) || len(d.Summary) > 600 {
				t.Errorf("summary %q, want %q in it", d.Summary, test.want)
			}
			if !strings.Contains(d.Hint, test.hint) || strings.Contains(d.Hint, "reboot") {
				t.Errorf("hint %q, want %q in it", d.Hint, test.hint)
			}
		})
	}
}
