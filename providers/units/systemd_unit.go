package units

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// SystemdUnit is a unit of systemd, or a drop-in. Its fields are described in systemd_unit.cue.
type SystemdUnit struct {
	Name     string         `json:"name"`
	Dropin   string         `json:"dropin"`
	Content  string         `json:"content"`
	Sections map[string]any `json:"sections"`
	Enabled  *bool          `json:"enabled"`
	State    string         `json:"state"`
}

// SystemdUnitState is the unit's file, and how systemd has the unit.
type SystemdUnitState struct {
	textfile.WholeState
	Unit *op.Service `json:"unit,omitempty"` // nil of a template, which systemd does not have
	// Packaged says that a package brings a unit of that name, which stays where the file goes.
	Packaged bool `json:"packaged,omitempty"`
}

// packagedDirs are where packages have their units.
var packagedDirs = []string{"/usr/lib/systemd/system/", "/lib/systemd/system/"}

func (u SystemdUnit) kind() string { return u.Name[strings.LastIndexByte(u.Name, '.')+1:] }

// template reports whether the unit is one of which only instances are loaded.
func (u SystemdUnit) template() bool { return strings.HasSuffix(u.Name, "@."+u.kind()) }

func (u SystemdUnit) file() file {
	f := in(unitDir, u.Name)
	if u.Dropin != "" {
		f = in(unitDir+"/"+u.Name+".d", u.Dropin+".conf")
	}
	f.absent, f.program, f.later = u.State == absent, "systemd", []string{"content"}
	switch u.kind() {
	case "service", "timer", "socket", "path", "mount":
		f.Validate = verify(u.kind())
	}
	return f
}

// Read implements sdk.Resource.
func (u SystemdUnit) Read(t *sdk.T) SystemdUnitState {
	f := u.file()
	ops := f.Ops()
	at := len(ops)
	for _, dir := range packagedDirs {
		ops = append(ops, op.Op{Stat: &op.Stat{Path: dir + u.Name}})
	}
	if !u.template() {
		ops = append(ops, op.Op{SvcQuery: &op.SvcQuery{Names: []string{u.Name}}})
	}
	results := t.All(ops...)
	s := SystemdUnitState{WholeState: f.State(t, results)}
	for i := range packagedDirs {
		s.Packaged = s.Packaged || t.Must(results[at+i]).Stat.Exists
	}
	if !u.template() {
		s.Unit = &t.Must(results[len(results)-1]).SvcQuery.Units[0]
	}
	return s
}

// Plan implements sdk.Resource.
func (u SystemdUnit) Plan(t *sdk.T, now SystemdUnitState) {
	if u.State == absent {
		u.remove(t, now)
		t.Output(Output{Changed: t.Acted()})
		return
	}
	text, known := u.text(t)
	if known {
		u.check(t, text, now)
	}
	f := u.file()
	if u.Dropin != "" {
		u.prepare(t, f, now)
		now.NoParent = false
	}
	f.converge(t, now.WholeState, func() string { return text })
	changed := !known || !now.Exists || now.Type != op.TypeFile || now.Text != text
	if changed || now.Unit != nil && now.Unit.Outdated {
		if !changed {
			t.Differ("definition", "outdated", "read again")
		}
		reload(t)
	}
	if u.differs(t, now) || changed && (u.Enabled != nil || u.State != present) {
		u.ensure(t)
	}
	t.Output(Output{Changed: t.Acted()})
}

const present = "present"

// reload has systemd read its units' files again.
func reload(t *sdk.T) { run(t, "systemctl", "daemon-reload") }

// text is what the file says, and whether that is known yet.
func (u SystemdUnit) text(t *sdk.T) (string, bool) {
	switch {
	case t.Unknown("content"):
		return "", false
	case u.Content != "":
		return u.Content, true
	case u.Sections == nil:
		t.Fail(op.Permanent, "it is not said what the file says", "", `give sections = {"Service": {"ExecStart": "/srv/app/run"}}; or content, the whole file`)
	}
	return unitText(t, u.Sections), true
}

// check refuses what cannot come true.
func (u SystemdUnit) check(t *sdk.T, text string, now SystemdUnitState) {
	wants := u.Enabled != nil && *u.Enabled
	switch {
	case u.template() && (u.Enabled != nil || u.State != present):
		t.Fail(op.Permanent, u.Name+" is a template, of which only instances are started", "", "name the instance in a unit of its own: service(\""+strings.Replace(u.Name, "@.", "@one.", 1)+"\", state = \"running\", enabled = True)")
	case wants && !hasSection(text, "Install"):
		t.Fail(op.Permanent, "enabled = True, but its text has no [Install] section, which says what starts it", "", `add one: sections = {..., "Install": {"WantedBy": "multi-user.target"}}`)
	case u.State == string(op.SvcRunning) && u.Dropin == "" && setting(text, "Service", "Type") == "oneshot" && !truth(setting(text, "Service", "RemainAfterExit")):
		t.Fail(op.Permanent, u.Name+" does its work and ends (Type=oneshot without RemainAfterExit), so it is never running", "", `set RemainAfterExit=yes in its text; or leave state out, and run it by a handler with service(name, state = "restarted")`)
	}
	if u.Dropin != "" && now.Unit != nil && now.Unit.Load == "not-found" && !strings.Contains(u.Name, "-.") {
		t.Needs(abi.Need{
			What: "unit " + u.Name, Kind: "service", Name: strings.TrimSuffix(u.Name, ".service"),
			Paths: []string{unitDir + "/" + u.Name, packagedDirs[0] + u.Name, packagedDirs[1] + u.Name},
			Hint:  "is the name right? what brings it, its package or its file, has to be declared before",
		})
	}
}

// prepare makes the directory of the unit's drop-ins.
func (u SystemdUnit) prepare(t *sdk.T, f file, now SystemdUnitState) {
	if now.NoParent {
		t.Effect(op.Op{Mkdir: mkdir(textfile.Dir(f.Path))})
	}
}

func mkdir(path string) *op.Mkdir {
	mode := uint32(0o755)
	return &op.Mkdir{Path: path, Attributes: op.Attributes{Mode: &mode, Owner: "root", Group: "root"}}
}

// differs compares what systemd has with what is wanted.
func (u SystemdUnit) differs(t *sdk.T, now SystemdUnitState) bool {
	s := now.Unit
	if s == nil {
		return false
	}
	var active, enabled any // nil of a unit that is not there
	if s.Load != "not-found" {
		active, enabled = s.Active, s.File == "enabled" && !s.Stale
	}
	differs := false
	if u.Enabled != nil && (s.Load == "not-found" && *u.Enabled || s.Switches(*u.Enabled)) {
		differs = t.Differ("enabled", enabled, *u.Enabled)
	}
	switch op.SvcState(u.State) {
	case op.SvcRunning:
		if !s.Running() {
			differs = t.Differ("state", active, "running") || differs
		}
	case op.SvcStopped:
		if active != nil && !s.Stopped() {
			differs = t.Differ("state", active, "stopped") || differs
		}
	}
	return differs
}

// ensure has systemd start, stop and enable the unit.
func (u SystemdUnit) ensure(t *sdk.T) {
	e := &op.SvcEnsure{Name: u.Name, Enabled: u.Enabled}
	if u.State != present {
		e.State = op.SvcState(u.State)
	}
	t.Effect(op.Op{SvcEnsure: e})
}

// remove stops and disables the unit, unless a package brings it as well, and removes its file.
func (u SystemdUnit) remove(t *sdk.T, now SystemdUnitState) {
	if !now.Exists {
		return
	}
	if s := now.Unit; u.stops() && !now.Packaged && s != nil && s.Load != "not-found" && !s.Masked() && (!s.Stopped() || s.Switches(false)) {
		t.Differ("state", s.Active, nil)
		u.stop(t)
	}
	u.file().Remove(t, now.WholeState)
	reload(t)
}

// stops reports whether removing the file may stop the unit.
func (u SystemdUnit) stops() bool { return u.Dropin == "" && !u.template() }

func (u SystemdUnit) stop(t *sdk.T) {
	off := false
	t.Effect(op.Op{SvcEnsure: &op.SvcEnsure{Name: u.Name, State: op.SvcStopped, Enabled: &off}})
}

// Potential implements sdk.HasPotential.
func (u SystemdUnit) Potential(t *sdk.T) {
	f := u.file()
	if f.absent && u.stops() {
		u.stop(t)
	}
	if u.Dropin != "" && !f.absent {
		t.Effect(op.Op{Mkdir: mkdir(textfile.Dir(f.Path))})
	}
	f.potential(t)
	reload(t)
	if !f.absent && (u.Enabled != nil || u.State != present) {
		u.ensure(t)
	}
}
