package client

import (
	"cmp"
	"context"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/secret/source"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/secret/vault"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// opened is what runs and questions have in common: the workspace, and the ways to its hosts.
type opened struct {
	console    *console.Console
	workspace  *workspace.Workspace
	dir        *workspace.Files
	stage      stage
	transports *wire.Transports
	hosts      *fleet.Connections           // nil until they are wanted
	runs       bool                         // a run takes them over, which is told what they tell before
	root       string                       // the directory that names of files start from
	secrets    *source.Set                  // those of the run, or of the session; nil until they are wanted
	kept       source.Store                 // which they are read from; nil until it is wanted
	once       func() (*store.Store, error) // opens the workspace's store; nil until it is wanted
	opens      *vault.Vault                 // what ansible-vault encrypted; nil where nothing does
	standIn    bool                         // no secret is read
	replaced   map[string]string            // secrets with the values that they are to have
	identities []string                     // files of keys that open secrets, besides the others
}

// asked gives the secrets that runbooks ask for. Each is asked for once.
func (o *opened) asked() *source.Set {
	if o.secrets == nil {
		s := o.sources()
		s.Seal, s.StandIn = o.workspace.Sealer, o.standIn
		o.secrets = source.New(s)
		for name, value := range o.replaced {
			o.secrets.Replace(name, value)
		}
	}
	return o.secrets
}

// sources are what secrets are read from. Those of runbooks and of connections have one store, so that it asks for a passphrase once.
func (o *opened) sources() source.Options {
	if o.kept == nil {
		o.once = sync.OnceValues(o.store)
		o.kept = wire.Secrets(o.once)
	}
	return source.Options{Store: o.kept, Dir: o.root, Env: o.console.Process.Environ(), Warn: o.warn, Vault: o.opens}
}

// store opens the store of secrets.
func (o *opened) store() (*store.Store, error) {
	s, err := here.SecretsBeside(o.console, o.workspace, o.askAbove, o.identities...)
	if err != nil {
		return nil, err
	}
	s.Notice = func(text string) { o.warn(&diag.Error{Summary: text}) }
	return s, nil
}

// askAbove asks a question while nothing else is written.
func (o *opened) askAbove(question func()) {
	if p := o.stage.current(); p != nil {
		p.Ask(question)
		return
	}
	question()
}

// around opens the workspace around a directory, or that directory where there is none: its root, and the way from there.
func (o *opened) around(dir string) (root, rel string, err error) {
	if o.workspace, err = here.Around(o.console, dir); err != nil {
		return "", "", err
	}
	root = cmp.Or(o.workspace.Root, dir)
	o.root = root
	if rel, err = filepath.Rel(root, dir); err != nil {
		return "", "", err
	}
	o.dir, err = o.workspace.Files(root)
	return root, filepath.ToSlash(rel), err
}

// aroundHere is around of the current directory, and where a file that is not there would be in it.
func (o *opened) aroundHere(file string) (root, main string, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", "", err
	}
	root, rel, err := o.around(dir)
	return root, path.Join(rel, file), err
}

// forks is how many hosts are at work at once: the flag, the workspace, the default.
func (o *opened) forks(flag *int) (int, error) {
	n := run.DefaultForks
	switch {
	case flag != nil:
		n = *flag
	case o.workspace.Settings.Forks > 0:
		n = o.workspace.Settings.Forks
	}
	if n < 1 {
		return 0, diag.Errorf(diag.Pos{}, "--forks %d: at least one host must be at work", n)
	}
	return n, nil
}

// connections are the ways to hosts, which are made once. It asks for the passwords that flags call for, and connects to nothing.
func (o *opened) connections(f *flags.Login) (*fleet.Connections, error) {
	if o.hosts != nil {
		return o.hosts, nil
	}
	var err error
	sources := o.sources()
	if o.transports, err = f.Transports(o.console, wire.Credentials(sources, o.once)); err != nil {
		return nil, err
	}
	o.hosts = fleet.Connect(o.transports.Openers(), f.Live)
	return o.hosts, nil
}

// ahead begins to connect to hosts beside what is still to be done before they are asked.
func (o *opened) ahead(ctx context.Context, f *flags.Login, hosts []*inventory.Host) error {
	forks, err := o.forks(f.Forks)
	if err != nil {
		return err
	}
	connections, err := o.connections(f)
	if err != nil {
		return err
	}
	connections.Ahead(ctx, hosts, forks)
	return nil
}

// leave ends the connections.
func (o *opened) leave(ctx context.Context) (err error) {
	if o.hosts != nil {
		o.hosts.Close(context.WithoutCancel(ctx))
	}
	if o.transports != nil {
		err = o.transports.Close()
		o.transports = nil
	}
	return err
}

// warn prints a warning, above the screen of the stage that a run is in.
func (o *opened) warn(w *diag.Error) {
	o.stage.above(func() { o.console.Errors.Warnings([]*diag.Error{w}) })
}

// Types opens the resource types. Close must follow.
func Types(ctx context.Context, c *console.Console) (*catalog.Catalog, error) {
	w, err := here.Workspace(c)
	if err != nil {
		return nil, err
	}
	return typesOf(ctx, w)
}

// PackageOf opens the resource types of the package that has one of that name, all where none has. Close must follow.
func PackageOf(ctx context.Context, c *console.Console, typ string) (*catalog.Catalog, error) {
	w, err := here.Workspace(c)
	if err != nil {
		return nil, err
	}
	cache, err := guests(w)
	if err != nil {
		return nil, err
	}
	return wire.PackageOf(ctx, cache, typ)
}

func typesOf(ctx context.Context, w *workspace.Workspace) (*catalog.Catalog, error) {
	cache, err := guests(w)
	if err != nil {
		return nil, err
	}
	return wire.Types(ctx, cache)
}

// guests is where compiled guests are kept, the same for all workspaces.
func guests(w *workspace.Workspace) (string, error) {
	cache, err := w.CacheDir()
	return filepath.Join(cache, "guests"), err
}

// closeFiles closes the files, of which no lines can be shown any more.
func (o *opened) closeFiles() error {
	if o.dir == nil {
		return nil
	}
	err := o.dir.Close()
	o.dir = nil
	return err
}
