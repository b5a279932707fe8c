package planfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// maxText is the largest content that a saved plan shows; larger stands as its digest.
const maxText = 64 << 10

// Seal returns the digest, keyed with the workspace's key, that stands for what must not be shown.
type Seal func(data []byte) string

// AddHost puts a host's plan into the document.
func (d *Document) AddHost(h *plan.Host, plays []string, contents *plan.Contents, seal Seal) error {
	doc := Host{Name: h.Host.Name, MachineID: h.MachineID(), Inputs: h.Inputs, Units: []Unit{}}
	if h.Err != nil {
		doc.Error = secret.Mask(h.Err.Error())
	}
	doc.Barriers = barriersOf(h, plays)
	after := h.Predecessors()
	for play, s := range h.Steps() {
		u, err := unitOf(s, plays[play], seal)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Unit.ID, err)
		}
		for _, before := range after[s] {
			u.After = append(u.After, before.Unit.ID.Local())
		}
		doc.Units = append(doc.Units, u)
		if !s.Unit.Sensitive {
			d.keepTexts(s, contents, seal)
		}
	}
	d.Hosts = append(d.Hosts, doc)
	return nil
}

// keepTexts keeps the texts that a step's diffs show.
func (d *Document) keepTexts(s *plan.Step, contents *plan.Contents, seal Seal) {
	if s.Change == nil {
		return
	}
	for _, diff := range s.Change.Diffs {
		for _, value := range [][]byte{diff.Before, diff.After} {
			ref, ok := plan.AsReference(value)
			if !ok {
				continue
			}
			data, ok := contents.Bytes(ref.Sum, maxText)
			if !ok || !utf8.Valid(data) {
				continue
			}
			if d.Contents == nil {
				d.Contents = map[string]string{}
			}
			d.Contents[string(secret.KeptJSON([]byte(ref.Sum), seal))] = secret.Kept(string(data), seal)
		}
	}
}

func unitOf(s *plan.Step, play string, seal Seal) (Unit, error) {
	u := s.Unit
	scope := u.ID.Scope
	doc := Unit{
		OnChange: locals(u, u.Conditions.OnChange), Notify: u.Notify,
		Handler: scope.Handler, Verify: scope != unit.Scope{} && scope.Handler == "", Dormant: s.Dormant, Rescue: s.Rescue, Guarded: s.Guarded, OnFailure: u.Failure.Handler,
		Throttle: u.Rollout.Throttle, Once: s.Once,
		Real: s.Real, Unit: u.ID.Bare(), Play: play, Pos: u.Pos, User: u.User, Tags: u.Tags, Require: locals(u, u.Require),
		Certainty: s.Certainty, Skipped: s.Skip, Conditional: u.Conditions.When != nil, Sensitive: u.Sensitive,
		Args: json.RawMessage(u.Args), Later: u.LaterFields(), Before: json.RawMessage(withoutTexts(s.Actual, s.Reads)),
	}
	if decided, is := u.Conditions.When.(unit.Const); is {
		doc.Never = decided.Value == false
	}
	if doc.Delegate = u.ID.Delegate; s.On != nil {
		doc.DelegateID = s.On.MachineID()
	}
	doc.Protected, doc.Ignore, doc.Ignored = u.Lifecycle.PreventDestroy, u.Lifecycle.IgnoreChanges, s.Ignored
	if s.Err != nil {
		doc.Error = s.Err.Message
	}
	if s.PendingHandler != nil {
		doc.PendingHandler = &PendingHandler{Since: s.PendingHandler.Since, Run: s.PendingHandler.Run}
	}
	if s.Change != nil {
		doc.Action, doc.Reason, doc.Awaits, doc.Undecided = s.Change.Action, s.Change.Reason, s.Awaits, s.Undecided
		for _, d := range s.Change.Diffs {
			doc.Diffs = append(doc.Diffs, Diff{
				Field: d.Field, Before: json.RawMessage(d.Before), After: json.RawMessage(d.After), Unknown: d.Unknown,
			})
		}
		var err error
		if doc.Effects, err = effectsOf(s.Change.Effects); err != nil {
			return doc, err
		}
	}
	var err error
	if doc.Potential, err = effectsOf(s.Potential); err != nil {
		return doc, err
	}
	if !u.Sensitive {
		return doc.kept(seal)
	}
	return doc.sealed(seal)
}

func effectsOf(effects []abi.Effect) ([]Effect, error) {
	var out []Effect
	for _, e := range effects {
		data, err := json.Marshal(e.Op)
		if err != nil {
			return nil, err
		}
		out = append(out, Effect{Op: data, Unknown: e.Unknown})
	}
	return out, nil
}

// sealed replaces what a sensitive unit sets by a keyed digest.
func (u Unit) sealed(seal Seal) (Unit, error) {
	data, err := json.Marshal(u)
	if err != nil {
		return u, err
	}
	u.Digest, u.HasPotential = seal(secret.Canonical(data)), len(u.Potential) > 0
	u.Args, u.Before, u.Effects, u.Potential, u.Error, u.Reason, u.Awaits, u.Undecided = nil, nil, nil, nil, "", "", nil, ""
	for i := range u.Diffs {
		u.Diffs[i].Before, u.Diffs[i].After = nil, nil
	}
	return u, nil
}

// kept puts what is the same in every run in the place of secrets that came up
// in what the host has.
func (u Unit) kept(seal Seal) (Unit, error) {
	if !secret.Any() {
		return u, nil
	}
	data, err := json.Marshal(u)
	if err != nil {
		return u, err
	}
	kept := secret.KeptJSON(data, seal)
	if bytes.Equal(kept, data) {
		return u, nil
	}
	var out Unit
	err = json.Unmarshal(kept, &out)
	return out, err
}

// locals names other units of the host as u sees them: those of its own scope by their bare name.
func locals(u *unit.Unit, ids []unit.ID) []string {
	var out []string
	for _, id := range ids {
		if id.Scope == u.ID.Scope {
			out = append(out, id.Bare())
		} else {
			out = append(out, id.Local())
		}
	}
	return out
}

// withoutTexts is what a unit found, with the digests of the texts that it read in their places: a document holds what
// changes in a file, and not all the rest of it.
func withoutTexts(actual codec.Raw, reads []abi.Entry) codec.Raw {
	texts := map[string]bool{}
	for _, r := range reads {
		if r.Result.Text != nil && r.Result.Text.Text != "" {
			texts[r.Result.Text.Text] = true
		}
	}
	if len(texts) == 0 {
		return actual
	}
	var value any
	if codec.Unmarshal(actual, &value) != nil {
		return actual
	}
	short, err := codec.Marshal(digested(value, texts))
	if err != nil {
		return actual
	}
	return short
}

func digested(value any, texts map[string]bool) any {
	switch v := value.(type) {
	case string:
		if texts[v] {
			return "sha256:" + op.Sum([]byte(v))
		}
	case []any:
		for i := range v {
			v[i] = digested(v[i], texts)
		}
	case map[string]any:
		for name := range v {
			v[name] = digested(v[name], texts)
		}
	}
	return value
}
