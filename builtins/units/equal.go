package units

import (
	"bytes"
	"slices"

	"github.com/openfroyo/froyo/engine/unit"
)

// differs names the first thing in which two declarations differ, or "".
func (h *Handle) differs(other *Handle) string {
	a, b := h.unit, other.unit
	if !bytes.Equal(a.Args, b.Args) {
		return "arguments"
	}
	if a.User != b.User {
		return "users (become, run_as)"
	}
	if a.Sensitive != b.Sensitive {
		return "sensitive"
	}
	if a.Failure.Handler != b.Failure.Handler {
		return "on_failure"
	}
	if a.Failure.Timeout != b.Failure.Timeout {
		return "timeout"
	}
	if a.Failure.Ignore != b.Failure.Ignore {
		return "ignore_failure"
	}
	if a.Rollout.Throttle != b.Rollout.Throttle {
		return "throttle"
	}
	if a.Rollout.RunOnce != b.Rollout.RunOnce {
		return "run_once"
	}
	if !sameRetry(a.Failure.Retry, b.Failure.Retry) {
		return "retry"
	}
	if !a.Lifecycle.Equal(b.Lifecycle) {
		return "lifecycle"
	}
	if !slices.Equal(a.Conditions.OnChange, b.Conditions.OnChange) {
		return "on_change"
	}
	if len(h.lambdas) != len(other.lambdas) || (a.Conditions.When == nil) != (b.Conditions.When == nil) {
		return "lambdas"
	}
	for _, l := range h.lambdas {
		i := slices.IndexFunc(other.lambdas, func(o Lambda) bool { return o.Arg == l.Arg })
		if i < 0 || !l.Func.Equal(other.lambdas[i].Func) {
			return l.Arg
		}
	}
	if ac, ok := a.Conditions.When.(unit.Const); ok && ac.Value != b.Conditions.When.(unit.Const).Value {
		return "when"
	}
	return ""
}

func sameRetry(a, b *unit.Retry) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Attempts == b.Attempts && a.Delay == b.Delay && a.Backoff == b.Backoff
}

// join adds the edges and tags of an equal declaration.
func (h *Handle) join(u *unit.Unit) {
	for _, id := range u.Require {
		if !slices.Contains(h.unit.Require, id) {
			h.unit.Require = append(h.unit.Require, id)
		}
	}
	for _, tag := range u.Tags {
		if !slices.Contains(h.unit.Tags, tag) {
			h.unit.Tags = append(h.unit.Tags, tag)
		}
	}
	for _, name := range u.Notify {
		if !slices.Contains(h.unit.Notify, name) {
			h.unit.Notify = append(h.unit.Notify, name)
		}
	}
}
