package hostapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/value"
	"github.com/openfroyo/froyo/engine/diag"
)

// templated renders the variables of the inventory that are templates themselves, each when it is read, as Ansible does.
// Those of the command line stay as they were given.
type templated struct {
	host  *Host
	data  map[string]any
	bag   *value.Bag
	done  map[string]starlark.Value
	chain []string // the variables that are being rendered
	// secrets is whether a secret was read since the outermost rendering began.
	secrets bool
}

// maxChain is how many variables may refer to each other.
const maxChain = 100

// resolve makes the value of a variable.
func (t *templated) resolve(name string, v starlark.Value) (starlark.Value, error) {
	opened, had := plain.Open(v)
	if _, given := t.host.scope.Env().Vars[name]; given || !holdsTemplate(opened) {
		return v, nil
	}
	if done, ok := t.done[name]; ok {
		return done, nil
	}
	if i := slices.Index(t.chain, name); i >= 0 {
		return nil, &diag.Error{Summary: fmt.Sprintf("the variables of %s refer to each other in a circle: %s",
			t.host.inv.Name, strings.Join(append(t.chain[i:], name), " -> "))}
	}
	if len(t.chain) >= maxChain {
		return nil, &diag.Error{Summary: fmt.Sprintf("the variables of %s refer to each other more than %d levels deep", t.host.inv.Name, maxChain)}
	}
	t.chain = append(t.chain, name)
	outer := t.secrets
	t.secrets = had
	out, err := mapped(opened, t.text)
	if err == nil && t.secrets {
		out, err = plain.Shut(out)
	}
	t.secrets = t.secrets || outer
	t.chain = t.chain[:len(t.chain)-1]
	if err != nil {
		return nil, t.explain(name, err)
	}
	out.Freeze()
	t.done[name] = out
	return out, nil
}

// explain says which variable it is. Errors of a variable that it reads have said so.
func (t *templated) explain(name string, err error) error {
	if inner, ok := errors.AsType[*diag.Error](err); ok {
		return inner
	}
	out := &diag.Error{Summary: fmt.Sprintf("the variable %q of %s is a template: %s", name, t.host.inv.Name, err), Cause: err}
	e, ok := errors.AsType[*jinja.Error](err)
	if !ok || t.secrets {
		return out
	}
	out.Summary = fmt.Sprintf("the variable %q of %s is a template: %d:%d: %s; the line is: %s", name, t.host.inv.Name, e.Line, e.Col, e.Message, strings.TrimSpace(e.Source))
	if strings.HasPrefix(e.Hint, "give it to template()") {
		return out.WithHint("set it in the inventory; facts are no variables, a template reads them from host.facts")
	}
	return out.WithHint("%s", e.Hint)
}

// mapped copies a value with each text in it replaced.
func mapped(v starlark.Value, text func(s starlark.String) (starlark.Value, error)) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.String:
		return text(v)
	case *starlark.List:
		out := make([]starlark.Value, v.Len())
		for i := range out {
			var err error
			if out[i], err = mapped(v.Index(i), text); err != nil {
				return nil, err
			}
		}
		return starlark.NewList(out), nil
	case *starlark.Dict:
		out := starlark.NewDict(v.Len())
		for _, item := range v.Items() {
			e, err := mapped(item[1], text)
			if err != nil {
				return nil, err
			}
			if err := out.SetKey(item[0], e); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// oneVariable matches a text that is one variable, whose type stays if it is a number or boolean.
var oneVariable = regexp.MustCompile(`^\{\{\s*(\w+)\s*\}\}\n?$`)

func (t *templated) text(s starlark.String) (starlark.Value, error) {
	if m := oneVariable.FindStringSubmatch(string(s)); m != nil {
		switch t.data[m[1]].(type) {
		case string, []any, map[string]any:
		default:
			if v, found, err := t.bag.Lookup(m[1]); found || err != nil {
				return v, err
			}
		}
	}
	r := jinja.Rendering{Context: context.Background(), Vars: t}
	if scope := t.host.scope; !scope.Ended() { // a host from a file's top level is shared by all evaluations
		r.Context, r.Steps, r.MaxSteps = bounds.Context(scope.Thread()), &scope.Thread().Steps, scope.Env().MaxSteps
	}
	return t.host.scope.Env().Templates.Value(r, string(s))
}

// Variable implements jinja.Variables.
func (t *templated) Variable(name string) (starlark.Value, bool, error) {
	v, found, err := t.bag.Lookup(name)
	if err != nil {
		return nil, false, err
	}
	if !found {
		short, _, _ := strings.Cut(t.host.inv.Name, ".")
		switch name {
		case "inventory_hostname":
			return starlark.String(t.host.inv.Name), true, nil
		case "inventory_hostname_short":
			return starlark.String(short), true, nil
		}
		return nil, false, nil
	}
	v, had := plain.Open(v)
	t.secrets = t.secrets || had
	v, err = mapped(v, func(s starlark.String) (starlark.Value, error) { return s, nil }) // a template may change it
	return v, true, err
}

// Names implements jinja.Variables.
func (t *templated) Names() []string { return slices.Sorted(maps.Keys(t.data)) }

// holdsTemplate reports whether there are templates within a value.
func holdsTemplate(v starlark.Value) bool {
	switch v := v.(type) {
	case starlark.String:
		return jinja.IsTemplate(string(v))
	case *starlark.List:
		for i := range v.Len() {
			if holdsTemplate(v.Index(i)) {
				return true
			}
		}
	case *starlark.Dict:
		for _, item := range v.Items() {
			if holdsTemplate(item[1]) {
				return true
			}
		}
	}
	return false
}
