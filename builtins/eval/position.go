package eval

import (
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/engine/diag"
)

// StdPrefix begins the names of the files that froyo brings along.
const StdPrefix = "@std//"

const builtinFile = "<builtin>"

// Stack returns the calls that led to the present one, outermost first,
// without builtins.
func Stack(thread *starlark.Thread) []diag.Frame {
	env := Of(thread).env
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
