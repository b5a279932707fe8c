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

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/script"
)

// Prompt is hosts, and a session of the language in which they are asked. Close must follow.
type Prompt struct {
	Fleet   *Fleet
	Session *script.Session
	// All is that no flag narrows the hosts.
	All bool
	// Wrap stands between the session and the hosts that it asks; nil for nothing.
	Wrap func(runbook.Reader) runbook.Reader

	flags *flags.Planning
	types *catalog.Catalog
	// main is the runbook whose names the session has, "" for none.
	main string
}

// OpenPrompt opens the hosts that flags name and begins a session, with the names of the runbook that they name, or of site.star
// where there is one. It connects to no host, unless the flags name a condition on hosts.
func OpenPrompt(ctx context.Context, c *console.Console, p *flags.Planning, o script.SessionOptions) (*Prompt, error) {
	f, main, err := openRunbook(ctx, c, p)
	if err != nil {
		return nil, err
	}
	i := &Prompt{Fleet: f, All: p.Limit == "" && p.Where == "", flags: p, main: main}
	if i.types, err = typesOf(ctx, f.at.workspace); err != nil {
		return nil, errors.Join(err, f.Close(ctx))
	}
	i.Session, err = script.NewSession(ctx, i.options(o))
	if err != nil && p.File == "" && c.Interactive() && ctx.Err() == nil { // it was not asked for, and can be put right meanwhile
		c.Errors.Print(err)
		c.Errors.Note("the session begins without " + i.main + "; once it is right: reload()")
		without := i.options(o)
		without.Options.Main = ""
		i.Session, err = script.NewSession(ctx, without)
	}
	if err != nil {
		return nil, errors.Join(err, i.types.Close(ctx), f.Close(ctx))
	}
	c.Errors.Source = i.source
	return i, nil
}

// openRunbook opens the hosts that flags name in the workspace around the runbook that they name; main is its path in there. Where
// they name none it is site.star, and main is "" where that is not there.
func openRunbook(ctx context.Context, c *console.Console, p *flags.Planning) (f *Fleet, main string, err error) {
	if _, err := os.Stat(DefaultRunbook); p.File == "" && err != nil {
		f, err = OpenFleet(ctx, c, &p.Target, &p.Vars)
		return f, "", err
	}
	abs, err := existing(cmp.Or(p.File, DefaultRunbook))
	if err != nil {
		return nil, "", err
	}
	o := &opened{console: c}
	root, rel, err := o.around(filepath.Dir(abs))
	if err != nil {
		return nil, "", err
	}
	if err := o.workspace.Trust(abs); err != nil {
		return nil, "", errors.Join(err, o.closeFiles())
	}
	main = path.Join(rel, filepath.Base(abs))
	f, err = o.openFleet(ctx, root, main, &p.Target, &p.Vars)
	return f, main, err
}

// options are those of the session, with what the workspace says by now.
func (i *Prompt) options(o script.SessionOptions) script.SessionOptions {
	names, print := o.Options.Predeclared, o.Options.Print
	o.Options = i.Fleet.language
	o.Options.Predeclared, o.Options.Print, o.Options.Main, o.Options.Types = names, print, i.main, i.types.Types()
	o.File, o.Reader = i.file(), i.Reader
	return o
}

// Reader asks the hosts.
func (i *Prompt) Reader() eval.Reader {
	if i.Wrap == nil {
		return i.Fleet.Collector.Reader()
	}
	return i.Wrap(i.Fleet.Collector.Reader())
}

// Runbook is the path in the workspace of the runbook whose names the session has, "" for none.
func (i *Prompt) Runbook() string { return i.main }

// Types are the resource types.
func (i *Prompt) Types() []*schema.Type { return i.types.Types() }

// file is where the entries would be, as a file of the workspace.
func (i *Prompt) file() string { return path.Join(path.Dir(i.Fleet.main), script.Prompt) }

func (i *Prompt) source(file string) ([]byte, bool) {
	if text, found := i.Session.Source(file); found {
		return text, true
	}
	return run.Text(i.Fleet.at.dir, file)
}

// Reload reads the inventory and all files of the session anew, and connects anew to hosts that are asked.
func (i *Prompt) Reload(ctx context.Context, o script.SessionOptions) error {
	c := i.Fleet.at.console
	f, main, err := openRunbook(ctx, c, i.flags)
	c.Errors.Source = i.source
	if err != nil {
		return err
	}
	next := *i
	next.Fleet, next.main = f, main
	if err := i.Session.Reload(ctx, next.options(o)); err != nil {
		return errors.Join(err, f.Close(ctx), f.at.closeFiles())
	}
	before := i.Fleet
	i.Fleet, i.main = f, main
	return errors.Join(before.Close(ctx), before.at.closeFiles())
}

// Load makes a job of a function of the session that is called for the hosts that a selector matches, of those that the flags name. entry is what
// was typed, effects what shows all that it does.
func (i *Prompt) Load(ctx context.Context, fn starlark.Callable, selector, entry, effects string) (*Loaded, error) {
	c := i.Fleet.at.console
	l := &Loaded{Console: c, at: &opened{console: c, workspace: i.Fleet.at.workspace, root: i.Fleet.root, secrets: i.Fleet.at.secrets, opens: i.Fleet.at.opens}, types: i.types, lent: true, Effects: effects, Entry: entry}
	spec := run.Spec{Root: i.Fleet.root, Main: i.file(), Typed: true, Vars: i.Fleet.given}
	if err := i.limit(&spec); err != nil {
		return nil, err
	}
	var err error
	if l.at.dir, err = i.Fleet.at.workspace.Files(i.Fleet.root); err != nil {
		return nil, err
	}
	services, err := l.services(ctx, l.at.dir)
	c.Errors.Source = i.source
	if err != nil {
		return nil, errors.Join(err, l.at.closeFiles())
	}
	services.Read = func(_ context.Context, s run.Source) (runbook.Program, error) {
		i.Session.PrintTo(s.Print)
		return i.Session.Play(fn, selector)
	}
	if l.Job, err = run.Load(ctx, services, spec); err != nil {
		return nil, errors.Join(err, l.at.closeFiles())
	}
	return l, nil
}

// limit limits a job to the hosts that the flags select, by their names.
func (i *Prompt) limit(spec *run.Spec) error {
	if i.All {
		return nil
	}
	groups := i.Fleet.Inventory.Groups()
	for _, h := range i.Fleet.Hosts {
		if _, also := groups[h.Name]; also {
			return &diag.Error{Summary: fmt.Sprintf("%s is the name of a host and of a group, so that hosts which -l and --where do not select would take part, too", h.Name)}
		}
	}
	spec.Limit = strings.Join(inventory.Names(i.Fleet.Hosts), ",")
	return nil
}

// Files are the files whose names match a pattern, as the session names them.
func (i *Prompt) Files(pattern string) []string {
	found, err := fs.Glob(i.Fleet.at.dir, path.Join(path.Dir(i.Fleet.main), pattern))
	if err != nil {
		return nil // of a wrong pattern
	}
	for j, name := range found {
		found[j] = path.Base(name)
	}
	return found
}

// Host finds a host of those that the flags name.
func (i *Prompt) Host(name string) (*inventory.Host, error) {
	if j := slices.IndexFunc(i.Fleet.Hosts, func(h *inventory.Host) bool { return h.Name == name }); j >= 0 {
		return i.Fleet.Hosts[j], nil
	}
	if i.Fleet.Inventory.Host(name) != nil {
		return nil, (&diag.Error{Summary: "host " + name + " is not one of those that -l and --where select"}).WithHint("hosts() lists them")
	}
	err := &diag.Error{Summary: "there is no host " + name}
	if near := diag.Nearest(name, inventory.Names(i.Fleet.Inventory.Hosts())); near != "" {
		return nil, err.WithHint("did you mean %s?", near)
	}
	return nil, err.WithHint("hosts() lists those that there are")
}

// Close ends the connections and closes what was opened.
func (i *Prompt) Close(ctx context.Context) error {
	i.Session.Wait()
	return errors.Join(i.types.Close(ctx), i.Fleet.Close(ctx))
}
