// Package facts is froyo facts: what hosts tell of themselves, asked for now or kept from before.
//
// It imports runtime/cli/client, runtime/cli/flags and engine/facts.
package facts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
)

// Command is froyo facts.
type Command struct {
	Collect collectCommand `cmd:"" help:"Ask hosts for facts, and keep what they tell."`
	Show    showCommand    `cmd:"" help:"Show the facts of a host."`
	Diff    diffCommand    `cmd:"" help:"Ask a host again, and show what has changed since its facts were collected."`
	Schema  schemaCommand  `cmd:"" help:"List the facts that there are, with what they can be."`
}

// one opens the inventory for one host.
func one(ctx context.Context, c *console.Console, t *flags.Target, name string) (*client.Fleet, error) {
	f, err := client.OpenFleet(ctx, c, t, nil)
	if err != nil {
		return nil, err
	}
	if h := f.Inventory.Host(name); h != nil {
		f.Hosts = []*inventory.Host{h}
		return f, nil
	}
	d := &diag.Error{Summary: fmt.Sprintf("no host is named %q", name)}
	if near := diag.Nearest(name, inventory.Names(f.Inventory.Hosts())); near != "" {
		return nil, errors.Join(d.WithHint("did you mean %q?", near), f.Close(ctx))
	}
	return nil, errors.Join(d.WithHint("all that there are: froyo inventory list"), f.Close(ctx))
}

// split finds the namespace in a name such as os.basic.family, and the path of a field in it, which may be empty.
func split(r *facts.Registry, name string) (*facts.Namespace, []string, error) {
	parts := strings.Split(name, ".")
	for n := len(parts); n > 0; n-- {
		if found := r.Lookup(strings.Join(parts[:n], ".")); found != nil {
			return found, parts[n:], field(found, parts[n:])
		}
	}
	return nil, nil, client.NoFacts(r, name)
}

// field refuses a path whose first part is no field of the namespace.
func field(n *facts.Namespace, path []string) error {
	if len(path) == 0 || n.Field(path[0]) != nil {
		return nil
	}
	var names []string
	for i := range n.Fields {
		names = append(names, n.Fields[i].Name)
	}
	d := &diag.Error{Summary: fmt.Sprintf("%s has no field %s", n.Name, path[0])}
	if near := diag.Nearest(path[0], names); near != "" {
		return d.WithHint("did you mean %s.%s?", n.Name, near)
	}
	return d.WithHint("it has: %s", strings.Join(names, ", "))
}

// failures are what went wrong with hosts and their facts.
func failures(answers []collect.Answer, namespaces []*facts.Namespace) error {
	var errs []error
	for _, a := range answers {
		if a.Err != nil {
			errs = append(errs, blame.Host(a.Host.Name, a.Err))
			continue
		}
		for _, n := range namespaces {
			if f := a.Facts[n.Name]; f.Err != nil {
				errs = append(errs, failure(a.Host, n, f.Err))
			}
		}
	}
	return errors.Join(errs...)
}

// failure says which facts of which host are not known.
func failure(h *inventory.Host, n *facts.Namespace, err error) error {
	if d, ok := errors.AsType[*diag.Error](err); ok && d.Host != "" {
		return d
	}
	told := diag.Of(err)
	return &diag.Error{Host: h.Name, Summary: fmt.Sprintf("facts %s: %s", n.Name, strings.TrimPrefix(told.Summary, n.Name+": ")), Detail: told.Detail, Hint: told.Hint, Code: diag.Failed, Cause: err}
}

// changed are the namespaces of which a host tells something else than was kept.
func changed(now, before map[string]collect.Fact, namespaces []*facts.Namespace) []string {
	var names []string
	for _, n := range namespaces {
		f, old := now[n.Name], before[n.Name]
		if f.Err == nil && !f.Kept && old.Values != nil && len(compare(n, old.Values, f.Values)) > 0 {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}
