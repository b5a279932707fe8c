package accounts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
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
		{"give what ssh-keygen writes into the .pub file", "authorized_key", given{"user": "app", "key": "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n"}, given{"user": "app", "key": ed1}},
		{
			`write them with commas and without blanks: key_options = "no-pty,no-X11-forwarding"`, "authorized_key",
			given{"user": "app", "key": ed1, "key_options": "no-pty, no-X11-forwarding"},
			given{"user": "app", "key": ed1, "key_options": "no-pty,no-X11-forwarding"},
		},
		{"give name as it stands before the key, or leave it out there", "known_host", given{"name": "git", "key": "git.example.com " + ed1}, given{"name": "git.example.com", "key": "git.example.com " + ed1}},
		{"give name as it stands before the key, or leave it out there", "known_host", given{"name": "git", "key": "git.example.com " + ed1}, given{"name": "git", "key": ed1}},
		{"give path", "authorized_key", given{"user": "homeless", "key": ed1}, given{"user": "homeless", "key": ed1, "path": "/etc/ssh/homeless"}},
		{"give rule or content", "sudoers", given{"name": "app"}, given{"name": "app", "rule": "app ALL=ALL"}},
		{"give rule or content", "sudoers", given{"name": "app"}, given{"name": "app", "content": "app ALL=ALL"}},
	} {
		h := withFile("", "")
		h.users["homeless"] = &account{uid: "9", gid: "9"}
		h.groups["homeless"] = &team{gid: "9"}
		h.sync()
		h.Programs = map[string]func(*op.Exec) op.Result{"visudo -cf %s": providertest.Exits(0, "")}
		if tt.typ == "user" {
			delete(h.users, "app")
		}
		_, err := kit(t, h).Plan(unit(t, tt.typ, tt.wrong))
		if err == nil || err.Hint != tt.hint {
			t.Errorf("%v: got %+v, want the hint %q", tt.wrong, err, tt.hint)
		}
		if err != nil && strings.Contains(err.Message+err.Detail, "PRIVATE") {
			t.Errorf("a private key is shown: %+v", err)
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
		{
			`is the name right? declare it before: user("app")`, unit(t, "authorized_key", given{"user": "app", "key": ed1, "manage_dir": true}),
			unit(t, "user", given{"name": "app"}),
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
	const path = "/home/app/.ssh/authorized_keys"
	waits := withFile(path, ed1)
	waits.Files[path] = &providertest.Node{Type: op.TypeLink, Target: "/etc/group"}
	link := unit(t, "authorized_key", given{"user": "app", "key": ed1, "manage_dir": true})
	if _, err := kit(t, waits).Plan(link); err == nil || err.Hint != "look at it, and move it away" {
		t.Errorf("got %+v", err)
	}
	delete(waits.Files, path)
	kit(t, waits).Converge(link)

	const packages = "declare the package that brings it before, which is passwd, shadow or shadow-utils, and sudo for visudo"
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
