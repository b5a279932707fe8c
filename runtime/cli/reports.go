package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/ui"
)

// unlisted refuses to write what happens where nothing does.
func (f *outputFlags) unlisted() error {
	if f.Into == "" {
		return nil
	}
	return (&diag.Error{Summary: "--json-into and --list-... exclude each other: nothing happens that could be written"}).
		WithHint("--json prints the list as JSON")
}

// reportConflicts refuses reports that would have nothing in them, or that
// could not be written in the end.
func (c *applyCommand) reportConflicts() error {
	if c.lists() {
		if err := c.unlisted(); err != nil {
			return err
		}
	}
	switch {
	case c.JUnit == "":
		return nil
	case c.Check || c.lists():
		return (&diag.Error{Summary: "--junit reports what apply did, and with -C or --list-... it does nothing"}).WithHint("leave one of them out")
	}
	if info, err := os.Stat(filepath.Dir(c.JUnit)); err != nil || !info.IsDir() {
		return (&diag.Error{Summary: fmt.Sprintf("--junit: there is no folder %s", filepath.Dir(c.JUnit)), Cause: err}).WithHint("make it first")
	}
	return nil
}

// openInto begins the file of --json-into, if one is wanted.
func (r *run) openInto(name string) error {
	switch name {
	case "":
		return nil
	case "-":
		return (&diag.Error{Summary: "--json-into wants a file"}).WithHint("--json prints on standard output")
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return (&diag.Error{Summary: fmt.Sprintf("--json-into: %v", err), Cause: err}).WithHint("nothing was done; name a file that can be written")
	}
	r.intoFile, r.into = f, ui.NewJSONLines(f)
	r.sinks = append(r.sinks, r.into)
	return nil
}

// closeInto ends the file of --json-into and tells what could not be written.
func (r *run) closeInto() error {
	if r.into == nil {
		return nil
	}
	if err := errors.Join(r.into.Err(), r.intoFile.Close()); err != nil {
		return fmt.Errorf("--json-into: %w", err)
	}
	return nil
}

// writeJUnit writes the report of what was applied, whole or not at all.
func (r *run) writeJUnit(name string) error {
	if r.junit == nil {
		return nil
	}
	return writeWhole(name, func(w io.Writer) error {
		return r.junit.Write(w, "froyo apply "+r.main, r.selection.names, r.planned)
	})
}
