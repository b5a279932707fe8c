package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/samehost"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/vars/declared"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
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

	mu         sync.Mutex
	logins     map[string]fleet.Login
	limits     map[string]string // what sudo allows where that is not all
	console    *console.Console
	stage      stage
	transports *wire.Transports
	store      state.Store
}

// OpenFleet opens the hosts that flags name in the workspace around the current directory. It connects to none, unless the flags
// name a condition on hosts.
func OpenFleet(ctx context.Context, c *console.Console, t *flags.Target) (f *Fleet, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	w, err := here.Around(c, dir)
	if err != nil {
		return nil, err
	}
	root := cmp.Or(w.Root, dir)
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return nil, err
	}
	read, err := t.Read(ctx, c, w)
	if err != nil {
		return nil, err
	}
	given, err := vars.Set{Inventory: t.WithDefaults(read, w)}.Mark(nil)
	if err != nil {
		return nil, err
	}
	f = &Fleet{console: c}
	if f.Hosts, err = t.Select(given.Inventory); err != nil {
		return nil, err
	}
	files, err := w.Files(root)
	if err != nil {
		return nil, err
	}
	c.AtExit(files.Close) // errors show lines of them
	c.Errors.Source = func(file string) ([]byte, bool) { return run.Text(files, file) }
	d, err := declared.Find(files, path.Join(filepath.ToSlash(rel), DefaultRunbook))
	if err != nil {
		return nil, errors.Join(err, f.Close(ctx))
	}
	if err := f.open(ctx, w, files, d, given, t); err != nil {
		return nil, err
	}
	if t.Where == "" {
		return f, nil
	}
	if f.Hosts, err = f.Where(ctx, t.Where); err != nil {
		return nil, errors.Join(err, f.Close(ctx))
	}
	return f, nil
}

// fleet opens hosts of what is to be run.
func (l *Loaded) fleet(ctx context.Context, spec *run.Spec, t *flags.Target, hosts []*inventory.Host) (*Fleet, error) {
	f := &Fleet{console: l.Console, Inventory: spec.Vars.Inventory, Hosts: hosts}
	d, err := declared.Find(l.dir, spec.Main)
	if err != nil {
		return nil, err
	}
	return f, f.open(ctx, l.Workspace, l.dir, d, spec.Vars, t)
}

// open opens what it takes to ask the hosts.
func (f *Fleet) open(ctx context.Context, w *workspace.Workspace, files fs.FS, d *declared.Variables, given vars.Set, t *flags.Target) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(ctx))
		}
	}()
	n, err := forks(w, t.Forks)
	if err != nil {
		return err
	}
	if f.Facts, err = facts.Read(files); err != nil {
		return err
	}
	effective := &declared.Effective{Set: given}
	if d != nil {
		if effective, err = d.Apply(given.MarkNames(d.Sensitive())); err != nil {
			return err
		}
	}
	f.Inventory = effective.Set.Inventory
	for i, h := range f.Hosts {
		f.Hosts[i] = cmp.Or(f.Inventory.Host(h.Name), h)
	}
	if f.Language, err = script.Load(ctx, script.Options{
		FS: files, Inventory: f.Inventory, Facts: f.Facts, Vars: effective.Set.Given, Declared: effective.Differ, Print: f.console.PrintLine,
		Seal: w.Sealer,
	}); err != nil {
		return err
	}
	if f.store, err = wire.State(ctx, w.StateDir()); err != nil {
		return err
	}
	if f.transports, err = t.Transports(f.console); err != nil {
		return err
	}
	openers, notes, machines := f.transports.Openers(), fleet.NewNotes(), samehost.New(func(string, string) {})
	f.Collector = &collect.Collector{
		Store: f.store, Workspace: w.ID(), Forks: n, Function: f.Language.Collect, Events: &f.stage,
		Warn: func(w *diag.Error) { f.stage.above(func() { f.console.Errors.Warnings([]*diag.Error{w}) }) },
		Pool: fleet.NewPool(func(ctx context.Context, h *inventory.Host) (fleet.Session, error) {
			hooks := fleet.HooksOf(h, notes, nil, &f.stage, machines)
			f.listen(h.Name, &hooks)
			return openers.Open(ctx, h, hooks)
		}),
	}
	return nil
}

// listen notes how a host let us in, and what sudo allows there.
func (f *Fleet) listen(host string, hooks *fleet.Hooks) {
	hooks.LoggedIn = func(l fleet.Login) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.logins == nil {
			f.logins = map[string]fleet.Login{}
		}
		f.logins[host] = l
	}
	tell := hooks.Restricted
	hooks.Restricted = func(user string, commands []string) {
		f.mu.Lock()
		if f.limits == nil {
			f.limits = map[string]string{}
		}
		f.limits[host] = strings.Join(commands, ", ")
		f.mu.Unlock()
		tell(user, commands)
	}
}

// Login tells how a host let us in, and to which commands sudo limits who acts there, "" where to none.
func (f *Fleet) Login(host string) (l fleet.Login, in bool, limit string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, in = f.logins[host]
	return l, in, f.limits[host]
}

// Show shows how the hosts get on, until the function that it returns is called. verb says what is done.
func (f *Fleet) Show(verb string) (end func()) {
	f.stage.show(f.console.Progress(verb, "", inventory.Names(f.Hosts)))
	return f.stage.end
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
	before := f.console.Errors.Source
	f.console.Errors.Source = func(file string) ([]byte, bool) {
		if file != name && before != nil {
			return before(file)
		}
		return []byte(condition), file == name
	}
	expr, err := script.Compile(f.Language, name, condition)
	if err != nil {
		return nil, err
	}
	defer f.Show("asking")()
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
func (f *Fleet) Close(ctx context.Context) error {
	var errs []error
	if f.Collector != nil {
		f.Collector.Pool.Close(context.WithoutCancel(ctx))
	}
	if f.transports != nil {
		errs = append(errs, f.transports.Close())
	}
	if f.store != nil {
		errs = append(errs, f.store.Close())
	}
	return errors.Join(errs...)
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
