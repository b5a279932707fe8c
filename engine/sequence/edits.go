package sequence

import (
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

// joined counts the steps from the first that are one write of a file, by what the planner says; 1 where none of them acts.
func joined(steps []*plan.Step) int {
	n, acts := 1, steps[0].Acts()
	for n < len(steps) && steps[n].Joins == steps[n-1] {
		acts = acts || steps[n].Acts()
		n++
	}
	if !acts {
		return 1
	}
	return n
}

// addEdits lays steps out as one write of a file, by the read of the first: what the last of them writes holds what
// all of them change.
func (l *Layout) addEdits(steps []*plan.Step) error {
	read := Send(steps[0], steps[0].Reads[0].Op)
	read.Expect = protocol.Digest(steps[0].Reads[0].Result)
	reads := []place{{index: len(l.Ops)}}
	l.Ops = append(l.Ops, read)
	var last *plan.Step
	var write op.Write
	acting := 0
	q := steps[0].Protections.Question()
	for _, s := range steps {
		if !s.Acts() {
			continue
		}
		acting++
		backup, check := write.Backup, write.Check
		last, write = s, *s.Change.Effects[0].Op.Write
		write.Backup = write.Backup || backup
		if write.Check == "" {
			write.Check = check
		}
		q.Add(s.Unit, s.Change.Effects[0].Op)
	}
	if ask, any := q.Step(last.Unit); any {
		reads = append(reads, place{index: len(l.Ops)})
		l.Ops = append(l.Ops, ask)
	}
	whole, err := plan.Attach(last.Unit, op.Op{Write: &write})
	if err != nil {
		return err
	}
	for _, s := range steps {
		p := &Part{Step: s, Started: time.Now(), reads: reads, edit: true}
		if s.Acts() {
			p.effects = []place{{index: len(l.Ops)}}
		}
		l.Parts = append(l.Parts, p)
	}
	sent := l.effect(last, whole, 0)
	for _, s := range steps {
		sent.Timeout = max(sent.Timeout, s.Unit.Failure.Timeout)
	}
	if acting > 1 {
		sent.Unit += " and " + strconv.Itoa(acting-1) + " more"
	}
	l.Ops = append(l.Ops, sent)
	l.dirty = true
	return nil
}
