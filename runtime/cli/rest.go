package cli

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
)

// tally counts units whose turn did not come or did not count.
type tally struct {
	left    int // would have acted, whyever the run did not come to them
	doubted int // were interrupted, and nobody knows whether they did their work
}

// tellRest says, of an apply that did not come to its end, what was done, what
// was not, and the command that goes on.
func (r *run) tellRest(code diag.Code, counts []apply.Count, t tally) {
	if code == diag.OK {
		return
	}
	changed, on, failed, skipped, unreachable := 0, 0, 0, 0, 0
	for _, c := range counts {
		changed, failed, skipped = changed+c.Changed, failed+c.Failed, skipped+c.Skipped
		unreachable += c.Unreachable
		if c.Changed > 0 {
			on++
		}
	}
	text := fmt.Sprintf("%s changed on %s, %d failed, %d skipped, %d of them left to do",
		count(changed, "unit"), count(on, "host"), failed, skipped, t.left)
	if t.doubted > 0 {
		text += fmt.Sprintf("; of %s nobody knows whether it did its work", count(t.doubted, "unit"))
	}
	if unreachable > 0 {
		text += fmt.Sprintf("; %s could not be reached or was lost", count(unreachable, "host"))
	}
	again := r.env.again()
	if r.record.acted.Load() || r.resumed != nil {
		again = "froyo resume " + r.record.id
	}
	r.env.errors.Note(text + "\nto go on: " + again)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// again is the command line that was given, where a shell would read it so.
func (e *env) again() string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:@%+"
	for _, arg := range e.Args {
		if arg == "" || strings.Trim(arg, plain) != "" {
			return "the same command again"
		}
	}
	return "froyo " + strings.Join(e.Args, " ")
}
