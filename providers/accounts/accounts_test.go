package accounts_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

func TestGroup(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   given
		ran    []string
		action abi.Action
		diffs  int
	}{
		{"new", given{"name": "app"}, []string{"groupadd -- app"}, abi.Create, 0},
		{"new for a service, with its number", given{"name": "app", "system": true, "gid": 700}, []string{"groupadd --gid=700 --system -- app"}, abi.Create, 1},
		{"there", given{"name": "sudo"}, nil, abi.None, 0},
		{"there with its number", given{"name": "sudo", "gid": 27, "system": true}, nil, abi.None, 0},
		{"another number", given{"name": "sudo", "gid": 270, "non_unique": true}, []string{"groupmod --gid=270 --non-unique -- sudo"}, abi.Update, 1},
		{"removed", given{"name": "sudo", "state": "absent"}, []string{"groupdel -- sudo"}, abi.Delete, 1},
		{"gone", given{"name": "app", "state": "absent"}, nil, abi.None, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			change, _ := kit(t, h).Converge(unit(t, "group", tt.args))
			if change.Action != tt.action || len(change.Diffs) != tt.diffs {
				t.Errorf("planned %s with %+v", change.Action, change.Diffs)
			}
			if diff := cmp.Diff(tt.ran, h.ran()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func app() *account {
	return &account{uid: "1000", gid: "1000", comment: "App", home: "/home/app", shell: "/bin/bash", hash: "$6$a$b", min: "0", max: "99999", warn: "7"}
}

func TestUser(t *testing.T) {
	for _, tt := range []struct {
		name   string
		is     *account // nil for none
		in     []string // groups that the user is in
		args   given
		ran    []string
		action abi.Action
		diffs  string
	}{
		{"new", nil, nil, given{}, []string{"useradd --user-group --create-home -- app"}, abi.Create, ""},
		{
			"new with all", nil, nil,
			given{
				"uid": 1500, "group": "users", "groups": []string{"sudo", "adm", "users"}, "comment": "The app", "shell": "/bin/false", "home": "/srv/app", "create_home": false, "system": true,
				"password": "$6$x$y", "expires": "2027-12-31", "password_expire_min": 1, "password_expire_max": 90, "password_expire_warn": 7,
			},
			[]string{
				"useradd --uid=1500 --gid=users --groups=adm,sudo --comment=The app --home-dir=/srv/app --shell=/bin/false --system --no-create-home -- app",
				"chpasswd --encrypted", "chage --mindays=1 --maxdays=90 --warndays=7 --expiredate=2027-12-31 -- app",
			},
			abi.Create, "uid group groups comment home shell password expires password_expire_min password_expire_max password_expire_warn",
		},
		{"new and locked", nil, nil, given{"password_lock": true}, []string{"useradd --user-group --create-home -- app"}, abi.Create, "password_lock"},
		{"as it is", app(), []string{"sudo"}, given{"uid": 1000, "groups": []string{"sudo"}, "comment": "App", "shell": "/bin/bash", "home": "/home/app", "password": "$6$a$b", "password_lock": false, "expires": "never", "password_expire_max": 99999}, nil, abi.None, ""},
		{"a member by its own group", app(), []string{"app"}, given{"group": "app", "groups": []string{"app"}}, nil, abi.None, ""},
		{"a number as group", app(), nil, given{"group": "1000"}, nil, abi.None, ""},
		{"another number", app(), nil, given{"uid": 7, "non_unique": true, "comment": "App"}, []string{"usermod --uid=7 --non-unique --comment=App -- app"}, abi.Update, "uid"},
		{"another group", app(), nil, given{"group": "users"}, []string{"usermod --gid=users -- app"}, abi.Update, "group"},
		{"more groups", app(), []string{"adm"}, given{"groups": []string{"sudo"}, "append": true}, []string{"usermod --groups=sudo --append -- app"}, abi.Update, "groups"},
		{"in more groups", app(), []string{"adm", "sudo"}, given{"groups": []string{"sudo"}, "append": true}, nil, abi.None, ""},
		{"exactly these groups", app(), []string{"adm", "sudo"}, given{"groups": []string{"sudo"}}, []string{"usermod --groups=sudo -- app"}, abi.Update, "groups"},
		{"no groups", app(), []string{"adm"}, given{"groups": []string{}}, []string{"usermod --groups= -- app"}, abi.Update, "groups"},
		{"no comment", app(), nil, given{"comment": ""}, []string{"usermod --comment= -- app"}, abi.Update, "comment"},
		{"another shell", app(), nil, given{"shell": "/bin/false"}, []string{"usermod --shell=/bin/false -- app"}, abi.Update, "shell"},
		{"another home", app(), nil, given{"home": "/srv/app", "create_home": false}, []string{"usermod --home=/srv/app -- app"}, abi.Update, "home"},
		{"another home that is made", app(), nil, given{"home": "/srv/app"}, []string{"usermod --home=/srv/app -- app", "mkhomedir_helper app"}, abi.Update, "home home directory"},
		{"a home that is gone", &account{uid: "1", gid: "1", home: "/srv/gone", hash: "*"}, nil, given{}, []string{"mkhomedir_helper app"}, abi.Update, "home directory"},
		{"a service without a home", &account{uid: "1", gid: "1", home: "/nonexistent", hash: "*"}, nil, given{}, nil, abi.None, ""},
		{"another password", app(), nil, given{"password": "$6$new$hash"}, []string{"chpasswd --encrypted"}, abi.Update, "password"},
		{"another password of an old user", app(), nil, given{"password": "$6$new$hash", "update_password": "on_create"}, nil, abi.None, ""},
		{"the first password", &account{uid: "1", gid: "1", home: "/nonexistent", hash: "!"}, nil, given{"password": "$6$new$hash", "update_password": "on_create"}, []string{"chpasswd --encrypted"}, abi.Update, "password"},
		{"locked", app(), nil, given{"password_lock": true}, []string{"usermod --lock -- app"}, abi.Update, "password_lock"},
		{"locked with another password", app(), nil, given{"password_lock": true, "password": "$6$new$hash"}, []string{"chpasswd --encrypted"}, abi.Update, "password password_lock"},
		{"unlocked", &account{uid: "1", gid: "1", home: "/nonexistent", hash: "!$6$a$b"}, nil, given{"password_lock": false, "password": "$6$a$b"}, []string{"usermod --unlock -- app"}, abi.Update, "password_lock"},
		{"ends", app(), nil, given{"expires": "2000-02-29"}, []string{"chage --expiredate=2000-02-29 -- app"}, abi.Update, "expires"},
		{"never ends", &account{uid: "1", gid: "1", home: "/nonexistent", hash: "*", expire: "11016"}, nil, given{"expires": "never"}, []string{"chage --expiredate=-1 -- app"}, abi.Update, "expires"},
		{"ages", app(), nil, given{"password_expire_min": 1, "password_expire_max": 99999}, []string{"chage --mindays=1 --maxdays=99999 -- app"}, abi.Update, "password_expire_min"},
		{"removed", app(), nil, given{"state": "absent"}, []string{"userdel -- app"}, abi.Delete, "uid"},
		{"removed with all", app(), nil, given{"state": "absent", "remove": true, "force": true}, []string{"userdel --force --remove -- app"}, abi.Delete, "uid home"},
		{"gone", nil, nil, given{"state": "absent", "remove": true}, nil, abi.None, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			if tt.is != nil {
				h.users["app"] = tt.is
				h.groups["app"] = &team{gid: tt.is.gid}
				if tt.is.home == "/home/app" {
					h.Files["/home/app"] = &providertest.Node{Type: op.TypeDir}
				}
			}
			for _, g := range tt.in {
				h.groups[g].members = append(h.groups[g].members, "app")
			}
			h.sync()
			tt.args["name"] = "app"
			change, _ := kit(t, h).Converge(unit(t, "user", tt.args))
			var fields []string
			for _, d := range change.Diffs {
				fields = append(fields, d.Field)
			}
			if got := strings.Join(fields, " "); change.Action != tt.action || got != tt.diffs {
				t.Errorf("planned %s of %q", change.Action, got)
			}
			if diff := cmp.Diff(tt.ran, h.ran()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestPasswordIsNotShown: a hash stands in no difference, state or command line.
func TestPasswordIsNotShown(t *testing.T) {
	h := newHost()
	h.users["app"] = app()
	h.sync()
	u := unit(t, "user", given{"name": "app", "password": "$6$new$hash", "password_lock": true, "create_home": false})
	change, err := kit(t, h).Plan(u)
	if err != nil {
		t.Fatal(err.Message)
	}
	for _, d := range change.Diffs {
		if strings.Contains(string(d.Before)+string(d.After), "$") {
			t.Errorf("a hash is shown: %+v", d)
		}
	}
	kit(t, h).Converge(u)
	if got := h.users["app"].hash; got != "!$6$new$hash" {
		t.Errorf("the hash is %q", got)
	}
	for _, o := range h.Done {
		if strings.Contains(strings.Join(o.Exec.Argv, " "), "$") {
			t.Errorf("a hash is in a command line: %v", o.Exec.Argv)
		}
	}
}

// TestPasswordThatIsKnownLater: it is announced, and set with what was announced.
func TestPasswordThatIsKnownLater(t *testing.T) {
	h := newHost()
	h.users["app"] = app()
	h.sync()
	open := unit(t, "user", given{"name": "app", "create_home": false})
	open.Unknown = []string{"password"}
	known := unit(t, "user", given{"name": "app", "create_home": false, "password": "$6$new$hash"})
	if outcome, err := kit(t, h).Learn(open, known.Args); err != nil || !outcome.Changed || h.users["app"].hash != "$6$new$hash" {
		t.Errorf("got %+v, %v, %s", outcome, err, h.users["app"].hash)
	}
}

// TestOwnGroup: a group of the user's name that comes before it becomes its own.
func TestOwnGroup(t *testing.T) {
	h := newHost()
	h.groups["app"] = &team{gid: "77"}
	h.sync()
	kit(t, h).Converge(unit(t, "user", given{"name": "app"}))
	if got := h.users["app"].gid; got != "77" {
		t.Errorf("its group is %s", got)
	}
}

// TestRefused: what the arguments or the host do not allow fails the unit, with what the program said.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name, typ     string
		args          given
		refuses       string
		message, hint string
	}{
		{"a day that there is not", "user", given{"name": "app", "expires": "2027-02-31"}, "", `expires is "2027-02-31", and there is no such day`, ""},
		{"no password to unlock", "user", given{"name": "app", "password_lock": false}, "", "there is no password to unlock: none was ever set", "give password, or leave password_lock out"},
		{"root removed", "user", given{"name": "root", "state": "absent", "force": true}, "", "root has the number 0, with which the host is run, and is not removed", ""},
		{"a program that fails", "user", given{"name": "app"}, "useradd", "useradd ended with 1", ""},
		{"a group that cannot go", "group", given{"name": "sudo", "state": "absent"}, "groupdel", "groupdel ended with 1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			if tt.refuses != "" {
				h.refuses[tt.refuses] = "it says why"
			}
			_, err := kit(t, h).Apply(unit(t, tt.typ, tt.args))
			if err == nil || err.Message != tt.message || err.Hint != tt.hint {
				t.Fatalf("got %+v", err)
			}
			if tt.refuses != "" && err.Detail != "it says why" {
				t.Errorf("it does not say what the program said: %+v", err)
			}
		})
	}
}

// TestNeeds: what is not there yet has to come before.
func TestNeeds(t *testing.T) {
	h := newHost()
	h.Lacks = []string{"useradd", "groupdel"}
	change, err := kit(t, h).Plan(unit(t, "user", given{"name": "app", "group": "ops", "groups": []string{"docker", "sudo"}}))
	if err != nil {
		t.Fatal(err.Message)
	}
	var got []string
	for _, n := range change.Needs {
		got = append(got, n.What)
	}
	if diff := cmp.Diff([]string{"group docker", "group ops", "program useradd"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if change, err = kit(t, h).Plan(unit(t, "group", given{"name": "sudo", "state": "absent"})); err != nil || len(change.Needs) != 1 {
		t.Errorf("got %+v, %v", change.Needs, err)
	}
}

// TestOnlyRootReadsPasswords: the unit fails where it asks about what it may not see, and says what to do.
func TestOnlyRootReadsPasswords(t *testing.T) {
	h := newHost()
	u := unit(t, "user", given{"name": "root", "password_lock": true})
	_, err := providertest.New(t, kitGuest, unreadable{h}).Plan(u)
	if err == nil || err.Hint != "become root: become = True" {
		t.Errorf("got %+v", err)
	}
}

// unreadable is a host on which froyo is not root.
type unreadable struct{ *host }

func (u unreadable) Do(o op.Op) op.Result {
	if o.Getent != nil && o.Getent.DB == "shadow" {
		return op.Result{Error: &op.Error{Class: op.Permanent, Code: "eacces", Message: "open /etc/shadow: permission denied"}}
	}
	return u.host.Do(o)
}
