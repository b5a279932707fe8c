package systemd

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// perTrip is how many units are asked for at once: the system's bus allows 128
// calls without an answer, and a unit takes two.
const perTrip = 50

// Words of a unit's state.
const (
	notFound = "not-found"
	maxWord  = 64
)

// unit is a unit as it was asked for, and systemd's own name for it, which
// differs for an alias.
type unit struct {
	op.Service
	id string
}

// Query tells the states of units. The answer holds nothing that varies by
// itself, so that equal answers mean equal states.
func (m *Manager) Query(ctx context.Context, q *op.SvcQuery) (*op.SvcQueryResult, error) {
	if err := m.check(q.Names...); err != nil {
		return nil, err
	}
	units, err := m.look(ctx, q.Names)
	if err != nil {
		return nil, err
	}
	result := &op.SvcQueryResult{Manager: "systemd"}
	for _, u := range units {
		if u.id != u.Name {
			u.ID = u.id
		}
		result.Units = append(result.Units, u.Service)
	}
	return result, nil
}

// look asks for units, and corrects what systemd does not tell rightly.
func (m *Manager) look(ctx context.Context, names []string) ([]unit, error) {
	units, err := m.inquire(ctx, names)
	for i := range units {
		u := &units[i]
		m.files().judge(u)
		u.Outdated = u.Outdated && !u.maskedThroughout()
	}
	return units, err
}

// maskedThroughout reports whether a unit is masked in the files and in what systemd has read of them. Of such a unit
// with a drop-in systemd says at any time that it has to be read again, and reading it changes nothing.
func (u *unit) maskedThroughout() bool {
	return u.Load == "masked" && strings.HasPrefix(u.File, "masked")
}

// inquire asks over D-Bus, or else by a program.
func (m *Manager) inquire(ctx context.Context, names []string) ([]unit, error) {
	var units []unit
	for len(units) < len(names) {
		part, err := m.ask(ctx, names[len(units):min(len(units)+perTrip, len(names))])
		switch _, final := errors.AsType[*op.Error](err); {
		case final || ctx.Err() != nil:
			return nil, err
		case err != nil:
			return m.show(ctx, names)
		}
		units = append(units, part...)
	}
	return units, nil
}

const managerPath = "/org/freedesktop/systemd1"

// manager is a call of the manager itself.
func manager(member string, list bool, texts ...string) call {
	return call{
		dest: "org.freedesktop.systemd1", path: managerPath, iface: "org.freedesktop.systemd1.Manager",
		member: member, texts: texts, list: list,
	}
}

// property is a call that gets a property of an object.
func property(path, iface, name string) call {
	return call{
		dest: "org.freedesktop.systemd1", path: path, iface: "org.freedesktop.DBus.Properties",
		member: "Get", texts: []string{"org.freedesktop.systemd1." + iface, name},
	}
}

// unitPath is the object of a unit, which systemd loads when it is asked: what
// is no letter or digit is escaped.
func unitPath(name string) string {
	const hex = "0123456789abcdef"
	out := []byte("/org/freedesktop/systemd1/unit/")
	for i := range len(name) {
		c := name[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' && i > 0 {
			out = append(out, c)
			continue
		}
		out = append(out, '_', hex[c>>4], hex[c&15])
	}
	return string(out)
}

// ask asks for units over D-Bus, all in one round trip, and in one more where
// what systemd remembers of their files may be out of date.
func (m *Manager) ask(ctx context.Context, names []string) ([]unit, error) {
	const own = 2 // calls before those of the units
	calls := make([]call, 0, own+2*len(names))
	calls = append(calls, manager("ListUnitsByNames", true, names...), property(managerPath, "Manager", "UnitsLoadTimestamp"))
	for _, name := range names {
		path := unitPath(name)
		calls = append(calls, property(path, "Unit", "UnitFileState"), property(path, "Unit", "NeedDaemonReload"))
	}
	answers, err := m.exchange(ctx, calls)
	if err != nil {
		return nil, err
	}
	units, err := listed(answers[0])
	if err != nil {
		return nil, err
	}
	if len(units) != len(names) {
		return nil, errGarbled
	}
	for i := range units {
		u := &units[i]
		u.Name = names[i]
		if u.File, err = fileState(answers[own+2*i]); err != nil {
			return nil, err
		}
		u.Outdated = u.Load != notFound && isTrue(answers[own+1+2*i])
	}
	read, ok := timeOf(answers[1])
	for i := range units {
		u := &units[i]
		u.Outdated = u.Outdated || ok && u.Load != notFound && m.files().newDropIns(u.id, read)
	}
	if err := m.search(ctx, units, ok && m.files().unchanged(read)); err != nil {
		return nil, err
	}
	return units, m.askOnce(ctx, units)
}

// askOnce finds out which of the services that do not run do their work and
// end, so that they never will be found running.
func (m *Manager) askOnce(ctx context.Context, units []unit) error {
	var calls []call
	var idle []*unit
	for i := range units {
		if u := &units[i]; u.Load == "loaded" && u.Stopped() && strings.HasSuffix(u.id, ".service") {
			path := unitPath(u.id)
			calls = append(calls, property(path, "Service", "Type"), property(path, "Service", "RemainAfterExit"))
			idle = append(idle, u)
		}
	}
	if len(calls) == 0 {
		return nil
	}
	answers, err := m.exchange(ctx, calls)
	if err != nil {
		return err
	}
	for i, u := range idle {
		u.Once = textOf(answers[2*i]) == "oneshot" && isFalse(answers[2*i+1])
	}
	return nil
}

// search has systemd look for the files of units whose state it may not
// remember rightly. That of an alias is the state of the unit behind it.
func (m *Manager) search(ctx context.Context, units []unit, remembers bool) error {
	var calls []call
	var searched []*unit
	for i := range units {
		if u := &units[i]; !remembers || u.Outdated {
			calls = append(calls, manager("GetUnitFileState", false, u.id))
			searched = append(searched, u)
		}
	}
	if len(calls) == 0 {
		return nil
	}
	answers, err := m.exchange(ctx, calls)
	if err != nil {
		return err
	}
	for i, u := range searched {
		if u.File, err = fileState(answers[i]); err != nil {
			return err
		}
	}
	return nil
}

// listed reads a list of units.
func listed(m *message) ([]unit, error) {
	if m.kind == kindError {
		return nil, errors.New("systemd: " + line(m.err))
	}
	d := m.body
	if m.sig != "a(ssssssouso)" {
		return nil, errGarbled
	}
	var units []unit
	for end := d.array(8); !d.bad && d.at < end; {
		d.align(8)
		u := unit{id: d.text()}
		d.text() // description
		u.Load, u.Active, u.Sub = d.text(), d.text(), d.text()
		d.text() // the unit that it follows
		d.text() // path
		d.u32()  // job
		d.text() // its type
		d.text() // its path
		u.Name = u.id
		if d.bad || !isUnit(u.id) || !isWord(u.Load) || !isWord(u.Active) || !isWord(u.Sub) {
			return nil, errGarbled
		}
		units = append(units, u)
	}
	if d.bad {
		return nil, errGarbled
	}
	return units, nil
}

// fileState reads the state of a unit's file, the answer of a method or a
// property: "" where there is no file.
func fileState(m *message) (string, error) {
	if m.kind == kindError {
		if m.err == "org.freedesktop.DBus.Error.AccessDenied" || m.err == "org.freedesktop.DBus.Error.LimitsExceeded" {
			return "", errors.New("systemd: " + m.err)
		}
		return "", nil
	}
	d := m.body
	if m.sig != "s" && (m.sig != "v" || d.signature() != "s") {
		return "", errGarbled
	}
	state := d.text()
	if d.bad || state != "" && !isWord(state) {
		return "", errGarbled
	}
	return state, nil
}

// timeOf reads a property that is a time, in microseconds.
func timeOf(m *message) (time.Time, bool) {
	d := m.body
	if m.kind != kindReturn || m.sig != "v" || d.signature() != "t" {
		return time.Time{}, false
	}
	us := d.u64()
	return time.UnixMicro(us), !d.bad && us > 0
}

// isTrue reads a property that is true or false.
func isTrue(m *message) bool {
	d := m.body
	return m.kind == kindReturn && m.sig == "v" && d.signature() == "b" && d.u32() == 1 && !d.bad
}

// isFalse reads a property that is true or false.
func isFalse(m *message) bool {
	d := m.body
	return m.kind == kindReturn && m.sig == "v" && d.signature() == "b" && d.u32() == 0 && !d.bad
}

// textOf reads a property that is text; "" stands for anything else.
func textOf(m *message) string {
	d := m.body
	if m.kind != kindReturn || m.sig != "v" || d.signature() != "s" {
		return ""
	}
	if s := d.text(); !d.bad && isWord(s) {
		return s
	}
	return ""
}

// isWord reports whether s can be a state: not-found, auto-restart, ...
func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= maxWord
}

// isUnit reports whether s can be the name of a unit.
func isUnit(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 255
}
