package providertest

import (
	"cmp"

	"github.com/openfroyo/froyo/runner/op"
)

// MemoryServices are the units of a service manager, by full name; nil is a target without systemd.
type MemoryServices map[string]*MemoryService

// MemoryService is a unit of the service manager in a Memory, in systemd's own
// words. Left empty, it is loaded and does not run.
type MemoryService struct {
	Load     string
	Active   string
	File     string
	Outdated bool
	// Fails is why it does not start; "" is that it does.
	Fails string
	// Restarts and Reloads count how often it was restarted while it ran, and reloaded.
	Restarts, Reloads int
}

// state is what systemd would tell of a unit; a nil service is one that does not exist.
func (s *MemoryService) state(name string) op.Service {
	if s == nil {
		return op.Service{Name: name, Load: "not-found", Active: "inactive", Sub: "dead"}
	}
	u := op.Service{Name: name, Load: cmp.Or(s.Load, "loaded"), Active: cmp.Or(s.Active, "inactive"), File: s.File, Outdated: s.Outdated}
	u.Sub = map[string]string{"active": "running", "inactive": "dead"}[u.Active]
	u.Sub = cmp.Or(u.Sub, u.Active)
	return u
}

// query performs svc.query.
func (m MemoryServices) query(q *op.SvcQuery) op.Result {
	if m == nil {
		return noServices()
	}
	r := &op.SvcQueryResult{Manager: "systemd"}
	for _, name := range q.Names {
		r.Units = append(r.Units, m[name].state(name))
	}
	return op.Result{SvcQuery: r}
}

func noServices() op.Result {
	return fault("nomanager", "services on this target are managed by nothing that is known; expected systemd")
}

// ensure does as the runner does, in its order.
func (m MemoryServices) ensure(e *op.SvcEnsure) op.Result {
	if m == nil {
		return noServices()
	}
	s := m[e.Name]
	if onlyMask := e.Masked != nil && e.Enabled == nil && e.State == ""; s == nil && onlyMask {
		if !*e.Masked {
			return done(false)
		}
		m[e.Name] = &MemoryService{Load: "masked", File: "masked"}
		return done(true)
	}
	if s == nil {
		return fault("enoent", "there is no unit "+e.Name)
	}
	changed := e.Reload && s.Outdated
	if e.Reload {
		for _, each := range m {
			each.Outdated = false
		}
	}
	changed = s.install(e) || changed
	acted, err := s.drive(e)
	if err != "" {
		return fault("failed", err)
	}
	return done(changed || acted)
}

// install brings what happens at boot about, and reports whether that changed anything.
func (s *MemoryService) install(e *op.SvcEnsure) (changed bool) {
	state := s.state(e.Name)
	masked := state.Masked()
	if e.Masked != nil && !*e.Masked && masked {
		s.File, s.Load, changed = "disabled", "loaded", true
		state = s.state(e.Name)
	}
	if e.Enabled != nil && state.Switches(*e.Enabled) {
		s.File, changed = map[bool]string{true: "enabled", false: "disabled"}[*e.Enabled], true
	}
	if e.Masked != nil && *e.Masked && s.File != "masked" {
		s.File, s.Load, changed = "masked", "masked", true
	}
	return changed
}

// drive starts and stops, and reports whether that changed anything and what went wrong.
func (s *MemoryService) drive(e *op.SvcEnsure) (changed bool, err string) {
	state := s.state(e.Name)
	running := state.Running()
	switch e.State {
	case op.SvcStopped:
		if !state.Stopped() {
			s.Active, changed = "inactive", true
		}
		return changed, ""
	case op.SvcReloaded:
		if running {
			s.Reloads++
		}
		return running, ""
	case op.SvcRunning:
		if running {
			return false, ""
		}
	case op.SvcRestarted:
		if running {
			s.Restarts++
		}
	default:
		return false, ""
	}
	if s.Fails != "" || state.Masked() {
		s.Active = "failed"
		return true, e.Name + " did not start: " + cmp.Or(s.Fails, "it is masked")
	}
	s.Active = "active"
	return true, ""
}
