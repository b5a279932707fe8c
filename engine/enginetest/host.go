package enginetest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Host is a host in memory. It implements plan.Target.
type Host struct {
	mu    sync.Mutex
	Files map[string]string
	// Links are directories that lead elsewhere.
	Links     map[string]string
	MachineID string
	// NoUsers are the users that the host does not have.
	NoUsers  []string
	Packages Packages
	// Shut are the ports that take no connection.
	Shut map[int]bool
	// Holder is another run that has the host.
	Holder *op.Holder
	// Before is called with the steps of each round trip, before any of it is
	// done and outside of the host's mutex: a slow host waits there.
	Before func(steps []target.Step)
	// OnWrite is called after a file is written, before the next op.
	OnWrite func(h *Host, path string)
	Faults  Faults
	Counts  Counts
	ops     int
}

// Faults are what goes wrong on a host.
type Faults struct {
	// Refuse makes writing these paths fail.
	Refuse map[string]bool
	// Stumble makes writing these paths fail so many times, for a reason that passes.
	Stumble map[string]int
	// LoseAfter cuts the connection after so many ops; 0 never does.
	LoseAfter int
	// LoseNow cuts it before the results of a sequence are told.
	LoseNow bool
	// FenceAfter takes the host from the run after so many ops; 0 never does.
	FenceAfter int
	// FencedBy is who has it then, if it is known.
	FencedBy *op.Holder
}

// Counts are what a host was asked for.
type Counts struct {
	Trips    int // round trips
	Writes   int // files written
	Probes   int // connections to its ports
	Locks    int // attempts to lock it
	Overlaps int // questions about what paths lead to
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
	h.Counts.Trips++
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
	h.Counts.Trips++
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
	if h.Faults.LoseNow {
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
	h.ops++
	if err := h.Faults.after(h.ops); err != nil {
		return op.Result{}, err
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
		return h.write(o.Link), nil
	case o.Lock != nil:
		h.Counts.Locks++
		if h.Holder != nil {
			return op.Result{Error: &op.Error{Class: op.Conflict, Code: op.CodeHeld, Message: "held", Holder: h.Holder}}, nil
		}
		return op.Result{Done: &op.Done{}}, nil
	case o.Need != nil:
		lacks := slices.DeleteFunc(slices.Clone(o.Need.Users), func(user string) bool { return !slices.Contains(h.NoUsers, user) })
		return op.Result{Need: &op.NeedResult{NoUsers: lacks}}, nil
	case o.Overlap != nil:
		return h.overlap(o.Overlap), nil
	case o.PkgQuery != nil:
		return h.query(o.PkgQuery), nil
	case o.PkgEnsure != nil:
		return h.ensure(o.PkgEnsure), nil
	case o.TCP != nil:
		return h.connect(o.TCP), nil
	}
	return op.Result{}, fmt.Errorf("the test host cannot do %s", o)
}

// write stores the target of a link as a file's content.
func (h *Host) write(l *op.Link) op.Result {
	if h.Faults.Refuse[l.Path] {
		return op.Result{Error: &op.Error{Class: op.Permanent, Code: "eacces", Message: l.Path + ": permission denied"}}
	}
	if h.Faults.Stumble[l.Path] > 0 {
		h.Faults.Stumble[l.Path]--
		return op.Result{Error: &op.Error{Class: op.Transient, Code: "ebusy", Message: l.Path + " is busy"}}
	}
	h.Files[l.Path] = l.Target
	h.Counts.Writes++
	if h.OnWrite != nil {
		h.OnWrite(h, l.Path)
	}
	return op.Result{Done: &op.Done{Changed: true}}
}

// after says how the connection ends with the op of a number, counted from 1.
func (f *Faults) after(ops int) error {
	if f.LoseAfter > 0 && ops > f.LoseAfter {
		return &target.Error{Host: "test", Stage: target.StageLost, Message: "the connection was lost"}
	}
	if f.FenceAfter > 0 && ops > f.FenceAfter {
		return &target.LockLostError{Host: "h1", Reason: &op.Error{
			Class: op.Conflict, Code: op.CodeBroken, Message: "run r1 no longer holds the host: \x1b[1mits runner is gone", Holder: f.FencedBy,
		}}
	}
	return nil
}
