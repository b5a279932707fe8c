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

// softwareNamespace is that of services and packages, as types agree on it.
const softwareNamespace = "software"

// userNamespace and groupNamespace are those of accounts.
const (
	userNamespace  = "user"
	groupNamespace = "group"
)

// lockoutRule says which units of a type could cut froyo off from their host.
type lockoutRule struct {
	declared bool
	// alone is that none does so for good; only is that what the unit claims does not count beside the rule.
	alone, only bool
	// packages is that the software that units own are packages, of which the guard keeps none.
	packages bool
	// login is the field that names who could be cut off; field begins with one of prefixes where the unit could. Both are ""
	// where any unit could.
	login, field string
	prefixes     []string
}

// readLockout reads (), (alone), (login=field), (field="a|b"), (only, field="a|b") or (packages, field="a|b").
func (t *Type) readLockout(a *cue.Attribute) error {
	t.lockout.declared = true
	for arg := range a.Args(0) {
		switch {
		case arg.Key == "" && arg.AsString() == "":
		case arg.Key == "" && arg.AsString() == "alone":
			t.lockout.alone = true
		case arg.Key == "" && arg.AsString() == "only":
			t.lockout.only = true
		case arg.Key == "" && arg.AsString() == "packages":
			t.lockout.packages = true
		case arg.Key == "login":
			t.lockout.login = arg.AsString()
		case arg.Key != "":
			t.lockout.field, t.lockout.prefixes = arg.Key, strings.Split(arg.AsString(), "|")
		default:
			return fmt.Errorf("want nothing, alone, only, packages, login=field or field=%q, got (%s)", "a|b", a.Contents())
		}
	}
	for _, name := range []string{t.lockout.login, t.lockout.field} {
		if name != "" && t.Value.LookupPath(cue.MakePath(cue.Str(name))).Err() != nil && t.Value.LookupPath(cue.MakePath(cue.Str(name).Optional())).Err() != nil {
			return errors.New("there is no field " + name)
		}
	}
	return nil
}

// of says whom a unit of these arguments and claims could cut off. What is known only later may be anything.
func (r *lockoutRule) of(args map[string]any, claims []unit.Claim) unit.Lockout {
	var l unit.Lockout
	switch {
	case !r.declared || r.alone:
	case r.packages:
		if r.field != "" && r.meets(args) && slices.ContainsFunc(claims, isPackage) {
			l = unit.Lockout{May: true, Unkept: "the guard keeps no packages, so that it could not put this one back"}
		}
	case r.login != "":
		name, is := args[r.login].(string)
		l = unit.Lockout{Login: name, May: !is}
	default:
		l.May = r.field == "" || r.meets(args)
	}
	if !r.only && slices.ContainsFunc(claims, r.closes) {
		l.May = true
	}
	return l
}

// meets reports whether the rule's field begins with one of the rule's values.
func (r *lockoutRule) meets(args map[string]any) bool {
	value := args[r.field]
	if text, is := value.(string); is {
		return slices.ContainsFunc(r.prefixes, func(p string) bool { return strings.HasPrefix(text, p) })
	}
	return value != nil
}

// closes reports whether who claims this changes what decides who gets in.
func (r *lockoutRule) closes(c unit.Claim) bool {
	if !c.Owns {
		return false
	}
	switch c.Namespace {
	case unit.PathNamespace:
		return lockout.Path(c.Name, !c.Edits)
	case softwareNamespace:
		return !r.packages && lockout.Service(c.Name)
	case userNamespace:
		return lockout.User(c.Name)
	case groupNamespace:
		return lockout.Group(c.Name)
	}
	return false
}

// isPackage reports whether a claim is of a package without which one may not get in.
func isPackage(c unit.Claim) bool {
	return c.Owns && c.Namespace == softwareNamespace && lockout.Package(c.Name)
}
