// Package run is one run of a runbook, from load to close: Load reads it, Begin records the run, Plan
// finds out what each host would change, Approve lets that be done, Apply does it, Close ends the run.
// A run that was broken off is loaded with Spec.Resumed, and takes the same way. It knows no terminal, no
// flags, no environment and no current directory: the command line is one client, and others may be.
//
// It imports the engine's other packages, and chooses none of their concrete parts.
package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/hosttime"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/record"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/collect"
	"github.com/openfroyo/froyo/runner/fetch"
)

// DefaultForks is how many hosts are at work at once where it is not said.
const DefaultForks = 50

// endTime bounds ending the connections to the hosts.
const endTime = 10 * time.Second

// Options say how to run.
type Options struct {
	// Command names what is done, for the store: plan, apply.
	Command string
	// Openers open sessions with hosts.
	Openers fleet.Openers
	// Connections are those with hosts where some may be open already, in place of Openers and Live; nil where there are none.
	Connections *fleet.Connections
	// Forks bounds the hosts at work at once.
	Forks int
	// HostTime is how long a host may take in a stage, 0 for as long as it takes.
	HostTime time.Duration
	// Wait is how long a host that another run has locked is waited for.
	Wait time.Duration
	// Guards says how hosts are kept from being cut off.
	Guards guard.Options
	// Again is that the saved plan may have been applied before.
	Again bool
	// Live has what commands print told as they do, as events.
	Live bool
	// Decide is asked where another machine answers under a host's name; nil refuses the host.
	Decide record.Decide
}

// Run is one run. Its methods are called one after the other, but for Approve and Approved,
// which others may call once there is a plan.
type Run struct {
	job     *Job
	options Options
	record  *record.Record
	hosts   *fleet.Connections
	pool    *fleet.Pool // of hosts
	// downloads are the files that units of all hosts download.
	downloads fetch.Cache
	collected collect.Directory // what units bring from hosts
	hostTime  hosttime.Hosts
	sinks     event.Tee
	trace     func(host string, t plan.Target) plan.Target
	plan      *Plan
	proposal  *Plan // the plan, but with the hosts that are refused
	refused   error // why these are
	proposed  proposed
	leaving   sync.WaitGroup
}

// Begin records that a run begins, or that it is resumed. Close must follow.
func (j *Job) Begin(ctx context.Context, o Options) (*Run, error) {
	store, err := j.services.Workspace.State(ctx)
	if err != nil {
		return nil, err
	}
	j.doubtLog(ctx, store)
	seal, err := j.services.Workspace.Sealer()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	rec, err := record.Open(ctx, record.Options{
		Store: store, Workspace: j.services.Workspace.ID(), Seal: seal, Worker: j.services.Worker,
		KeyIsPath: j.services.Types.KeyIsPath, Facts: j.facts, Warn: j.services.Warn,
		Command: o.Command, Main: j.Spec.Main, Note: j.Spec.Note, Hosts: inventory.Names(j.selection.Hosts), Plan: j.Spec.Digest, Again: o.Again, Resumed: j.Spec.Resumed,
	})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	planned := &Plan{job: j, Contents: &plan.Contents{}}
	r := &Run{
		job: j, options: o, record: rec, plan: planned, proposal: planned, hosts: o.Connections,
		hostTime: hosttime.Hosts{Limit: o.HostTime}, sinks: event.Tee{rec.Events},
		trace: func(_ string, t plan.Target) plan.Target { return t },
	}
	r.collected.Open = j.services.Collects
	if r.hosts == nil {
		r.hosts = fleet.Connect(o.Openers, o.Live)
	}
	r.pool = r.hosts.Pool
	rec.History.Decide = o.Decide
	if !j.Spec.Typed {
		rec.Log.Resumable(r.plan.resumable)
	}
	return r, nil
}

// verified is how many of the latest rows of the audit log a run verifies before it adds its own. All of them take long.
const verified = 100

// doubtLog warns where the end of the audit log is not what froyo wrote. The run takes place: its rows are signed one by one, and
// what was added without the key stays unsigned.
func (j *Job) doubtLog(ctx context.Context, store state.Store) {
	if j.services.Warn == nil {
		return
	}
	found, err := store.VerifyAudit(ctx, verified)
	if err != nil {
		j.services.Warn(diag.Of(err))
	} else if doubt := audit.Doubt(found); doubt != nil {
		j.services.Warn(doubt)
	}
}

// ID names the run.
func (r *Run) ID() string { return r.record.ID }

// Job is what is run.
func (r *Run) Job() *Job { return r.job }

// Listen sends what happens to sinks, too. It is called before Plan.
func (r *Run) Listen(sinks ...event.Sink) { r.sinks = append(r.sinks, sinks...) }

// Trace has what is sent to hosts pass through what wrap returns. It is called before Plan.
func (r *Run) Trace(wrap func(host string, t plan.Target) plan.Target) { r.trace = wrap }

// Planned is the plan that Plan made.
func (r *Run) Planned() *Plan { return r.plan }

// Proposed is what is to be approved and applied: the plan, in which hosts that differ from
// the saved plan that is carried out have none.
func (r *Run) Proposed() *Plan { return r.proposal }

// Refused says how hosts differ from the saved plan that is carried out; nil is that none does.
func (r *Run) Refused() error { return r.refused }

// Acted reports whether the run has begun to change something, so that it can be resumed.
func (r *Run) Acted() bool { return r.record.Log.Acted() || r.job.Spec.Resumed != nil }

// Leave ends the connections beside what is still to be printed and recorded.
func (r *Run) Leave(ctx context.Context) {
	r.leaving.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		r.hosts.Close(ctx)
	})
}

// Close ends the connections and records how the run ended: with which exit code, and
// with what counts of its hosts, nil where nothing was applied.
func (r *Run) Close(ctx context.Context, code diag.Code, counts []apply.Count) error {
	ctx = context.WithoutCancel(ctx)
	r.Leave(ctx)
	r.leaving.Wait()
	end, err := r.record.End(code, counts)
	r.sinks.Emit(event.Event{Kind: event.RunFinished, Text: string(end.Status)})
	return errors.Join(err, r.record.Close(ctx, end))
}

// sameHost tells of two names that turned out to be one machine.
func (r *Run) sameHost(one, other string) {
	w := &diag.Error{Summary: one + " and " + other + " are one machine"}
	for _, h := range r.plan.Hosts {
		if id := h.MachineID(); h.Host.Name == one && id != "" {
			w.Summary += " (machine-id " + id + ")"
		}
	}
	r.job.services.Warn(w.WithHint("only one of them acts at a time; name the machine once in the inventory, so that a limit or a batch means what it says"))
}
