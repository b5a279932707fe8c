package resume

import (
	"fmt"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of what is shown of processes, of which anybody on the host may have
// written the command line.
const (
	maxRunning = 3
	maxCommand = 80
)

// StillRunning is the refusal of a host on which something runs that a run left
// behind, its runner being gone.
func StillRunning(host string, processes []op.Process) *diag.Error {
	var words []string
	for i, p := range processes {
		if i == maxRunning {
			words = append(words, fmt.Sprintf("and %d more", len(processes)-maxRunning))
			break
		}
		words = append(words, runningWords(p, time.Now()))
	}
	first := processes[0]
	run := "a run"
	if op.IsRun(first.Run) {
		run = "run " + first.Run
	}
	d := &diag.Error{
		Summary: fmt.Sprintf("processes of %s are still running, and its runner is gone: %s", run, strings.Join(words, "; ")),
		Host:    host, Code: diag.Locked,
	}
	// Who may set a process's environment may name any run, so only root's and the
	// own user's processes are taken at their word.
	if !op.IsRun(first.Run) || !first.Trusted {
		return d.WithHint("wait for them, --lock-timeout says how long, or look at process %d on the host; it belongs to user %d", first.PID, first.UID)
	}
	return d.WithHint("wait for them, --lock-timeout says how long, or end them: froyo lock break %s --kill", first.Run)
}

// runningWords describes one process: "sleep 1000, pid 4711, since 14:03:11".
func runningWords(p op.Process, now time.Time) string {
	command := []rune(p.Command)
	if len(command) > maxCommand {
		command = append(command[:maxCommand], []rune("...")...)
	}
	text := fmt.Sprintf("%q, pid %d", string(command), p.PID)
	if p.Since <= 0 {
		return text
	}
	since, layout := time.UnixMilli(p.Since).Local(), time.TimeOnly
	if since.Format(time.DateOnly) != now.Local().Format(time.DateOnly) {
		layout = time.DateTime
	}
	return text + ", since " + since.Format(layout)
}
