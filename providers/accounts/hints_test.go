package accounts_test

import (
	"slices"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
)

// TestHints does what each hint of an error says, and the unit can be planned.
func TestHints(t *testing.T) {
	for _, tt := range []struct {
		hint    string
		typ     string
		wrong   given
		advised given // as the hint says
	}{
		{"give password, or leave password_lock out", "user", given{"name": "app", "password_lock": false}, given{"name": "app", "password_lock": false, "password": "$6$a$b"}},
		{"give password, or leave password_lock out", "user", given{"name": "app", "password_lock": false}, given{"name": "app"}},
	} {
		h := newHost()
		if _, err := kit(t, h).Plan(unit(t, tt.typ, tt.wrong)); err == nil || err.Hint != tt.hint {
			t.Errorf("%v: got %+v, want the hint %q", tt.wrong, err, tt.hint)
		}
		kit(t, h).Converge(unit(t, tt.typ, tt.advised))
	}
	u := unit(t, "user", given{"name": "root", "password_lock": false, "password": "$6$a$b"})
	const root = "become root: become = True"
	h := newHost()
	if _, err := providertest.New(t, kitGuest, unreadable{h}).Plan(u); err == nil || err.Hint != root {
		t.Errorf("got %+v, want the hint %q", err, root)
	}
	kit(t, h).Converge(u) // as root
}

// TestHintsOfNeeds declares before what each hint says, and nothing is needed any more.
func TestHintsOfNeeds(t *testing.T) {
	for _, tt := range []struct {
		hint   string
		unit   providertest.Unit
		before providertest.Unit
	}{
		{
			`is the name right? declare it before: group("docker")`, unit(t, "user", given{"name": "app", "groups": []string{"docker"}}),
			unit(t, "group", given{"name": "docker"}),
		},
	} {
		h := newHost()
		change, err := kit(t, h).Plan(tt.unit)
		if err != nil || !slices.ContainsFunc(change.Needs, func(n abi.Need) bool { return n.Hint == tt.hint }) {
			t.Errorf("got %+v, %v, want the hint %q", change.Needs, err, tt.hint)
		}
		kit(t, h).Converge(tt.before)
		if change, _ := kit(t, h).Converge(tt.unit); len(change.Needs) > 0 {
			t.Errorf("it still needs %+v", change.Needs)
		}
	}
	const packages = "declare the package that brings it before, which is passwd, shadow or shadow-utils"
	h := newHost()
	h.Lacks = []string{"groupadd"}
	u := unit(t, "group", given{"name": "app"})
	change, err := kit(t, h).Plan(u)
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != packages {
		t.Errorf("got %+v, %v, want the hint %q", change.Needs, err, packages)
	}
	h.Lacks = nil // the package has brought it
	kit(t, h).Converge(u)
}
