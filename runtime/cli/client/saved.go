package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/vars/declared"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
)

// LoadSaved loads a saved plan, with its own sources, variables and inventory. The values
// that it does not hold come from f.
func LoadSaved(ctx context.Context, c *console.Console, file string, f *flags.Vars, v *flags.Vault) (*Loaded, error) {
	saved, err := ReadPlan(ctx, c, file)
	if err != nil {
		return nil, err
	}
	digest, err := saved.Sum()
	if err != nil {
		return nil, err
	}
	l, err := around(c, saved)
	if err != nil {
		return nil, err
	}
	l.Effects = "froyo show " + wording.Quote(file) + " --effects"
	spec := run.SpecOf(saved)
	spec.Saved, spec.Digest = saved, digest
	if err = l.at.workspace.Trust(file); err == nil {
		err = l.again(ctx, spec, saved.Files(l.at.dir), f, v, "the plan "+file)
	}
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	return l, nil
}

// Resumed says how a run is resumed.
type Resumed struct {
	Vars  *flags.Vars
	Vault *flags.Vault
	// OnResume says what becomes of units whose outcome is not known, as run.Spec does.
	OnResume []string
	// WithChanges takes the sources as they are now.
	WithChanges bool
}

// LoadResumed loads what a run goes by that is resumed.
func LoadResumed(ctx context.Context, c *console.Console, r *state.Run, how Resumed) (*Loaded, error) {
	w, err := here.Workspace(c)
	if err != nil {
		return nil, err
	}
	kept, err := run.Stored(ctx, wire.Workspace(w), r.ID)
	if err != nil {
		return nil, err
	}
	l, err := around(c, kept)
	if err != nil {
		return nil, err
	}
	spec := run.SpecOf(kept)
	spec.Resumed, spec.Digest, spec.OnResume = r, r.Plan, how.OnResume
	now := fs.FS(l.at.dir)
	if run.IsCommandLine(kept.Main) { // the command line, which no file has
		now = withText(l.at.dir, kept.Main, kept.Sources[kept.Main])
	}
	l.SourceChanges, l.WithChanges = append(resume.SourceChanges(kept.Sources, now), newDeclarations(kept, now)...), how.WithChanges
	files := kept.Files(l.at.dir)
	switch {
	case r.Plan != "" && how.WithChanges:
		err = (&diag.Error{Summary: fmt.Sprintf("--with-changes: run %s carries out a saved plan, which holds its sources", r.ID)}).
			WithHint("make a new plan: froyo plan --out FILE")
	case r.Plan != "": // it binds the rest of the run, too
		spec.Saved = kept
	case how.WithChanges:
		if files, spec.Sources = now, nil; run.IsCommandLine(kept.Main) {
			break
		}
		err = l.at.workspace.Trust(filepath.Join(kept.Root, filepath.FromSlash(kept.Main)))
	}
	if err == nil {
		err = l.again(ctx, spec, files, how.Vars, how.Vault, "run "+r.ID)
	}
	if err != nil {
		return nil, l.fail(ctx, err)
	}
	return l, nil
}

// newDeclarations is the file that declares the variables now, if there was none for the run.
func newDeclarations(kept *planfile.Document, now fs.FS) []resume.SourceChange {
	name, src, err := declared.Locate(now, kept.Main)
	if _, known := kept.Sources[name]; err != nil || name == "" || known {
		return nil
	}
	return []resume.SourceChange{{File: name, Added: bytes.Count(src, []byte("\n"))}}
}

// around finds the workspace of a plan's runbook.
func around(c *console.Console, saved *planfile.Document) (*Loaded, error) {
	l := &Loaded{Console: c, at: &opened{console: c, root: saved.Root}}
	var err error
	if l.at.workspace, err = here.Around(c, saved.Root); err != nil {
		return nil, err
	}
	if l.at.dir, err = l.at.workspace.Files(saved.Root); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("the directory of the plan's runbook is gone: %v", err), Cause: err}).
			WithHint("apply a plan on the machine and in the directory where it was made")
	}
	return l, nil
}

// again takes the values that a plan does not hold from flags and the environment, and reads
// the plan's runbook. No other variable can be given.
func (l *Loaded) again(ctx context.Context, spec run.Spec, files fs.FS, f *flags.Vars, v *flags.Vault, what string) error {
	opens, err := v.Open(ctx, l.Console, l.at.workspace)
	if err != nil {
		return err
	}
	l.at.opens = opens
	texts, err := f.Texts(ctx)
	if err != nil {
		return err
	}
	given, err := f.Values(texts, l.Console.Process.Environ(), opens)
	if err != nil {
		return err
	}
	seal, err := l.at.workspace.Sealer()
	if err != nil {
		return err
	}
	now := func() (*inventory.Inventory, error) {
		inv, err := flags.Load(ctx, l.Console, l.at.workspace, spec.InventoryFiles, v)
		if inv == nil && err == nil {
			inv = inventory.New(nil)
		}
		return inv, err
	}
	var restored map[string]bool
	spec.Vars, restored, err = spec.Vars.Restore(vars.Source{Given: given, Now: now, Seal: seal, What: what})
	if err != nil {
		return err
	}
	if err := withPasswords(&spec, now); err != nil {
		return err
	}
	extra, err := f.Values(texts, nil, opens)
	if err != nil {
		return err
	}
	marked, err := vars.SensitiveNames(extra, nil)
	if err != nil {
		return err
	}
	same := !slices.ContainsFunc(slices.Collect(maps.Keys(marked)), func(name string) bool { return !restored[name] })
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if name == inventory.Sensitive && same {
			continue // it marks what is marked
		}
		// A file is given whole, with what else stands in it.
		if !restored[name] && !reflect.DeepEqual(spec.Vars.Given[name], extra[name]) {
			return (&diag.Error{Summary: fmt.Sprintf("-e %s cannot be given: %s decides it", name, what)}).
				WithHint("make another plan: froyo plan --out FILE")
		}
	}
	if spec.Limit, err = inventory.ExpandLimit(spec.Limit, flags.LimitFile(ctx)); err != nil {
		return err
	}
	return l.read(ctx, spec, files, nil)
}

// withPasswords reads the inventory for the passwords of hosts that had some, which nothing keeps.
func withPasswords(spec *run.Spec, now func() (*inventory.Inventory, error)) error {
	if !slices.ContainsFunc(spec.Vars.Inventory.Hosts(), func(h *inventory.Host) bool { return h.HasPasswords }) {
		return nil
	}
	read, err := now()
	if err != nil {
		return err
	}
	spec.Vars.Inventory = spec.Vars.Inventory.WithPasswordsOf(read)
	return nil
}

// maxPlan bounds a saved plan: 10,000 hosts with 20 units have some 300 MB.
const maxPlan = 2 << 30

// ReadPlan reads a saved plan, whose signature must be by a key that is trusted here.
func ReadPlan(ctx context.Context, c *console.Console, file string) (*planfile.Document, error) {
	data, err := ReadPlanFile(ctx, file)
	if err != nil {
		return nil, err
	}
	return ParsePlan(c, data, file)
}

// ParsePlan reads what a file of a saved plan holds.
func ParsePlan(c *console.Console, data []byte, file string) (*planfile.Document, error) {
	return planfile.Parse(data, file, func(root string) ([]ed25519.PublicKey, error) { return planKeys(c, root) })
}

// ReadPlanFile reads the file of a saved plan.
func ReadPlanFile(ctx context.Context, file string) ([]byte, error) {
	return input.File{Name: file, What: "saved plan " + file, Max: maxPlan, Hint: "check the name; froyo plan --out FILE saves a plan"}.Read(ctx)
}

// planKeys are the keys of which one must have signed a plan that was made in root: those
// of the workspace there, and those of the one at work.
func planKeys(c *console.Console, root string) ([]ed25519.PublicKey, error) {
	var all []ed25519.PublicKey
	for _, dir := range []string{root, "."} {
		w, err := here.Around(c, dir)
		if err != nil {
			return nil, err
		}
		keys, err := w.PlanKeys()
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if !slices.ContainsFunc(all, func(known ed25519.PublicKey) bool { return known.Equal(k) }) {
				all = append(all, k)
			}
		}
	}
	return all, nil
}
