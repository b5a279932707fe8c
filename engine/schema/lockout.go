package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/lockout"
	"github.com/openfroyo/froyo/engine/unit"
)

// softwareNamespace is that of services, as types agree on it.
const softwareNamespace = "software"

// lockoutRule says which units of a type could cut froyo off from their host.
type lockoutRule struct {
	declared bool
	// alone is that none does so for good.
	alone bool
	// login is the field that names who could be cut off; field begins with one of prefixes where the unit could. Both are ""
	// where any unit could.
	login, field string
	prefixes     []string
}

// readLockout reads (), (alone), (login=field) or (field="a|b").
func (t *Type) readLockout(a *cue.Attribute) error {
	t.lockout.declared = true
	for arg := range a.Args(0) {
		switch {
		case arg.Key == "" && arg.AsString() == "":
		case arg.Key == "" && arg.AsString() == "alone":
			t.lockout.alone = true
		case arg.Key == "login":
			t.lockout.login = arg.AsString()
		case arg.Key != "":
			t.lockout.field, t.lockout.prefixes = arg.Key, strings.Split(arg.AsString(), "|")
		default:
			return fmt.Errorf("want nothing, alone, login=field or field=%q, got (%s)", "a|b", a.Contents())
		}
	}
	for _, name := range []string{t.lockout.login, t.lockout.field} {
		if name != "" && t.Value.LookupPath(cue.MakePath(cue.Str(name))).Err() != nil && t.Value.LookupPath(cue.MakePath(cue.Str(name).Optional())).Err() != nil {
			return errors.New("there is no field " + name)
		}
	}
	return nil
}

// of says whom a unit of these arguments could cut off. What is known only later may be anything.
func (r *lockoutRule) of(args map[string]any) unit.Lockout {
	switch {
	case !r.declared || r.alone:
		return unit.Lockout{}
	case r.login != "":
		if name, is := args[r.login].(string); is {
			return unit.Lockout{Login: name}
		}
	case r.field != "":
		if text, is := args[r.field].(string); is {
			return unit.Lockout{May: slices.ContainsFunc(r.prefixes, func(p string) bool { return strings.HasPrefix(text, p) })}
		}
	}
	return unit.Lockout{May: true}
}

// closes reports whether a unit changes what decides who gets in.
func closes(claims []unit.Claim) bool {
	return slices.ContainsFunc(claims, func(c unit.Claim) bool {
		switch c.Namespace {
		case unit.PathNamespace:
			return (c.Owns || c.Edits) && lockout.Path(c.Name)
		case softwareNamespace:
			return c.Owns && lockout.Service(c.Name)
		}
		return false
	})
}
