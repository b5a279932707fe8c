package protect

import (
	"fmt"
	"path"
	"strings"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Question asks a host which of the things that units are about to make go away
// are protected ones, through whatever links and bind mounts they are named.
type Question struct {
	keep  []Resource // as Keep of asked
	asked op.Overlap
	units []*unit.Unit // as Losses of asked
}

// Question begins one. What the set protects by then counts.
func (s *Set) Question() *Question {
	q := &Question{}
	if s == nil {
		return q
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q.keep = s.paths()
	for _, k := range q.keep {
		q.asked.Keep = append(q.asked.Keep, k.Path)
	}
	return q
}

// Add adds ops by which a unit acts. What the unit does to its own resource
// is its own affair, unless it removes it, which its name tells.
func (q *Question) Add(u *unit.Unit, ops ...op.Op) {
	for _, o := range ops {
		q.add(u, o)
	}
}

func (q *Question) add(u *unit.Unit, o op.Op) {
	loss, is := o.Loses()
	if !is || loss.Path == "" || len(q.keep) == 0 {
		return
	}
	for i, k := range q.keep {
		if k.Unit == u.ID.Resource() {
			loss.Own = q.asked.Keep[i]
		}
	}
	if loss.Own != "" && len(q.keep) == 1 {
		return
	}
	q.asked.Losses = append(q.asked.Losses, loss)
	q.units = append(q.units, u)
}

// Step is what to ask the host directly ahead of ops, which then run only where
// nothing of it is protected, if there is anything to be asked.
func (q *Question) Step(u *unit.Unit) (target.Step, bool) {
	o, any := q.Op()
	return target.Step{Op: o, User: u.User, Unit: u.ID.Sent(), Timeout: u.Failure.Timeout, Expect: protocol.Digest(op.Result{Overlap: &op.OverlapResult{}})}, any
}

// Op is what to ask the host, if there is anything to be asked.
func (q *Question) Op() (op.Op, bool) {
	return op.Op{Overlap: &q.asked}, len(q.asked.Losses) > 0
}

// Refuse puts the errors of units that may not act, by the host's answer, into
// refused. Where the host could not tell, none of them may.
func (q *Question) Refuse(refused map[*unit.Unit]*abi.Error, answer op.Result) {
	if answer.Overlap == nil {
		q.Fail(refused, unknown(answer.Error))
		return
	}
	for _, p := range answer.Overlap.Pairs {
		if u := q.units[p.Loss]; refused[u] == nil {
			refused[u] = q.refusal(u, p)
		}
	}
}

// Fail puts an error for all units into refused.
func (q *Question) Fail(refused map[*unit.Unit]*abi.Error, err *abi.Error) {
	for _, u := range q.units {
		refused[u] = err
	}
}

// unknown is the error of a unit of which the host cannot tell what it would remove.
func unknown(cause *op.Error) *abi.Error {
	e := &abi.Error{Class: op.Permanent, Message: "whether it would remove what prevent_destroy keeps, the host does not tell"}
	if cause != nil {
		e.Class = cause.Class
		e.Message += ": " + cause.Message
	}
	return e
}

// refusal says what a unit would do, and how its path leads there.
func (q *Question) refusal(u *unit.Unit, p op.OverlapPair) *abi.Error {
	loss, k := q.asked.Losses[p.Loss], q.keep[p.Keep]
	what := fmt.Sprintf("it would %s %s", loss.Verb, loss.Path)
	if p.Below != "" {
		what += ", and with it " + path.Join(loss.Path, p.Below)
	}
	what += ", which is the same as " + k.Unit
	var through []string
	for _, l := range p.Links {
		through = append(through, "the link "+l)
	}
	for _, m := range p.Mounts {
		through = append(through, "the mount "+m)
	}
	if len(through) > 0 {
		what += " through " + strings.Join(through, " and ")
	}
	return k.refusal(u.ID, what)
}
