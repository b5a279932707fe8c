package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/selection"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/unitfilter"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/vars/declared"
)

// Spec is what is to be run, as data.
type Spec struct {
	// Main is the runbook's path in Services.Files, and Root the directory that its paths start from.
	Main, Root string
	// Typed says that the runbook is what was typed at a prompt. It cannot be read again, so that the run cannot be resumed.
	Typed bool
	// Note is what the audit log tells in place of the runbook, "" where that is a file.
	Note string
	// Action is the action that is run in place of the runbook's plays, nil for these.
	Action *runbook.Call
	// Vars are the variables of the command line, and the inventory.
	Vars vars.Set
	// Sources are those of a saved plan or an earlier run, nil where they are read anew: what they
	// do not declare is not declared, whatever Services.Files hold by now.
	Sources map[string]string
	// InventoryFiles are those that were named beside the workspace's own.
	InventoryFiles []string
	// Command is the command line that is the runbook, or that runs Action, "" for what has a command of its own.
	Command string
	// Limit narrows the hosts; it names no files.
	Limit string
	// Tags, Only and Exclude narrow the units.
	Tags          unitfilter.Tags
	Only, Exclude []string
	// Saved is the plan that is to be carried out exactly, nil where there is none, and Digest its digest.
	Saved  *planfile.Document
	Digest string
	// Secrets are those that the plan was made with which is carried out, or the run that is resumed: others are stale.
	Secrets []secret.Ref
	// Resumed is the run that is resumed, nil for a new one.
	Resumed *state.Run
	// OnResume says in place of the runbook what becomes of units whose outcome is not known:
	// fail, skip or rerun, for all or for a name: h1/cmd[migrate]=skip.
	OnResume []string
}

// Job is a runbook that was read, with its hosts, ready to be planned. It has connected to nothing.
type Job struct {
	// Spec is what it was loaded from.
	Spec Spec

	services  Services
	program   runbook.Program
	declared  *declared.Variables // nil where nothing is declared
	facts     *facts.Registry
	inventory *inventory.Inventory // with what is declared
	selection *selection.Selection
	targets   *unitfilter.Targets
	tags      unitfilter.Names
	decisions *resume.Decisions

	printing sync.Mutex
	printed  func(pos diag.Pos, host, text string)
}

// Load reads the runbook and selects the hosts of its plays.
func Load(ctx context.Context, s Services, spec Spec) (*Job, error) {
	j, effective, err := readRunbook(ctx, s, spec)
	if err != nil {
		return nil, err
	}
	for _, w := range j.program.Warnings() {
		s.Warn(w)
	}
	if actions := j.program.Actions(); len(actions) > 0 && len(j.program.Plays()) == 0 {
		return nil, (&diag.Error{Summary: "the runbook has no plays, only actions, which are run by name"}).WithHint("froyo run %s", actions[0].Name)
	}
	if j.selection, err = selection.Of(j.inventory, j.program.Plays(), spec.Limit); err != nil {
		return nil, err
	}
	if s.Narrow != nil {
		if j.Spec.Limit, err = s.Narrow(ctx, j.selection.Hosts); err != nil {
			return nil, err
		}
		if j.selection, err = selection.Of(j.inventory, j.program.Plays(), j.Spec.Limit); err != nil {
			return nil, err
		}
	}
	if spec.ofLine() {
		return j, nil // it reads none
	}
	return j, effective.Check(j.selection.Hosts)
}

// CommandLine is the name of a runbook that a command line is: there is no such file, and it reads no variables.
const CommandLine = "froyo run"

func (s Spec) ofLine() bool { return IsCommandLine(s.Main) }

// IsCommandLine reports whether a runbook, by its path, is a command line.
func IsCommandLine(main string) bool { return path.Base(main) == CommandLine }

// Actions reads the runbook for what can be run of it by name.
func Actions(ctx context.Context, s Services, spec Spec) ([]runbook.Action, error) {
	j, _, err := readRunbook(ctx, s, spec)
	if err != nil {
		return nil, err
	}
	return j.program.Actions(), nil
}

// readRunbook reads the runbook.
func readRunbook(ctx context.Context, s Services, spec Spec) (*Job, *declared.Effective, error) {
	j := &Job{Spec: spec, services: s, printed: s.Printed}
	var err error
	if j.targets, err = unitfilter.Parse(spec.Only, spec.Exclude, s.Types.KeyIsPath); err != nil {
		return nil, nil, err
	}
	if j.decisions, err = resume.ParseDecisions(spec.OnResume, s.Types.KeyIsPath); err != nil {
		return nil, nil, err
	}
	effective, err := j.declare()
	if err != nil {
		return nil, nil, err
	}
	j.inventory = effective.Set.Inventory
	if err := j.expectSecrets(ctx); err != nil {
		return nil, nil, err
	}
	j.program, err = s.Read(ctx, Source{
		Files: s.Files, Main: spec.Main, Action: spec.Action, Types: s.Types.Types(), Inventory: j.inventory, Facts: j.facts, Vars: effective.Set.Given, Secrets: s.Secrets,
		Declared: effective.Differ, Print: j.print, Seal: s.Workspace.Sealer,
	})
	if err != nil {
		if wrong := effective.Check(nil); wrong != nil && !spec.ofLine() { // the one may be due to the other
			return nil, nil, wrong
		}
		return nil, nil, err
	}
	return j, effective, nil
}

// expectSecrets asks for the secrets of a plan that is carried out, and refuses it where one is another by now.
func (j *Job) expectSecrets(ctx context.Context) error {
	secrets, s := j.services.Secrets, &j.Spec
	if secrets == nil || len(s.Secrets) == 0 {
		return nil
	}
	what, instead := "the plan", ""
	if s.Resumed != nil {
		what, instead = "run "+s.Resumed.ID, "apply the runbook again, which does what is left with the secret as it is now"
	}
	secrets.Expect(s.Secrets, what, instead)
	var errs []error
	for _, ref := range s.Secrets {
		_, err := secrets.Get(ctx, ref.Name, ref.Generate)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// nothing is a directory without files.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// declare reads what is declared beside the runbook: facts and variables. It puts the variables into the declarations that belong to the runbook.
func (j *Job) declare() (*declared.Effective, error) {
	var err error
	files := j.services.Files
	if j.Spec.Sources != nil {
		files = (&planfile.Document{Sources: j.Spec.Sources}).Files(nothing{})
	}
	if j.facts, err = facts.Read(files); err != nil {
		return nil, err
	}
	if j.declared, err = declared.Find(files, j.Spec.Main); err != nil {
		return nil, err
	}
	if j.declared == nil {
		return &declared.Effective{Set: j.Spec.Vars}, nil
	}
	j.Spec.Vars = j.Spec.Vars.MarkNames(j.declared.Sensitive())
	return j.declared.Apply(j.Spec.Vars)
}

// Plays names the plays, in their order.
func (j *Job) Plays() []string { return j.selection.Names }

// Hosts are the hosts that take part, in the inventory's order.
func (j *Job) Hosts() []*inventory.Host { return j.selection.Hosts }

// Selected names the hosts of a play, by its index.
func (j *Job) Selected(play int) []string { return j.selection.ByPlay[play] }

// Text gives the text of a source, for the lines under errors.
func (j *Job) Text(file string) ([]byte, bool) {
	if text, ok := j.program.Sources()[file]; ok {
		return text, true
	}
	return Text(j.services.Files, file)
}

// Text gives the text of a file, for the lines under errors.
func Text(files fs.FS, file string) ([]byte, bool) {
	if !fs.ValidPath(path.Clean(file)) {
		return nil, false
	}
	text, err := fs.ReadFile(files, path.Clean(file))
	return text, err == nil
}

// Notes tells which units take part besides those that were named.
func (j *Job) Notes() []*diag.Error { return j.targets.Notes() }

// print passes on what the runbook prints.
func (j *Job) print(pos diag.Pos, host, text string) {
	j.printing.Lock()
	to := j.printed
	j.printing.Unlock()
	if to != nil {
		to(pos, host, text)
	}
}

// printNowhere drops what the runbook prints, until the function that it returns is called.
func (j *Job) printNowhere() (again func()) {
	j.printing.Lock()
	defer j.printing.Unlock()
	before := j.printed
	j.printed = nil
	return func() {
		j.printing.Lock()
		defer j.printing.Unlock()
		j.printed = before
	}
}

// printInto sends what the runbook prints into a stream from now on.
func (j *Job) printInto(sink event.Sink) {
	j.printing.Lock()
	defer j.printing.Unlock()
	j.printed = func(pos diag.Pos, host, text string) {
		sink.Emit(event.Event{Kind: event.Printed, Pos: pos, Host: host, Text: text})
	}
}

// units asks the runbook what it wants of a host, without what tags and targets leave out.
func (j *Job) units(ctx context.Context, h *inventory.Host, r runbook.Reader) (*planning.Evaluation, *diag.Error, error) {
	return j.filtered(ctx, h, r, j.targets, &j.tags)
}

// filtered is what the runbook wants of a host, of which targets and tags note what they match.
func (j *Job) filtered(ctx context.Context, h *inventory.Host, r runbook.Reader, targets *unitfilter.Targets, tags *unitfilter.Names) (*planning.Evaluation, *diag.Error, error) {
	indexes := j.selection.Plays[h.Name]
	ev, stopped, err := j.program.Units(ctx, h, indexes, r)
	if err != nil {
		return nil, nil, err
	}
	var kept []*unit.Play
	var of []int
	for _, i := range indexes {
		if ev.Plays[i] != nil { // else the evaluation ended before
			tags.See(ev.Plays[i])
			kept, of = append(kept, j.Spec.Tags.Filter(ev.Plays[i])), append(of, i)
		}
	}
	for i, play := range targets.Filter(kept) {
		ev.Plays[of[i]] = play
		for u := range play.All() {
			u.Failure.OnResume = j.decisions.Of(u.ID, u.Failure.OnResume)
		}
	}
	return ev, stopped, nil
}

// sources are the texts of the files that were evaluated, without those that come with froyo.
func (j *Job) sources() map[string]string {
	out := map[string]string{}
	for name, text := range j.program.Sources() {
		if !strings.HasPrefix(name, runbook.BuiltIn) {
			out[name] = string(text)
		}
	}
	for _, n := range j.facts.All() {
		if n.Own != nil {
			out[n.Own.File] = string(n.Own.Text)
		}
	}
	if j.declared != nil {
		out[j.declared.File] = string(j.declared.Text)
	}
	return out
}

// given are the variables of the command line that an evaluation may come to read, as they were
// given. What is declared is computed of them again.
func (j *Job) given() map[string]any {
	out := map[string]any{}
	for name, value := range j.Spec.Vars.Given {
		if _, read := j.program.Vars()[name]; read || j.declared.Declares(name) {
			out[name] = value
		}
	}
	return out
}

// SpecOf is what a saved plan was made from. Its variables lack the values that are sensitive.
func SpecOf(saved *planfile.Document) Spec {
	spec := Spec{
		Main: saved.Main, Root: saved.Root, Sources: saved.Sources, Secrets: saved.Secrets, InventoryFiles: saved.InventoryFiles, Limit: saved.Limit,
		Vars: vars.Set{Given: saved.Vars, Inventory: inventory.New(saved.Inventory, saved.Groups...)},
		Tags: unitfilter.Tags{Only: saved.Tags, Skip: saved.SkipTags}, Only: saved.Targets, Exclude: saved.Exclude,
	}
	if a := saved.Action; a != nil {
		if spec.Command = a.Command; a.Name != "" {
			spec.Action = &runbook.Call{Name: a.Name, Args: a.Args}
		}
	}
	return spec
}

// Stored reads from the workspace's state what a run goes by: the saved plan that it
// carries out, or what it was planned from.
func Stored(ctx context.Context, w Workspace, run string) (*planfile.Document, error) {
	store, err := w.Kept(ctx)
	if err != nil {
		return nil, err
	}
	if store == nil {
		return nil, fmt.Errorf("the plan of run %s: %w", run, fs.ErrNotExist)
	}
	data, err := store.PlanOf(ctx, run)
	if err := errors.Join(err, store.Close()); err != nil {
		return nil, err
	}
	kept, err := planfile.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("the plan of run %s: %w", run, err)
	}
	return kept, nil
}
