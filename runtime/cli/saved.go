package cli

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
)

// savedJob loads a saved plan: its own sources, variables and inventory.
func savedJob(ctx context.Context, e *env, c *applyCommand) (*job, *plan.Document, error) {
	if err := c.conflicts(); err != nil {
		return nil, nil, err
	}
	saved, err := e.readPlan(c.Plan)
	if err != nil {
		return nil, nil, err
	}
	j, err := e.jobOf(saved, c.Plan)
	if err != nil {
		return nil, nil, err
	}
	if err := j.workspace.Trust(c.Plan); err != nil {
		return nil, nil, errors.Join(err, j.dir.Close())
	}
	if j.reviewed, err = saved.Sum(); err != nil {
		return nil, nil, errors.Join(err, j.dir.Close())
	}
	return j, saved, j.load(ctx)
}

// jobOf is what a saved plan was made from. file is the plan's, for messages.
func (e *env) jobOf(saved *plan.Document, file string) (*job, error) {
	j := &job{
		env: e, printed: e.printLine, main: saved.Main, vars: saved.Vars, limit: saved.Limit,
		tags: plan.Tags{Only: saved.Tags, Skip: saved.SkipTags},
	}
	var err error
	if j.targets, err = plan.ParseTargets(saved.Targets, saved.Exclude); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if j.workspace, err = e.findWorkspace(saved.Root); err != nil {
		return nil, err
	}
	if j.dir, err = j.workspace.Files(saved.Root); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("the folder of the plan's runbook is gone: %v", err), Cause: err}).
			WithHint("apply a plan on the machine and in the folder where it was made")
	}
	j.root = saved.Root
	j.files = overlay{sources: saved.Sources, below: j.dir}
	j.inventory = inventory.New(saved.Inventory, saved.Groups...)
	return j, nil
}

// maxPlan bounds a saved plan: 10,000 hosts with 20 units have some 300 MB.
const maxPlan = 2 << 30

// readPlan reads a saved plan, whose signature must be by a key that is trusted here.
func (e *env) readPlan(file string) (*plan.Document, error) {
	data, err := readPlanFile(file)
	if err != nil {
		return nil, err
	}
	return plan.Parse(data, file, e.planKeys)
}

func readPlanFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, (&diag.Error{Summary: err.Error(), Cause: err}).WithHint("froyo plan --out FILE saves a plan")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPlan+1))
	if err == nil && len(data) > maxPlan {
		err = diag.Errorf(diag.Pos{File: file}, "not a plan: it is larger than %d GiB", maxPlan>>30)
	}
	return data, err
}

// planKeys are the keys of which one must have signed a plan that was made in
// root: those of the workspace there, and those of the one at work.
func (e *env) planKeys(root string) ([]ed25519.PublicKey, error) {
	var all []ed25519.PublicKey
	for _, dir := range []string{root, "."} {
		w, err := e.findWorkspace(dir)
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

// conflicts refuses flags that a saved plan has already decided.
func (c *applyCommand) conflicts() error {
	given := c.decided()
	if given == "" {
		return nil
	}
	return (&diag.Error{Summary: given + " cannot be given with --plan: the plan decides it"}).
		WithHint("make another plan: froyo plan --out FILE")
}

// decided names a flag that is given and that a saved plan decides, or is "".
func (f *runFlags) decided() string {
	switch {
	case f.File != "":
		return f.File
	case len(f.Inventory) > 0:
		return "-i"
	case f.Limit != "":
		return "-l"
	case len(f.Extra) > 0:
		return "-e"
	case len(f.Tags)+len(f.SkipTags) > 0:
		return "-t and --skip-tags"
	case len(f.Target)+len(f.Exclude) > 0:
		return "--target and --exclude"
	case f.User != "":
		return "-u"
	case f.Become:
		return "-b"
	}
	return ""
}

// overlay shows a saved plan's sources in place of the workspace's files.
type overlay struct {
	sources map[string]string
	below   fs.FS
}

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	if text, ok := o.sources[path.Clean(name)]; ok {
		return &savedFile{Reader: bytes.NewReader([]byte(text)), name: filepath.Base(name), size: int64(len(text))}, nil
	}
	f, err := o.below.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f, err
}

// savedFile is a source of a saved plan as a file.
type savedFile struct {
	*bytes.Reader
	name string
	size int64
}

var (
	_ fs.File     = (*savedFile)(nil)
	_ fs.FileInfo = (*savedFile)(nil)
	_ io.ReaderAt = (*savedFile)(nil)
)

func (f *savedFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *savedFile) Close() error               { return nil }
func (f *savedFile) Name() string               { return f.name }
func (f *savedFile) Size() int64                { return f.size }
func (f *savedFile) Mode() fs.FileMode          { return 0o400 }
func (f *savedFile) ModTime() time.Time         { return time.Time{} }
func (f *savedFile) IsDir() bool                { return false }
func (f *savedFile) Sys() any                   { return nil }
