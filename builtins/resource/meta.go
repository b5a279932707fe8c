package resource

import (
	"fmt"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/builtins/units"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// metaArgs holds the arguments of every resource, as they were given.
type metaArgs struct {
	require   []*units.Handle
	onChange  []*units.Handle
	notify    []*play.Handler
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
	guard     bool
}

// set takes one argument; None means "not given".
func (m *metaArgs) set(name string, v starlark.Value) *diag.Error {
	if v == starlark.None {
		return nil
	}
	var err error
	switch name {
	case "require":
		m.require, err = units.List(v)
	case "on_change":
		m.onChange, err = units.List(v)
	case "notify":
		m.notify, err = play.Handlers(v)
	case "retry":
		m.retry, err = toRetry(v)
	case "lifecycle":
		m.lifecycle, err = toLifecycle(v)
	case "timeout":
		if err = m.timeout.Unpack(v); err == nil && m.timeout == 0 {
			err = fmt.Errorf("got %s, want more than 0", v)
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
	case "guard":
		m.guard, err = toBool(v)
	}
	if err != nil {
		return lambda.WithHint(&diag.Error{Summary: fmt.Sprintf("%s: %v", name, err), Cause: err}, v)
	}
	return nil
}

// apply puts the arguments into the draft.
func (m *metaArgs) apply(s *units.Set, d *draft, fail func(*diag.Error)) {
	u := d.unit
	u.Require = s.IDs("require", m.require, fail)
	u.Conditions.OnChange = s.IDs("on_change", m.onChange, fail)
	for _, h := range m.notify {
		u.Notify = append(u.Notify, h.Name)
	}
	if err := s.Plays().Notify(m.notify); err != nil {
		fail(err)
	}
	u.Failure.Ignore, d.onFailure = m.ignore, m.onFailure
	u.Failure.Timeout = time.Duration(m.timeout)
	m.applyRollout(s, u, fail)
	if m.retry != nil {
		u.Failure.Retry = m.retry.unit()
		if m.retry.until != nil {
			d.lambdas = append(d.lambdas, units.Lambda{Arg: "until", Func: lambda.New(s.Scope(), m.retry.until, 1)})
		}
	}
	u.Tags = append([]string(nil), m.tags...)
	if p := s.Plays().Play(); p != nil {
		u.Tags = append(u.Tags, p.Tags...)
	}
	u.Sensitive, d.guard = m.sensitive, m.guard
	if m.runAs != "" && m.become.Given && !m.become.Value {
		fail(&diag.Error{Summary: "run_as and become = False contradict each other"})
	}
	u.User = s.Scope().User(d.host, m.become, m.runAs)
	m.applyWhen(s, d, fail)
}

func (m *metaArgs) applyWhen(s *units.Set, d *draft, fail func(*diag.Error)) {
	switch v := m.when.(type) {
	case nil:
	case starlark.Bool:
		if !v {
			d.unit.Conditions.When = unit.Const{Value: false, At: d.unit.Pos}
		}
	case *lambda.Later:
		d.lambdas = append(d.lambdas, units.Lambda{Arg: "when", Func: v.Condition(s.Scope())})
	case starlark.Callable:
		if err := args.Arity(v, 0); err != nil {
			fail((&diag.Error{Summary: "when: " + err.Error()}).WithHint("write when = lambda: ..."))
			return
		}
		d.lambdas = append(d.lambdas, units.Lambda{Arg: "when", Func: lambda.New(s.Scope(), v, 0)})
	default:
		fail((&diag.Error{Summary: fmt.Sprintf("when: got %s, want a lambda, True or False", v.Type())}).
			WithHint("write when = lambda: ..."))
	}
}
