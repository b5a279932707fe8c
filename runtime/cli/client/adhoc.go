package client

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/unitfilter"
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
	// Types are the resource types.
	Types *catalog.Catalog
}

// LoadLine loads a command line as a runbook, in the workspace around the current directory.
func LoadLine(ctx context.Context, c *console.Console, f *flags.Planning, line Line) (*Loaded, error) {
	l := &Loaded{Console: c, at: &opened{console: c}, Effects: line.Command + planOnly + " --effects", types: line.Types, lent: true}
	spec := run.Spec{Command: line.Command}
	narrowed(&spec, f)
	if _, err := unitfilter.Parse(f.Only, f.Exclude, nil); err != nil {
		return nil, err
	}
	if err := l.line(ctx, &spec, f, line.Text); err != nil {
		return nil, l.fail(ctx, err)
	}
	return l, nil
}

// line reads a command line. Its hosts are known before all else, so that they are connected to beside it.
func (l *Loaded) line(ctx context.Context, spec *run.Spec, f *flags.Planning, text string) (err error) {
	if spec.Root, spec.Main, err = l.at.aroundHere(AdHoc); err != nil {
		return err
	}
	if err := l.describe(ctx, spec, f); err != nil {
		return err
	}
	hosts, err := f.Select(spec.Vars.Inventory)
	if err != nil {
		return err
	}
	if f.Where == "" {
		if err := l.at.ahead(ctx, &f.Login, hosts); err != nil {
			return err
		}
	}
	return l.read(ctx, *spec, withText(l.at.dir, spec.Main, text), l.narrowing(*spec, f))
}

// Actions reads what the runbook that flags name declares to be run by its name: none where there is no such file and none was named.
func Actions(ctx context.Context, c *console.Console, f *flags.Planning, types *catalog.Catalog) (all []runbook.Action, err error) {
	if _, err := os.Stat(DefaultRunbook); f.File == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	l := &Loaded{Console: c, at: &opened{console: c}, types: types, lent: true}
	var spec run.Spec
	if err := l.locate(&spec, cmp.Or(f.File, DefaultRunbook)); err != nil {
		return nil, err
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

// IsAdHoc reports whether a runbook is the text of a command line.
func IsAdHoc(main string) bool { return path.Base(main) == AdHoc }
