package hostapi

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
)

// Hosts documents hosts().
func Hosts() eval.Builtin {
	return eval.Builtin{
		Name:    "hosts",
		Doc:     "The hosts of the whole inventory that a selector matches, in the inventory's order.",
		Example: `file("/etc/app/db", content = "\n".join([h.address for h in hosts("role=db")]))`,
		Make:    eval.Function("hosts", selectHosts),
	}
}

func selectHosts(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	selector := "all"
	if err := args.Unpack(b.Name(), pos, kw, "selector?", &selector); err != nil {
		return nil, err
	}
	s := eval.Of(thread)
	if s.Env().Inventory == nil {
		return starlark.NewList(nil), nil
	}
	found, unknown, err := s.Env().Select("hosts", selector)
	if err != nil {
		return nil, err
	}
	if unknown != nil {
		s.Warn(unknown)
	}
	names := make([]string, len(found))
	list := make([]starlark.Value, len(found))
	for i, h := range found {
		names[i] = h.Name
		list[i] = Of(s, h)
	}
	s.Used().Selection(selector, names)
	if len(found) == 0 && unknown == nil {
		s.Warn(&diag.Error{Summary: fmt.Sprintf("hosts(%q) matches no host of the inventory", selector)})
	}
	return starlark.NewList(list), nil
}
