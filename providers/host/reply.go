package host

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/grant"
	"github.com/openfroyo/froyo/providers/host/inline"
	"github.com/openfroyo/froyo/providers/host/printable"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// reply reads a reply and checks that it is one to the request.
func (m *Module) reply(request *abi.Request, text codec.Raw) (abi.Reply, error) {
	var r abi.Reply
	if err := codec.Unmarshal(text, &r); err != nil {
		return r, errors.New("gave a reply that does not fit the abi: " + printable.Line(err.Error()))
	}
	if err := checkShape(request.Verb, &r); err != nil {
		return r, err
	}
	if err := inline.Take(&r); err != nil {
		return r, err
	}
	switch {
	case r.Need != nil:
		return r, m.checkNeed(request, r.Need)
	case r.Change != nil:
		return r, m.checkChange(request, r.Change)
	case r.Outcome != nil:
		return r, checkOutcome(request, r.Outcome)
	case len(r.Actual) > maxActual:
		return r, fmt.Errorf("answered a state of %d bytes, more than %d", len(r.Actual), maxActual)
	case r.Error != nil:
		return r, checkError(r.Error)
	}
	return r, nil
}

// checkShape checks that one field is set, and one that the verb ends with.
func checkShape(verb abi.Verb, r *abi.Reply) error {
	set := 0
	for _, is := range []bool{r.Need != nil, r.Actual != nil, r.Change != nil, r.Outcome != nil, r.Error != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("gave a reply with %d of its fields set, not one", set)
	case r.Need == nil && r.Error == nil && !answers(verb, r):
		return fmt.Errorf("gave a reply that does not answer %s", verb)
	}
	return nil
}

// answers reports whether a reply holds what a verb ends with.
func answers(verb abi.Verb, r *abi.Reply) bool {
	switch verb {
	case abi.Read:
		return r.Actual != nil
	case abi.Plan, abi.Potential:
		return r.Change != nil
	}
	return r.Outcome != nil
}

// checkNeed checks the ops that a guest asks for: that they make sense, that
// the manifest covers them, and that nothing changes the target where it is only looked at.
func (m *Module) checkNeed(request *abi.Request, need []op.Op) error {
	switch {
	case request.Verb == abi.Potential:
		return errors.New("asked for ops where it only lists potential effects")
	case len(need) == 0:
		return errors.New("asked for ops and named none")
	case len(need) > abi.MaxNeeds:
		return fmt.Errorf("asked for %d ops at once, more than %d", len(need), abi.MaxNeeds)
	case len(request.Log)+len(need) > abi.MaxLog:
		return fmt.Errorf("asked for more than %d ops", abi.MaxLog)
	}
	looking := request.Verb == abi.Read || request.Verb == abi.Plan
	unit := grant.NewUnit(request)
	for _, o := range need {
		if err := checkOp(o); err != nil {
			return errors.New("asked for an op that is not valid: " + printable.Line(err.Error()))
		}
		if looking && o.Changes() {
			return fmt.Errorf("asked to change the target while reading: %s", printable.Line(o.String()))
		}
		if looking && o.Probes() {
			return fmt.Errorf("asked for a probe while reading: %s", printable.Line(o.String()))
		}
		if looking && o.Exec != nil { // which says itself that it only reads
			if err := m.manifest.MayRead(o, unit); err != nil {
				return err
			}
			continue
		}
		if err := m.manifest.AllowsFor(abi.Effect{Op: o}, unit); err != nil {
			return err
		}
	}
	return nil
}

// checkOp checks an op and the content it refers to.
func checkOp(o op.Op) error {
	if err := o.Validate(); err != nil {
		return err
	}
	for _, blob := range o.Blobs() {
		if sum, err := hex.DecodeString(blob.Sum); err != nil || len(sum) != 32 || blob.Size < 0 {
			return fmt.Errorf("%s: content is no digest with a size", o)
		}
	}
	return nil
}

// Bounds of what a reply holds, in bytes but for diffs.
const (
	maxActual  = 2 << 20
	maxDiffs   = 256
	maxNeeds   = 32
	maxDiff    = 256 << 10 // of all differences together; content stands as a reference
	maxOutputs = 4 << 20
	maxField   = 100 // characters
)

// checkChange checks a plan: what it announces must be allowed and agree with
// what it says, so that it is refused before anything was done and not half-way.
func (m *Module) checkChange(request *abi.Request, c *abi.Change) error {
	switch c.Action {
	case abi.None, abi.Create, abi.Update, abi.Delete, abi.Replace, abi.Run, abi.Probe:
	default:
		return fmt.Errorf("planned the action %q, which there is not", printable.Line(string(c.Action)))
	}
	if len(c.Effects) > abi.MaxLog {
		return fmt.Errorf("announced %d effects, more than %d", len(c.Effects), abi.MaxLog)
	}
	if err := checkDiffs(c.Diffs); err != nil {
		return err
	}
	c.Reason = printable.Line(c.Reason)
	if err := checkNeeds(c.Needs); err != nil {
		return err
	}
	if err := checkGuards(c.Guards); err != nil {
		return err
	}
	if err := checkRemarks(c); err != nil {
		return err
	}
	unit := grant.NewUnit(request)
	for _, effect := range c.Effects {
		if err := m.checkEffect(effect, unit); err != nil {
			return err
		}
	}
	if request.Verb == abi.Potential { // a list of effects, that says nothing else
		return nil
	}
	if err := c.Agree(); err != nil {
		return errors.New(printable.Line(err.Error()))
	}
	if c.Action != abi.Probe {
		return nil
	}
	for _, effect := range c.Effects {
		if effect.Op.Exec != nil {
			if err := m.manifest.MayProbe(effect, unit); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNeeds makes what is missing fit to be shown.
func checkNeeds(needs []abi.Need) error {
	if len(needs) > maxNeeds {
		return fmt.Errorf("named %d things that are missing, more than %d", len(needs), maxNeeds)
	}
	for i := range needs {
		n := &needs[i]
		n.What, n.Where, n.Hint = printable.Line(n.What), printable.Line(n.Where), printable.Line(n.Hint)
		n.Kind, n.Name, n.Near = printable.Line(n.Kind), printable.Line(n.Name), printable.Line(n.Near)
		if n.Refusal != nil {
			if err := checkError(n.Refusal); err != nil {
				return err
			}
		}
		relative := slices.IndexFunc(n.Paths, func(p string) bool { return !strings.HasPrefix(p, "/") })
		switch {
		case n.What == "":
			return errors.New("did not say what is missing")
		case relative >= 0:
			return fmt.Errorf("named %q as a path that brings what is missing, want an absolute path", printable.Line(n.Paths[relative]))
		case len(n.Paths) > maxNeeds || n.Directory && len(n.Paths) == 0:
			return fmt.Errorf("named %d paths that bring what is missing, want at most %d, and the path of a directory", len(n.Paths), maxNeeds)
		}
	}
	return nil
}

// checkRemarks makes what a change says of other units and of the target fit to be shown.
func checkRemarks(c *abi.Change) error {
	for _, list := range [][]string{c.Decides, c.Edits, c.Notes} {
		if len(list) > maxDiffs {
			return fmt.Errorf("told %d remarks of a kind, more than %d", len(list), maxDiffs)
		}
		for i := range list {
			list[i] = printable.Line(list[i])
		}
	}
	if i := slices.IndexFunc(c.Edits, func(p string) bool { return !strings.HasPrefix(p, "/") }); i >= 0 {
		return fmt.Errorf("named %q as a path that it edits, want an absolute path", c.Edits[i])
	}
	return nil
}

// checkGuards makes the questions that let a unit act fit to be shown.
func checkGuards(guards []abi.Guard) error {
	if len(guards) > maxNeeds {
		return fmt.Errorf("named %d guards, more than %d", len(guards), maxNeeds)
	}
	for i := range guards {
		g := &guards[i]
		g.Name, g.Command, g.Path = printable.Line(g.Name), printable.Line(g.Command), printable.Line(g.Path)
		if g.Name == "" || (g.Command == "") == (g.Path == "") {
			return errors.New("named a guard without a name, or not with one of a command and a path")
		}
		if g.Lacks == nil {
			continue
		}
		lacks := []abi.Need{*g.Lacks}
		if err := checkNeeds(lacks); err != nil {
			return err
		}
		g.Lacks = &lacks[0]
	}
	return nil
}

// checkDiffs makes differences fit to be shown.
func checkDiffs(diffs []abi.Diff) error {
	if len(diffs) > maxDiffs {
		return fmt.Errorf("told %d differences, more than %d", len(diffs), maxDiffs)
	}
	size := 0
	for i := range diffs {
		d := &diffs[i]
		if d.Field == "" || len(d.Field) > maxField {
			return fmt.Errorf("told a difference in a field whose name has %d bytes, expected 1 to %d", len(d.Field), maxField)
		}
		d.Field = printable.Line(d.Field)
		if size += len(d.Before) + len(d.After); size > maxDiff {
			return fmt.Errorf("told differences of more than %d bytes", maxDiff)
		}
		if d.Unknown && d.After != nil {
			return fmt.Errorf("told that %s is known after apply, and what it will be", d.Field)
		}
	}
	return nil
}

// checkOutcome makes an outcome fit to be shown and kept.
func checkOutcome(request *abi.Request, o *abi.Outcome) error {
	if len(o.Outputs) > maxOutputs {
		return fmt.Errorf("gave outputs of %d bytes, more than %d", len(o.Outputs), maxOutputs)
	}
	o.Reason = printable.Line(o.Reason)
	if len(o.Incomplete) > maxDiffs {
		return fmt.Errorf("gave %d incomplete outputs, more than %d", len(o.Incomplete), maxDiffs)
	}
	for name, i := range o.Incomplete {
		if i.Why = printable.Line(i.Why); i.Why == "" || len(name) > maxField {
			return fmt.Errorf("gave an incomplete output %s without saying why", printable.Line(name))
		}
		i.Hint = printable.Line(i.Hint)
		o.Incomplete[name] = i
	}
	if o.Changed && !slices.ContainsFunc(request.Log, func(e abi.Entry) bool { return e.Op.Changes() }) {
		return errors.New("says that it changed something, and did nothing")
	}
	return nil
}

// checkEffect checks one effect. What is not known yet is checked when it is asked for.
func (m *Module) checkEffect(effect abi.Effect, unit *grant.Unit) error {
	if len(effect.Unknown) == 0 {
		if err := checkOp(effect.Op); err != nil {
			return errors.New("announced an effect that is not valid: " + printable.Line(err.Error()))
		}
		return m.manifest.AllowsFor(effect, unit)
	}
	if effect.Op.Kind() == "" {
		return errors.New("announced an effect that is no op")
	}
	if why := effect.CheckUnknown(); why != "" {
		return errors.New("announced an effect that is not valid: " + printable.Line(why))
	}
	for _, name := range effect.Unknown {
		switch name {
		case "path", "target", "argv", "shell", "env", "check", "url", "follow", "address", "name", "packages", "packages.name":
			return nil
		}
	}
	return m.manifest.AllowsFor(effect, unit)
}

// checkError makes a guest's error fit to be shown.
func checkError(e *abi.Error) error {
	switch e.Class {
	case op.Transient, op.Throttled, op.Conflict, op.Permanent:
	default:
		return fmt.Errorf("gave an error of class %q, which there is not", printable.Line(string(e.Class)))
	}
	if e.Message = printable.Line(e.Message); e.Message == "" {
		return errors.New("gave an error without a message")
	}
	e.Detail, e.Hint = printable.Lines(e.Detail), printable.Line(e.Hint)
	return nil
}
