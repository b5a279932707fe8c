package sdk

import (
	"bytes"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// T is the target as a resource type's code sees it, for one request. Its
// methods may not return: they unwind the code where the host has to act
// first, or where the unit failed. It must not be used from other goroutines.
type T struct {
	replay replay

	actual  codec.Raw
	change  abi.Change
	acted   bool // an effect changed something
	outputs codec.Raw

	incomplete map[string]abi.Incomplete
}

// Do performs an op and returns its result, errors included. An op that changes
// the target is an effect, see Effect.
func (t *T) Do(o op.Op) op.Result {
	if o.Changes() {
		return t.Effect(o)
	}
	return t.replay.results(o)[0]
}

// All performs several reading ops in one go and returns their results in the
// same order, errors included. It saves round trips: ask for all there is to ask.
func (t *T) All(ops ...op.Op) []op.Result {
	for _, o := range ops {
		if o.Changes() {
			t.replay.broken("All is for reading, but was given " + o.String())
		}
	}
	return t.replay.results(ops...)
}

// Must fails the unit where a result is an error, else returns the result.
func (t *T) Must(r op.Result) op.Result {
	if r.Error != nil {
		message, detail, _ := strings.Cut(r.Error.Message, "\n")
		t.Fail(r.Error.Class, message, detail, r.Error.Hint())
	}
	return r
}

// Effect asks for an op that changes the target. For the verbs plan and may it is
// announced only and the result is zero; for apply it is performed, and fails
// the unit where it fails. Unknown names the op's fields that get their value
// only at apply.
func (t *T) Effect(o op.Op, unknown ...string) op.Result {
	switch t.replay.request.Verb {
	case abi.Read:
		t.replay.broken("read asks for the effect " + o.String())
	case abi.Plan, abi.Potential:
		if err := o.Validate(); err != nil && len(unknown) == 0 {
			t.replay.broken("effect is not valid: " + err.Error())
		}
		t.change.Effects = append(t.change.Effects, abi.Effect{Op: o, Unknown: unknown})
		return op.Result{}
	}
	r := t.Must(t.replay.results(o)[0])
	if r.Changed() {
		t.acted = true
	}
	return r
}

// Acting reports whether effects are performed, as opposed to announced: the
// results of effects mean something only then.
func (t *T) Acting() bool {
	return t.replay.request.Verb == abi.Apply || t.replay.request.Verb == abi.Destroy
}

// Acted reports whether an effect has changed something so far.
func (t *T) Acted() bool { return t.acted }

// Changed says that an effect changed something, where its result cannot tell.
func (t *T) Changed() { t.acted = true }

// Unknown reports whether an argument's value is known only at apply. The
// field is zero until then.
func (t *T) Unknown(field string) bool { return slices.Contains(t.replay.request.Unknown, field) }

// Differ compares a field's value before and after, as JSON, and records the
// difference. It reports whether there is one. Nil stands for a field that is not there.
func (t *T) Differ(field string, before, after any) bool {
	if b, ok := before.(string); ok && b == after {
		return false
	}
	d := abi.Diff{Field: field, Before: t.value(before), After: t.value(after)}
	if bytes.Equal(d.Before, d.After) {
		return false
	}
	t.change.Diffs = append(t.change.Diffs, d)
	return true
}

// text is how a text stands in a difference.
type text struct {
	Text string `json:"text"`
}

// DifferText compares what a file says before and after, and records the difference, which is
// shown line by line. An empty before with fresh set is a file that was not there. It reports whether there is one.
func (t *T) DifferText(field, before, after string, fresh bool) bool {
	if before == after && !fresh {
		return false
	}
	d := abi.Diff{Field: field, After: t.value(text{after})}
	if !fresh {
		d.Before = t.value(text{before})
	}
	t.change.Diffs = append(t.change.Diffs, d)
	return true
}

// RemoveText records that a text goes.
func (t *T) RemoveText(field, before string) {
	t.change.Diffs = append(t.change.Diffs, abi.Diff{Field: field, Before: t.value(text{before})})
}

// DifferUnknown records that a field gets a value that is known only at apply.
func (t *T) DifferUnknown(field string, before any) {
	t.change.Diffs = append(t.change.Diffs, abi.Diff{Field: field, Before: t.value(before), Unknown: true})
}

// Action says what the change does to the resource. Without it, a change with
// differences or effects is an update.
func (t *T) Action(a abi.Action) { t.change.Action = a }

// Reason says in a few words why the unit acts or does not, and after it acted
// what is worth knowing of how that went.
func (t *T) Reason(s string) { t.change.Reason = s }

// Needs says what the resource stands upon and the target does not have yet.
// It is right in a plan where a unit before this one brings it.
func (t *T) Needs(n abi.Need) { t.change.Needs = append(t.change.Needs, n) }

// Guarded says which question to the target lets the unit act.
func (t *T) Guarded(g abi.Guard) { t.change.Guards = append(t.change.Guards, g) }

// Decides says what the unit alone can decide on its target, such as "Port of sshd".
func (t *T) Decides(what string) { t.change.Decides = append(t.change.Decides, what) }

// Edits says of which file the unit manages a part as things stand, beside those that its arguments name.
func (t *T) Edits(path string) { t.change.Edits = append(t.change.Edits, path) }

// Note says what the plan's reader has to know of the target although the unit does not change it.
func (t *T) Note(text string) { t.change.Notes = append(t.change.Notes, text) }

// Output sets the values that the unit offers to later ones once it is applied.
func (t *T) Output(v any) { t.outputs = t.replay.encode(v) }

// Incomplete says that an output is not whole: a runbook that uses it fails, with
// why and hint, which says what to do. Nothing happens where none does.
func (t *T) Incomplete(output, why, hint string) {
	if t.incomplete == nil {
		t.incomplete = map[string]abi.Incomplete{}
	}
	if _, told := t.incomplete[output]; !told {
		t.incomplete[output] = abi.Incomplete{Why: why, Hint: hint}
	}
}

// Fail ends the unit with an error. Detail is evidence on lines of its own,
// hint says what to do; both may be empty.
func (t *T) Fail(class op.Class, message, detail, hint string) {
	t.replay.halt(nil, &abi.Error{Class: class, Message: message, Detail: detail, Hint: hint})
}

// value is v as JSON, nil where it is null.
func (t *T) value(v any) codec.Raw {
	if raw := t.replay.encode(v); string(raw) != "null" {
		return raw
	}
	return nil
}

// reply gives the request's answer once the author's code is left.
func (t *T) reply() abi.Reply {
	if !t.replay.halted {
		t.finish()
	}
	switch {
	case t.replay.err != nil:
		return abi.Reply{Error: t.replay.err}
	case t.replay.need != nil:
		return abi.Reply{Need: t.replay.need}
	case t.replay.request.Verb == abi.Read:
		return abi.Reply{Actual: t.actual}
	case t.replay.request.Verb == abi.Plan || t.replay.request.Verb == abi.Potential:
		return abi.Reply{Change: &t.change}
	}
	changed := t.acted && t.change.Action != abi.Probe
	return abi.Reply{Outcome: &abi.Outcome{Changed: changed, Outputs: t.outputs, Incomplete: t.incomplete, Reason: t.change.Reason}}
}

// finish completes the change that the author's code described.
func (t *T) finish() {
	c := &t.change
	acts := len(c.Effects) > 0 || t.acted
	switch {
	case c.Action == "" && (acts || len(c.Diffs) > 0):
		c.Action = abi.Update
	case c.Action == "":
		c.Action = abi.None
	case c.Action == abi.None && acts && t.replay.request.Verb != abi.Destroy:
		t.replay.err = permanent(t.replay.request.Type + " has effects although it says that nothing is to do")
	}
}
