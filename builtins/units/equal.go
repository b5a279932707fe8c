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
	if a.OnFailure.Handler != b.OnFailure.Handler {
		return "on_failure"
	}
	if a.Timeout != b.Timeout {
		return "timeout"
	}
	if a.OnFailure.Ignore != b.OnFailure.Ignore {
		return "ignore_failure"
	}
	if a.Throttle != b.Throttle {
		return "throttle"
	}
	if a.RunOnce != b.RunOnce {
		return "run_once"
	}
	if !sameRetry(a.Retry, b.Retry) {
		return "retry"
	}
	if !a.Lifecycle.Equal(b.Lifecycle) {
		return "lifecycle"
	}
	if !slices.Equal(a.OnChange, b.OnChange) {
		return "on_change"
	}
	if len(h.lambdas) != len(other.lambdas) || (a.When == nil) != (b.When == nil) {
		return "lambdas"
	}
	for _, l := range h.lambdas {
		i := slices.IndexFunc(other.lambdas, func(o Lambda) bool { return o.Arg == l.Arg })
		if i < 0 || !l.Func.Equal(other.lambdas[i].Func) {
			return l.Arg
		}
	}
	if ac, ok := a.When.(unit.Const); ok && ac.Value != b.When.(unit.Const).Value {
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
