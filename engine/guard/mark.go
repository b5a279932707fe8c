package guard

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/lockout"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/guard"
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
// runbook wants it. The links that the run makes count. Its error is one that acts and that no guard could undo.
func Mark(h *plan.Host, steps []*plan.Step, access func(*inventory.Host) Access) error {
	known := map[*plan.Host]*way{}
	var refused error
	for _, s := range steps {
		on := hostOf(h, s)
		w := known[on]
		if w == nil {
			w = newWay(on, steps, h, access(on.Host))
			known[on] = w
		}
		s.Guarded, s.Leads, s.Apart = s.Unit.Order.Lockout.Wanted, nil, nil
		if w.Remote {
			s.Guarded = s.Guarded || s.Unit.Order.Lockout.Of(w.Login) || w.closesHome(s) || closesAlias(s) || w.closesMount(s)
			w.follow(s)
		}
		if err := Keepable(s); err != nil && s.Acts() && !s.Done && refused == nil {
			refused = err
		}
	}
	return refused
}

// hostOf is the host that a step of a host acts on.
func hostOf(h *plan.Host, s *plan.Step) *plan.Host {
	if s.On != nil {
		return s.On
	}
	return h
}

// Keepable is an error where a step is to be guarded and no guard could undo what it does.
func Keepable(s *plan.Step) error {
	if closesGuard(s) {
		return (&diag.Error{Summary: s.Unit.ID.Bare() + " would change " + guard.Dir + ", where the guard of the host is", Pos: s.Unit.Pos, Code: diag.Failed}).
			WithHint("leave the path out: guards remove what they kept there themselves")
	}
	why := s.Unit.Order.Lockout.Unkept
	if !s.Guarded || why == "" {
		return nil
	}
	return (&diag.Error{Summary: s.Unit.ID.Bare() + " could lock froyo out, and " + why, Pos: s.Unit.Pos, Code: diag.Failed}).
		WithHint("where there is another way to the host: froyo apply --no-guard; with -C it only shows the plan")
}

// closesGuard reports whether a step acts on what guards keep, or removes what that is in.
func closesGuard(s *plan.Step) bool {
	if !s.Acts() {
		return false
	}
	for _, c := range s.Unit.Order.Claims {
		if c.Namespace == unit.PathNamespace && (c.Owns || c.Edits) && (c.Name == path.Dir(guard.Dir) || below(c.Name, guard.Dir)) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Concat(s.Change.Effects, s.Potential), func(e abi.Effect) bool {
		return e.Op.Remove != nil && e.Op.Remove.Recurse && below(guard.Dir, e.Op.Remove.Path)
	})
}

// below reports whether a path is at, or below, another.
func below(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

// closesHome reports whether a step changes what in a home decides whether its user gets in, or where its path leads closes a way in.
func (w *way) closesHome(s *plan.Step) bool {
	for _, c := range s.Unit.Order.Claims {
		if c.Namespace == unit.PathNamespace && c.Owns && lockout.Home(c.Name, !c.Edits, w.Login, w.home) {
			return true
		}
	}
	return s.Real != "" && w.closes(s.Real, false)
}

// homeOf is the home of a user by what is known of a host, "" where nothing is.
func homeOf(h *plan.Host, login string) string {
	users, _ := h.Facts["users"]["users"].(map[string]any)
	entry, _ := users[login].(map[string]any)
	home, _ := entry["home"].(string)
	return home
}
