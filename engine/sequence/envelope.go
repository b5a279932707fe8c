package sequence

import (
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Within refuses a change that would do more than what was announced: its
// effects, each once. A nil announced change holds nothing; potential effects
// may come besides.
func Within(change, announced *abi.Change, potential []abi.Effect) error {
	allowed := potential
	if announced != nil {
		allowed = slices.Concat(announced.Effects, potential)
	}
	env := NewEnvelope(allowed)
	for _, e := range change.Effects {
		if err := env.spend(e); err != nil {
			return err
		}
	}
	return nil
}

// Edited is a change as it was announced, for a unit that edits a text which has become another one
// since, by the run itself or by somebody else: the content that was made of the former text may be another,
// at the same path. Where the text is the same, so must be what is made of it.
func Edited(announced *abi.Change, found, now []abi.Entry) *abi.Change {
	if announced == nil || !otherText(found, now) {
		return announced
	}
	other := *announced
	other.Effects = slices.Clone(announced.Effects)
	for i, e := range other.Effects {
		for _, b := range e.Op.Blobs() {
			if b.Made {
				other.Effects[i].Unknown = append(slices.Clone(e.Unknown), "content")
			}
		}
	}
	return &other
}

// otherText reports whether one of the texts that were read says something else by now.
func otherText(found, now []abi.Entry) bool {
	was := map[string]op.TextResult{}
	for _, r := range found {
		if r.Op.Text != nil && r.Result.Text != nil {
			was[r.Op.Text.Path] = *r.Result.Text
		}
	}
	return slices.ContainsFunc(now, func(r abi.Entry) bool {
		if r.Op.Text == nil || r.Result.Text == nil {
			return false
		}
		before, ok := was[r.Op.Text.Path]
		return !ok || before != *r.Result.Text
	})
}

// SameChange reports whether two changes would do the same.
func SameChange(a, b *abi.Change) bool {
	return a.Action == b.Action && slices.EqualFunc(a.Effects, b.Effects, func(x, y abi.Effect) bool { return x.Allows(y) && y.Allows(x) })
}

// Envelope holds the effects that a unit announced and has not used up.
type Envelope struct {
	announced, left []abi.Effect
	spent           int
}

// NewEnvelope holds effects, each of which may be used once.
func NewEnvelope(effects []abi.Effect) *Envelope {
	return &Envelope{announced: effects, left: slices.Clone(effects)}
}

// Spent is how many effects were used up.
func (e *Envelope) Spent() int { return e.spent }

// Spend uses an effect up; one that was not announced is refused.
func (e *Envelope) Spend(o op.Op) error { return e.spend(abi.Effect{Op: o}) }

// spend uses up one of the effects that allow another, of several the one that
// leaves the least open.
func (e *Envelope) spend(wanted abi.Effect) error {
	best := -1
	for i, a := range e.left {
		if a.Allows(wanted) && (best < 0 || len(a.Unknown) < len(e.left[best].Unknown)) {
			best = i
		}
	}
	if best < 0 {
		return e.unannounced(wanted)
	}
	e.left = slices.Delete(e.left, best, best+1)
	e.spent++
	return nil
}

// unannounced says in what an op is beyond the announced effect that is nearest
// to it: the first of its kind and about the same thing, else of its kind.
func (e *Envelope) unannounced(wanted abi.Effect) error {
	o, why := wanted.Op, ""
	for _, a := range e.announced {
		if d, differs := a.Beyond(wanted); differs && a.Op.Kind() == o.Kind() && (why == "" || a.Op.Subject() == o.Subject()) {
			if why = d.String(); a.Op.Subject() == o.Subject() {
				break
			}
		}
	}
	if why == "" {
		why = "its plan held nothing of the kind, or not as often"
	}
	return &abi.Error{
		Class:   op.Permanent,
		Message: fmt.Sprintf("unannounced effect: %s: %s", o, why),
		Hint:    "the provider is faulty or hostile; nothing of this op was done",
	}
}
