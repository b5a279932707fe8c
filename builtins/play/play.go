package play

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

func playBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "play",
		Doc: "Declares what to do on which hosts. do is called once for each host that the selector matches; " +
			"the selector is as for --limit: names, globs, groups, k=v labels, joined by ':', '&' and '!'. " +
			"become and tags are defaults for all units of the play. verify is called as do is; the units that it declares, " +
			"such as probes, are executed when all hosts are done, at every apply: if one fails, the hosts of the play fail. " +
			"batch is the number of hosts that are changed before the next ones begin: a number, a percentage such as \"25%\" (rounded up), or a list " +
			"of these, of which the last repeats. max_fail stops the play before its next batch if more hosts than this number or " +
			"percentage (rounded down) failed or could not be reached. With order = \"graph\" the units of a host run side by side, each once all " +
			"units that it requires, watches or reads are done; also, files come after their directories, a command after its working directory, " +
			"a service after the package of its name, and packages one after the other. flush_handlers() and barrier() divide such a play; handlers and verify keep the script's order.",
		Example: `play("web", hosts = "role=web", do = web, verify = healthy, batch = [1, "25%"], max_fail = "10%")`,
		Make:    eval.Function("play", makePlay),
	}
}

// The orders in which a play's units are done on a host.
const (
	OrderScript = "script" // one after the other, as they are declared
	OrderGraph  = "graph"  // side by side, as their edges allow
)

// Play is a function and the hosts that it is for.
type Play struct {
	Name     string
	Selector string
	Tags     []string
	Pos      diag.Pos
	Do       starlark.Callable // nil for an implicit play
	Verify   starlark.Callable // nil for none
	Batch    []unit.Size       // empty for all hosts at once
	MaxFail  *unit.Size        // nil for no limit
	Order    string            // OrderScript or OrderGraph

	become args.Optional
}

func makePlay(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	switch eval.Of(thread).Phase() {
	case eval.LoadingFile:
		return nil, (&diag.Error{Summary: "play() at the top level of a loaded file"}).
			WithHint("put it into a function, and call that from the runbook's top level")
	case eval.Planning, eval.Applying:
		return nil, (&diag.Error{Summary: "play() inside of a play"}).
			WithHint("plays are declared at the top level of the runbook")
	}
	p := &Play{Selector: "all", Order: OrderScript}
	var do, verify starlark.Value
	tags := args.Strings{}
	var (
		batch   args.Sizes
		maxFail starlark.Value
	)
	err := args.Unpack(b.Name(), pos, kw, "name", &p.Name, "hosts?", &p.Selector, "do?", &do, "verify?", &verify, "become?", &p.become, "tags?", &tags,
		"batch?", &batch, "max_fail?", &maxFail, "order?", &p.Order)
	if err != nil {
		return nil, err
	}
	if p.Order != OrderScript && p.Order != OrderGraph {
		return nil, &diag.Error{Summary: fmt.Sprintf("play %q: order: got %q, want %q or %q", p.Name, p.Order, OrderScript, OrderGraph)}
	}
	p.Tags, p.Batch = tags, batch
	if maxFail != nil && maxFail != starlark.None {
		var size args.Size
		if err := size.Unpack(maxFail); err != nil {
			return nil, &diag.Error{Summary: fmt.Sprintf("play %q: max_fail: %v", p.Name, err)}
		}
		p.MaxFail = (*unit.Size)(&size)
	}
	fn, ok := do.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("play %q needs do, a function that takes a host", p.Name)}).
			WithHint("play(%q, hosts = %q, do = FUNCTION)", p.Name, p.Selector)
	}
	p.Do = fn
	if err := args.Arity(p.Do, 1); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("play %q: do: %v", p.Name, err)}).
			WithHint("it gets the host: def %s(host)", p.Do.Name())
	}
	if p.Verify, err = verifyOf(p.Name, verify); err != nil {
		return nil, err
	}
	p.Pos = eval.Pos(eval.Stack(thread))
	return starlark.None, Of(thread).add(p)
}

// verifyOf checks a play's verify, which may be left out.
func verifyOf(play string, v starlark.Value) (starlark.Callable, error) {
	if v == nil || v == starlark.None {
		return nil, nil
	}
	fn, ok := v.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("play %q: verify: got %s, want a function that takes a host", play, v.Type())}).
			WithHint(`def healthy(host): probe_http("http://127.0.0.1/", via = host)`)
	}
	if err := args.Arity(fn, 1); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("play %q: verify: %v", play, err)}).WithHint("it gets the host: def %s(host)", fn.Name())
	}
	return fn, nil
}

// add notes a play that the runbook declares.
func (c *Collector) add(p *Play) error {
	if p.Name == "" {
		return &diag.Error{Summary: "a play's name is empty"}
	}
	// A name that the inventory does not have is told when hosts are selected.
	if _, _, err := c.scope.Env().Select(fmt.Sprintf("play %q: hosts", p.Name), p.Selector); err != nil {
		return err
	}
	for _, other := range c.plays {
		if other.Name == p.Name {
			return (&diag.Error{Summary: fmt.Sprintf("play %q is declared twice; first at %s", p.Name, other.Pos)}).
				WithHint("give each play a name of its own")
		}
	}
	c.plays = append(c.plays, p)
	return nil
}
