// Package state says what is kept of runs: who ran what, what was planned,
// what happened, what each resource was before and after, and what is known of
// the hosts. Stores implement Store; statetest holds what all of them must do.
//
// It imports the engine's leaves, runner/op, and engine/state/blob.
package state

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/state/blob"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// MaxBlob is the largest content that is kept; of larger content the digest alone is.
const MaxBlob = blob.Max

// Store keeps the state of workspaces. All methods MUST be safe for concurrent
// use. What a method has accepted MUST survive the death of the process; where
// it returns an error, nothing of that call is kept. Errors are *diag.Error
// with a hint, and match the sentinels of this package.
type Store interface {
	Recorder
	History
	Hosts
	Handlers
	Progress
	Approvals
	HostLocks
	Machines
	Protections
	Plans
	Targets
	// Close waits for what is under way. No other method may follow.
	Close() error
}

// Recorder is the writing half: one run, as it goes.
type Recorder interface {
	// BeginRun records that a run has begun. Its ID MUST be new.
	BeginRun(ctx context.Context, r Run) error
	// SaveUnits records what was planned. Of a unit that was saved before, its
	// plan is replaced, unless it has changed something by that; how far it has come
	// stays, unless that was on another machine.
	SaveUnits(ctx context.Context, run string, units []PlanUnit) error
	// AppendEvents records what happened. The pair of run and Seq MUST be new. An
	// event with a Status also sets that of its unit, where that was saved and has
	// not begun anew since.
	AppendEvents(ctx context.Context, run string, events []Event) error
	// RecordChange records that resources were changed, and with that the handlers
	// that are pending for it, for good: it returns once the record would survive
	// a power failure. All of it is kept or nothing.
	RecordChange(ctx context.Context, changes ...Change) error
	// FinishRun records how a run ended. It MAY be called again to correct that.
	FinishRun(ctx context.Context, run string, e End) error
	// AppendAudit records who did what. Runs need none: BeginRun and FinishRun, and what resumes or ends a run, record
	// that themselves. Each row is signed with it.
	AppendAudit(ctx context.Context, a Audit) error
	// Author says who writes the audit log, and with which key its rows are signed. It is called before anything is recorded.
	Author(a audit.Author)
}

// History is the reading half.
type History interface {
	// Runs lists the latest runs of a workspace, the youngest first; all of them
	// where limit is negative.
	Runs(ctx context.Context, workspace string, limit int) ([]Run, error)
	// Units lists what a run planned, by host, in the order of the runbook.
	Units(ctx context.Context, run string) ([]PlanUnit, error)
	// Output returns what the programs of a unit printed when it was last executed in a run, and when that was
	// recorded, or an error that matches fs.ErrNotExist. A unit that is about to act again has none. Of runs that have
	// ended a store MAY forget it, but of a workspace's latest run, and of its latest KeptOutputs runs unless they
	// take more than KeptOutputBytes; the latest are kept longest.
	Output(ctx context.Context, run, host, unit string) (*output.Output, time.Time, error)
	// Events lists what happened in a run, in order; their Output is not among it.
	Events(ctx context.Context, run string) ([]Event, error)
	// Resources lists what froyo has changed on the machine that now stands behind host, by unit.
	Resources(ctx context.Context, workspace, host string) ([]Resource, error)
	// Content returns kept content by its digest, or an error that matches fs.ErrNotExist.
	Content(ctx context.Context, sum string) ([]byte, error)
	// AuditLog reads the latest rows of the audit log with their signatures, as it was at one moment, in its order; all of it where
	// limit is negative. It looks whether the place where it is kept is as it was made.
	AuditLog(ctx context.Context, limit int) (*audit.Log, error)
	// VerifyAudit verifies as many rows by the author's keys.
	VerifyAudit(ctx context.Context, limit int) ([]audit.Finding, error)
}

// What programs printed is kept of a workspace's latest runs that ran any: of so many, and at most so many bytes as they
// are stored.
const (
	KeptOutputs     = 100
	KeptOutputBytes = 256 << 20
)

// Hosts is what is known of hosts: which machine stands behind a name, and its facts.
type Hosts interface {
	// HostSeen records which machine answered under a name. Where it is another
	// than before, what is known of the old one is set aside: Resources and Facts
	// speak of the new one only.
	HostSeen(ctx context.Context, s Sighting) (Known, error)
	// PutFacts replaces facts, by machine and namespace.
	PutFacts(ctx context.Context, facts []Fact) error
	// Facts lists the facts of the machine that now stands behind host, by
	// namespace; whether they are still fresh is for the caller to say.
	Facts(ctx context.Context, workspace, host string) ([]Fact, error)
}

// Handlers are the handlers that changes called for and that have not run since.
type Handlers interface {
	// PendingHandlers lists the pending handlers, by host, the oldest first; also what is on machines
	// that no longer stand behind their names.
	PendingHandlers(ctx context.Context, workspace string) ([]PendingHandler, error)
	// PendingHandlersOn lists those of one machine, the oldest first.
	PendingHandlersOn(ctx context.Context, workspace, host, machineID string) ([]PendingHandler, error)
	// CancelIntent takes back the intent of the same run and no change has called for since.
	CancelIntent(ctx context.Context, pending ...PendingHandler) error
	// ClearPending records, for good, that handlers are no longer pending for what called
	// for them up to a time. One that was called for later stays pending.
	ClearPending(ctx context.Context, until time.Time, pending ...PendingHandler) error
}

// RunStatus is how far a run has come.
type RunStatus string

// The statuses of a run.
const (
	Running     RunStatus = "running" // or its process died
	Succeeded   RunStatus = "succeeded"
	Failed      RunStatus = "failed"
	Interrupted RunStatus = "interrupted"
	// NeverStarted is a run whose process died before it could have changed anything.
	NeverStarted RunStatus = "never started"
)

// Run is one run of a command.
type Run struct {
	ID        string
	Workspace string // path of its root
	Command   string // "apply"
	Runbook   string // its path below the workspace's root, "" where that is not known
	User      string
	Started   time.Time
	Hosts     int // that it selected
	// Names are these hosts, and Note is what else the audit log tells of it: both are in that alone.
	Names []string
	Note  string
	Plan  string // digest of the saved plan it carries out, if it does
	// Resumed is when it was last resumed, zero where it never was.
	Resumed time.Time
	Process // that it is at work in, or was
	// Resumable says that its plan is kept.
	Resumable bool
	// Proposed is the digest of the plan that it asked to have approved last, "" before that,
	// Approval who approved it, and Applying when it began to be applied.
	Proposed string
	Approval Approval
	Applying time.Time
	// Earlier are how it had ended each time that it was resumed, the oldest first.
	Earlier []Attempt
	End     // zero while it is under way
}

// Attempt is a run up to its end, after which it was resumed.
type Attempt struct {
	Started time.Time // or resumed
	Ended   time.Time
	Status  RunStatus
	Code    diag.Code
}

// End is how a run ended.
type End struct {
	Ended   time.Time
	Status  RunStatus
	Code    diag.Code
	Summary json.RawMessage
}

// NewRunID makes the ID of a run. IDs sort by time and are short enough to type.
func NewRunID(now time.Time) string {
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(salt[:])
}

// IsRunID reports whether a text has the form of a run's ID.
func IsRunID(s string) bool { return runID.MatchString(s) }

var runID = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{6}$`)

// PlanUnit is one unit of a plan. Before and After are digests of what the
// resource was and is to be, "" where it is not there or not known.
type PlanUnit struct {
	Host string
	// MachineID is the machine that it was planned for, or last began to act on.
	MachineID string
	Unit      string // file[/etc/motd]
	Play      string
	Position  int // in the runbook's order on this host
	Pos       diag.Pos
	Action    abi.Action
	// Status is how it ended, "" before that.
	Status  string
	Before  string
	After   string
	Effects json.RawMessage
	// Started is when it last began to act, zero where it did not. With a Status of
	// "" the outcome is unknown.
	Started time.Time
	// Outputs is what it offered to later units, where one of them reads that.
	Outputs json.RawMessage
	// Idle is why it was not going to be executed, as things stood when it was planned.
	Idle Idle
}

// Idle is why a unit is not going to be executed as things stand; "" is that it is.
type Idle string

// Why units are idle.
const (
	NotNotified    Idle = "not notified"    // it is a handler's, and nothing notifies that
	NothingFailed  Idle = "nothing failed"  // it is done only where another unit fails
	ConditionFalse Idle = "condition false" // its when is false
	OnAnotherHost  Idle = "once, elsewhere" // it is done once for all hosts, on another one
)

// Event is one thing that happened, in the shape in which it is shown outside.
type Event struct {
	Seq  int64
	Time time.Time
	Host string
	Unit string
	Kind string
	// Status is how the unit ended, where the event tells that.
	Status string
	Data   json.RawMessage
	// Output is what the unit's programs printed, where no other record has that.
	Output *output.Output
}

// Value is what a resource was or is: its attributes as JSON, in which content
// stands by digest. Of a sensitive one Data is nil and Digest is keyed; else
// Digest is left empty and becomes that of Data. The zero Value is a resource
// that is not there.
type Value struct {
	Digest string
	Data   []byte
}

// Sum returns the digest under which the value is known.
func (v Value) Sum() string {
	if v.Data == nil {
		return v.Digest
	}
	return op.Sum(v.Data)
}

// Change is one unit's change of a resource.
type Change struct {
	Run       string
	Workspace string
	Host      string
	MachineID string
	Play      string
	Unit      string
	// Elsewhere is where the resource is, where that is on another host than the
	// unit's; the unit and what it notifies are its own host's.
	Elsewhere *Place
	Position  int
	Pos       diag.Pos
	Action    abi.Action
	Status    string
	Time      time.Time
	// Notify names the play's handlers that are pending from now on.
	Notify []string
	// Args is the digest of the arguments that were applied.
	Args   string
	Before Value
	After  Value
	// Outputs is what it offers to later units, nil where none of them reads that.
	Outputs json.RawMessage
	// Output is what its programs printed, nil where it ran none.
	Output *output.Output
	// Contents is what Before and After refer to; what is larger than MaxBlob is left out.
	Contents []*op.Blob
}

// Place is a resource of a machine.
type Place struct {
	Host      string
	MachineID string
	Unit      string // file[/etc/motd]
}

// Resource is what froyo last made of a resource.
type Resource struct {
	Host      string
	MachineID string
	Unit      string
	Args      string
	// State is the resource as it was left, nil where it is sensitive or gone.
	State  json.RawMessage
	Before string
	After  string
	Run    string
	Time   time.Time
}

// PendingHandler is a handler that a change called for and that has not run on a machine since. Run and Since are those of the
// first change that called for it, Called is when the latest did.
type PendingHandler struct {
	Workspace string
	Host      string
	MachineID string
	Play      string
	Handler   string
	Run       string
	Since     time.Time
	Called    time.Time
	Runbook   string // of Run, where it is listed: what is recorded leaves it out
}

// Sighting is a machine that answered under a name.
type Sighting struct {
	Workspace string
	Host      string
	MachineID string // "" records nothing
	Time      time.Time
}

// Known is what was known of a host before it was seen.
type Known struct {
	// First says that the name was never seen before.
	First bool
	// Replaced is the machine that stood behind the name, where it is another now.
	Replaced string
	// Since is when the machine was first seen under the name.
	Since time.Time
}

// Fact is what one namespace of facts says of a machine.
type Fact struct {
	Workspace string
	Host      string
	MachineID string
	Namespace string // os.basic
	Data      json.RawMessage
	Time      time.Time
	TTL       time.Duration
	Source    string // what told it: the runner, or a program or function of the workspace
}

// Fresh reports whether the fact may still be relied on.
func (f Fact) Fresh(now time.Time) bool { return now.Before(f.Time.Add(f.TTL)) }

// Audit is one entry of who did what.
type Audit = audit.Entry
