// Package enginetest is a small world for tests of the engine: hosts whose
// files live in memory, and a provider of two resource types: "set" writes
// them, "probe" asks whether a port takes connections. The real parts are
// tested against the same engine elsewhere.
package enginetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Host is a host in memory. It implements plan.Target.
type Host struct {
	mu    sync.Mutex
	Files map[string]string
	// Trips counts round trips, Writes the files written.
	Trips, Writes int
	// OnWrite is called after a file is written, before the next op.
	OnWrite func(h *Host, path string)
	// Before is called with the steps of each round trip, before any of it is
	// done and outside of the host's lock: a slow host sleeps there.
	Before func(steps []target.Step)
	// Refuse makes writing these paths fail.
	Refuse map[string]bool
	// Stumble makes writing these paths fail so many times, for a reason that passes.
	Stumble map[string]int
	// Packages are the versions of the installed ones by name, Broken those that cannot be installed.
	Packages map[string]string
	Broken   map[string]bool
	// Refused says of packages why a simulation refuses them, Along what one brings along.
	Refused map[string]string
	Along   []string
	// Transactions lists the packages of each, joined by blanks.
	Transactions []string
	// LoseAfter cuts the connection after so many ops; 0 never does.
	LoseAfter int
	// LoseNow cuts it before the results of a sequence are told.
	LoseNow   bool
	ops       int
	MachineID string
	// Shut are the ports that take no connection, Probes counts who asked.
	Shut   map[int]bool
	Probes int
	// FenceAfter takes the host from the run after so many ops; 0 never does. FencedBy
	// is who has it then, if anybody.
	FenceAfter int
	FencedBy   *op.Holder
	// Holder is another run that has the host, Leases counts who asked for it.
	Holder *op.Holder
	Leases int
	// Links are directories that lead elsewhere. Asked counts who asked what paths lead to.
	Links map[string]string
	Asked int
}

// MachineID is the machine-id of hosts that have no other.
const MachineID = "11111111111111111111111111111111"

// NewHost returns a host with files.
func NewHost(files map[string]string) *Host {
	if files == nil {
		files = map[string]string{}
	}
	return &Host{Files: files, MachineID: MachineID}
}

// Do implements plan.Target.
func (h *Host) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	if h.Before != nil {
		h.Before(steps)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Trips++
	results := make([]op.Result, len(steps))
	for i, s := range steps {
		var err error
		if results[i], err = h.perform(s.Op); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Run implements plan.Target.
func (h *Host) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	if h.Before != nil {
		h.Before(steps)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Trips++
	outcomes := make([]target.Outcome, len(steps))
	for i, s := range steps {
		result, err := h.perform(s.Op)
		if err != nil {
			return outcomes[:i], err
		}
		outcomes[i] = target.Outcome{Result: result, Ran: true}
		if s.Expect != "" && protocol.Digest(result) != s.Expect {
			outcomes[i].Mismatch = true
			break
		}
		if result.Error != nil {
			break
		}
	}
	if h.LoseNow {
		return nil, &target.Error{Host: "test", Stage: target.StageLost, Message: "the connection was lost"}
	}
	return outcomes, nil
}

// Ops returns how many ops the host was asked for.
func (h *Host) Ops() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ops
}

func (h *Host) perform(o op.Op) (op.Result, error) {
	if h.ops++; h.LoseAfter > 0 && h.ops > h.LoseAfter {
		return op.Result{}, &target.Error{Host: "test", Stage: target.StageLost, Message: "the connection was lost"}
	}
	if h.FenceAfter > 0 && h.ops > h.FenceAfter {
		return op.Result{}, &target.LockLostError{Host: "h1", Reason: &op.Error{
			Class: op.Conflict, Code: op.CodeBroken, Message: "run r1 no longer holds the host: \x1b[1mits runner is gone", Holder: h.FencedBy,
		}}
	}
	switch {
	case o.Facts != nil:
		return op.Result{Facts: &op.FactsResult{OSBasic: &op.OSBasic{ID: "debian", MachineID: h.MachineID}}}, nil
	case o.Read != nil:
		content, ok := h.Files[o.Read.Path]
		if !ok {
			return op.Result{Read: &op.ReadResult{}}, nil
		}
		return op.Result{Read: &op.ReadResult{Exists: true, Sum: content}}, nil
	case o.Link != nil: // stands for writing a file: the target is its content
		if h.Refuse[o.Link.Path] {
			return op.Result{Error: &op.Error{Class: op.Permanent, Code: "eacces", Message: o.Link.Path + ": permission denied"}}, nil
		}
		if h.Stumble[o.Link.Path] > 0 {
			h.Stumble[o.Link.Path]--
			return op.Result{Error: &op.Error{Class: op.Transient, Code: "ebusy", Message: o.Link.Path + " is busy"}}, nil
		}
		h.Files[o.Link.Path] = o.Link.Target
		h.Writes++
		if h.OnWrite != nil {
			h.OnWrite(h, o.Link.Path)
		}
		return op.Result{Done: &op.Done{Changed: true}}, nil
	case o.Lock != nil:
		h.Leases++
		if h.Holder != nil {
			return op.Result{Error: &op.Error{Class: op.Conflict, Code: op.CodeHeld, Message: "held", Holder: h.Holder}}, nil
		}
		return op.Result{Done: &op.Done{}}, nil
	case o.Overlap != nil:
		return h.overlap(o.Overlap), nil
	case o.PkgQuery != nil:
		return h.query(o.PkgQuery), nil
	case o.PkgEnsure != nil:
		return h.ensure(o.PkgEnsure), nil
	}
	if o.TCP != nil {
		return h.connect(o.TCP), nil
	}
	return op.Result{}, fmt.Errorf("the test host cannot do %s", o)
}

// Provider answers for the type "set": {"path":..., "value":...}.
type Provider struct {
	// Extra makes apply ask for an op that plan did not announce.
	Extra *op.Op
	// Twist makes plan answer this effect instead of its own.
	Twist *op.Op
	// Mute keeps it from saying what units may do. Asked are the paths for which it was asked that.
	Mute  bool
	mu    sync.Mutex
	Asked []string
	// Unplannable makes planning these paths fail.
	Unplannable map[string]bool
	// Groundless makes these paths miss something until it is a file of the host.
	Groundless map[string]string
}

type set struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Call implements inspect.Provider.
func (p *Provider) Call(_ context.Context, reqs []abi.Request) ([]abi.Reply, error) {
	replies := make([]abi.Reply, len(reqs))
	for i, r := range reqs {
		replies[i] = p.answer(r)
	}
	return replies, nil
}

// Run implements inspect.Provider.
func (p *Provider) Run(ctx context.Context, reqs []abi.Request, perform inspect.Perform) ([]abi.Reply, error) {
	for {
		replies, err := p.Call(ctx, reqs)
		if err != nil {
			return nil, err
		}
		ops, any := make([][]op.Op, len(reqs)), false
		for i, r := range replies {
			ops[i] = r.Need
			any = any || len(r.Need) > 0
		}
		if !any {
			return replies, nil
		}
		results, err := perform(ctx, ops)
		if err != nil {
			return nil, err
		}
		for i := range ops {
			for j := range ops[i] {
				reqs[i].Log = append(reqs[i].Log, abi.Entry{Op: ops[i][j], Result: results[i][j]})
			}
		}
	}
}

func (p *Provider) answer(r abi.Request) abi.Reply {
	if r.Type == "pkg" {
		return answerPackage(r)
	}
	fail := func(err error) abi.Reply {
		return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: err.Error()}}
	}
	if r.Type == "probe" {
		return p.probe(r)
	}
	var u set
	if err := codec.Unmarshal(r.Unit, &u); err != nil {
		return fail(err)
	}
	switch r.Verb {
	case abi.Read:
		if len(r.Log) == 0 {
			return abi.Reply{Need: []op.Op{{Read: &op.Read{Path: u.Path}}}}
		}
		actual, err := codec.Marshal(r.Log[0].Result.Read.Sum)
		if err != nil {
			return fail(err)
		}
		return abi.Reply{Actual: actual}
	case abi.Plan:
		if p.Unplannable[u.Path] {
			return fail(fmt.Errorf("%s cannot be planned", u.Path))
		}
		change, err := u.change(r)
		if err != nil {
			return fail(err)
		}
		change.Missing = p.Groundless[u.Path]
		if p.Twist != nil {
			change.Action, change.Effects = abi.Update, []abi.Effect{{Op: *p.Twist}}
		}
		return abi.Reply{Change: change}
	case abi.May:
		return abi.Reply{Change: &abi.Change{Action: abi.Update, Effects: p.may(u)}}
	case abi.Apply:
		return p.apply(u, r)
	case abi.Destroy:
	}
	return fail(fmt.Errorf("verb %s", r.Verb))
}

func (s set) change(r abi.Request) (*abi.Change, error) {
	var actual string
	if err := codec.Unmarshal(r.Actual, &actual); err != nil {
		return nil, err
	}
	if len(r.Unknown) > 0 {
		return &abi.Change{
			Action: abi.Update, Diffs: []abi.Diff{{Field: "value", Before: r.Actual, Unknown: true}},
			Effects: []abi.Effect{{Op: s.effect(), Unknown: []string{"target"}}},
		}, nil
	}
	if actual == s.Value {
		return &abi.Change{Action: abi.None}, nil
	}
	after, err := codec.Marshal(s.Value)
	if err != nil {
		return nil, err
	}
	c := &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "value", Before: r.Actual, After: after}}, Effects: []abi.Effect{{Op: s.effect()}}}
	if actual == "" {
		c.Action, c.Diffs[0].Before = abi.Create, nil
	}
	return c, nil
}

// may is what a unit may do, if it says so.
func (p *Provider) may(s set) []abi.Effect {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Asked = append(p.Asked, s.Path)
	if p.Mute {
		return nil
	}
	return []abi.Effect{{Op: s.effect()}}
}

func (s set) effect() op.Op { return op.Op{Link: &op.Link{Path: s.Path, Target: s.Value}} }

func (p *Provider) apply(s set, r abi.Request) abi.Reply {
	if c, err := s.change(r); err == nil && c.Action == abi.None {
		return abi.Reply{Outcome: &abi.Outcome{}}
	}
	if p.Extra != nil && len(r.Log) < 2 {
		return abi.Reply{Need: []op.Op{*p.Extra}}
	}
	if len(r.Log) == 0 {
		return abi.Reply{Need: []op.Op{s.effect()}}
	}
	if e := r.Log[0].Result.Error; e != nil {
		return abi.Reply{Error: &abi.Error{Class: e.Class, Message: e.Message}}
	}
	return abi.Reply{Outcome: &abi.Outcome{Changed: true, Outputs: codec.Raw(`{"changed":true}`)}}
}

// Set makes a unit that wants value in a file.
func Set(host, path, value string) *unit.Unit {
	u := &unit.Unit{ID: unit.ID{Host: host, Type: "set", Key: path}}
	Args(u, path, value)
	return u
}

// Args gives a unit its arguments.
func Args(u *unit.Unit, path, value string) {
	args, err := codec.Marshal(set{path, value})
	if err != nil {
		panic(err) // two strings always encode
	}
	u.Args = args
}

// Inventory returns the host as an inventory knows it.
func Inventory(name string) *inventory.Host { return &inventory.Host{Name: name, Address: name} }
