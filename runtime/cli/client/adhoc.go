package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/unitfilter"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
)

// AdHoc is the name, in the current directory, of a runbook that the command line is: errors point at it.
const AdHoc = run.CommandLine

// Line is a command line that is a runbook itself.
type Line struct {
	// Text is the runbook that it stands for.
	Text string
	// Command is the command line, with what names the hosts.
	Command string
	// Note is what the audit log tells of it, which is Command where nothing in that is secret.
	Note string
	// Types are the resource types.
	Types *catalog.Catalog
	// Single are the hosts that arguments name.
	Single []Single
	// Typed is that the run cannot be resumed.
	Typed bool
	// Wrap gives what is sent to a host a way through what it returns; nil does not.
	Wrap func(host string, t plan.Target) plan.Target
}

// Single is an argument that names one host.
type Single struct{ Argument, Host string }

// check refuses what names no host of the inventory or several, of which one would be taken in silence.
func (s Single) check(inv *inventory.Inventory) error {
	var found []*inventory.Host
	if strings.TrimSpace(s.Host) != "" {
		var err error
		if found, err = inv.Limited(s.Host, noFile); err != nil {
			d := *diag.Of(err)
			d.Summary = s.Argument + ": " + strings.TrimPrefix(d.Summary, "--limit "+s.Host+": ")
			return &d
		}
	}
	if len(found) == 1 {
		return nil
	}
	return (&diag.Error{Summary: fmt.Sprintf("%s: want one host, and %q is %s", s.Argument, s.Host, wording.Plural(len(found), "host"))}).
		WithHint("name one of the inventory, or host for each host itself")
}

func noFile(string) ([]byte, error) { return nil, errors.New("a file names no host here") }

// LoadLine loads a command line as a runbook, in the workspace around the current directory.
func LoadLine(ctx context.Context, c *console.Console, f *flags.Planning, line Line) (*Loaded, error) {
	l := &Loaded{Console: c, at: &opened{console: c}, Effects: line.Command + planOnly + " --effects", types: line.Types, lent: true, wrap: line.Wrap}
	spec := run.Spec{Command: line.Command, Typed: line.Typed, Note: line.Note}
	narrowed(&spec, f)
	if _, err := unitfilter.Parse(f.Only, f.Exclude, nil); err != nil {
		return nil, err
	}
	if err := l.line(ctx, &spec, f, line); err != nil {
		return nil, l.fail(ctx, err)
	}
	return l, nil
}

// line reads a command line. What is wrong with it is told before any host is connected to; then that is begun beside all else.
func (l *Loaded) line(ctx context.Context, spec *run.Spec, f *flags.Planning, line Line) (err error) {
	if spec.Root, spec.Main, err = l.at.aroundHere(AdHoc); err != nil {
		return err
	}
	if err := l.describe(ctx, spec, f); err != nil {
		return err
	}
	hosts, err := f.Select(ctx, spec.Vars.Inventory)
	if err != nil {
		return err
	}
	for _, s := range line.Single {
		if err := s.check(spec.Vars.Inventory); err != nil {
			return err
		}
	}
	err = l.read(ctx, *spec, withText(l.at.dir, spec.Main, line.Text), l.narrowing(*spec, f))
	if err != nil || f.Where != "" {
		return err
	}
	return l.at.ahead(ctx, &f.Login, hosts)
}

// Actions reads what the runbook that flags name declares to be run by its name: none where there is no such file and none was named.
func Actions(ctx context.Context, c *console.Console, f *flags.Planning, types *catalog.Catalog) (all []runbook.Action, err error) {
	if _, err := os.Stat(DefaultRunbook); f.File == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	l := &Loaded{Console: c, at: &opened{console: c, standIn: true}, types: types, lent: true} // only names are wanted
	var spec run.Spec
	if err := l.locate(&spec, cmp.Or(f.File, DefaultRunbook)); err != nil {
		return nil, errors.Join(err, l.at.closeFiles())
	}
	var services run.Services
	if err = l.describe(ctx, &spec, f); err == nil {
		services, err = l.services(ctx, l.at.dir)
	}
	if err == nil {
		all, err = run.Actions(ctx, services, spec)
	}
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	return all, l.Close(ctx)
}

// withText is a directory with one more file.
func withText(below fs.FS, name, text string) fs.FS {
	return (&planfile.Document{Sources: map[string]string{name: text}}).Files(below)
}
