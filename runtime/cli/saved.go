package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
	saved, err := readPlan(c.Plan)
	if err != nil {
		return nil, nil, err
	}
	j := &job{
		env: e, printed: e.printLine, main: saved.Main, vars: plainVars(saved.Vars), limit: saved.Limit,
		tags: plan.Tags{Only: saved.Tags, Skip: saved.SkipTags},
	}
	if j.targets, err = plan.ParseTargets(saved.Targets, saved.Exclude); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.Plan, err)
	}
	if j.workspace, err = e.findWorkspace(saved.Root); err != nil {
		return nil, nil, err
	}
	if err := j.workspace.Trust(c.Plan); err != nil {
		return nil, nil, err
	}
	if j.dir, err = j.workspace.Files(saved.Root); err != nil {
		return nil, nil, (&diag.Error{Summary: fmt.Sprintf("the folder of the plan's runbook is gone: %v", err), Cause: err}).
			WithHint("apply a plan on the machine and in the folder where it was made")
	}
	j.root = saved.Root
	j.files = overlay{sources: saved.Sources, below: j.dir}
	j.inventory = inventory.New(saved.Inventory, saved.Groups...)
	return j, saved, j.load(ctx)
}

// readPlan reads a saved plan.
func readPlan(file string) (*plan.Document, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, (&diag.Error{Summary: err.Error(), Cause: err}).WithHint("froyo plan --out FILE saves a plan")
	}
	return plan.Parse(data, file)
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

// plainVars turns whole numbers, which JSON does not tell apart, back into integers.
func plainVars(v map[string]any) map[string]any {
	out := make(map[string]any, len(v))
	for k, e := range v {
		out[k] = plainJSON(e)
	}
	return out
}

func plainJSON(v any) any {
	switch v := v.(type) {
	case float64:
		if i := int64(v); float64(i) == v {
			return i
		}
	case []any:
		for i := range v {
			v[i] = plainJSON(v[i])
		}
	case map[string]any:
		return plainVars(v)
	}
	return v
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
