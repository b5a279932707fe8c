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
			"a service after the package of its name, and packages one after the other. flush_handlers() and barrier() divide such a play; handlers and verify keep the script's order. " +
			"before_change and after_change are called as do is; the units that they declare are executed on a host only if a unit or a handler of the play " +
			"changes something for it: before_change ahead of the first such change, which is not made where it fails, after_change when all of the play, handlers and verify " +
			"included, has succeeded on the host. From the moment before_change begins until it has been done, after_change is pending: a host that failed stays as " +
			"before_change left it, and the next apply or resume that succeeds there does it. Both may be done more than once.",
		Example: `play("web", hosts = "role=web", do = web, verify = healthy, batch = [1, "25%"], max_fail = "10%", before_change = drain, after_change = undrain)`,
		Make:    eval.Function("play", makePlay),
	}
}

// The orders in which a play's units are done on a host.
const (
	OrderScript = "script" // one after the other, as they are declared
	OrderGraph  = "graph"  // side by side, as their edges allow
)

const (
	drainExample   = `def drain(host): delegate("lb1").cmd("lb-disable " + host.name)`
	undrainExample = `def undrain(host): delegate("lb1").cmd("lb-enable " + host.name)`
)

// Play is a function and the hosts that it is for.
type Play struct {
	Name     string
	Selector string
	Tags     []string
	Pos      diag.Pos
	Do       starlark.Callable // nil for an implicit play
	Verify   starlark.Callable // nil for none
	Before   starlark.Callable // before_change, nil for none
	After    starlark.Callable // after_change, nil for none
	Batch    []unit.Size       // empty for all hosts at once
	MaxFail  *unit.Size        // nil for no limit
	Order    string            // OrderScript or OrderGraph

	become args.Optional
	args   []starlark.Tuple // of an action, which do gets besides the host
}

func makePlay(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	switch s := eval.Of(thread); s.Phase() {
	case eval.Asking, eval.AtPrompt:
		return nil, s.NeedPlanning("play()")
	case eval.LoadingFile:
		return nil, (&diag.Error{Summary: "play() at the top level of a loaded file"}).
			WithHint("put it into a function, and call that from the runbook's top level")
	case eval.Planning, eval.Applying:
		return nil, (&diag.Error{Summary: "play() inside of a play"}).
			WithHint("plays are declared at the top level of the runbook")
	}
	p := &Play{Selector: "all", Order: OrderScript}
	var do, verify, before, after starlark.Value
	tags := args.Strings{}
	var (
		batch   args.Sizes
		maxFail starlark.Value
	)
	err := args.Unpack(b.Name(), pos, kw, "name", &p.Name, "hosts?", &p.Selector, "do?", &do, "verify?", &verify, "become?", &p.become, "tags?", &tags,
		"batch?", &batch, "max_fail?", &maxFail, "order?", &p.Order, "before_change?", &before, "after_change?", &after)
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
	for _, f := range []struct {
		into          *starlark.Callable
		name, example string
		given         starlark.Value
	}{
		{&p.Verify, "verify", `def healthy(host): probe_http("http://127.0.0.1/", via = host)`, verify},
		{&p.Before, unit.BeforeChange, drainExample, before},
		{&p.After, unit.AfterChange, undrainExample, after},
	} {
		if *f.into, err = ofHost(fmt.Sprintf("play %q: %s", p.Name, f.name), f.example, f.given); err != nil {
			return nil, err
		}
	}
	p.Pos = eval.Pos(eval.Stack(thread))
	return starlark.None, Of(thread).add(p)
}

// ofHost checks a function of a host that a play may have.
func ofHost(what, example string, v starlark.Value) (starlark.Callable, error) {
	if v == nil || v == starlark.None {
		return nil, nil
	}
	fn, ok := v.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s: got %s, want a function that takes a host", what, v.Type())}).WithHint("%s", example)
	}
	if err := args.Arity(fn, 1); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s: %v", what, err)}).WithHint("it gets the host: def %s(host)", fn.Name())
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
