// Package client is the command line as a client of engine/run: it loads what flags name, shows a run on
// the terminal, writes its reports, and asks its questions.
//
// It imports engine/run, runtime/wire, runtime/console, runtime/ui and runtime/cli/flags.
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
	"syscall"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/unitfilter"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/vars/declared"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
)

// DefaultRunbook is the file that commands take where none is named.
const DefaultRunbook = "site.star"

// Loaded is a job, and what was opened for it. Close must follow.
type Loaded struct {
	Console *console.Console
	Job     *run.Job
	// SourceChanges are how the sources of a run that is resumed differ from the present ones,
	// and WithChanges is that it takes these.
	SourceChanges []resume.SourceChange
	WithChanges   bool
	// Subject is what the command line said of the runbook and the inventory, with a blank before each word, and Effects
	// the command that shows all that the plan does.
	Subject, Effects string
	// Entry is what was typed at a prompt, whose run cannot be resumed; "" where the run is of a runbook.
	Entry string

	at    *opened
	types *catalog.Catalog
	lent  bool // the types are closed by others
	wrap  func(host string, t plan.Target) plan.Target
}

// Types are the resource types of the runbook.
func (l *Loaded) Types() *catalog.Catalog { return l.types }

// Load finds, trusts and loads what the flags name. It connects to nothing.
func Load(ctx context.Context, c *console.Console, f *flags.Planning) (*Loaded, error) {
	return load(ctx, c, f, run.Spec{}, nil)
}

// LoadAction loads an action of the runbook that flags name. command is the command line that runs it.
// types are the resource types.
func LoadAction(ctx context.Context, c *console.Console, f *flags.Planning, action runbook.Call, command string, types *catalog.Catalog) (*Loaded, error) {
	return load(ctx, c, f, run.Spec{Action: &action, Command: command}, types)
}

func load(ctx context.Context, c *console.Console, f *flags.Planning, spec run.Spec, types *catalog.Catalog) (*Loaded, error) {
	subject := subjectOf(f)
	l := &Loaded{Console: c, at: &opened{console: c, standIn: f.NoSecrets, replaced: f.NewSecrets, identities: f.Identities}, types: types, lent: types != nil, Subject: subject, Effects: "froyo plan" + subject + " --effects"}
	c.Errors.Subject = subject
	if spec.Command != "" {
		l.Effects = spec.Command + planOnly + " --effects"
	}
	narrowed(&spec, f)
	if _, err := unitfilter.Parse(f.Only, f.Exclude, nil); err != nil {
		return nil, err
	}
	if err := l.locate(&spec, cmp.Or(f.File, DefaultRunbook)); err != nil {
		return nil, errors.Join(err, l.at.closeFiles())
	}
	err := l.describe(ctx, &spec, f)
	if err == nil {
		err = l.read(ctx, spec, l.at.dir, l.narrowing(spec, f))
	}
	given := spec.Vars.Given
	if l.Job != nil { // which knows more of what is sensitive
		given = l.Job.Spec.Vars.Given
	}
	f.WarnOfArguments(c, given)
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	return l, nil
}

// planOnly is what a command line ends with that only plans.
const planOnly = " -C"

// Again is the command or the entry that plans the same anew, "" where that is froyo plan with Subject.
func (l *Loaded) Again() string {
	if command := l.Job.Spec.Command; command != "" {
		return command + planOnly
	}
	return l.Entry
}

// narrowed notes which units flags leave.
func narrowed(spec *run.Spec, f *flags.Planning) {
	spec.Tags, spec.Only, spec.Exclude = unitfilter.Tags{Only: f.Tags, Skip: f.SkipTags}, f.Only, f.Exclude
}

// subjectOf repeats what the command line said of the runbook and the inventory.
func subjectOf(f *flags.Planning) string {
	words := ""
	if f.File != "" {
		words = " " + wording.Quote(f.File)
	}
	for _, source := range f.Inventory {
		words += " -i " + wording.Quote(source)
	}
	words += f.Vault.Named()
	return words
}

// fail closes what was opened, and keeps the texts that are shown below the error.
func (l *Loaded) fail(ctx context.Context, err error) error {
	if source := l.Console.Errors.Source; source != nil {
		texts := map[string][]byte{}
		for e := range diag.All(err) {
			file := diag.Of(e).Pos.File
			if !strings.HasSuffix(file, ".star") && filepath.Base(file) != declared.Name && !run.IsCommandLine(file) {
				continue // a line of an inventory may hold a password
			}
			if text, ok := source(file); ok {
				texts[file] = text
			}
		}
		l.Console.Errors.Source = func(file string) ([]byte, bool) {
			text, ok := texts[file]
			return text, ok
		}
	}
	return errors.Join(err, l.Close(ctx))
}

// describe adds what flags and the workspace say of variables and hosts.
func (l *Loaded) describe(ctx context.Context, spec *run.Spec, f *flags.Planning) error {
	c := l.Console
	opens, err := f.Vault.Open(ctx, c, l.at.workspace)
	if err != nil {
		return err
	}
	l.at.opens = opens
	texts, err := f.Texts(ctx)
	if err != nil {
		return err
	}
	given, err := f.Values(texts, c.Process.Environ(), opens)
	if err != nil {
		return err
	}
	if spec.InventoryFiles, err = f.Files(); err != nil {
		return err
	}
	read, err := f.Read(ctx, c, l.at.workspace)
	if err != nil {
		return err
	}
	spec.Vars = vars.Set{Given: given, Inventory: f.WithDefaults(read, l.at.workspace), Places: f.Places(texts, c.Process.Environ())}
	if spec.Vars, err = spec.Vars.Mark(f.Sensitive); err != nil {
		return err
	}
	spec.Limit, err = inventory.ExpandLimit(f.Limit, flags.LimitFile(ctx))
	return err
}

// narrowing leaves of the hosts those whose facts make a condition true, nil where there is none. From then on the limit names
// them, so that a saved plan is of these hosts.
func (l *Loaded) narrowing(spec run.Spec, f *flags.Planning) func(context.Context, []*inventory.Host) (string, error) {
	if f.Where == "" {
		return nil
	}
	return func(ctx context.Context, hosts []*inventory.Host) (limit string, err error) {
		if len(hosts) == 0 {
			return spec.Limit, nil
		}
		l.at.runs = true
		fleet, err := l.at.fleet(ctx, spec.Main, spec.Vars, &f.Target, hosts)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, fleet.closeStore()) }() // the run has its own, and the connections
		if hosts, err = fleet.Where(ctx, f.Where); err != nil {
			return "", err
		}
		l.at.hosts.Pool.Retain(context.WithoutCancel(ctx), hosts)
		limit = strings.Join(inventory.Names(hosts), ",")
		named, err := spec.Vars.Inventory.Limited(limit, flags.LimitFile(ctx))
		if err != nil {
			return "", err
		}
		for _, h := range named {
			if !slices.ContainsFunc(hosts, func(found *inventory.Host) bool { return found.Name == h.Name }) {
				return "", diag.Errorf(diag.Pos{}, "--where cannot name the hosts that it found: a host and a group have one name, so that %s would take part, too", h.Name)
			}
		}
		return limit, nil
	}
}

// locate finds the runbook's workspace and refuses one that others can write to.
func (l *Loaded) locate(spec *run.Spec, file string) error {
	abs, err := existing(file)
	if err != nil {
		return err
	}
	root, rel, err := l.at.around(filepath.Dir(abs))
	if err != nil {
		return err
	}
	spec.Root, spec.Main = root, path.Join(rel, filepath.Base(abs))
	return l.at.workspace.Trust(abs)
}

// existing is the whole path of a runbook, which has to be there.
func existing(file string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	switch info, err := os.Stat(abs); {
	case errors.Is(err, fs.ErrNotExist):
		d := &diag.Error{Summary: fmt.Sprintf("there is no runbook %s", file), Cause: err}
		return "", d.WithHint("name one: froyo plan FILE; or make a workspace: froyo init")
	case err != nil:
		return "", diag.ReadFailed("runbook "+file, err)
	case info.IsDir():
		return "", diag.ReadFailed("runbook "+file, syscall.EISDIR).WithHint("name a file in it: froyo plan %s", wording.Quote(filepath.Join(file, "FILE.star")))
	}
	return abs, nil
}

// read opens the resource types and reads the runbook from files.
func (l *Loaded) read(ctx context.Context, spec run.Spec, files fs.FS, narrow func(context.Context, []*inventory.Host) (string, error)) error {
	if spec.Command != "" {
		l.Console.Errors.Again = spec.Command + planOnly
	}
	services, err := l.services(ctx, files)
	if err != nil {
		return err
	}
	services.Narrow = narrow
	if l.Job, err = run.Load(ctx, services, spec); err != nil {
		return err
	}
	l.Console.Errors.Source = l.Job.Text
	return nil
}

// services opens the resource types, and has errors show lines of files.
func (l *Loaded) services(ctx context.Context, files fs.FS) (s run.Services, err error) {
	c := l.Console
	if l.types == nil {
		if l.types, err = typesOf(ctx, l.at.workspace); err != nil {
			return s, err
		}
	}
	c.Errors.Source = func(file string) ([]byte, bool) { return run.Text(files, file) }
	return run.Services{
		Workspace: wire.Workspace(l.at.workspace), Files: files, Read: wire.Starlark, Types: l.types, Worker: worker.Here(),
		Version: c.Process.Version, Secrets: l.at.asked(), Warn: l.at.warn, Printed: c.PrintLine, Collects: l.at.dir.Below,
	}, nil
}

// NoteTargets tells which units take part besides those that were named.
func (l *Loaded) NoteTargets() {
	for _, note := range l.Job.Notes() {
		l.Console.Errors.Note(fmt.Sprint(note))
	}
}

// Close closes what was opened.
func (l *Loaded) Close(ctx context.Context) error {
	errs := []error{l.at.leave(ctx)}
	if l.types != nil && !l.lent {
		errs = append(errs, l.types.Close(ctx))
	}
	return errors.Join(append(errs, l.at.closeFiles())...)
}
