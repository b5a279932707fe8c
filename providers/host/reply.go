package host

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// reply reads a reply and checks that it is one to the request.
func (m *Module) reply(request *abi.Request, text codec.Raw) (abi.Reply, error) {
	var r abi.Reply
	if err := codec.Unmarshal(text, &r); err != nil {
		return r, errors.New("gave a reply that does not fit the abi: " + oneLine(err.Error()))
	}
	if err := checkShape(request.Verb, &r); err != nil {
		return r, err
	}
	switch {
	case r.Need != nil:
		return r, m.checkNeed(request, r.Need)
	case r.Change != nil:
		return r, m.checkChange(r.Change)
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
	case abi.Plan, abi.May:
		return r.Change != nil
	}
	return r.Outcome != nil
}

// checkNeed checks the ops that a guest asks for: that they make sense, that
// the manifest covers them, and that nothing changes the target where it is only looked at.
func (m *Module) checkNeed(request *abi.Request, need []op.Op) error {
	switch {
	case request.Verb == abi.May:
		return errors.New("asked for ops where it only says what it may do")
	case len(need) == 0:
		return errors.New("asked for ops and named none")
	case len(need) > abi.MaxNeeds:
		return fmt.Errorf("asked for %d ops at once, more than %d", len(need), abi.MaxNeeds)
	case len(request.Log)+len(need) > abi.MaxLog:
		return fmt.Errorf("asked for more than %d ops", abi.MaxLog)
	}
	looking := request.Verb == abi.Read || request.Verb == abi.Plan
	for _, o := range need {
		if err := checkOp(o); err != nil {
			return errors.New("asked for an op that is not valid: " + oneLine(err.Error()))
		}
		if looking && o.Changes() {
			return fmt.Errorf("asked to change the target while reading: %s", oneLine(o.String()))
		}
		if looking && o.Probes() {
			return fmt.Errorf("asked for a probe while reading: %s", oneLine(o.String()))
		}
		if err := m.manifest.Allows(o); err != nil {
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

// checkChange checks a plan: what it announces must be allowed, so that it
// is refused before anything was done and not half-way.
func (m *Module) checkChange(c *abi.Change) error {
	switch c.Action {
	case abi.None, abi.Create, abi.Update, abi.Delete, abi.Replace, abi.Run, abi.Probe:
	default:
		return fmt.Errorf("planned the action %q, which there is not", oneLine(string(c.Action)))
	}
	if len(c.Effects) > abi.MaxLog {
		return fmt.Errorf("announced %d effects, more than %d", len(c.Effects), abi.MaxLog)
	}
	c.Reason = oneLine(c.Reason)
	for _, effect := range c.Effects {
		if err := m.checkEffect(effect); err != nil {
			return err
		}
	}
	return nil
}

// checkEffect checks one effect. What is not known yet is checked when it is asked for.
func (m *Module) checkEffect(effect abi.Effect) error {
	if len(effect.Unknown) == 0 {
		if err := checkOp(effect.Op); err != nil {
			return errors.New("announced an effect that is not valid: " + oneLine(err.Error()))
		}
		return m.manifest.Allows(effect.Op)
	}
	if effect.Op.Kind() == "" {
		return errors.New("announced an effect that is no op")
	}
	for _, name := range effect.Unknown {
		switch name {
		case "path", "argv", "shell", "env", "check", "url", "follow":
			return nil
		}
	}
	return m.manifest.Allows(effect.Op)
}

// checkError makes a guest's error fit to be shown.
func checkError(e *abi.Error) error {
	switch e.Class {
	case op.Transient, op.Throttled, op.Conflict, op.Permanent:
	default:
		return fmt.Errorf("gave an error of class %q, which there is not", oneLine(string(e.Class)))
	}
	if e.Message = oneLine(e.Message); e.Message == "" {
		return errors.New("gave an error without a message")
	}
	e.Detail, e.Hint = detail(e.Detail), oneLine(e.Hint)
	return nil
}
