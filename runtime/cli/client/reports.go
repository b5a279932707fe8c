package client

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/report"
)

// jsonFile is the file of --json-into.
type jsonFile struct {
	file  *os.File
	lines *event.Lines
}

// openInto begins the file of --json-into, or returns nil where none is wanted.
func openInto(name string) (*jsonFile, error) {
	switch name {
	case "":
		return nil, nil
	case "-":
		return nil, (&diag.Error{Summary: "--json-into wants a file"}).WithHint("--json prints on standard output")
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		d := diag.WriteFailed("--json-into "+name, name, err)
		return nil, d.WithHint("nothing was done; %s", d.Hint)
	}
	return &jsonFile{f, event.NewLines(f)}, nil
}

// close ends the file and tells what could not be written.
func (j *jsonFile) close() error {
	if j == nil {
		return nil
	}
	if err := errors.Join(j.lines.Err(), j.file.Close()); err != nil {
		return diag.WriteFailed("--json-into "+j.file.Name(), j.file.Name(), err)
	}
	return nil
}

// WritePlanLine writes the plan to the file of --json-into, if there is one.
func (s *Session) WritePlanLine() error {
	if s.into == nil {
		return nil
	}
	d, err := s.Run.Planned().Document()
	if err != nil {
		return err
	}
	_ = s.into.lines.Plan(d) // close returns the error
	return nil
}

// Recap prints the counts of all hosts, on standard error where standard output is no longer read.
func (s *Session) Recap(counts []apply.Count) error {
	hosts := map[string]event.Counts{}
	for _, c := range counts {
		hosts[c.Host] = event.Counts{
			OK: c.OK, Changed: c.Changed, Unreachable: c.Unreachable, Failed: c.Failed, Skipped: c.Skipped, Ignored: c.Ignored,
		}
	}
	var err error
	if s.lines != nil {
		err = s.lines.Recap(hosts)
	} else {
		err = ui.Recap(s.console.Stdout, s.console.Style(s.console.Stdout), counts)
	}
	if console.OutputClosed(err) {
		_ = ui.Recap(s.console.Stderr, s.console.Style(s.console.Stderr), counts) // which may be closed as well
		err = nil
	}
	if s.into != nil {
		_ = s.into.lines.Recap(hosts) // close returns the error
	}
	return err
}

// junitFile is the file of --junit.
type junitFile struct {
	name   string
	report *report.JUnit
}

// WriteJUnit writes the report of what was applied, whole or not at all.
func (s *Session) WriteJUnit() error {
	if s.junit == nil {
		return nil
	}
	return WriteFile("--junit", s.junit.name, func(w io.Writer) error {
		return s.junit.report.Write(w, "froyo apply "+s.Run.Job().Spec.Main, s.Run.Job().Plays(), s.Run.Proposed().Hosts)
	})
}

// CheckOutput refuses a file that a flag names and that could not be written in the end. "" and "-" are none.
func CheckOutput(flag, name string) error {
	if name == "" || name == "-" {
		return nil
	}
	err := error(nil)
	if info, there := os.Stat(name); there == nil && info.IsDir() {
		err = syscall.EISDIR
	} else if info, there := os.Stat(filepath.Dir(name)); there != nil {
		err = there
	} else if !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err == nil {
		return nil
	}
	d := diag.WriteFailed(flag+" "+name, name, err)
	return d.WithHint("nothing was done; %s", d.Hint)
}

// WriteFile writes the file that a flag names whole or not at all, readable by its owner alone.
func WriteFile(flag, name string, write func(io.Writer) error) (err error) {
	if s, failed := os.Stat(name); failed == nil && !s.Mode().IsRegular() {
		return writeInto(flag, name, write) // nothing may take the place of a device
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return diag.WriteFailed(flag+" "+name, name, err)
	}
	defer func() {
		if err == nil {
			return
		}
		if _, told := errors.AsType[*diag.Error](err); !told { // else it is not about the file
			err = diag.WriteFailed(flag+" "+name, name, err)
		}
		err = errors.Join(err, os.Remove(f.Name()))
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// writeInto writes a report into what is there, and is no file.
func writeInto(flag, name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		err = errors.Join(write(f), f.Close())
	}
	if _, told := errors.AsType[*diag.Error](err); err == nil || told {
		return err
	}
	return diag.WriteFailed(flag+" "+name, name, err)
}
