package hostapi

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

func hostFind(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	q := op.List{Limit: maxFind}
	var runAs string
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "recurse?", &q.Recurse, "run_as?", &runAs); err != nil {
		return nil, err
	}
	answer, err := ask(thread, b, runAs, op.Op{List: &q})
	if err != nil {
		return nil, err
	}
	r := answer.List
	switch {
	case r == nil:
		return nil, noAnswer(b)
	case !r.Exists:
		return starlark.None, nil
	case r.More:
		return nil, eval.BadAnswer(receiver(b).inv.Name, nil, "%s: more than %d entries below %s", b.Name(), maxFind, q.Path)
	}
	entries := make([]starlark.Value, len(r.Entries))
	base := strings.TrimSuffix(q.Path, "/") + "/"
	for i, e := range r.Entries {
		values := map[string]any{
			"path": base + e.Path, "type": string(e.Type), "mode": fmt.Sprintf("%04o", e.Mode),
			"owner": e.Owner, "group": e.Group, "size": e.Size,
		}
		if e.Lossy {
			values[unit.Incomplete] = notText("path")
		}
		entries[i] = result.New(strconv.Quote(base+e.Path), nil, values)
	}
	return starlark.NewList(entries), nil
}

// notText says of an output that it is not UTF-8.
func notText(names ...string) map[string]any {
	all := map[string]any{}
	for _, name := range names {
		all[name] = map[string]any{"why": "it is not UTF-8 text, and bytes of it were replaced", "hint": "host.query can pick out what is needed"}
	}
	return all
}
