package op

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The kinds of op on services.
const (
	KindSvcQuery  Kind = "svc.query"
	KindSvcEnsure Kind = "svc.ensure"
)

// SvcQuery asks for the state of units of the service manager, by their full
// names: "nginx.service".
type SvcQuery struct {
	Names []string `json:"names"`
}

func (q *SvcQuery) kind() Kind      { return KindSvcQuery }
func (q *SvcQuery) changes() bool   { return false }
func (q *SvcQuery) subject() string { return strings.Join(q.Names, " ") }
func (q *SvcQuery) validate() error {
	if len(q.Names) == 0 {
		return errors.New("no unit is named")
	}
	for _, name := range q.Names {
		if err := checkUnit(name); err != nil {
			return err
		}
	}
	return nil
}

func (q *SvcQuery) scope() Scope { return ScopeNone }

// check refuses an answer about other units than were asked for.
func (q *SvcQuery) check(r *Result) error {
	switch {
	case r.SvcQuery == nil:
		return errOtherKind
	case len(q.Names) != len(r.SvcQuery.Units):
		return errOtherUnits
	}
	for i := range r.SvcQuery.Units {
		if r.SvcQuery.Units[i].Name != q.Names[i] {
			return errOtherUnits
		}
	}
	return nil
}

var errOtherUnits = errors.New("the answer is about other units")

func (q *SvcQuery) join(others []Op) (Op, bool) {
	joined := &SvcQuery{Names: slices.Clone(q.Names)}
	for _, o := range others {
		if o.SvcQuery == nil {
			return Op{}, false
		}
		joined.Names = append(joined.Names, o.SvcQuery.Names...)
	}
	return Op{SvcQuery: joined}, true
}

func (q *SvcQuery) share(r *Result, at *int) (Result, bool) {
	if r.SvcQuery == nil {
		return Result{}, false
	}
	part, ok := cut(r.SvcQuery.Units, at, len(q.Names))
	return Result{SvcQuery: &SvcQueryResult{Manager: r.SvcQuery.Manager, Units: part}}, ok
}

func (q *SvcQuery) unite(results []Result) (Result, bool) {
	all := &SvcQueryResult{}
	for i, r := range results {
		if r.SvcQuery == nil || i > 0 && r.SvcQuery.Manager != all.Manager {
			return Result{}, false
		}
		all.Manager = r.SvcQuery.Manager
		all.Units = append(all.Units, r.SvcQuery.Units...)
	}
	return Result{SvcQuery: all}, true
}

// SvcState is the state in which a service shall be.
type SvcState string

// The states of services. The last two always act.
const (
	SvcRunning   SvcState = "running"
	SvcStopped   SvcState = "stopped"
	SvcRestarted SvcState = "restarted" // started where it does not run
	SvcReloaded  SvcState = "reloaded"  // restarted where it cannot reload; left alone where it does not run
)

// SvcEnsure brings a unit of the service manager into a state and waits until
// it is there. What is left out stays as it is. Before a unit is started,
// restarted or reloaded whose file has changed, the manager reads the files of
// units again. A unit that stays masked is
// neither enabled nor disabled, since nothing starts it. A unit that is not
// there may be masked, and nothing else.
type SvcEnsure struct {
	Name    string   `json:"name"`
	State   SvcState `json:"state,omitempty"`
	Enabled *bool    `json:"enabled,omitempty"`
	Masked  *bool    `json:"masked,omitempty"`
	// Reload has the manager read its units' files again, before anything else.
	Reload bool `json:"reload,omitempty"`
}

func (e *SvcEnsure) kind() Kind      { return KindSvcEnsure }
func (e *SvcEnsure) changes() bool   { return true }
func (e *SvcEnsure) subject() string { return e.Name }
func (e *SvcEnsure) validate() error {
	switch e.State {
	case "", SvcRunning, SvcStopped, SvcRestarted, SvcReloaded:
	default:
		return errors.New("state " + strconv.Quote(string(e.State)) + " is none of running, stopped, restarted, reloaded")
	}
	return checkUnit(e.Name)
}

func (e *SvcEnsure) scope() Scope { return ScopeNone }
func (e *SvcEnsure) byPrograms()  {}
func (e *SvcEnsure) tell(w Words) string {
	w.Told("name", "state", "enabled", "masked", "reload")
	var parts []string
	if e.Reload {
		parts = append(parts, "has the manager read its files again")
	}
	if e.Masked != nil {
		parts = append(parts, either(*e.Masked, "masks", "unmasks"))
	}
	if e.Enabled != nil {
		parts = append(parts, either(*e.Enabled, "enables", "disables"))
	}
	switch e.State {
	case SvcRunning:
		parts = append(parts, "starts")
	case SvcStopped:
		parts = append(parts, "stops")
	case SvcRestarted:
		parts = append(parts, "restarts")
	case SvcReloaded:
		parts = append(parts, "reloads")
	}
	if len(parts) == 0 {
		parts = []string{"brings to a state"}
	}
	last := parts[len(parts)-1]
	if len(parts) > 1 {
		last = strings.Join(parts[:len(parts)-1], ", ") + " and " + last
	}
	return last + " " + e.Name
}

// checkUnit refuses what is no full name of a unit, above all options and globs.
func checkUnit(name string) error {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 || dot == len(name)-1 || len(name) > 255 || name[0] == '-' {
		return errors.New(strconv.Quote(name) + " is no name of a unit, such as nginx.service")
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && strings.IndexByte(`:-_.\@`, c) < 0 {
			return errors.New(strconv.Quote(name) + " is no name of a unit, such as nginx.service")
		}
	}
	return nil
}

// SvcQueryResult holds one entry for each unit that was asked for, in their order.
type SvcQueryResult struct {
	Manager string    `json:"manager"` // systemd
	Units   []Service `json:"units"`
}

// Service is a unit as systemd knows it, in systemd's own words.
type Service struct {
	Name string `json:"name"`
	// ID is what the manager itself calls it, where Name is an alias.
	ID string `json:"id,omitempty"`
	// Load is loaded, not-found, masked, bad-setting or error.
	Load string `json:"load"`
	// Active is active, inactive, failed, activating, deactivating or reloading.
	Active string `json:"active"`
	Sub    string `json:"sub,omitempty"` // running, dead, exited, ...
	// File is whether it is started at boot: enabled, disabled, static, masked,
	// indirect, generated, alias, linked, ..., or "" where it has no file. A script
	// of System V is enabled where a runlevel starts it, else disabled.
	File string `json:"file,omitempty"`
	// Outdated says that its file has changed since systemd read it.
	Outdated bool `json:"outdated,omitempty"`
	// Stale says that the unit is enabled, but that a link is missing which its
	// [Install] section asks for by now.
	Stale bool `json:"stale,omitempty"`
	// Once says of a service that does not run that it never will be found
	// running: it does its work and ends (Type=oneshot without RemainAfterExit).
	Once bool `json:"once,omitempty"`
}

// Running reports whether the unit does its work: a unit that is starting or
// stopping does not.
func (s *Service) Running() bool {
	return s.Active == "active" || s.Active == "reloading" || s.Active == "refreshing"
}

// Stopped reports whether nothing of the unit is left running.
func (s *Service) Stopped() bool { return s.Active == "inactive" || s.Active == "failed" }

// Masked reports whether the unit is masked, if only until the next boot.
func (s *Service) Masked() bool { return s.File == "masked" || s.File == "masked-runtime" }

// Switches reports whether enabling the unit, or disabling it, changes
// anything. It does not where the unit's file leaves no choice (static,
// indirect, generated by another program than for System V, alias, ...), or
// where the unit is masked.
func (s *Service) Switches(enabled bool) bool {
	switch s.File {
	case "disabled", "linked", "linked-runtime":
		return enabled
	case "enabled":
		return !enabled || s.Stale
	case "enabled-runtime": // until the next boot, so neither
		return true
	}
	return false
}
