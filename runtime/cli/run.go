package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/probe"
	"github.com/openfroyo/froyo/runtime/telemetry"
	"github.com/openfroyo/froyo/runtime/ui"
)

// run is a job at work on its hosts: planned, and perhaps applied.
type run struct {
	*job
	forks     int
	connector *connector
	contacts  *contacts
	contents  *plan.Contents
	record    *recording
	trace     *telemetry.Trace
	sinks     event.Tee
	notes     *notes
	into      *ui.JSONLines // the file of --json-into, or nil
	intoFile  *os.File
	junit     *ui.JUnit // of --junit, or nil
	planned   []*plan.Host
	leaving   sync.WaitGroup
}

// start opens what a run needs besides its job. close must follow.
func (j *job) start(ctx context.Context, command string, f *runFlags, stdout *ui.JSONLines) (*run, error) {
	forks := j.forks(f.Forks)
	if forks < 1 {
		return nil, diag.Errorf(diag.Pos{}, "--forks %d: at least one host must be at work", forks)
	}
	connector, err := newConnector(j.env, &f.targetFlags)
	if err != nil {
		return nil, err
	}
	r := &run{job: j, forks: forks, connector: connector, contents: &plan.Contents{}, notes: newNotes()}
	connector.note = r.notes.take
	r.contacts = newContacts(func(ctx context.Context, h *inventory.Host) (*dial.Session, error) {
		return connector.open(ctx, h, r.sinks)
	})
	if r.record, err = j.openRecording(ctx, command); err != nil {
		return nil, errors.Join(err, connector.close())
	}
	if r.trace, err = j.env.openTrace(f.Trace, r.record.id); err != nil {
		return nil, errors.Join(err, r.close(ctx, diag.Usage, nil))
	}
	r.sinks = event.Tee{r.record, telemetry.Log(j.env.logger(r.record.id)), r.trace}
	if stdout != nil {
		r.sinks = append(r.sinks, stdout)
	}
	if err := r.openInto(f.Into); err != nil {
		return nil, errors.Join(err, r.close(ctx, diag.Usage, nil))
	}
	r.sinks.Emit(event.Event{Kind: event.RunStarted, Text: command, Total: len(j.selection.hosts)})
	return r, nil
}

// defaultForks is how many hosts are at work at once where nobody says.
const defaultForks = 50

// forks is how many hosts are at work at once: the flag, the workspace, the default.
func (j *job) forks(flag *int) int {
	switch {
	case flag != nil:
		return *flag
	case j.workspace.Settings.Forks > 0:
		return j.workspace.Settings.Forks
	}
	return defaultForks
}

// endTime bounds saying goodbye to the hosts.
const endTime = 10 * time.Second

// leave ends the connections beside what is still to be printed and recorded.
func (r *run) leave(ctx context.Context) {
	r.leaving.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		r.contacts.close(ctx)
	})
}

// close ends connections and records how the run ended.
func (r *run) close(ctx context.Context, code diag.Code, counts []apply.Count) error {
	ctx = context.WithoutCancel(ctx)
	r.leave(ctx)
	r.leaving.Wait()
	end, err := r.record.end(code, counts)
	r.sinks.Emit(event.Event{Kind: event.RunFinished, Text: string(end.Status)})
	errs := []error{err, r.connector.close(), r.packages.close(ctx), r.dir.Close()}
	errs = append(errs, r.closeInto())
	if r.trace != nil {
		errs = append(errs, r.trace.Close(ctx))
	}
	return errors.Join(append(errs, r.record.close(ctx, code, counts))...)
}

// plan reads the hosts and finds out what each would change.
func (r *run) plan(ctx context.Context, progress *ui.Progress) {
	r.packages.warm(ctx, r.program.Uses)
	go facts.All() // are read while hosts are connected to
	sinks := append(event.Tee{progress}, r.sinks...)
	r.listen(sinks)
	planner := &plan.Planner{
		Connect: func(ctx context.Context, h *inventory.Host) (plan.Target, error) {
			t, err := r.connect(ctx, h)
			if err == nil {
				sinks.Emit(event.Event{Kind: event.HostReached, Host: h.Name})
			}
			return t, err
		},
		Evaluate: func(ctx context.Context, h *inventory.Host, _ plan.Target) (*plan.Evaluation, error) {
			ev, _, err := r.evaluate(ctx, h, r.contacts)
			if err == nil {
				ev.Facts = r.contacts.known(h)
			}
			return ev, err
		},
		Owed: r.record.owed, Progress: r.record.progress, Run: r.record.id, Protected: r.record.protected, Delegate: r.delegate, Plays: r.selection.names,
		Provider: r.packages.provider, User: (*inventory.Host).ActsAs, Contents: r.contents, Events: sinks, Forks: r.forks,
	}
	r.planned = planner.Plan(ctx, r.selection.hosts)
}

// listen sends what runbooks print and hosts note into the stream of the stage that begins.
func (r *run) listen(sink event.Sink) {
	r.emitPrints(sink)
	r.notes.into(sink)
}

// connect gives the engine a host whose ops are traced, and whose probes are
// made from here.
func (r *run) connect(ctx context.Context, h *inventory.Host) (plan.Target, error) {
	t, err := r.contacts.Connect(ctx, h)
	if err != nil {
		return nil, err
	}
	note := func(unit, text string) { r.notes.take(h.Name, unit, text) }
	return r.trace.Target(h.Name, probe.Wrap(t, probe.Options{Host: h.Name, Via: r.via, Note: note})), nil
}

// via gives the way to connect from a host of the inventory, which need not be
// one of the run's.
func (r *run) via(ctx context.Context, name string) (probe.Dial, error) {
	h := r.inventory.Host(name)
	if h == nil {
		return nil, fmt.Errorf("the inventory has no host %s", name)
	}
	return r.contacts.dial(ctx, h)
}

// planErrors are the reasons why hosts and units have no plan.
func (r *run) planErrors() error {
	var errs []error
	for _, h := range r.planned {
		if h.Err != nil {
			errs = append(errs, hostError(h.Host.Name, h.Err))
		}
		for _, s := range h.Steps() {
			if s.Err != nil {
				errs = append(errs, apply.Explain(s.Unit, s.Err))
			}
		}
	}
	return errors.Join(errs...)
}

// warnings are remarks on the runbook that planning brought up.
func (r *run) warnings() []*diag.Error {
	var all []*diag.Error
	for _, h := range r.planned {
		all = append(all, h.Warnings...)
	}
	return append(all, unclaimed(r.planned)...)
}

// hostError gives an error of a host its exit code.
func hostError(host string, err error) error {
	if e, ok := errors.AsType[*dial.Error](err); ok {
		d := &diag.Error{Summary: e.Message, Detail: e.Detail, Hint: e.Hint, Host: host, Code: diag.Failed, Cause: err}
		if e.Unreachable() {
			d.Code = diag.Unreachable
		}
		return d
	}
	if errors.Is(err, context.Canceled) {
		return &diag.Error{Summary: "interrupted", Host: host, Code: diag.Interrupted, Cause: err}
	}
	if _, ok := errors.AsType[*diag.Error](err); ok {
		return err
	}
	d := &diag.Error{Summary: err.Error(), Host: host, Code: diag.Failed, Cause: err}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		d.Hint = h.Hint()
	}
	return d
}

// progress shows the run on standard error: a live screen on a terminal that
// can be rewritten and that no log is written to.
func (e *env) progress(verb string, hosts []*inventory.Host) *ui.Progress {
	return ui.NewProgress(e.Stderr, ui.ProgressOptions{
		Style: ui.Style{Color: e.color(e.Stderr)}, Live: isTerminal(e.Stderr) && e.Getenv("TERM") != "dumb" && e.verbose == 0,
		Size: func() (int, int) { return size(e.Stderr) }, Verb: verb, Hosts: hostNames(hosts),
	})
}

// show prints the plan on standard output.
func (r *run) show(quiet bool) error {
	v := ui.PlanView{
		Style: ui.Style{Color: r.env.color(r.env.Stdout)}, Contents: r.contents, Verbose: r.env.verbose > 0, Quiet: quiet,
	}
	return v.Print(r.env.Stdout, r.selection.names, r.planned)
}

// origin is what the plan was made from, in the shape in which plans are saved.
func (r *run) origin() *plan.Document {
	d := &plan.Document{
		Format: plan.Format, Froyo: Version(), Created: time.Now().UTC(), Main: r.main, Root: r.root, Sources: r.sources(), Vars: r.vars,
		Inventory: r.inventory.Hosts(), Groups: r.groupNames(), Limit: r.limit, Tags: r.tags.Only, SkipTags: r.tags.Skip,
		Targets: r.targets.Only(), Exclude: r.targets.Exclude(),
	}
	for i, p := range r.program.Plays() {
		play := plan.DocumentPlay{Name: p.Name, Selector: p.Selector, Selected: r.selection.byPlay[i]}
		if p.Graph {
			play.Order = plan.OrderGraph
		}
		d.Plays = append(d.Plays, play)
	}
	return d
}

// document gives the plan the shape in which it is saved.
func (r *run) document() (*plan.Document, error) {
	d := r.origin()
	d.Summary = plan.Summarize(r.planned)
	seal, err := r.workspace.Sealer()
	if err != nil {
		return nil, err
	}
	for _, h := range r.planned {
		if err := d.AddHost(h, r.selection.names, r.contents, seal); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// save writes the plan to a file, signed, whole or not at all.
func (r *run) save(name string) error {
	return writeWhole(name, r.writeDocument)
}

// writeDocument writes the plan as it is saved.
func (r *run) writeDocument(w io.Writer) error {
	d, err := r.document()
	if err != nil {
		return err
	}
	key, err := r.workspace.Signer()
	if err != nil {
		return err
	}
	return d.Write(w, key)
}

// saveDOT writes the plan's graph to a file; "-" is standard output.
func (r *run) saveDOT(name string) error {
	d, err := r.document()
	if err != nil {
		return err
	}
	if name == "-" {
		return d.Graph().WriteDOT(r.env.Stdout)
	}
	return writeWhole(name, d.Graph().WriteDOT)
}
