package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Format names the shape of a saved plan; another one is refused.
const Format = "froyo-plan/2"

// maxText is the largest content that a saved plan shows; larger stands as its digest.
const maxText = 64 << 10

// Document is a plan as it is saved: readable, complete, without secrets.
type Document struct {
	Format  string    `json:"format"`
	Froyo   string    `json:"froyo"` // version that made it
	Created time.Time `json:"created"`
	// Main is the runbook's path in Sources, which holds every file that was evaluated.
	Main string `json:"main"`
	// Root is the folder that paths in the runbook start from.
	Root      string            `json:"root"`
	Sources   map[string]string `json:"sources"`
	Vars      inventory.Vars    `json:"vars,omitempty"`
	Inventory []*inventory.Host `json:"inventory"`
	// Groups are the inventory's, so that selectors mean the same again.
	Groups []string `json:"groups,omitempty"`
	// Limit, tags and the names of units narrow what was planned.
	Limit    string         `json:"limit,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	SkipTags []string       `json:"skip_tags,omitempty"`
	Targets  []string       `json:"targets,omitempty"`
	Exclude  []string       `json:"exclude,omitempty"`
	Plays    []DocumentPlay `json:"plays"`
	Hosts    []DocumentHost `json:"hosts"`
	// Contents are the texts that diffs refer to, by digest.
	Contents map[string]string `json:"contents,omitempty"`
	Summary  Summary           `json:"summary"`
}

// DocumentPlay is a play and the hosts it selected.
type DocumentPlay struct {
	Name     string   `json:"name"`
	Selector string   `json:"hosts"`
	Selected []string `json:"selected"`
	// Order is OrderGraph where units run side by side as their edges allow.
	Order string `json:"order,omitempty"`
}

// OrderGraph is the order of plays whose units run side by side.
const OrderGraph = "graph"

// DocumentHost is one host's plan.
type DocumentHost struct {
	Name      string          `json:"name"`
	MachineID string          `json:"machine_id,omitempty"`
	Inputs    json.RawMessage `json:"inputs,omitempty"`
	Units     []DocumentUnit  `json:"units"`
	// Barriers are where the host waits for others, by play and in their order.
	Barriers []DocumentBarrier `json:"barriers,omitempty"`
	// Error is why the host could not be planned; such a host is not applied.
	Error string `json:"error,omitempty"`
}

// DocumentUnit is one unit's plan. Of a sensitive unit, what it sets is left
// out and Digest, keyed with the workspace's key, stands for it.
type DocumentUnit struct {
	Unit        string           `json:"unit"` // file[/etc/motd]
	Play        string           `json:"play"`
	Pos         diag.Pos         `json:"pos"`
	Delegate    string           `json:"delegate,omitempty"` // the host that it acts on, where that is another
	DelegateID  string           `json:"delegate_machine_id,omitempty"`
	User        string           `json:"user,omitempty"`
	Tags        []string         `json:"tags,omitempty"`
	Require     []string         `json:"require,omitempty"`
	OnChange    []string         `json:"on_change,omitempty"`
	After       []string         `json:"after,omitempty"`   // in graph order, what it directly comes after
	Notify      []string         `json:"notify,omitempty"`  // handlers of the play
	Handler     string           `json:"handler,omitempty"` // the one it belongs to
	Verify      bool             `json:"verify,omitempty"`  // it belongs to the play's verify
	Dormant     bool             `json:"dormant,omitempty"` // nothing calls for its handler
	Rescue      bool             `json:"only_on_failure,omitempty"`
	OnFailure   string           `json:"on_failure,omitempty"` // the handler that runs where it fails
	Owed        *DocumentOwed    `json:"owed,omitempty"`       // an earlier run called for its handler
	Throttle    int              `json:"throttle,omitempty"`   // hosts that are at its turn at once
	Once        string           `json:"once,omitempty"`       // the host on which it is done for all
	Action      abi.Action       `json:"action,omitempty"`
	Certainty   Certainty        `json:"certainty,omitempty"`
	Skipped     bool             `json:"skipped,omitempty"` // when is false as things stand
	Conditional bool             `json:"conditional,omitempty"`
	Reason      string           `json:"reason,omitempty"`
	Missing     string           `json:"missing,omitempty"` // what it stands upon and the host does not have yet
	Args        json.RawMessage  `json:"args,omitempty"`
	Later       []string         `json:"later,omitempty"`
	Before      json.RawMessage  `json:"before,omitempty"`
	Protected   *bool            `json:"prevent_destroy,omitempty"`
	Ignore      []string         `json:"ignore_changes,omitempty"`
	Ignored     []string         `json:"ignored,omitempty"` // those in which the host differs
	Diffs       []DocumentDiff   `json:"diffs,omitempty"`
	Effects     []DocumentEffect `json:"effects,omitempty"`
	May         []DocumentEffect `json:"may,omitempty"` // what it may do, though it has nothing to do yet
	Sensitive   bool             `json:"sensitive,omitempty"`
	MayAct      bool             `json:"may_act,omitempty"` // stands for may where that is sensitive
	Digest      string           `json:"digest,omitempty"`
	Error       string           `json:"error,omitempty"`
}

// DocumentOwed says which change of an earlier run called for a handler.
type DocumentOwed struct {
	Since time.Time `json:"since"`
	Run   string    `json:"run"`
}

// DocumentDiff is one attribute that differs.
type DocumentDiff struct {
	Field   string          `json:"field"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Unknown bool            `json:"unknown,omitempty"`
}

// DocumentEffect is one op that apply may perform.
type DocumentEffect struct {
	Op      json.RawMessage `json:"op"`
	Unknown []string        `json:"unknown,omitempty"`
}

// Seal returns the digest, keyed with the workspace's key, that stands for what must not be shown.
type Seal func(data []byte) string

// AddHost puts a host's plan into the document.
func (d *Document) AddHost(h *Host, plays []string, contents *Contents, seal Seal) error {
	doc := DocumentHost{Name: h.Host.Name, MachineID: h.MachineID(), Inputs: h.Inputs, Units: []DocumentUnit{}}
	if h.Err != nil {
		doc.Error = h.Err.Error()
	}
	doc.Barriers = documentBarriers(h, plays)
	after := h.after()
	for play, s := range h.Steps() {
		u, err := documentUnit(s, plays[play], seal)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Unit.ID, err)
		}
		for _, before := range after[s] {
			u.After = append(u.After, before.Unit.ID.Local())
		}
		doc.Units = append(doc.Units, u)
		if !s.Unit.Sensitive {
			d.keepTexts(s, contents)
		}
	}
	d.Hosts = append(d.Hosts, doc)
	return nil
}

// keepTexts keeps the texts that a step's diffs show.
func (d *Document) keepTexts(s *Step, contents *Contents) {
	if s.Change == nil {
		return
	}
	for _, diff := range s.Change.Diffs {
		for _, value := range [][]byte{diff.Before, diff.After} {
			ref, ok := AsReference(value)
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
			d.Contents[ref.Sum] = string(data)
		}
	}
}

func documentUnit(s *Step, play string, seal Seal) (DocumentUnit, error) {
	u := s.Unit
	scope := u.ID.Scope
	doc := DocumentUnit{
		OnChange: locals(u, u.OnChange), Notify: u.Notify,
		Handler: scope.Handler, Verify: scope != unit.Scope{} && scope.Handler == "", Dormant: s.Dormant, Rescue: s.Rescue, OnFailure: u.OnFailure,
		Throttle: u.Throttle, Once: s.Once,
		Unit: u.ID.Bare(), Play: play, Pos: u.Pos, User: u.User, Tags: u.Tags, Require: locals(u, u.Require),
		Certainty: s.Certainty, Skipped: s.Skip, Conditional: u.When != nil, Sensitive: u.Sensitive,
		Args: json.RawMessage(u.Args), Later: unknownFields(u), Before: json.RawMessage(s.Actual),
	}
	if doc.Delegate = u.ID.Delegate; s.On != nil {
		doc.DelegateID = s.On.MachineID()
	}
	doc.Protected, doc.Ignore, doc.Ignored = u.Lifecycle.PreventDestroy, u.Lifecycle.IgnoreChanges, s.Ignored
	if s.Err != nil {
		doc.Error = s.Err.Message
	}
	if s.Owed != nil {
		doc.Owed = &DocumentOwed{Since: s.Owed.Since, Run: s.Owed.Run}
	}
	if s.Change != nil {
		doc.Action, doc.Reason, doc.Missing = s.Change.Action, s.Change.Reason, s.Change.Missing
		for _, d := range s.Change.Diffs {
			doc.Diffs = append(doc.Diffs, DocumentDiff{
				Field: d.Field, Before: json.RawMessage(d.Before), After: json.RawMessage(d.After), Unknown: d.Unknown,
			})
		}
		var err error
		if doc.Effects, err = documentEffects(s.Change.Effects); err != nil {
			return doc, err
		}
	}
	var err error
	if doc.May, err = documentEffects(s.May); err != nil {
		return doc, err
	}
	if !u.Sensitive {
		return doc, nil
	}
	return doc.sealed(seal)
}

func documentEffects(effects []abi.Effect) ([]DocumentEffect, error) {
	var out []DocumentEffect
	for _, e := range effects {
		data, err := json.Marshal(e.Op)
		if err != nil {
			return nil, err
		}
		out = append(out, DocumentEffect{Op: data, Unknown: e.Unknown})
	}
	return out, nil
}

// sealed replaces what a sensitive unit sets by a keyed digest.
func (u DocumentUnit) sealed(seal Seal) (DocumentUnit, error) {
	data, err := json.Marshal(u)
	if err != nil {
		return u, err
	}
	u.Digest, u.MayAct = seal(data), len(u.May) > 0
	u.Args, u.Before, u.Effects, u.May, u.Error, u.Reason, u.Missing = nil, nil, nil, nil, "", "", ""
	for i := range u.Diffs {
		u.Diffs[i].Before, u.Diffs[i].After = nil, nil
	}
	return u, nil
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

// check refuses a document whose parts do not belong together.
func (d *Document) check() error {
	known := map[string]bool{}
	for _, h := range d.Inventory {
		if h == nil {
			return errors.New("an entry of its inventory is empty")
		}
		known[h.Name] = true
	}
	for _, h := range d.Hosts {
		if !known[h.Name] {
			return fmt.Errorf("host %q is not in its inventory", h.Name)
		}
	}
	return nil
}

// Host returns the saved plan of a host.
func (d *Document) Host(name string) (*DocumentHost, bool) {
	i := slices.IndexFunc(d.Hosts, func(h DocumentHost) bool { return h.Name == name })
	if i < 0 {
		return nil, false
	}
	return &d.Hosts[i], true
}
