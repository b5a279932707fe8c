package adhoc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/answers"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/script"
)

// Questions are the methods of hosts, by their names without the host.
func Questions() []eval.Builtin {
	all := hostapi.Methods()
	for i := range all {
		all[i].Name = strings.TrimPrefix(all[i].Name, "host.")
	}
	return slices.DeleteFunc(all, func(b eval.Builtin) bool { return b.Name == "read_bytes" }) // are no text
}

func isQuestion(name string) bool {
	return slices.ContainsFunc(Questions(), func(b eval.Builtin) bool { return b.Name == name })
}

// question asks hosts, and prints what they answer.
func (c *Command) question(ctx context.Context, e *console.Console, name string, w words) (err error) {
	if flag := c.aboutChanges(); flag != "" {
		return (&diag.Error{Summary: fmt.Sprintf("%s is about changes, and %s changes nothing", flag, name)}).WithHint("leave it out")
	}
	text, err := questionOf(name, w)
	if err != nil {
		return err
	}
	f, err := client.OpenFleet(ctx, e, &c.Target, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(ctx)) }()
	before := e.Errors.Source
	e.Errors.Source = func(file string) ([]byte, bool) {
		if file == client.AdHoc {
			return []byte(text), true
		}
		return before(file)
	}
	expr, err := script.Compile(f.Language, client.AdHoc, text)
	if err != nil {
		return err
	}
	values, errs := make([]any, len(f.Hosts)), make([]error, len(f.Hosts))
	end := f.Show("asking", f.Hosts)
	f.Each(f.Hosts, func(i int, h *inventory.Host) {
		var v starlark.Value
		if v, errs[i] = expr.Eval(ctx, h, f.Collector.Reader()); errs[i] == nil {
			values[i], errs[i] = plain.To(v)
		}
	})
	end()
	for i, h := range f.Hosts {
		if errs[i] != nil {
			errs[i] = failed(h, errs[i])
		}
	}
	if c.JSON {
		err = writeJSON(e, f.Hosts, values, errs)
	} else {
		var g answers.Groups
		for i, h := range f.Hosts {
			if errs[i] == nil {
				g.Add(h.Name, answers.Shown(values[i]))
			}
		}
		_, err = io.WriteString(e.Stdout, g.Text(e.Style(e.Stdout)))
	}
	return errors.Join(err, errors.Join(errs...))
}

// failed is why a host did not answer.
func failed(h *inventory.Host, err error) error {
	err = blame.Host(h.Name, err)
	if d, ok := errors.AsType[*diag.Error](err); ok && d.Host == "" {
		told := *d
		told.Host = h.Name
		return &told
	}
	return err
}

// aboutChanges is a flag that is given and says how changes are made, or "".
func (c *Command) aboutChanges() string {
	for _, f := range []struct {
		given bool
		name  string
	}{
		{c.Out != "", "--out"},
		{c.Effects, "--effects"},
		{c.Check, "-C"},
		{c.Step, "--step"},
		{c.Live, "--live"},
		{c.JUnit != "", "--junit"},
		{c.All, "--all-or-nothing"},
		{c.NoPause, "--no-pause"},
		{c.Guard.Given() != "", c.Guard.Given()},
		{c.Into != "", "--json-into"},
		{c.Trace != "", "--trace"},
		{len(c.Tags)+len(c.SkipTags) > 0, "--tags"},
		{len(c.Only)+len(c.Exclude) > 0, "--target"},
		{len(c.Extra) > 0, "-e"},
		{len(c.Sensitive) > 0, "--sensitive"},
		{c.HostTime != 0, "--host-timeout"},
	} {
		if f.given {
			return f.name
		}
	}
	return ""
}

// questionOf is the call of a method of a host, as a runbook has it.
func questionOf(name string, w words) (string, error) {
	all := Questions()
	params := all[slices.IndexFunc(all, func(b eval.Builtin) bool { return b.Name == name })].Params
	if len(w.plain) > len(params) {
		err := &diag.Error{Summary: fmt.Sprintf("%s takes %s, and %q is one more", name, wording.Plural(len(params), "value"), w.plain[len(params)])}
		return "", err.WithHint("a value with blanks stands in quotes: froyo docs host.%s", name)
	}
	given := map[string]bool{}
	var args []string
	for i, p := range params[:len(w.plain)] {
		given[p.Name] = true
		w.named = slices.Insert(slices.Clone(w.named), i, argument{p.Name, w.plain[i]})
	}
	for i, a := range w.named {
		n := slices.IndexFunc(params, func(p eval.Param) bool { return p.Name == a.name })
		switch {
		case n < 0:
			return "", noParam(name, a.name, params)
		case i >= len(w.plain) && given[a.name]:
			return "", &diag.Error{Summary: fmt.Sprintf("%s of %s is given twice", a.name, name)}
		}
		given[a.name] = true
		v, err := literal(params[n].Kind, a.value)
		if err != nil {
			return "", &diag.Error{Summary: fmt.Sprintf("%s of %s: %v", a.name, name, err)}
		}
		args = append(args, a.name+" = "+v)
	}
	for _, p := range params {
		if !p.Optional && !given[p.Name] {
			return "", (&diag.Error{Summary: fmt.Sprintf("%s needs %s", name, p.Name)}).WithHint("froyo docs host.%s says what it takes", name)
		}
	}
	return "host." + name + "(" + strings.Join(args, ", ") + ")", nil
}

func noParam(question, name string, params []eval.Param) error {
	var names []string
	for _, p := range params {
		names = append(names, p.Name)
	}
	err := &diag.Error{Summary: fmt.Sprintf("%s has no argument %s", question, name)}
	switch near := diag.Nearest(name, names); {
	case near != "":
		return err.WithHint("did you mean %s?", near)
	case len(names) == 0:
		return err.WithHint("it takes no arguments")
	}
	return err.WithHint("its arguments are: %s", strings.Join(names, ", "))
}

// hostAnswer is what a host answered, as JSON.
type hostAnswer struct {
	Host  string `json:"host"`
	Value any    `json:"value"`
	Error string `json:"error,omitempty"`
}

func writeJSON(e *console.Console, hosts []*inventory.Host, values []any, errs []error) error {
	all := make([]hostAnswer, len(hosts))
	for i, h := range hosts {
		all[i] = hostAnswer{Host: h.Name, Value: values[i]}
		if errs[i] != nil {
			all[i].Error = errs[i].Error()
		}
	}
	return e.WriteJSON(struct {
		Hosts []hostAnswer `json:"hosts"`
	}{all})
}
