package sdk

import (
	"bytes"
	"path"
	"runtime"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// unwinding is what T panics with to leave the author's code.
type unwinding struct{}

// halt leaves the author's code, with what the host has to do first or with
// the error that ends the unit. The first reason stays.
func (t *T) halt(need []op.Op, err *abi.Error) {
	if !t.halted {
		t.halted, t.need, t.err = true, need, err
	}
	panic(unwinding{})
}

// replay returns the results of ops from the log, or leaves for the host to
// perform those that are not in it.
func (t *T) replay(ops ...op.Op) []op.Result {
	if t.halted {
		panic(unwinding{}) // the author's code recovered from an earlier one and went on
	}
	if len(ops) > 0 && t.next == len(t.request.Log) {
		t.ask(ops) // before there is anything to return
	}
	results := make([]op.Result, 0, len(ops))
	for i := range ops {
		if t.next == len(t.request.Log) {
			t.ask(ops[i:])
		}
		entry := &t.request.Log[t.next]
		t.compare(&ops[i], entry.Op)
		t.next++
		results = append(results, entry.Result)
	}
	return results
}

// compare checks that an op is the one in the log. A host that writes JSON in
// another way than the SDK has its op read and written again first.
func (t *T) compare(asked *op.Op, logged codec.Span) {
	if bytes.Equal(t.lookOp(asked), logged) {
		return
	}
	var had op.Op
	t.decode("log", logged, &had)
	if want := bytes.Clone(t.lookOp(asked)); !bytes.Equal(want, t.lookOp(&had)) {
		t.nondeterministic("asked for " + asked.String() + " where it had asked for " + had.String())
	}
}

func (t *T) ask(ops []op.Op) {
	if t.request.Verb == abi.May {
		t.broken("may asks for " + ops[0].String() + ", but holds whatever the target is like")
	}
	for _, o := range ops {
		if err := o.Validate(); err != nil {
			t.broken("op is not valid: " + err.Error())
		}
	}
	if len(ops) > abi.MaxNeeds {
		t.broken("asks for " + strconv.Itoa(len(ops)) + " ops at once, more than " + strconv.Itoa(abi.MaxNeeds))
	}
	t.halt(ops, nil)
}

func (t *T) nondeterministic(detail string) {
	t.halt(nil, &abi.Error{Class: op.Permanent, Message: "provider is not deterministic", Detail: detail})
}

// run calls the author's code and catches its unwinding and its panics.
func (t *T) run(code func(t *T)) {
	defer func() {
		p := recover()
		if _, ours := p.(unwinding); p == nil || ours || t.halted {
			return
		}
		t.halted = true
		t.err = &abi.Error{
			Class:   op.Permanent,
			Message: t.request.Type + ": " + string(t.request.Verb) + " panicked: " + panicText(p),
			Detail:  callers(),
		}
	}()
	code(t)
	if !t.halted && t.next < len(t.request.Log) {
		t.nondeterministic("ended before asking for all that is in its log again")
	}
}

// panicText gives what the common kinds of panic say, without fmt.
func panicText(p any) string {
	switch p := p.(type) {
	case error:
		return p.Error()
	case string:
		return p
	case interface{ String() string }:
		return p.String()
	}
	return "a value that is no text"
}

// callers lists where in the author's code a panic came from, without
// addresses, so that equal requests still get equal replies.
func callers() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var lines []string
	for {
		f, more := frames.Next()
		if strings.Contains(f.Function, ".Add[") { // what called the author's code
			more = false
		} else if !strings.HasPrefix(f.Function, "runtime.") {
			lines = append(lines, path.Base(f.Function)+" "+path.Base(f.File)+":"+strconv.Itoa(f.Line))
		}
		if !more {
			return strings.Join(lines, "\n")
		}
	}
}

// reply gives the request's answer once the author's code is left.
func (t *T) reply() abi.Reply {
	if !t.halted {
		t.finish()
	}
	switch {
	case t.err != nil:
		return abi.Reply{Error: t.err}
	case t.need != nil:
		return abi.Reply{Need: t.need}
	case t.request.Verb == abi.Read:
		return abi.Reply{Actual: t.actual}
	case t.request.Verb == abi.Plan || t.request.Verb == abi.May:
		return abi.Reply{Change: &t.change}
	}
	changed := t.acted && t.change.Action != abi.Probe
	return abi.Reply{Outcome: &abi.Outcome{Changed: changed, Outputs: t.outputs, Reason: t.change.Reason}}
}

// finish completes the change that the author's code described.
func (t *T) finish() {
	c := &t.change
	acts := len(c.Effects) > 0 || t.acted
	switch {
	case c.Action == "" && (acts || len(c.Diffs) > 0):
		c.Action = abi.Update
	case c.Action == "":
		c.Action = abi.None
	case c.Action == abi.None && acts && t.request.Verb != abi.Destroy:
		t.err = permanent(t.request.Type + " has effects although it says that nothing is to do")
	}
}
