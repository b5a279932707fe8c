package guard

import (
	"time"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
)

// Options say how the hosts of a run are guarded.
type Options struct {
	// Program gives the guard for a platform, named as Go names platforms; nil is that no host is guarded.
	Program func(goos, goarch string) ([]byte, error)
	// Window is how long a host waits until it puts back what was there, 0 for DefaultWindow.
	Window time.Duration
	// Off is that units which could lock out are applied all the same.
	Off bool
}

// On reports whether hosts are guarded.
func (o *Options) On() bool { return o.Program != nil && !o.Off }

// Access is how one gets in to a host.
type Access struct {
	// Login is who logs in, "" where that is not known. Remote is that this is done over a network, so that units could cut
	// it off.
	Login  string
	Remote bool
}

// Mark marks the steps of a host that are applied under guard: those that could cut off who logs in, and those of which the
// runbook wants it.
func Mark(h *plan.Host, steps []*plan.Step, access func(*inventory.Host) Access) {
	known := map[*inventory.Host]Access{}
	for _, s := range steps {
		on := h.Host
		if s.On != nil {
			on = s.On.Host
		}
		a, found := known[on]
		if !found {
			a = access(on)
			known[on] = a
		}
		s.Guarded = s.Unit.Order.Lockout.Wanted || a.Remote && s.Unit.Order.Lockout.Of(a.Login)
	}
}
