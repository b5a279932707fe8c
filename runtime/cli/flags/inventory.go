package flags

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/program"
	"github.com/openfroyo/froyo/engine/inventory/source"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Read reads the sources that flags or the workspace name; to those of the workspace belong the hosts that were onboarded. This
// machine is the target only where there are none.
func (f *Target) Read(ctx context.Context, c *console.Console, w *workspace.Workspace) (*inventory.Inventory, error) {
	if f.Given != nil {
		return f.Given, nil
	}
	c.Errors.Warnings(ansibleConfig(f, c, w))
	inv, err := Load(ctx, c, w, f.Inventory, &f.Vault)
	switch {
	case err != nil:
		return nil, err
	case inv != nil:
	case f.Limit != "":
		return nil, (&diag.Error{Summary: "--limit is given, but no inventory to limit"}).
			WithHint("name one with -i FILE or -i h1,h2, or make inventory.cue in the workspace")
	default:
		inv = inventory.Localhost()
	}
	c.Errors.Warnings(inv.Warnings())
	return inv, nil
}

// Files are the inventory's files that flags name, as absolute paths.
func (f *Target) Files() ([]string, error) {
	var files []string
	for _, source := range f.Inventory {
		if strings.Contains(source, ",") {
			continue // a list of names
		}
		file, err := filepath.Abs(source)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Load reads the inventory's sources, those in the workspace under its rules. Where none is named, it is those of the workspace and
// the hosts that were onboarded; nil is that there is nothing.
// Those that are programs are run, and what ansible-vault encrypted is opened by v.
func Load(ctx context.Context, c *console.Console, w *workspace.Workspace, sources []string, v *Vault) (*inventory.Inventory, error) {
	var registered []source.Registered
	if len(sources) == 0 {
		var err error
		if registered, err = targets(ctx, w); err != nil {
			return nil, err
		}
		if sources = w.Inventory(); len(sources)+len(registered) == 0 {
			return nil, nil
		}
	}
	return load(ctx, c, w, sources, v, registered)
}

// targets are the hosts that were onboarded.
func targets(ctx context.Context, w *workspace.Workspace) (all []source.Registered, err error) {
	store, err := wire.Kept(ctx, w)
	if err != nil || store == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	found, err := store.Targets(ctx, w.ID())
	for _, t := range found {
		all = append(all, source.Registered{Name: t.Name, Address: t.Address, Port: t.Port, User: t.User, Key: t.Key, KeyFile: t.KeyFile, Labels: t.Labels})
	}
	return all, err
}

func load(ctx context.Context, c *console.Console, w *workspace.Workspace, sources []string, v *Vault, registered []source.Registered) (*inventory.Inventory, error) {
	programs, err := runner(c)
	if err != nil {
		return nil, err
	}
	opens, err := v.Open(ctx, c, w)
	if err != nil {
		return nil, err
	}
	return source.Load(ctx, sources, source.Options{
		Home:  c.Getenv("HOME"),
		Vault: opens, Registered: registered,
		Trust: func(name string) error { return trusted(w, name) },
		Run: func(path string, args ...string) ([]byte, error) {
			return programs.Run(ctx, path, args...)
		},
	})
}

// runner runs the programs of an inventory, for as long as the environment
// allows. What is meant for froyo, such as passwords, is not passed on.
func runner(c *console.Console) (*program.Runner, error) {
	r := &program.Runner{Limit: program.DefaultLimit}
	r.Env = slices.DeleteFunc(c.Process.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "FROYO_") })
	text := c.Getenv(program.LimitVariable)
	if text == "" {
		return r, nil
	}
	const day = 24 * 60 * 60
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 || seconds > day {
		return nil, diag.Errorf(diag.Pos{}, "%s=%q in the environment: want seconds, from 1 to %d", program.LimitVariable, text, day)
	}
	r.Limit = time.Duration(seconds) * time.Second
	return r, nil
}

// trusted applies the workspace's rules to files of the inventory that lie in it;
// one that the operator names elsewhere is their own affair.
func trusted(w *workspace.Workspace, name string) error {
	if w.Root == "" {
		return nil
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(w.Root, abs); err != nil || !filepath.IsLocal(rel) {
		return nil //nolint:nilerr // not below the workspace
	}
	return w.Trust(abs)
}

// maxLimit bounds a file of selectors.
const maxLimit = 16 << 20

// LimitFile reads a file that --limit names.
func LimitFile(ctx context.Context) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		return input.File{Name: name, What: "--limit @" + name, Max: maxLimit}.Read(ctx)
	}
}

// Select gives the hosts of an inventory that --limit leaves. None at all is an error.
func (f *Target) Select(ctx context.Context, inv *inventory.Inventory) ([]*inventory.Host, error) {
	hosts, err := inv.Limited(f.Limit, LimitFile(ctx))
	switch {
	case err != nil:
		return nil, err
	case len(hosts) > 0:
		return hosts, nil
	case f.Limit == "":
		return nil, (&diag.Error{Summary: "the inventory has no hosts"}).WithHint("add hosts to its groups, or name another with -i")
	}
	var named strings.Builder
	for _, i := range f.Inventory {
		named.WriteString(" -i " + wording.Quote(i))
	}
	return nil, (&diag.Error{Summary: "no host is left: the limit \"" + f.Limit + "\" picks none"}).
		WithHint("all that there are: froyo inventory list%s", named.String())
}

// WithDefaults fills in what flags and the workspace's settings say of hosts where
// the inventory says nothing.
func (f *Target) WithDefaults(inv *inventory.Inventory, w *workspace.Workspace) *inventory.Inventory {
	hosts := inv.Hosts()
	for i, h := range hosts {
		h := *h
		if h.Become == nil && (f.Become || w.Settings.Become) {
			h.Become = new(true)
		}
		h.BecomeMethod = cmp.Or(h.BecomeMethod, f.Method)
		if choosesUser(&h) {
			h.User = cmp.Or(h.User, f.User, w.Settings.User)
		}
		hosts[i] = &h
	}
	return inventory.New(hosts, slices.Sorted(maps.Keys(inv.Groups()))...).WithOriginsOf(inv)
}

// choosesUser reports whether a host's connection can be told whose shell it shall give.
func choosesUser(h *inventory.Host) bool {
	k := kind.Of(h.Connection)
	return k == nil || len(k.Login) > 0 || kind.Host{Arguments: h.Arguments}.Wants("user")
}
