package client

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/unitfilter"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
)

// AdHoc is the name, in the current directory, of a runbook that the command line is: errors point at it.
const AdHoc = "froyo run"

// Line is a command line that is a runbook itself.
type Line struct {
	// Text is the runbook that it stands for.
	Text string
	// Command is the command line, with what names the hosts.
	Command string
}

// LoadLine loads a command line as a runbook, in the workspace around the current directory.
func LoadLine(ctx context.Context, c *console.Console, f *flags.Planning, line Line) (*Loaded, error) {
	l := &Loaded{Console: c, Again: line.Command + " -C", Effects: line.Command + " -C --effects"}
	root, rel, err := l.around()
	if err != nil {
		return nil, err
	}
	spec := run.Spec{
		Root: root, Main: path.Join(filepath.ToSlash(rel), AdHoc),
		Tags: unitfilter.Tags{Only: f.Tags, Skip: f.SkipTags}, Only: f.Only, Exclude: f.Exclude,
	}
	if _, err := unitfilter.Parse(f.Only, f.Exclude, nil); err != nil {
		return nil, err
	}
	if l.dir, err = l.Workspace.Files(root); err != nil {
		return nil, err
	}
	files := withText(l.dir, spec.Main, line.Text)
	if err = l.describe(ctx, &spec, f); err == nil {
		_, err = f.Select(spec.Vars.Inventory)
	}
	if err == nil {
		err = l.read(ctx, spec, files)
	}
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	return l, nil
}

// Actions reads what the runbook that flags name declares to be run by its name: none where there is no such file and none was named.
func Actions(ctx context.Context, c *console.Console, f *flags.Planning) (all []runbook.Action, err error) {
	if _, err := os.Stat(DefaultRunbook); f.File == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	l := &Loaded{Console: c}
	var spec run.Spec
	if err := l.locate(&spec, cmp.Or(f.File, DefaultRunbook)); err != nil {
		return nil, err
	}
	var services run.Services
	if err = l.describe(ctx, &spec, f); err == nil {
		services, err = l.services(ctx, l.dir)
	}
	if err == nil {
		all, err = run.Actions(ctx, services, spec)
	}
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	return all, l.Close(ctx)
}

// around finds the workspace around the current directory: its root, or that directory where there is none, and the way from there.
func (l *Loaded) around() (root, rel string, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", "", err
	}
	if l.Workspace, err = here.Around(l.Console, dir); err != nil {
		return "", "", err
	}
	root = cmp.Or(l.Workspace.Root, dir)
	rel, err = filepath.Rel(root, dir)
	return root, rel, err
}

// withText is a directory with one more file.
func withText(below fs.FS, name, text string) fs.FS {
	return (&planfile.Document{Sources: map[string]string{name: text}}).Files(below)
}

// IsAdHoc reports whether a runbook is the text of a command line.
func IsAdHoc(main string) bool { return path.Base(main) == AdHoc }
