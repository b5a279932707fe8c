package hostapi

import (
	"cmp"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

func hostQuery(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		command starlark.Value
		runAs   string
		limit   int64
	)
	if err := args.Unpack(b.Name(), pos, kw, "command", &command, "run_as?", &runAs, "max_output?", &limit); err != nil {
		return nil, err
	}
	if limit < 0 || limit > op.MaxOutput {
		return nil, &diag.Error{Summary: fmt.Sprintf("%s: max_output: got %d, want 1 to %d", b.Name(), limit, op.MaxOutput)}
	}
	q := op.Exec{ReadOnly: true, Limit: limit}
	if shell, ok := starlark.AsString(command); ok {
		q.Shell = shell
	} else {
		var argv args.Strings
		if err := argv.Unpack(command); err != nil {
			return nil, &diag.Error{Summary: fmt.Sprintf("%s: command: %v", b.Name(), err)}
		}
		q.Argv = argv
	}
	answer, err := ask(thread, b, runAs, op.Op{Exec: &q})
	if err != nil {
		return nil, err
	}
	r := answer.Exec
	if r == nil {
		return nil, noAnswer(b)
	}
	values := map[string]any{"rc": r.RC, "stdout": r.Stdout, "stderr": r.Stderr}
	incomplete := map[string]any{}
	for _, s := range []stream{
		{"stdout", r.Stdout, r.StdoutRaw, r.StdoutCut, cmp.Or(limit, op.DefaultOutput)},
		{"stderr", r.Stderr, r.StderrRaw, r.StderrCut, cmp.Or(limit, op.DefaultOutput)},
	} {
		s.check(values, incomplete)
	}
	if len(incomplete) > 0 {
		values[unit.Incomplete] = incomplete
	}
	return result.New("host.query of "+receiver(b).inv.Name, queryFields, values), nil
}

// queryFields are the outputs of host.query that are bytes.
var queryFields = []schema.Field{{Name: "stdout_bytes", BytesOf: "stdout"}, {Name: "stderr_bytes", BytesOf: "stderr"}}

// stream is what a program said on one of its outputs.
type stream struct {
	name, text, raw string
	cut             bool
	limit           int64
}

// check adds the bytes of a stream that is not UTF-8, and says what of it is not whole.
func (s stream) check(values, incomplete map[string]any) {
	if s.raw != "" {
		values[s.name+"_bytes"] = s.raw
		incomplete[s.name] = map[string]any{"why": "it is not UTF-8 text", "hint": s.name + "_bytes has its bytes as they are"}
	}
	if !s.cut {
		return
	}
	hint := fmt.Sprintf("max_output = N takes N bytes, at most %d", op.MaxOutput)
	if s.limit >= op.MaxOutput {
		hint = "have the program say less"
	}
	why := map[string]any{"why": fmt.Sprintf("it is longer than the %d bytes that are kept", s.limit), "hint": hint}
	incomplete[s.name], incomplete[s.name+"_bytes"] = why, why
}
