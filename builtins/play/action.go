package play

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/vars/declared"
)

func actionBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "action",
		Doc: "Declares what froyo run NAME k=v ... does, and apply does not: a play that is chosen by its name. do is called once for each host that " +
			"the selector matches, with the host and all params by their names. params is a dict of the parameters with their types, which are written in " +
			"CUE as in vars.cue: \"string\", \"int & >0 | *3\" with the default 3, \"\\\"fast\\\" | *\\\"slow\\\"\". One without a default has to be given. " +
			"doc is what froyo run --list says of it; default: the docstring of do. It stands at the top level of the runbook, or of a file that it loads. " +
			"The name is not one of a resource type or of a question to hosts, such as find.",
		Example: `action("deploy", do = deploy, hosts = "role=web", params = {"version": "string", "keep": "int & >0 | *3"}, doc = "Deploys a release.")`,
		Make:    eval.Function("action", makeAction),
	}
}

// Action is a play that runs only where it is chosen by its name.
type Action struct {
	Name, Selector, Doc string
	Params              *declared.Variables
	Do                  starlark.Callable
	Pos                 diag.Pos
}

// play is the play of an action that is called with arguments.
func (a *Action) play(kw []starlark.Tuple) *Play {
	return &Play{Name: a.Name, Selector: a.Selector, Do: a.Do, Order: OrderScript, Pos: a.Pos, args: kw}
}

// Args are what do gets besides the host.
func (p *Play) Args() []starlark.Tuple { return p.args }

func makeAction(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	const hint = "actions are declared at the top level of the runbook, or of a file that it loads"
	switch s := eval.Of(thread); s.Phase() {
	case eval.Asking, eval.AtPrompt:
		return nil, s.NeedPlanning("action()")
	case eval.Planning:
		if p := Of(thread).play; p != nil && p.Do == nil && len(eval.Stack(thread)) <= 2 {
			return starlark.None, nil // the top level is the play, and was looked at before
		}
		return nil, (&diag.Error{Summary: "action() inside of a play"}).WithHint(hint)
	case eval.Applying:
		return nil, (&diag.Error{Summary: "action() inside of a lambda"}).WithHint(hint)
	}
	a := &Action{Selector: "all"}
	var do starlark.Value
	var params *starlark.Dict
	if err := args.Unpack(b.Name(), pos, kw, "name", &a.Name, "do?", &do, "params?", &params, "doc?", &a.Doc, "hosts?", &a.Selector); err != nil {
		return nil, err
	}
	if !actionName(a.Name) {
		return nil, (&diag.Error{Summary: fmt.Sprintf("action %q: expected a name of letters, digits, '-' and '_' that begins with a letter", a.Name)}).
			WithHint(`action("deploy", do = deploy)`)
	}
	if a.Name == "shell" {
		return nil, (&diag.Error{Summary: "no action can be named shell: froyo run shell is a prompt on hosts"}).WithHint("give it another name")
	}
	a.Pos = eval.Pos(eval.Stack(thread))
	var ok bool
	if a.Do, ok = do.(starlark.Callable); !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("action %q needs do, a function that takes a host", a.Name)}).WithHint("action(%q, do = FUNCTION)", a.Name)
	}
	var err error
	if a.Params, err = paramsOf(a.Name, params); err != nil {
		return nil, err
	}
	if err := a.accepts(); err != nil {
		return nil, err
	}
	if fn, ok := a.Do.(*starlark.Function); ok && a.Doc == "" {
		a.Doc = strings.TrimSpace(fn.Doc())
	}
	if _, _, err := eval.Of(thread).Env().Select(fmt.Sprintf("action %q: hosts", a.Name), a.Selector); err != nil {
		return nil, err
	}
	c := Of(thread)
	c.actions = append(c.actions, a)
	return starlark.None, nil
}

func actionName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// paramsOf reads the parameters of an action from their types.
func paramsOf(action string, params *starlark.Dict) (*declared.Variables, error) {
	var b strings.Builder
	wrong := func(name, format string, a ...any) *diag.Error {
		return &diag.Error{Summary: fmt.Sprintf("action %q: params: %s: ", action, name) + fmt.Sprintf(format, a...)}
	}
	const example = `for example params = {"version": "string", "keep": "int & >0 | *3"}`
	if params != nil {
		for _, item := range params.Items() {
			name, isText := starlark.AsString(item[0])
			if !isText || !paramName(name) {
				return nil, wrong(item[0].String(), "expected a name that an argument can have").WithHint(example)
			}
			typ, isText := starlark.AsString(item[1])
			if !isText || strings.TrimSpace(typ) == "" || strings.ContainsAny(typ, "\n\r") {
				return nil, wrong(name, "got %s, want a type, written in CUE on one line", item[1].Type()).WithHint(example)
			}
			if v, err := declared.Read(name, []byte(name+": "+typ+"\n")); err != nil {
				told := diag.Of(err)
				return nil, wrong(name, "%q is no type: %s", typ, told.Summary).WithHint(example)
			} else if all := v.All(); len(all) != 1 || all[0].Name != name {
				return nil, wrong(name, "%q is more than a type", typ).WithHint(example)
			} else if all[0].Sensitive {
				return nil, wrong(name, "it cannot be sensitive: whoever lists the processes of this machine reads what a command line gives").
					WithHint("read vars.%s, and declare that in vars.cue with @sensitive()", name)
			}
			b.WriteString(name + ": " + typ + "\n")
		}
	}
	v, err := declared.Read("params", []byte(b.String()))
	if err != nil {
		told := diag.Of(err)
		return nil, (&diag.Error{Summary: fmt.Sprintf("action %q: params: %s", action, told.Summary)}).WithHint(example)
	}
	return v, nil
}

func paramName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// accepts checks that do takes the host and all params, and asks for nothing else.
func (a *Action) accepts() error {
	fn, ok := a.Do.(*starlark.Function)
	if !ok {
		return nil
	}
	var names, takes []string
	for _, p := range a.Params.All() {
		names = append(names, p.Name)
	}
	rest := fn.NumParams()
	if fn.HasKwargs() {
		rest--
	}
	if fn.HasVarargs() {
		rest--
	}
	missing := func(format string, values ...any) error {
		return (&diag.Error{Summary: fmt.Sprintf("action %q: do: ", a.Name) + fmt.Sprintf(format, values...)}).
			WithHint("it gets the host and all params: def %s(%s)", fn.Name(), strings.Join(append([]string{"host"}, names...), ", "))
	}
	if rest-fn.NumKwonlyParams() < 1 && !fn.HasVarargs() {
		return missing("%s must take the host", fn.Name())
	}
	for i := range rest {
		name, _ := fn.Param(i)
		takes = append(takes, name)
		if i > 0 && fn.ParamDefault(i) == nil && !slices.Contains(names, name) {
			return missing("%s takes %s, which params do not have", fn.Name(), name)
		}
	}
	for _, name := range names {
		if i := slices.Index(takes, name); i < 0 && !fn.HasKwargs() || i == 0 {
			return missing("%s does not take the parameter %s", fn.Name(), name)
		}
	}
	return nil
}

// Actions returns the actions that a file declares.
func (c *Collector) Actions() []*Action { return c.actions }
