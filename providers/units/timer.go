package units

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Timer is a command that runs at set times. Its fields are described in timer.cue.
type Timer struct {
	Name            string            `json:"name"`
	Command         any               `json:"command"`     // a text or a list of texts
	OnCalendar      any               `json:"on_calendar"` // the same
	OnBoot          any               `json:"on_boot"`     // a number or a text, as the three below
	OnUnitActive    any               `json:"on_unit_active"`
	RandomizedDelay any               `json:"randomized_delay"`
	Accuracy        any               `json:"accuracy"`
	Persistent      bool              `json:"persistent"`
	User            string            `json:"user"`
	Group           string            `json:"group"`
	Cwd             string            `json:"cwd"`
	Env             map[string]string `json:"env"`
	Description     string            `json:"description"`
	Settings        map[string]any    `json:"settings"`
	Enabled         bool              `json:"enabled"`
	State           string            `json:"state"`
}

// TimerState is the two files, how systemd has the units, and what is wrong.
type TimerState struct {
	Service  textfile.WholeState `json:"service"`
	Timer    textfile.WholeState `json:"timer"`
	Units    []op.Service        `json:"units"` // the service and the timer
	Lacks    *op.NeedResult      `json:"lacks,omitempty"`
	Packaged bool                `json:"packaged,omitempty"` // a package brings a timer of that name
	// Faults are what systemd says of the times, "" of those that are right.
	Faults []string `json:"faults,omitempty"`
}

func (r Timer) file(kind string) file {
	f := in(unitDir, r.Name+"."+kind)
	f.absent, f.program, f.Validate, f.Label = r.State == absent, "systemd", verify(kind), kind
	if kind == "service" {
		f.later = []string{"command"}
	}
	return f
}

// Read implements sdk.Resource.
func (r Timer) Read(t *sdk.T) TimerState {
	service, timer := r.file("service"), r.file("timer")
	ops := append(service.Ops(), timer.Ops()...)
	files := len(ops) / 2
	ops = append(ops, op.Op{SvcQuery: &op.SvcQuery{Names: []string{r.Name + ".service", r.Name + ".timer"}}})
	for _, dir := range packagedDirs {
		ops = append(ops, op.Op{Stat: &op.Stat{Path: dir + r.Name + ".timer"}})
	}
	var names names
	at := len(ops)
	if r.State != absent {
		names.user(r.User)
		names.group(r.Group)
		for _, when := range texts(r.OnCalendar) {
			ops = append(ops, op.Op{Exec: &op.Exec{Argv: []string{"systemd-analyze", "calendar", when}, ReadOnly: true}})
		}
	}
	results := t.All(names.ask(ops)...)
	s := TimerState{
		Service: service.State(t, results[:files]), Timer: timer.State(t, results[files:]),
		Units: t.Must(results[2*files]).SvcQuery.Units, Lacks: names.lacks(t, results),
	}
	for _, stat := range results[2*files+1 : at] {
		s.Packaged = s.Packaged || t.Must(stat).Stat.Exists
	}
	for _, said := range results[at:len(ops)] {
		fault := ""
		if said.Exec != nil && said.Exec.RC != 0 { // a host without the program tells when the file is written
			fault = strings.TrimSpace(said.Exec.Stderr)
		}
		s.Faults = append(s.Faults, fault)
	}
	return s
}

// Plan implements sdk.Resource.
func (r Timer) Plan(t *sdk.T, now TimerState) {
	if r.State == absent {
		r.remove(t, now)
		t.Output(Output{Changed: t.Acted()})
		return
	}
	r.check(t, now)
	announce(t, now.Lacks)
	service, timer := "", r.timer(t)
	known := !t.Unknown("command")
	if known {
		service = r.service(t)
	}
	r.file("service").converge(t, now.Service, func() string { return service })
	r.file("timer").converge(t, now.Timer, func() string { return timer })
	if now.Timer.Exists != now.Service.Exists {
		t.Action(abi.Update) // half of it is there
	}
	changed := !known || !holds(now.Service, service) || !holds(now.Timer, timer)
	outdated := slices.ContainsFunc(now.Units, func(u op.Service) bool { return u.Outdated })
	if changed || outdated {
		if !changed {
			t.Differ("definition", "outdated", "read again")
		}
		reload(t)
	}
	if r.differs(t, now) || changed {
		r.ensure(t, r.Enabled)
	}
	t.Output(Output{Changed: t.Acted()})
}

// holds reports whether a file says what it should.
func holds(now textfile.WholeState, text string) bool {
	return now.Exists && now.Type == op.TypeFile && now.Text == text
}

// check refuses what systemd would leave out, and a timer that never runs.
func (r Timer) check(t *sdk.T, now TimerState) {
	when := texts(r.OnCalendar)
	if len(when) == 0 && r.OnBoot == nil && r.OnUnitActive == nil {
		t.Fail(op.Permanent, "it is not said when the command runs", "", `give on_calendar = "daily"; or on_boot = "10min" and on_unit_active = "1h"`)
	}
	if len(when) == 0 && r.OnBoot == nil {
		t.Fail(op.Permanent, "on_unit_active counts from when the command last ran, so that it never would run first", "", `add on_boot = "10min", or on_calendar`)
	}
	if r.Persistent && len(when) == 0 {
		t.Fail(op.Permanent, "persistent = True is for times of on_calendar, and there are none", "", "leave persistent out, or give on_calendar")
	}
	for i, fault := range now.Faults {
		if fault != "" && i < len(when) {
			t.Fail(op.Permanent, "on_calendar = "+quote(when[i])+" is no time that systemd knows", fault, `times are such as "daily", "Mon..Fri 03:00" or "*-*-01 04:30"; systemd-analyze calendar tries them`)
		}
	}
	for name := range r.Env {
		if !isVariable(name) {
			t.Fail(op.Permanent, "env: "+quote(name)+" is no name of a variable", "", "names are of letters, digits and _, without a digit first")
		}
	}
	for _, key := range []string{"ExecStart", "User", "Group", "WorkingDirectory", "Environment"} {
		if _, is := r.Settings[key]; is {
			t.Fail(op.Permanent, "settings: "+key+" is said by an argument of its own", "", "give command, user, group, cwd and env")
		}
	}
}

// service is the text of the service.
func (r Timer) service(t *sdk.T) string {
	settings := map[string]any{"Type": "oneshot"}
	maps.Copy(settings, r.Settings)
	command := []string{"/bin/sh", "-c"}
	if text, is := r.Command.(string); is {
		command = append(command, text)
	} else {
		command = texts(r.Command)
	}
	words := make([]string, len(command))
	for i, word := range command {
		words[i] = unitWord(strings.ReplaceAll(word, "$", "$$"))
	}
	settings["ExecStart"] = strings.Join(words, " ")
	for key, value := range map[string]string{"User": r.User, "Group": r.Group, "WorkingDirectory": strings.ReplaceAll(r.Cwd, "%", "%%")} {
		if value != "" {
			settings[key] = value
		}
	}
	var env []any
	for _, name := range slices.Sorted(maps.Keys(r.Env)) {
		env = append(env, unitWord(name+"="+r.Env[name]))
	}
	if len(env) > 0 {
		settings["Environment"] = env
	}
	return unitText(t, map[string]any{"Unit": r.about(), "Service": settings})
}

// timer is the text of the timer.
func (r Timer) timer(t *sdk.T) string {
	settings := map[string]any{}
	var when []any
	for _, each := range texts(r.OnCalendar) {
		when = append(when, each)
	}
	if len(when) > 0 {
		settings["OnCalendar"] = when
	}
	for key, value := range map[string]any{
		"OnBootSec": r.OnBoot, "OnUnitActiveSec": r.OnUnitActive, "RandomizedDelaySec": r.RandomizedDelay, "AccuracySec": r.Accuracy,
	} {
		if value != nil {
			settings[key] = value
		}
	}
	if r.Persistent {
		settings["Persistent"] = true
	}
	return unitText(t, map[string]any{"Unit": r.about(), "Timer": settings, "Install": map[string]any{"WantedBy": "timers.target"}})
}

func (r Timer) about() map[string]any {
	description := r.Description
	if description == "" {
		description = r.Name
	}
	return map[string]any{"Description": strings.ReplaceAll(description, "%", "%%")}
}

// unitWord is a word of a setting as systemd reads it, in quotes where it needs them.
func unitWord(word string) string {
	word = strings.ReplaceAll(word, "%", "%%")
	if word != "" && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_.,:=+@%$-") == "" {
		return word
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(word) {
		switch c := word[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c == 0x7f:
			b.WriteString(`\x` + strconv.FormatUint(uint64(c>>4), 16) + strconv.FormatUint(uint64(c&15), 16))
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// differs compares what systemd has with what is wanted of the timer.
func (r Timer) differs(t *sdk.T, now TimerState) bool {
	u := SystemdUnit{Name: r.Name + ".timer", Enabled: &r.Enabled, State: string(op.SvcStopped)}
	if r.Enabled {
		u.State = string(op.SvcRunning)
	}
	return u.differs(t, SystemdUnitState{Unit: &now.Units[1]})
}

// ensure has systemd start and enable the timer, or neither.
func (r Timer) ensure(t *sdk.T, on bool) {
	state := op.SvcStopped
	if on {
		state = op.SvcRunning
	}
	t.Effect(op.Op{SvcEnsure: &op.SvcEnsure{Name: r.Name + ".timer", State: state, Enabled: &on}})
}

// remove stops and disables the timer, unless a package brings it as well, and removes both files.
func (r Timer) remove(t *sdk.T, now TimerState) {
	if !now.Service.Exists && !now.Timer.Exists {
		return
	}
	if s := now.Units[1]; now.Timer.Exists && !now.Packaged && s.Load != "not-found" && !s.Masked() && (!s.Stopped() || s.Switches(false)) {
		t.Differ("state", s.Active, nil)
		r.ensure(t, false)
	}
	r.file("timer").Remove(t, now.Timer)
	r.file("service").Remove(t, now.Service)
	reload(t)
}

// Potential implements sdk.HasPotential.
func (r Timer) Potential(t *sdk.T) {
	r.ensure(t, r.Enabled && r.State != absent)
	r.file("service").potential(t)
	r.file("timer").potential(t)
	reload(t)
}
