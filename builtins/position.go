package builtins

import (
	"errors"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/engine/diag"
)

// StdPrefix begins the names of the files that froyo brings along.
const StdPrefix = "@std//"

const builtinFile = "<builtin>"

// Stack returns the calls that led to the present one, outermost first,
// without builtins.
func Stack(thread *starlark.Thread) []diag.Frame {
	env := scopeOf(thread).env
	depth := thread.CallStackDepth()
	frames := make([]diag.Frame, 0, depth)
	for i := depth - 1; i >= 0; i-- {
		frames = env.appendFrame(frames, thread.CallFrame(i))
	}
	return frames
}

func (e *Env) appendFrame(frames []diag.Frame, f starlark.CallFrame) []diag.Frame {
	if f.Pos.Filename() == builtinFile {
		return frames
	}
	return append(frames, diag.Frame{Name: f.Name, Pos: e.Start(Place(f.Pos))})
}

// Pos returns the innermost place of a stack that is the operator's own code.
func Pos(stack []diag.Frame) diag.Pos {
	for _, f := range slices.Backward(stack) {
		if !strings.HasPrefix(f.Pos.File, StdPrefix) {
			return f.Pos
		}
	}
	if len(stack) > 0 {
		return stack[len(stack)-1].Pos
	}
	return diag.Pos{}
}

// Place turns Starlark's form of a position into ours.
func Place(p syntax.Position) diag.Pos {
	return diag.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}
}

// Diagnose turns an error of an evaluation into one with place, stack and host.
func (e *Env) Diagnose(err error, host string) *diag.Error {
	out := &diag.Error{Summary: firstLine(err.Error()), Cause: err, Host: host}
	if cause, ok := errors.AsType[*diag.Error](err); ok {
		copied := *cause
		out = &copied
		if out.Host == "" {
			out.Host = host
		}
	} else if cycle, ok := errors.AsType[*capture.CycleError](err); ok {
		out.Pos = Place(cycle.Pos)
	}
	if eval, ok := errors.AsType[*starlark.EvalError](err); ok && out.Pos == (diag.Pos{}) {
		for _, f := range eval.CallStack {
			out.Stack = e.appendFrame(out.Stack, f)
		}
		out.Pos = Pos(out.Stack)
	}
	rephrase(out)
	return out
}

// rephrase gives Starlark's own messages the form of ours.
func rephrase(err *diag.Error) {
	if cause, ok := strings.CutPrefix(err.Summary, "Starlark computation cancelled: "); ok {
		err.Summary = cause
	}
	if text, ok := strings.CutPrefix(err.Summary, "fail: "); ok && text != "" {
		err.Summary = text
	}
	if text, near, ok := strings.Cut(err.Summary, " (did you mean "); ok && strings.HasSuffix(near, "?)") {
		err.Summary = text
		err.Hint = "did you mean " + strings.TrimSuffix(near, ")")
	}
	if rest, ok := strings.CutPrefix(err.Summary, "Starlark stack overflow"); ok {
		err.Summary = "calls are nested too deeply" + rest
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
