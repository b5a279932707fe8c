package builtins

import (
	"fmt"
	"slices"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

// MetaFields describes the arguments that every resource takes.
func MetaFields() []schema.Field {
	return []schema.Field{
		{Name: "require", Kind: "unit or list of units", Doc: "Units that must have succeeded before. Results that a lambda reads are required without saying."},
		{Name: "notify", Kind: "handler or list of handlers", Doc: "Handlers to run once, after the play's units, if this one changes something."},
		{Name: "on_change", Kind: "unit or list of units", Doc: "Acts only if one of these units changed something in this run."},
		{Name: "when", Kind: "lambda or bool", Doc: "Decides at the unit's turn whether it acts: `when = lambda: ver.rc == 0`."},
		{Name: "tags", Kind: "string or list of strings", Doc: "Words to select units by, with `--tags` and `--skip-tags`."},
		{Name: "retry", Kind: "retry or int", Doc: "How often to try again where it fails for a reason that may pass: `retry = retry(attempts = 5, delay = \"2s\")`."},
		{Name: "timeout", Kind: "duration", Doc: "How long each of its operations on the host may take, such as `\"5m\"`."},
		{Name: "on_failure", Kind: "function", Doc: "Called with the host while planning; what it declares is done only where the unit fails, before the host's part ends."},
		{Name: "ignore_failure", Kind: "bool", Default: false, HasDefault: true, Doc: "Lets the host go on where the unit fails; `unit.failed` tells later ones."},
		{Name: "throttle", Kind: "int", Doc: "How many hosts at most may be at this unit's turn at once, from 1 to 10000."},
		{Name: "run_once", Kind: "bool", Default: false, HasDefault: true, Doc: "Has the first of the play's hosts that can do the unit do it for all: the others wait for it and take over what came of it. The handlers that it notifies run on that host only."},
		{Name: "lifecycle", Kind: "lifecycle", Doc: "What the resource is kept from: `lifecycle = lifecycle(prevent_destroy = True, ignore_changes = [\"mode\"])`."},
		{Name: "become", Kind: "bool", Doc: "Whether to act as root, or as the host's `become_user`. Left out, the play decides, then the host."},
		{Name: "run_as", Kind: "string", Doc: "The user to act as."},
		{Name: "sensitive", Kind: "bool", Default: false, HasDefault: true, Doc: "Keeps the unit's content and output out of plans, logs and state."},
	}
}

// metaNames are the names of MetaFields.
var metaNames = []string{"require", "notify", "on_change", "when", "tags", "retry", "timeout", "on_failure", "ignore_failure", "throttle", "run_once", "lifecycle", "become", "run_as", "sensitive"}

// MetaNames lists the arguments that every resource takes, for suggestions.
func MetaNames() []string { return slices.Clone(metaNames) }

// metaArgs holds the arguments of every resource, as they were given.
type metaArgs struct {
	require   []*Handle
	onChange  []*Handle
	notify    []*Handler
	retry     *Retry
	lifecycle *Lifecycle
	timeout   args.Duration
	ignore    bool
	throttle  int
	runOnce   bool
	onFailure starlark.Callable
	when      starlark.Value
	tags      args.Strings
	become    args.Optional
	runAs     string
	sensitive bool
}

// set takes one argument; None means "not given".
func (m *metaArgs) set(name string, v starlark.Value) *diag.Error {
	if v == starlark.None {
		return nil
	}
	var err error
	switch name {
	case "require":
		m.require, err = requirements(v)
	case "on_change":
		m.onChange, err = requirements(v)
	case "notify":
		m.notify, err = toHandlers(v)
	case "retry":
		m.retry, err = toRetry(v)
	case "lifecycle":
		m.lifecycle, err = toLifecycle(v)
	case "timeout":
		if err = m.timeout.Unpack(v); err == nil && m.timeout == 0 {
			err = fmt.Errorf("got %s, want more than nothing", v)
		}
	case "when":
		m.when = v
	case "tags":
		err = m.tags.Unpack(v)
	case "become":
		err = m.become.Unpack(v)
	case "run_as":
		text, ok := starlark.AsString(v)
		if !ok || text == "" {
			err = fmt.Errorf("got %s, want a user's name", v.Type())
		}
		m.runAs = text
	case "on_failure":
		fn, ok := v.(starlark.Callable)
		if !ok {
			err = fmt.Errorf("got %s, want a function that takes a host", v.Type())
		} else {
			err = args.Arity(fn, 1)
		}
		m.onFailure = fn
	case "ignore_failure":
		m.ignore, err = toBool(v)
	case "throttle":
		m.throttle, err = toThrottle(v)
	case "run_once":
		m.runOnce, err = toBool(v)
	case "sensitive":
		m.sensitive, err = toBool(v)
	}
	if err != nil {
		return withHintOf(&diag.Error{Summary: fmt.Sprintf("%s: %v", name, err), Cause: err}, v)
	}
	return nil
}

// requirements accepts a unit, or a list of units; lists may be nested.
func requirements(v starlark.Value) ([]*Handle, error) {
	switch v := v.(type) {
	case *Handle:
		return []*Handle{v}, nil
	case *starlark.List, starlark.Tuple, *starlark.Set:
		var all []*Handle
		iter := v.(starlark.Iterable).Iterate()
		defer iter.Done()
		var e starlark.Value
		for iter.Next(&e) {
			some, err := requirements(e)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	case starlark.String:
		return nil, fmt.Errorf("got the string %s, want a unit: the value that the resource's call returned", v)
	}
	return nil, fmt.Errorf("got %s, want a unit or a list of units", v.Type())
}

// apply puts the arguments into the draft.
func (m *metaArgs) apply(s *Scope, d *draft, fail func(*diag.Error)) {
	u := d.unit
	u.Require = s.unitsOf("require", m.require, fail)
	u.OnChange = s.unitsOf("on_change", m.onChange, fail)
	for _, h := range m.notify {
		u.Notify = append(u.Notify, h.Name)
	}
	if err := s.call(m.notify); err != nil {
		fail(err)
	}
	u.IgnoreFailure, d.onFailure = m.ignore, m.onFailure
	u.Timeout = time.Duration(m.timeout)
	m.applyRollout(s, u, fail)
	if m.retry != nil {
		u.Retry = m.retry.unit()
		if m.retry.until != nil {
			d.lazies = append(d.lazies, lazy{"until", s.lambda(m.retry.until, placeOf(m.retry.until), 1)})
		}
	}
	u.Tags = append([]string(nil), m.tags...)
	if s.play != nil {
		u.Tags = append(u.Tags, s.play.Tags...)
	}
	u.Sensitive = m.sensitive
	if m.runAs != "" && m.become.Given && !m.become.Value {
		fail(&diag.Error{Summary: "run_as and become = False contradict each other"})
	}
	u.User = s.user(d.host, m.become, m.runAs)
	m.applyWhen(s, d, fail)
}

// unitsOf gives the IDs of units of the host at work.
func (s *Scope) unitsOf(what string, handles []*Handle, fail func(*diag.Error)) []unit.ID {
	var ids []unit.ID
	for _, h := range handles {
		if h.unit.ID.Host != s.hostName() {
			fail((&diag.Error{Summary: fmt.Sprintf("%s: %s belongs to another host", what, h.unit.ID)}).
				WithHint("units of different hosts are ordered by plays: the hosts of an earlier play come first"))
			continue
		}
		if !h.failed {
			ids = append(ids, h.unit.ID)
		}
	}
	return ids
}

// user is who acts: the unit's own word, else the play's, else the host's.
func (s *Scope) user(host *inventory.Host, become args.Optional, runAs string) string {
	if runAs != "" {
		return runAs
	}
	if !become.Given && s.play != nil {
		become = s.play.become
	}
	if !become.Given && host != nil && host.Become != nil {
		become = args.Optional{Given: true, Value: *host.Become}
	}
	switch {
	case !become.Value:
		return ""
	case host != nil && host.BecomeUser != "":
		return host.BecomeUser
	}
	return "root"
}

func (m *metaArgs) applyWhen(s *Scope, d *draft, fail func(*diag.Error)) {
	switch v := m.when.(type) {
	case nil:
	case starlark.Bool:
		if !v {
			d.unit.When = unit.Const{Value: false, At: d.unit.Pos}
		}
	case *Later:
		d.lazies = append(d.lazies, lazy{"when", s.lambda(v.fn, v.pos, 0)})
	case starlark.Callable:
		if err := args.Arity(v, 0); err != nil {
			fail((&diag.Error{Summary: "when: " + err.Error()}).WithHint("write when = lambda: ..."))
			return
		}
		d.lazies = append(d.lazies, lazy{"when", s.lambda(v, placeOf(v), 0)})
	default:
		fail((&diag.Error{Summary: fmt.Sprintf("when: got %s, want a lambda, True or False", v.Type())}).
			WithHint("write when = lambda: ..."))
	}
}
