package linux

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// guard is a condition for the command to run.
type guard struct {
	ask op.Op
	// keeps says why the command need not run, "" where it must.
	keeps func(t *sdk.T, r op.Result, state *CmdState) string
}

// read asks all guards in one go, and for what is needed. The command runs only where none keeps it.
func (c Run) read(t *sdk.T, need *op.Need) CmdState {
	guards, unsure := c.guards(t)
	ops := make([]op.Op, len(guards))
	for i, g := range guards {
		ops[i] = g.ask
	}
	if need != nil {
		ops = append(ops, op.Op{Need: need})
	}
	results := t.All(ops...)
	state := CmdState{Needed: true, Unsure: unsure}
	for i, g := range guards {
		if reason := g.keeps(t, results[i], &state); reason != "" {
			return CmdState{Reason: reason}
		}
	}
	if need != nil {
		state.Lacks = lacks(t, results[len(guards)])
	}
	return state
}

// guards lists the guards in the order in which they are given as the reason.
// Shell guards need to know where they run; unsure says that some were left out.
func (c Run) guards(t *sdk.T) (guards []guard, unsure bool) {
	if c.Creates != "" {
		guards = append(guards, guard{stat(c.Creates), func(t *sdk.T, r op.Result, _ *CmdState) string {
			return when(t.Must(r).Stat.Exists, "creates "+c.Creates+" exists")
		}})
	}
	if c.Removes != "" {
		guards = append(guards, guard{stat(c.Removes), func(t *sdk.T, r op.Result, _ *CmdState) string {
			return when(!t.Must(r).Stat.Exists, "removes "+c.Removes+" does not exist")
		}})
	}
	if t.Unknown("cwd") || t.Unknown("env") {
		return guards, c.Unless != "" || c.OnlyIf != ""
	}
	if c.Unless != "" {
		guards = append(guards, guard{c.shell(c.Unless), func(t *sdk.T, r op.Result, state *CmdState) string {
			ok, lacks := asked(t, c.Unless, r)
			state.UnlessLacks = lacks
			return when(ok, "unless "+short(c.Unless)+" ended with 0")
		}})
	}
	if c.OnlyIf != "" {
		guards = append(guards, guard{c.shell(c.OnlyIf), func(t *sdk.T, r op.Result, state *CmdState) string {
			ok, lacks := asked(t, c.OnlyIf, r)
			if state.OnlyIfLacks = lacks; ok || lacks != "" {
				return ""
			}
			return "onlyif " + short(c.OnlyIf) + " ended with " + strconv.Itoa(r.Exec.RC)
		}})
	}
	return guards, false
}

func stat(path string) op.Op { return op.Op{Stat: &op.Stat{Path: path, Follow: true}} }

func (c Run) shell(command string) op.Op {
	return op.Op{Exec: &op.Exec{Shell: command, Dir: c.Cwd, Env: c.environment(), ReadOnly: true}}
}

// The exit codes of a shell for a program that cannot be executed, and for one that is not there.
const (
	notExecutable = 126
	notFound      = 127
)

// asked says whether a guard's command ended well, and names the program that it could not start, "" where it ran: that one is
// missing is no answer. What may pass by itself fails the unit.
func asked(t *sdk.T, command string, r op.Result) (ok bool, lacks string) {
	switch {
	case r.Error == nil && r.Exec.RC != notFound && r.Exec.RC != notExecutable:
		return r.Exec.RC == 0, ""
	case r.Error == nil:
		return false, notStarted(command, r.Exec.Stderr)
	case r.Error.Class == op.Transient || r.Error.Class == op.Throttled || r.Error.Code == "timeout":
		t.Must(r)
	}
	if lacks = notStarted(command, ""); lacks == "" {
		t.Must(r)
	}
	return false, lacks
}

// notThere are the ends of what shells and env say of a program that they cannot start.
var notThere = []string{"not found", "permission denied", "no such file or directory"}

// notStarted names the program that a shell could not start: the one that it says so of, or the first of its words.
func notStarted(command, said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	parts := strings.Split(lines[len(lines)-1], ": ") // sh: 1: composer: not found
	for i := len(parts) - 1; i > 0; i-- {
		text := strings.ToLower(parts[i])
		if slices.ContainsFunc(notThere, func(end string) bool { return strings.HasSuffix(text, end) }) {
			if name := strings.Trim(parts[i-1], "'\"\u2018\u2019"); name != "" && !strings.ContainsAny(name, " \t") {
				return name
			}
		}
	}
	return single(command)
}

// single is the program of a command that starts one program and nothing else, whatever becomes of its output, or "". Where a
// shell decides what is started, that code may be an answer: "command -v x" ends with it.
func single(command string) string {
	if strings.ContainsAny(strings.ReplaceAll(command, "2>&1", ""), ";|&()`$\n") {
		return ""
	}
	words := strings.Fields(command)
	if len(words) == 0 {
		return ""
	}
	if first := plainWords(words[0]); len(first) > 0 {
		return first[0]
	}
	return ""
}

// announce tells by which guards the command runs. One that only runs if a program says so needs that program.
func (c Run) announce(t *sdk.T, actual CmdState) {
	if actual.Unsure {
		t.Reason("guards are asked at apply")
	}
	if c.Creates != "" {
		t.Guarded(abi.Guard{Name: "creates", Path: c.Creates})
	}
	if c.Removes != "" {
		t.Guarded(abi.Guard{Name: "removes", Path: c.Removes})
	}
	if c.Unless != "" {
		g := abi.Guard{Name: "unless", Command: c.Unless}
		if actual.UnlessLacks != "" {
			g.Lacks = c.lacks("unless", actual.UnlessLacks)
			t.Reason("unless: " + actual.UnlessLacks + " not found")
		}
		t.Guarded(g)
	}
	if c.OnlyIf != "" {
		g := abi.Guard{Name: "onlyif", Command: c.OnlyIf}
		if actual.OnlyIfLacks != "" {
			g.Lacks = c.lacks("onlyif", actual.OnlyIfLacks)
			if actual.Lacks == nil || !actual.Lacks.NoDir { // nothing starts in a directory that is not there
				t.Needs(*g.Lacks)
			}
		}
		t.Guarded(g)
	}
}

// lacks is the need of a program that a guard could not start.
func (c Run) lacks(guard, name string) *abi.Need {
	n := program(&op.Need{Program: name, Search: c.Env["PATH"]}, &op.NeedResult{})
	n.Hint = guard + " asks it, and without it there is no answer: what brings it, such as its package, has to be declared before; " +
		"if the command is to be left out without it: " + guard + " = \"command -v " + name + " && ...\""
	return &n
}

func when(holds bool, reason string) string {
	if holds {
		return reason
	}
	return ""
}
