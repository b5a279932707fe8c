package sequence

import (
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Layout is a stretch of steps as the ops that go to the host, and which of
// them belong to which step.
type Layout struct {
	Parts []*Part
	Ops   []target.Step

	dirty bool
	key   Key
}

// Key is the key by which the host notes that it performed the nth effect of a
// step; "" is that it does not.
type Key func(s *plan.Step, n int) string

// Part is a step's part of a sequence.
type Part struct {
	Step    *plan.Step
	Started time.Time

	reads, effects []place
	edit           bool // its effect is a write that it may share with other edits of the file
}

// place is where a step finds the outcome of one of its ops. Ops that were
// joined with those of other steps have their places within the joined one.
type place struct {
	index  int
	joined []op.Op // all that were joined; nil where the op is on its own
	within int
}

// Lay lays steps out: each step's reads, which must come out as they did at
// plan, and then its effects. Nothing is asked of a step that has nothing to do
// while the host is as the plan found it; dirty says that it no longer is.
func Lay(steps []*plan.Step, dirty bool, key Key) (*Layout, error) {
	l := &Layout{dirty: dirty, key: key}
	for len(steps) > 0 {
		if n := joined(steps); n > 1 {
			if err := l.addEdits(steps[:n]); err != nil {
				return nil, err
			}
			steps = steps[n:]
			continue
		}
		n := transaction(steps)
		if n > 1 && l.addTransaction(steps[:n]) {
			steps = steps[n:]
			continue
		}
		if err := l.addStep(steps[0]); err != nil {
			return nil, err
		}
		steps = steps[1:]
	}
	return l, nil
}

func (l *Layout) addStep(s *plan.Step) error {
	p := &Part{Step: s, Started: time.Now()}
	l.Parts = append(l.Parts, p)
	if l.dirty || s.Acts() {
		for _, e := range s.Reads {
			p.reads = append(p.reads, place{index: len(l.Ops)})
			read, err := Read(s, e.Op)
			if err != nil {
				return err
			}
			read.Expect = protocol.Digest(e.Result)
			l.Ops = append(l.Ops, read)
		}
	}
	if !s.Acts() {
		return nil
	}
	q := s.Protections.Question()
	for _, e := range s.Change.Effects {
		q.Add(s.Unit, e.Op)
	}
	if ask, any := q.Step(s.Unit); any {
		p.reads = append(p.reads, place{index: len(l.Ops)})
		l.Ops = append(l.Ops, ask)
	}
	for n, e := range s.Change.Effects {
		o, err := plan.Attach(s.Unit, e.Op)
		if err != nil {
			return err
		}
		p.effects = append(p.effects, place{index: len(l.Ops)})
		l.Ops = append(l.Ops, l.effect(s, o, n))
	}
	l.dirty = l.dirty || s.Change.Action != abi.Probe
	return nil
}

// effect is the nth op by which a step acts, as it is sent to the host.
func (l *Layout) effect(s *plan.Step, o op.Op, n int) target.Step {
	sent := Send(s, o)
	sent.Key = l.key(s, n)
	return sent
}

// Longest is the part that the time of a sequence is put down to, or nil: the
// last that acts, because a program ends its stretch.
func (l *Layout) Longest() *Part {
	for _, p := range slices.Backward(l.Parts) {
		if p.Acts() {
			return p
		}
	}
	return nil
}

// ChangesHost reports whether any of the parts is to do anything on the host but read.
func (l *Layout) ChangesHost() bool {
	return slices.ContainsFunc(l.Parts, func(p *Part) bool { return p.Acts() && ChangesHost(p.Step) })
}

// Acts reports whether the sequence holds effects of the part's step.
func (p *Part) Acts() bool { return len(p.effects) > 0 }

// SharesTransaction reports whether the effects of two parts are one op.
func (p *Part) SharesTransaction(other *Part) bool {
	return p.Acts() && other.Acts() && p.effects[0].index == other.effects[0].index
}

// SharesWrite reports whether two parts are edits that are one write of their file.
func (p *Part) SharesWrite(other *Part) bool { return p.edit && p.SharesTransaction(other) }

// Outcomes returns what came of the part's ops.
func (p *Part) Outcomes(all []target.Outcome) (reads, effects []target.Outcome) {
	return pick(p.reads, all), pick(p.effects, all)
}

func pick(places []place, all []target.Outcome) []target.Outcome {
	picked := make([]target.Outcome, len(places))
	for i, p := range places {
		if p.index >= len(all) {
			continue // the connection was lost before
		}
		picked[i] = all[p.index]
		if p.joined != nil && picked[i].Ran {
			picked[i].Result = op.Split(p.joined, picked[i].Result)[p.within]
		}
	}
	return picked
}

// AsPlanned reports whether reads came out as expected.
func AsPlanned(reads []target.Outcome) bool {
	for _, o := range reads {
		if !o.Ran || o.Mismatch {
			return false
		}
	}
	return true
}

// Executed reports whether the host came to all of the effects; the last may have failed.
func Executed(effects []target.Outcome) bool {
	for _, o := range effects {
		if o.Result.Error != nil {
			return true
		}
		if !o.Ran {
			return false
		}
	}
	return true
}
