package eval

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

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
	if large, ok := errors.AsType[*bounds.Error](err); ok && out.Hint == "" {
		out.Hint = large.Hint()
	}
	rephrase(out)
	out.Summary, out.Detail, out.Hint = shortened(secret.Mask(out.Summary)), secret.Mask(out.Detail), secret.Mask(out.Hint)
	return out
}

// maxSummary is how long the first line of an error may be: some messages quote a value.
const maxSummary = 2000

func shortened(text string) string {
	if len(text) <= maxSummary {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes more)", strings.ToValidUTF8(text[:maxSummary], ""), len(text)-maxSummary)
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
	if rest, ok := strings.CutPrefix(err.Summary, "builtin_function_or_method has no "); ok {
		name, _, _ := strings.Cut(rest, " ")
		err.Summary = "a function has no " + name
		err.Hint = `call it; what it does is said by its arguments, such as pkg("nginx", state = "latest"): froyo docs lists them`
	}
	if rest, ok := strings.CutPrefix(err.Summary, "Starlark stack overflow"); ok {
		err.Summary = "calls are nested too deeply" + rest
	}
	plainWords(err)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
