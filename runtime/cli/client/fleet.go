package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/vars/declared"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/script"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Fleet is hosts that can be asked, without a runbook. Close must follow.
type Fleet struct {
	// Hosts are those that were selected, of Inventory.
	Hosts     []*inventory.Host
	Inventory *inventory.Inventory
	// Facts are the namespaces that hosts can tell.
	Facts     *facts.Registry
	Collector *collect.Collector
	// Language evaluates expressions, and the functions of the workspace that tell facts.
	Language *script.Program

	at    *opened
	store state.Store

	root, main string         // the workspace's directory, and where the runbook is or would be in it
	given      vars.Set       // the variables of the command line
	language   script.Options // what Language is made from
}

// OpenFleet opens the hosts that flags name in the workspace around the current directory, and with v, which may be nil, variables
// of the command line. It connects to none, unless the flags name a condition on hosts.
func OpenFleet(ctx context.Context, c *console.Console, t *flags.Target, v *flags.Vars) (f *Fleet, err error) {
	o := &opened{console: c}
	root, main, err := o.aroundHere(DefaultRunbook)
	if err != nil {
		return nil, err
	}
	return o.openFleet(ctx, root, main, t, v)
}

// openFleet opens the hosts that flags name in a workspace whose directory is root. main is where its runbook is, or would be.
func (o *opened) openFleet(ctx context.Context, root, main string, t *flags.Target, v *flags.Vars) (f *Fleet, err error) {
	c := o.console
	c.AtExit(o.closeFiles) // errors show lines of them
	read, err := t.Read(ctx, c, o.workspace)
	if err != nil {
		return nil, err
	}
	if o.opens, err = t.Vault.Open(ctx, c, o.workspace); err != nil {
		return nil, err
	}
	given, err := givenBy(ctx, c, o.workspace, v, &t.Vault, t.WithDefaults(read, o.workspace))
	if err != nil {
		return nil, err
	}
	hosts, err := t.Select(ctx, given.Inventory)
	if err != nil {
		return nil, err
	}
	files := o.dir
	c.Errors.Source = func(file string) ([]byte, bool) { return run.Text(files, file) }
	if f, err = o.fleet(ctx, main, given, t, hosts); err != nil {
		return nil, errors.Join(err, o.leave(ctx))
	}
	f.root = root
	if t.Where == "" {
		return f, nil
	}
	if f.Hosts, err = f.Where(ctx, t.Where); err != nil {
		return nil, errors.Join(err, f.Close(ctx))
	}
	return f, nil
}

// givenBy are the variables of the command line, with an inventory; v may be nil.
func givenBy(ctx context.Context, c *console.Console, w *workspace.Workspace, v *flags.Vars, sealed *flags.Vault, inv *inventory.Inventory) (vars.Set, error) {
	set := vars.Set{Inventory: inv}
	if v == nil {
		return set.Mark(nil)
	}
	opens, err := sealed.Open(ctx, c, w)
	if err != nil {
		return set, err
	}
	texts, err := v.Texts(ctx)
	if err != nil {
		return set, err
	}
	if set.Given, err = v.Values(texts, c.Process.Environ(), opens); err != nil {
		return set, err
	}
	set.Places = v.Places(texts, c.Process.Environ())
	return set.Mark(v.Sensitive)
}

// fleet opens what it takes to ask hosts. main is the runbook, whose variables count.
func (o *opened) fleet(ctx context.Context, main string, given vars.Set, t *flags.Target, hosts []*inventory.Host) (_ *Fleet, err error) {
	f := &Fleet{at: o, Hosts: slices.Clone(hosts), main: main, given: given}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.closeStore())
		}
	}()
	n, err := o.forks(t.Forks)
	if err != nil {
		return nil, err
	}
	if f.Facts, err = facts.Read(o.dir); err != nil {
		return nil, err
	}
	d, err := declared.Find(o.dir, main)
	if err != nil {
		return nil, err
	}
	effective := &declared.Effective{Set: given}
	if d != nil {
		if effective, err = d.Apply(given.MarkNames(d.Sensitive())); err != nil {
			return nil, err
		}
	}
	f.Inventory = effective.Set.Inventory
	for i, h := range f.Hosts {
		f.Hosts[i] = cmp.Or(f.Inventory.Host(h.Name), h)
	}
	f.language = script.Options{
		FS: o.dir, Inventory: f.Inventory, Facts: f.Facts, Vars: effective.Set.Given, Declared: effective.Differ, Print: o.console.PrintLine,
		Seal: o.workspace.Sealer, Secrets: o.asked(),
	}
	if f.Language, err = script.Load(ctx, f.language); err != nil {
		return nil, err
	}
	if f.store, err = wire.State(ctx, o.workspace); err != nil {
		return nil, err
	}
	connections, err := o.connections(&t.Login)
	if err != nil {
		return nil, err
	}
	if o.runs {
		connections.Preview(&o.stage)
	} else {
		connections.Listen(&o.stage, func(string, string) {})
	}
	f.Collector = &collect.Collector{
		Store: f.store, Workspace: o.workspace.ID(), Forks: n, Function: f.Language.Collect, Events: &o.stage, Pool: connections.Pool, Warn: o.warn,
	}
	return f, nil
}

// Login tells how a host let us in, and to which commands sudo limits who acts there, "" where to none.
func (f *Fleet) Login(host string) (l fleet.Login, in bool, limit string) {
	return f.at.hosts.Login(host)
}

// Show shows how hosts get on, until the function that it returns is called. verb says what is done.
func (f *Fleet) Show(verb string, hosts []*inventory.Host) (end func()) {
	f.at.stage.show(f.at.console.Progress(verb, "", inventory.Names(hosts)))
	return f.at.stage.end
}

// Each does something for each host, as many at once as there are forks.
func (f *Fleet) Each(hosts []*inventory.Host, do func(i int, h *inventory.Host)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, f.Collector.Forks)
	for i, h := range hosts {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(i, h)
		})
	}
	wg.Wait()
}

// Where gives the hosts whose facts make a condition true. A host of which that cannot be known is an error: it would be left out
// in silence.
func (f *Fleet) Where(ctx context.Context, condition string) ([]*inventory.Host, error) {
	const name = "--where"
	before := f.at.console.Errors.Source
	f.at.console.Errors.Source = func(file string) ([]byte, bool) {
		if file != name && before != nil {
			return before(file)
		}
		return []byte(condition), file == name
	}
	expr, err := script.Compile(f.Language, name, condition)
	if err != nil {
		return nil, err
	}
	defer f.Show("asking", f.Hosts)()
	named, err := f.Collector.Collect(ctx, f.Hosts, expr.Namespaces(), false) // in one round trip
	if err != nil {
		return nil, err
	}
	if err := lost(named); err != nil {
		return nil, err
	}
	holds, errs := make([]bool, len(f.Hosts)), make([]error, len(f.Hosts))
	f.Each(f.Hosts, func(i int, h *inventory.Host) { holds[i], errs[i] = f.holds(ctx, expr, h) })
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var found []*inventory.Host
	for i, h := range f.Hosts {
		if holds[i] {
			found = append(found, h)
		}
	}
	if len(found) == 0 {
		return nil, (&diag.Error{Summary: fmt.Sprintf("no host is left: --where %s is true of none of %s", condition, count(len(f.Hosts)))}).
			WithHint("froyo facts show HOST prints what is known of one")
	}
	return found, nil
}

// lost says which hosts did not answer, so that a condition on them cannot be decided.
func lost(answers []collect.Answer) error {
	var errs []error
	for _, a := range answers {
		if a.Err == nil {
			continue
		}
		err := blame.Host(a.Host.Name, a.Err)
		if d, ok := errors.AsType[*diag.Error](err); ok {
			d.Summary += ", so that --where cannot tell whether it takes part"
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// holds reports whether a condition is true of a host.
func (f *Fleet) holds(ctx context.Context, expr *script.Expression, h *inventory.Host) (bool, error) {
	v, err := expr.Eval(ctx, h, f.Collector.Reader())
	if err != nil {
		return false, err
	}
	if v.Type() != "bool" {
		return false, (&diag.Error{Host: h.Name, Summary: fmt.Sprintf("--where: expected True or False, got %s", v.Type())}).
			WithHint("compare it with something, such as os.basic.id == \"debian\"")
	}
	return bool(v.Truth()), nil
}

func count(n int) string {
	if n == 1 {
		return "1 host"
	}
	return fmt.Sprintf("%d hosts", n)
}

// Close ends the connections and closes what was opened.
func (f *Fleet) Close(ctx context.Context) error { return errors.Join(f.at.leave(ctx), f.closeStore()) }

func (f *Fleet) closeStore() error {
	if f.store == nil {
		return nil
	}
	return f.store.Close()
}

// Namespaces finds namespaces by their names; none names all.
func (f *Fleet) Namespaces(names []string) ([]*facts.Namespace, error) {
	if len(names) == 0 {
		return f.Facts.All(), nil
	}
	var found []*facts.Namespace
	for _, name := range names {
		n := f.Facts.Lookup(name)
		if n == nil {
			return nil, NoFacts(f.Facts, name)
		}
		if !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	return found, nil
}

// NoFacts says that there is no namespace of a name, and which it may have been.
func NoFacts(r *facts.Registry, name string) error {
	err := &diag.Error{Summary: "there are no facts " + name}
	if near := diag.Nearest(name, r.Names()); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("froyo facts schema lists them")
}

// Live is what programs print as they do, nil where the flags do not ask for that.
func (f *Fleet) Live() *fleet.Live { return f.at.hosts.Live }

// StateDir is where the state of the workspace is kept.
func (f *Fleet) StateDir() string { return f.at.workspace.StateDir() }
