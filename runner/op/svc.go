package op

import (
	"errors"
	"strconv"
	"strings"
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
// it is there. What is left out stays as it is. A unit that stays masked is
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
	// Load is loaded, not-found, masked, bad-setting or error.
	Load string `json:"load"`
	// Active is active, inactive, failed, activating, deactivating or reloading.
	Active string `json:"active"`
	Sub    string `json:"sub,omitempty"` // running, dead, exited, ...
	// File is whether it is started at boot: enabled, disabled, static, masked,
	// indirect, generated, alias, linked, ..., or "" where it has no file.
	File string `json:"file,omitempty"`
	// Outdated says that its file has changed since systemd read it.
	Outdated bool `json:"outdated,omitempty"`
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
// indirect, generated, alias, ...), or where the unit is masked.
func (s *Service) Switches(enabled bool) bool {
	switch s.File {
	case "disabled", "linked", "linked-runtime":
		return enabled
	case "enabled":
		return !enabled
	case "enabled-runtime": // until the next boot, so neither
		return true
	}
	return false
}
