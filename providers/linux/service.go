package linux

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Service is a unit of the host's service manager. Its fields are described in service.cue.
type Service struct {
	Name         string      `json:"name"`
	State        op.SvcState `json:"state"`
	Enabled      *bool       `json:"enabled"`
	Masked       *bool       `json:"masked"`
	DaemonReload bool        `json:"daemon_reload"`
}

// ServiceFound is how the unit is.
type ServiceFound struct {
	op.Service
}

// ServiceOutput is what a service offers to later units.
type ServiceOutput struct {
	Changed bool   `json:"changed"`
	Before  string `json:"before"`
}

// unitDirs are where systemd looks for the files of units.
var unitDirs = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// generators are the directories of programs that make units, and what the usual ones make them of.
var generators = []string{
	"/etc/systemd/system-generators", "/usr/local/lib/systemd/system-generators", "/usr/lib/systemd/system-generators",
	"/lib/systemd/system-generators", "/etc/containers/systemd", "/usr/share/containers/systemd",
}

// files are where files bring the unit: its own, that of its template, and what generators make it of.
func (s Service) files() []string {
	unit := s.unit()
	files := append([]string(nil), generators...)
	names := []string{unit}
	if at := strings.IndexByte(unit, '@'); at >= 0 {
		names = append(names, unit[:at+1]+unit[strings.LastIndexByte(unit, '.'):])
	}
	for _, dir := range unitDirs {
		for _, name := range names {
			files = append(files, dir+"/"+name)
		}
	}
	switch {
	case strings.HasSuffix(unit, ".service"):
		files = append(files, "/etc/init.d/"+strings.TrimSuffix(unit, ".service"), "/etc/crypttab")
	case strings.HasSuffix(unit, "mount"), strings.HasSuffix(unit, ".swap"):
		files = append(files, "/etc/fstab")
	}
	return files
}

// unit is the full name of the unit.
func (s Service) unit() string {
	for _, suffix := range []string{"service", "socket", "timer", "target", "path", "mount", "automount", "swap", "slice", "scope", "device"} {
		if strings.HasSuffix(s.Name, "."+suffix) {
			return s.Name
		}
	}
	return s.Name + ".service"
}

// Read asks the manager for the unit.
func (s Service) Read(t *sdk.T) ServiceFound {
	found := t.Must(t.Do(op.Op{SvcQuery: &op.SvcQuery{Names: []string{s.unit()}}})).SvcQuery
	if len(found.Units) != 1 {
		t.Fail(op.Permanent, "the host did not tell of the unit", "", "")
	}
	return ServiceFound{found.Units[0]}
}

// Plan brings the unit into the wanted state.
func (s Service) Plan(t *sdk.T, found ServiceFound) {
	s.check(t, found)
	t.Output(ServiceOutput{Before: found.word()})
	if !s.differs(t, found) {
		s.explain(t, found)
		return
	}
	if s.State == op.SvcRestarted || s.State == op.SvcReloaded {
		t.Action(abi.Run)
		t.Reason(string(s.State))
	}
	if found.absent() && (s.starts() || s.Enabled != nil && *s.Enabled) {
		t.Needs(abi.Need{
			What: "unit " + s.unit(), Kind: "service", Name: strings.TrimSuffix(s.unit(), ".service"), Paths: s.files(),
			Hint: "is the name right? what brings it, its package or its file, has to be declared before",
		})
	}
	switch {
	case !found.Outdated || s.DaemonReload:
	case s.starts():
		t.Reason("its file has changed since systemd read it, so systemd reads its files again first")
	default:
		t.Reason("its file has changed since systemd read it; daemon_reload = True has it read again")
	}
	s.Potential(t)
	t.Output(ServiceOutput{Changed: t.Acted(), Before: found.word()})
}

// Potential has the manager bring the unit into the wanted state.
func (s Service) Potential(t *sdk.T) {
	var unknown []string
	for _, f := range []struct{ argument, field string }{{"state", "state"}, {"enabled", "enabled"}, {"masked", "masked"}, {"daemon_reload", "reload"}} {
		if t.Unknown(f.argument) {
			unknown = append(unknown, f.field)
		}
	}
	t.Effect(op.Op{SvcEnsure: &op.SvcEnsure{
		Name: s.unit(), State: s.State, Enabled: s.Enabled, Masked: s.Masked, Reload: s.DaemonReload,
	}}, unknown...)
}

// check refuses what the unit as it is stands against.
func (s Service) check(t *sdk.T, found ServiceFound) {
	if s.starts() && s.Masked != nil && *s.Masked {
		t.Fail(op.Permanent, s.unit()+" cannot be "+string(s.State)+" and masked", "", "leave one of them out")
	}
	if s.State == op.SvcRunning && found.Once {
		t.Fail(op.Conflict, s.unit()+" does its work and ends (Type=oneshot without RemainAfterExit), so it is never running", "",
			`run it by a handler with state = "restarted", or set RemainAfterExit=yes in its file`)
	}
	if s.Masked != nil || !found.Masked() {
		return
	}
	if s.starts() || s.Enabled != nil && *s.Enabled {
		t.Fail(op.Conflict, s.unit()+" is masked on the host", "", "to unmask it, add masked = False")
	}
}

// explain says of a unit that has nothing to do what enabled does not reach.
func (s Service) explain(t *sdk.T, found ServiceFound) {
	switch found.File {
	case "static", "indirect", "generated", "alias", "transient":
		if s.Enabled != nil {
			t.Reason("its file is " + found.File + ", so it cannot be enabled or disabled by itself")
		}
	}
}

// starts reports whether the unit has to run.
func (s Service) starts() bool { return s.State != "" && s.State != op.SvcStopped }

// differs compares what is given with what is there.
func (s Service) differs(t *sdk.T, found ServiceFound) bool {
	differs := false
	differ := func(field string, before, after any) {
		if t.Differ(field, before, after) {
			differs = true
		}
	}
	var before any
	if word := found.word(); word != "" {
		before = word
	}
	if s.Masked != nil && *s.Masked != found.Masked() {
		differ("masked", found.Masked(), *s.Masked)
	}
	switch {
	case s.Enabled == nil:
	case found.absent():
		if *s.Enabled {
			differ("enabled", nil, true)
		}
	case found.Stale && *s.Enabled:
		differ("enabled", "not as its [Install] section asks", true)
	case found.Switches(*s.Enabled), found.Masked() && *s.Enabled:
		differ("enabled", !*s.Enabled, *s.Enabled)
	}
	switch s.State {
	case op.SvcRunning:
		if !found.Running() {
			differ("state", before, "running")
		}
	case op.SvcStopped:
		if !found.absent() && !found.Stopped() {
			differ("state", before, "stopped")
		}
	case op.SvcRestarted, op.SvcReloaded:
		differs = true
	}
	if s.DaemonReload && found.Outdated {
		differ("definition", "outdated", "read again")
	}
	return differs
}

func (f ServiceFound) absent() bool { return f.Load == "not-found" }

// word is the unit's state in the words of the language, "" where there is none.
func (f ServiceFound) word() string {
	switch {
	case f.absent():
		return ""
	case f.Running():
		return "running"
	case f.Active == "inactive":
		return "stopped"
	}
	return f.Active
}
