package repl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
)

// names are what entries can call beside the language of runbooks.
func (s *session) names() starlark.StringDict {
	names := starlark.StringDict{}
	for _, b := range s.builtins() {
		names[b.name] = starlark.NewBuiltin(b.name, b.call)
	}
	return names
}

// builtin is a function of the prompt.
type builtin struct {
	name, usage, doc string
	call             func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)
}

func (s *session) builtins() []builtin {
	return []builtin{
		{"hosts", `hosts("role=web")`, "The hosts that a selector matches, of those that -l and --where select; without one, all of these.", s.hostsOf},
		{"host", `host("web1").facts.os.basic`, "One host, by its name.", s.hostOf},
		{"plan", `plan(web, hosts = "role=web")`, "Shows what a function of a host would do, def web(host): ...; hosts is a selector, a host or a list of hosts, and all where it is not given. effects = True lists all effects in words.", s.plan},
		{"apply", `apply(web, hosts = "role=web")`, "Plans, shows, asks, and does it. It is recorded as that of froyo apply.", s.apply},
		{"reload", "reload()", "Reads the inventory, the runbook and all that was loaded anew, and connects anew. What was typed stays.", s.reloadAll},
		{"help", "help(pkg)", "Says what a name is.", s.help},
	}
}

// atPrompt refuses a function of the prompt elsewhere.
func atPrompt(thread *starlark.Thread, b *starlark.Builtin) error {
	if eval.Of(thread).Phase() == eval.AtPrompt {
		return nil
	}
	return (&diag.Error{Summary: b.Name() + "() is for the prompt, and not for what is planned"}).
		WithHint("a function that is planned gets its host; call %s() outside of it", b.Name())
}

func (s *session) hostsOf(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	scope := eval.Of(thread)
	if scope.Phase() != eval.AtPrompt { // as in a runbook
		return starlark.Call(thread, hostapi.Hosts().Make(scope.Env()), pos, kw)
	}
	selector := "all"
	if err := args.Unpack(b.Name(), pos, kw, "selector?", &selector); err != nil {
		return nil, err
	}
	found, unknown, err := scope.Env().Select(b.Name(), selector)
	if err != nil {
		return nil, err
	}
	if unknown != nil {
		scope.Warn(unknown)
	}
	found = slices.DeleteFunc(slices.Clone(found), func(h *inventory.Host) bool {
		return !slices.ContainsFunc(s.prompt.Fleet.Hosts, func(of *inventory.Host) bool { return of.Name == h.Name })
	})
	s.asking.gave(found)
	list := make([]starlark.Value, len(found))
	for i, h := range found {
		list[i] = hostapi.Of(scope, h)
	}
	return starlark.NewList(list), nil
}

func (s *session) hostOf(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if err := atPrompt(thread, b); err != nil {
		return nil, err
	}
	var name string
	if err := args.Unpack(b.Name(), pos, kw, "name", &name); err != nil {
		return nil, err
	}
	h, err := s.prompt.Host(name)
	if err != nil {
		return nil, err
	}
	return hostapi.Of(eval.Of(thread), h), nil
}

func (s *session) reloadAll(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if err := errors.Join(atPrompt(thread, b), args.Unpack(b.Name(), pos, kw)); err != nil {
		return nil, err
	}
	s.reload = true
	return starlark.None, nil
}

func (s *session) plan(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	return s.carryOut(thread, b, pos, kw, true)
}

func (s *session) apply(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if !s.command.Yes && !s.console.Interactive() {
		return nil, (&diag.Error{Summary: "apply() asks, and standard input is not a terminal"}).WithHint("give -y, which does not ask: froyo repl -y; plan() only shows")
	}
	return s.carryOut(thread, b, pos, kw, false)
}

// carryOut plans a function, and where not only that is asked for, does it.
func (s *session) carryOut(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple, only bool) (starlark.Value, error) {
	if err := atPrompt(thread, b); err != nil {
		return nil, err
	}
	var do, on starlark.Value
	effects, known := false, []any{"do", &do, "hosts?", &on}
	if only {
		known = append(known, "effects?", &effects)
	}
	if err := args.Unpack(b.Name(), pos, kw, known...); err != nil {
		return nil, err
	}
	fn, ok := do.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s: expected a function of a host, got %s", b.Name(), do.Type())}).
			WithHint("def web(host): ..., then %s(web)", b.Name())
	}
	selector, err := s.selector(b.Name(), on)
	if err != nil {
		return nil, err
	}
	s.pause()
	s.prompt.Session.Hold(true) // it ends by itself, and tells how
	defer s.prompt.Session.Hold(false)
	a := &runbook.Apply{Planning: *s.command.planning(), Stale: "skip", Yes: s.command.Yes, NoPause: s.command.NoPause, Wait: s.command.Wait, Guard: s.command.Guard, Check: only, Diff: true, Effects: effects}
	a.File = ""
	err = a.RunLoaded(s.ctx, s.console, func(ctx context.Context, _ *console.Console) (*client.Loaded, error) {
		return s.prompt.Load(ctx, fn, selector, entryOf(b.Name(), fn, selector, ""), entryOf("plan", fn, selector, ", effects = True"))
	})
	if exit, ok := errors.AsType[*console.ExitError](err); ok {
		if exit.Err != nil {
			s.console.Errors.Print(exit.Err)
		}
		s.told = &console.ExitError{Code: exit.Code}
		return nil, s.told
	}
	return starlark.None, err
}

// entryOf is an entry as it would be typed, with what follows its hosts.
func entryOf(name string, fn starlark.Callable, selector, rest string) string {
	if selector == "all" {
		return fmt.Sprintf("%s(%s%s)", name, fn.Name(), rest)
	}
	return fmt.Sprintf("%s(%s, hosts = %q%s)", name, fn.Name(), selector, rest)
}

// selector are the hosts that plan and apply are given.
func (s *session) selector(of string, v starlark.Value) (string, error) {
	wrong := func(v starlark.Value) error {
		return (&diag.Error{Summary: fmt.Sprintf("%s: hosts: expected a selector, a host or a list of hosts, got %s", of, v.Type())}).
			WithHint(`hosts = "role=web", or hosts = hosts("role=web")`)
	}
	switch v := v.(type) {
	case nil, starlark.NoneType:
		return "all", nil
	case starlark.String:
		return string(v), nil
	case *hostapi.Host:
		return s.named(v.Inventory().Name)
	case starlark.Indexable:
		var names []string
		for i := range v.Len() {
			h, ok := v.Index(i).(*hostapi.Host)
			if !ok {
				return "", wrong(v.Index(i))
			}
			names = append(names, h.Inventory().Name)
		}
		if len(names) == 0 {
			return "", &diag.Error{Summary: of + ": hosts: the list is empty"}
		}
		return s.named(names...)
	}
	return "", wrong(v)
}

// named is the selector of hosts that are named. One that is also the name of a group would mean more.
func (s *session) named(names ...string) (string, error) {
	groups := s.prompt.Fleet.Inventory.Groups()
	for _, name := range names {
		if _, also := groups[name]; also {
			return "", &diag.Error{Summary: fmt.Sprintf("%s is the name of a host and of a group, so that it would mean the group, too", name)}
		}
	}
	return strings.Join(names, ":"), nil
}
