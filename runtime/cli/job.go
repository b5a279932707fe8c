package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runtime/script"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// defaultRunbook is the file that commands take where none is named.
const defaultRunbook = "site.star"

// runFlags are the flags that plan and apply share.
type runFlags struct {
	File string `arg:"" optional:"" complete:"files:star" help:"Runbook; site.star where left out."`
	targetFlags
	varFlags
	unitFlags
	outputFlags
}

// job is a runbook about to be planned: its workspace, program and hosts.
type job struct {
	env       *env
	workspace *workspace.Workspace
	packages  *packages
	dir       *workspace.Files // the trusted files of root
	files     fs.FS            // these, or a saved plan's sources over them
	root      string           // the folder of files
	main      string           // the runbook's path in files
	vars      map[string]any
	limit     string
	tags      plan.Tags
	targets   *plan.Targets
	inventory *inventory.Inventory
	program   *script.Program
	selection *selection
	printed   func(pos diag.Pos, host, text string)
	// reviewed is the digest of the saved plan that is carried out, "" where none is.
	reviewed string
	// resumed is the run that is gone on with, nil for a new one.
	resumed *state.Run
	// onResume, where it is not "", says in place of the runbook what becomes of units
	// of which nobody knows whether they did their work.
	onResume unit.OnResume
}

// newJob finds, trusts and loads what the flags name. It connects to nothing.
func newJob(ctx context.Context, e *env, f *runFlags) (*job, error) {
	j := &job{env: e, printed: e.printLine, limit: f.Limit, tags: plan.Tags{Only: f.Tags, Skip: f.SkipTags}}
	file := f.File
	if file == "" {
		file = defaultRunbook
	}
	var err error
	if j.targets, err = plan.ParseTargets(f.Target, f.Exclude); err != nil {
		return nil, err
	}
	if err := j.locate(file); err != nil {
		return nil, err
	}
	if j.vars, err = f.vars(e.Environ()); err != nil {
		return nil, err
	}
	read, err := j.readInventory(&f.targetFlags)
	if err != nil {
		return nil, err
	}
	j.inventory = j.withSettings(read, &f.targetFlags)
	return j, j.load(ctx)
}

// locate finds the runbook's workspace and refuses one that others can write to.
func (j *job) locate(file string) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if info, err := os.Stat(abs); err != nil || info.IsDir() {
		d := &diag.Error{Summary: fmt.Sprintf("there is no runbook %s", file), Cause: err}
		return d.WithHint("name one: froyo plan FILE; or make a workspace: froyo init --solo")
	}
	if j.workspace, err = j.env.findWorkspace(filepath.Dir(abs)); err != nil {
		return err
	}
	root := j.workspace.Root
	if root == "" {
		root = filepath.Dir(abs)
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil {
		return err
	}
	if err := j.workspace.Trust(abs); err != nil {
		return err
	}
	if j.dir, err = j.workspace.Files(root); err != nil {
		return err
	}
	j.files, j.root, j.main = j.dir, root, filepath.ToSlash(rel)
	return nil
}

// readInventory reads the sources that flags or the workspace name. This
// machine is the target only where neither names any.
func (j *job) readInventory(f *targetFlags) (*inventory.Inventory, error) {
	sources := f.Inventory
	if len(sources) == 0 {
		sources = j.workspace.Inventory()
	}
	var inv *inventory.Inventory
	switch {
	case len(sources) > 0:
		var err error
		if inv, err = inventory.Load(sources, inventory.Options{Home: j.env.Getenv("HOME"), Trust: j.trustInventory}); err != nil {
			return nil, err
		}
	case f.Limit != "":
		return nil, (&diag.Error{Summary: "--limit is given, but no inventory to limit"}).
			WithHint("name one with -i FILE or -i h1,h2, or make inventory.cue in the workspace")
	default:
		inv = inventory.Localhost()
	}
	j.env.errors.Warnings(inv.Warnings())
	return inv, nil
}

// withSettings fills in what flags and the workspace's settings say of hosts.
func (j *job) withSettings(inv *inventory.Inventory, f *targetFlags) *inventory.Inventory {
	return withDefaults(inv, f.Become || j.workspace.Settings.Become, cmp.Or(f.User, j.workspace.Settings.User))
}

// trustInventory applies the workspace's rules to files of the inventory that
// lie in it; one that the operator names elsewhere is their own affair.
func (j *job) trustInventory(name string) error {
	if j.workspace.Root == "" {
		return nil
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(j.workspace.Root, abs); err != nil || !filepath.IsLocal(rel) {
		return nil //nolint:nilerr // not below the workspace
	}
	return j.workspace.Trust(abs)
}

// withDefaults fills in become and the user where the inventory says nothing.
func withDefaults(inv *inventory.Inventory, become bool, user string) *inventory.Inventory {
	hosts := inv.Hosts()
	for i, h := range hosts {
		h := *h
		if h.Become == nil && become {
			h.Become = new(true)
		}
		h.User = cmp.Or(h.User, user)
		hosts[i] = &h
	}
	return inventory.New(hosts, slices.Sorted(maps.Keys(inv.Groups()))...)
}

// load loads the packages and the runbook, and selects the hosts.
func (j *job) load(ctx context.Context) error {
	cacheDir, err := j.workspace.CacheDir()
	if err != nil {
		return err
	}
	if j.packages, err = loadPackages(ctx, filepath.Join(cacheDir, "guests")); err != nil {
		return err
	}
	return j.loadProgram(ctx)
}

// loadProgram evaluates the runbook once and selects its hosts.
func (j *job) loadProgram(ctx context.Context) error {
	j.env.errors.Source = j.source
	var err error
	j.program, err = script.Load(ctx, script.Options{
		FS: j.files, Main: j.main, Types: j.packages.types, Inventory: j.inventory, Vars: j.vars,
		Print: func(pos diag.Pos, host, text string) { j.printed(pos, host, text) },
	})
	if err != nil {
		return err
	}
	j.env.errors.Warnings(j.program.Warnings())
	j.selection, err = selectHosts(j.inventory, j.program.Plays(), j.limit)
	return err
}

// source gives the text of a runbook file for the lines under errors.
func (j *job) source(file string) ([]byte, bool) {
	if j.program != nil {
		if text, ok := j.program.Sources()[file]; ok {
			return text, true
		}
	}
	if !fs.ValidPath(path.Clean(file)) {
		return nil, false
	}
	text, err := fs.ReadFile(j.files, path.Clean(file))
	return text, err == nil
}

// evaluate asks the runbook what it wants of a host.
func (j *job) evaluate(ctx context.Context, h *inventory.Host, r builtins.Reader) (*plan.Evaluation, *diag.Error, error) {
	plays := j.selection.plays[h.Name]
	ev, err := j.program.Evaluate(ctx, h, plays, r)
	if err != nil {
		return nil, nil, err
	}
	inputs, err := json.Marshal(ev.Inputs)
	if err != nil {
		return nil, nil, err
	}
	out := &plan.Evaluation{Plays: map[int]*unit.Play{}, Inputs: inputs, Warnings: ev.Warnings}
	for i, play := range j.narrow(ev.Plays) {
		out.Plays[plays[i]] = play
		for u := range play.All() {
			u.OnResume = cmp.Or(j.onResume, u.OnResume)
		}
	}
	for _, read := range ev.Inputs.Reads {
		out.Reads = append(out.Reads, plan.Look{Pos: read.Pos, After: read.After})
	}
	return out, ev.Stopped, nil
}

// narrow leaves out what tags and targets do, of a host's plays.
func (j *job) narrow(plays []*unit.Play) []*unit.Play {
	kept := make([]*unit.Play, len(plays))
	for i, play := range plays {
		kept[i] = j.tags.Filter(play)
	}
	return j.targets.Filter(kept)
}

// complete checks a unit's arguments again, now that all are known.
func (j *job) complete(u *unit.Unit, values map[string]any) error {
	t := j.packages.schemaOf(u.ID.Type)
	checked, problems := t.Resolve(&schema.Checked{Args: u.Args, Blobs: u.Blobs}, values)
	if len(problems) > 0 {
		d := &diag.Error{Summary: problems[0].Message, Hint: problems[0].Hint, Pos: u.Pos, Stack: u.Stack, Code: diag.Failed}
		for _, p := range problems[1:] {
			d.Detail += p.Message + "\n"
		}
		if u.Sensitive {
			d.Summary, d.Detail = "a value that is known only now does not fit; what it is, is sensitive", ""
		}
		return d
	}
	u.Args, u.Blobs, u.Later = checked.Args, checked.Blobs, nil
	return nil
}

// sources are the texts of the files that were evaluated, without those that come with froyo.
func (j *job) sources() map[string]string {
	out := map[string]string{}
	for name, text := range j.program.Sources() {
		if !strings.HasPrefix(name, "@std//") {
			out[name] = string(text)
		}
	}
	return out
}

// emitPrints sends what the runbook prints into the stream.
func (j *job) emitPrints(sink event.Sink) {
	j.printed = func(pos diag.Pos, host, text string) {
		sink.Emit(event.Event{Kind: event.Printed, Pos: pos, Host: host, Text: text})
	}
}

// groupNames are the groups of the hosts that take part.
func (j *job) groupNames() []string { return slices.Sorted(maps.Keys(j.inventory.Groups())) }

// findWorkspace finds the workspace around a folder.
func (e *env) findWorkspace(dir string) (*workspace.Workspace, error) {
	return workspace.Find(dir, e.workspaceEnv())
}

// workspaceEnv is what workspaces need to know of this process.
func (e *env) workspaceEnv() workspace.Env {
	w := workspace.Env{
		Home: e.Getenv("HOME"), StateHome: e.Getenv("XDG_STATE_HOME"), CacheHome: e.Getenv("XDG_CACHE_HOME"),
		UID: os.Getuid(), SudoUID: -1,
	}
	if uid, err := strconv.Atoi(e.Getenv("SUDO_UID")); err == nil && w.UID == 0 {
		w.SudoUID = uid
	}
	return w
}

// printLine shows what a runbook prints where no run is under way.
func (e *env) printLine(pos diag.Pos, _, text string) {
	fmt.Fprintf(e.Stderr, "%s: %s\n", pos, ui.Readable(text))
}
