package accounts_test

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

const (
	ed1 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
	ed2 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
	rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAwEBAQ=="
)

// withFile is a host with the user app, whose home has a file; "" is none.
func withFile(path, text string) *host {
	h := newHost()
	h.users["app"] = app()
	h.groups["app"] = &team{gid: "1000"}
	h.sync()
	for _, dir := range []string{"/home/app", "/home/app/.ssh", "/etc/ssh", "/etc/security", "/etc/sudoers.d"} {
		h.Files[dir] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
	}
	h.Files["/home/app/.ssh"].Mode, h.Files["/home/app/.ssh"].Owner, h.Files["/home/app/.ssh"].Group = 0o700, "app", "app"
	if text != "" {
		h.Files[path] = &providertest.Node{Type: op.TypeFile, Mode: 0o600, Owner: "app", Group: "app", Content: op.NewBlob([]byte(text))}
	}
	return h
}

// says is what a file says, "" where there is none.
func (h *host) says(t *testing.T, path string) string {
	t.Helper()
	n := h.Files[path]
	if n == nil {
		return ""
	}
	f, err := n.Content.Open()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAuthorizedKey(t *testing.T) {
	const path = "/home/app/.ssh/authorized_keys"
	for _, tt := range []struct {
		name          string
		args          given
		before, after string
		action        abi.Action
	}{
		{"new", given{"key": ed1 + " a@b"}, "", ed1 + " a@b\n", abi.Create},
		{"several", given{"key": []string{ed1, "# a comment\n\n" + ed2 + " x\n" + ed1}}, "", ed1 + "\n" + ed2 + " x\n", abi.Create},
		{"there", given{"key": ed1 + " a@b"}, "# mine\n  " + ed1 + "  a@b \nrest", "# mine\n  " + ed1 + "  a@b \nrest", abi.None},
		{"behind a line without an end", given{"key": ed2}, ed1, ed1 + "\n" + ed2 + "\n", abi.Update},
		{"another comment", given{"key": ed1 + " b"}, ed2 + "\n" + ed1 + " a\n" + rsa + "\n", ed2 + "\n" + ed1 + " b\n" + rsa + "\n", abi.Update},
		{"a comment for all", given{"key": ed1 + " b", "comment": "c d"}, "", ed1 + " c d\n", abi.Create},
		{"options in the key", given{"key": `from="a b",no-pty ` + ed1}, ed1 + "\n", `from="a b",no-pty ` + ed1 + "\n", abi.Update},
		{"options for all", given{"key": "no-pty " + ed1, "key_options": `command="echo \"hi you\""`}, "", `command="echo \"hi you\"" ` + ed1 + "\n", abi.Create},
		{"twice", given{"key": ed1}, ed1 + "\n" + ed1 + "\n", ed1 + "\n", abi.Update},
		{"exclusive", given{"key": ed1, "exclusive": true}, "# who\n" + ed2 + "\n\n" + ed1 + "\nsomething that sshd may understand\n", "# who\n\n" + ed1 + "\n", abi.Update},
		{"exclusive and none", given{"key": []string{}, "exclusive": true}, ed2 + "\n", "", abi.Update},
		{"removed with any comment", given{"key": ed1 + " b", "state": "absent"}, ed2 + "\nno-pty " + ed1 + " a\n", ed2 + "\n", abi.Update},
		{"gone", given{"key": ed1, "state": "absent"}, ed2 + "\n", ed2 + "\n", abi.None},
		{"gone with the file", given{"key": ed1, "state": "absent"}, "", "", abi.None},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := withFile(path, tt.before)
			args := given{"user": "app", "manage_dir": true}
			maps.Copy(args, tt.args)
			change, _ := kit(t, h).Converge(unit(t, "authorized_key", args))
			if change.Action != tt.action {
				t.Errorf("planned %s", change.Action)
			}
			if got := h.says(t, path); got != tt.after {
				t.Errorf("got\n%s, want\n%s", got, tt.after)
			}
			if n := h.Files[path]; n != nil && (n.Mode != 0o600 || n.Owner != "app" || n.Group != "app") {
				t.Errorf("it is %o of %s:%s", n.Mode, n.Owner, n.Group)
			}
		})
	}
}

// TestAuthorizedKeyPlaces: the directory is made and given to the user, but not in the place of anything.
func TestAuthorizedKeyPlaces(t *testing.T) {
	const path = "/home/app/.ssh/authorized_keys"
	u := unit(t, "authorized_key", given{"user": "app", "manage_dir": true, "key": ed1})
	for name, change := range map[string]func(h *host){
		"none":                   func(h *host) { delete(h.Files, "/home/app/.ssh") },
		"another mode":           func(h *host) { h.Files["/home/app/.ssh"].Mode = 0o777 },
		"another owner":          func(h *host) { h.Files["/home/app/.ssh"].Owner = "" },
		"another group":          func(h *host) { h.Files["/home/app/.ssh"].Group = "sudo" },
		"another mode of a file": func(h *host) { h.Files[path].Mode = 0o666 },
		"another owner of it":    func(h *host) { h.Files[path].Owner = "" },
		"another group of it":    func(h *host) { h.Files[path].Group = "adm" },
		"another home": func(h *host) {
			h.users["app"].home = "/srv/app"
			h.Files["/srv"], h.Files["/srv/app"] = &providertest.Node{Type: op.TypeDir}, &providertest.Node{Type: op.TypeDir}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := withFile(path, ed1+"\n")
			change(h)
			c, _ := kit(t, h).Converge(u)
			if c.Action == abi.None {
				t.Error("nothing was planned")
			}
			home := h.users["app"].home
			for p, mode := range map[string]uint32{home + "/.ssh": 0o700, home + "/.ssh/authorized_keys": 0o600} {
				if n := h.Files[p]; n == nil || n.Mode != mode || n.Owner != "app" || n.Group != "app" {
					t.Errorf("%s is %+v", p, n)
				}
			}
		})
	}
	for name, change := range map[string]func(h *host){
		"a link as directory":  func(h *host) { h.Files["/home/app/.ssh"] = &providertest.Node{Type: op.TypeLink, Target: "/etc/ssh"} },
		"a link as file":       func(h *host) { h.Files[path] = &providertest.Node{Type: op.TypeLink, Target: "/etc/group"} },
		"a directory as file":  func(h *host) { h.Files[path] = &providertest.Node{Type: op.TypeDir} },
		"something unreadable": func(h *host) { h.Files[path].Content = op.NewBlob([]byte{0xff}) },
	} {
		t.Run(name, func(t *testing.T) {
			h := withFile(path, ed1+"\n")
			change(h)
			if _, err := kit(t, h).Plan(u); err == nil || err.Class != op.Conflict {
				t.Errorf("got %+v", err)
			}
		})
	}
}

// TestAuthorizedKeyOfSomeoneNew: the user may come before the unit, with whatever home.
func TestAuthorizedKeyOfSomeoneNew(t *testing.T) {
	for _, home := range []string{"/home/new", "/srv/new"} {
		h := newHost()
		u := unit(t, "authorized_key", given{"user": "new", "manage_dir": true, "key": ed1})
		change, err := kit(t, h).Plan(u)
		if err != nil || change.Action != abi.Create || len(change.Needs) != 1 || change.Needs[0].What != "user new" {
			t.Fatalf("planned %+v, %v", change, err)
		}
		h.Files["/srv"] = &providertest.Node{Type: op.TypeDir}
		kit(t, h).Converge(unit(t, "user", given{"name": "new", "home": home}))
		later, err := kit(t, h).Plan(u)
		if err != nil {
			t.Fatal(err.Message)
		}
		for _, e := range later.Effects {
			if !slices.ContainsFunc(change.Effects, func(announced abi.Effect) bool { return announced.Allows(e) }) {
				t.Errorf("%s was not announced", e.Op)
			}
		}
		kit(t, h).Converge(u)
	}
}

func TestKnownHost(t *testing.T) {
	const path = "/etc/ssh/ssh_known_hosts"
	// HMAC-SHA1 of "git", with 20 bytes of 1 as salt.
	const hash1 = "|1|AQEBAQEBAQEBAQEBAQEBAQEBAQE=|0nvrcbPbMSUmDgJJfDszR8Idd7Q="
	for _, tt := range []struct {
		name          string
		args          given
		before, after string
	}{
		{"new", given{"key": ed1}, "", "git " + ed1 + "\n"},
		{"with its name before it", given{"key": "git,192.0.2.1 " + ed1 + " comment"}, "", "git " + ed1 + "\n"},
		{"there", given{"key": ed1}, "git,192.0.2.1 " + ed1 + " c\n", "git,192.0.2.1 " + ed1 + " c\n"},
		{"another key", given{"key": ed1}, "git " + ed2 + "\ngit " + rsa + "\n", "git " + rsa + "\ngit " + ed1 + "\n"},
		{"another key among others' names", given{"key": ed1}, "a,git,b " + ed2 + "\n", "a,b " + ed2 + "\ngit " + ed1 + "\n"},
		{"several types", given{"key": []string{ed1, rsa}}, "git " + rsa + "\n", "git " + rsa + "\ngit " + ed1 + "\n"},
		{"others stay", given{"key": ed1}, "# x\nother " + ed2 + "\n@revoked git " + ed1 + "\n*.git " + ed2 + "\n", "# x\nother " + ed2 + "\n@revoked git " + ed1 + "\n*.git " + ed2 + "\ngit " + ed1 + "\n"},
		{"removed", given{"state": "absent"}, "git " + ed1 + "\na,git " + rsa + "\n[git]:22 " + ed1 + "\n", "a " + rsa + "\n[git]:22 " + ed1 + "\n"},
		{"one removed", given{"state": "absent", "key": ed1}, "git " + ed1 + "\ngit " + rsa + "\n", "git " + rsa + "\n"},
		{"hashed and plain", given{"key": ed1}, hash1 + " " + ed1 + "\n", "git " + ed1 + "\n"},
		{"hashed and there", given{"key": ed1, "hash_host": true}, hash1 + " " + ed1 + "\n", hash1 + " " + ed1 + "\n"},
		{"hashed and removed", given{"state": "absent"}, hash1 + " " + ed1 + "\nx " + rsa + "\n", "x " + rsa + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := withFile(path, tt.before)
			args := given{"name": "git"}
			maps.Copy(args, tt.args)
			kit(t, h).Converge(unit(t, "known_host", args))
			if got := h.says(t, path); got != tt.after {
				t.Errorf("got\n%s, want\n%s", got, tt.after)
			}
		})
	}
	t.Run("hashed", func(t *testing.T) {
		h := withFile(path, "")
		kit(t, h).Converge(unit(t, "known_host", given{"name": "git", "key": ed1, "hash_host": true}))
		if got := h.says(t, path); !strings.HasPrefix(got, "|1|") || strings.Contains(got, "git") {
			t.Errorf("got %s", got)
		}
		kit(t, h).Converge(unit(t, "known_host", given{"name": "git", "state": "absent"}))
		if got := h.says(t, path); got != "" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("of a user", func(t *testing.T) {
		h := withFile("", "")
		kit(t, h).Converge(unit(t, "known_host", given{"name": "git", "key": ed1, "user": "app"}))
		if n := h.Files["/home/app/.ssh/known_hosts"]; n == nil || n.Owner != "app" || n.Mode != 0o600 {
			t.Errorf("it is %+v", n)
		}
	})
}

func TestPamLimits(t *testing.T) {
	const path = "/etc/security/limits.conf"
	for _, tt := range []struct {
		name          string
		args          given
		before, after string
	}{
		{"new", given{}, "", "app\tsoft\tnofile\t1024\n"},
		{"added", given{}, "# x\n* soft nofile 10", "# x\n* soft nofile 10\napp\tsoft\tnofile\t1024\n"},
		{"there", given{}, " app soft  nofile 1024 # why\n", " app soft  nofile 1024 # why\n"},
		{"another value", given{"value": "unlimited"}, "a\napp soft nofile 1\napp hard nofile 2\nb\n", "a\napp\tsoft\tnofile\tunlimited\napp hard nofile 2\nb\n"},
		{"several, of which the last counts", given{}, "app soft nofile 1024\napp soft nofile 2\n", "app soft nofile 1024\n"},
		{"a comment", given{}, "#app soft nofile 1024\n", "#app soft nofile 1024\napp\tsoft\tnofile\t1024\n"},
		{"removed", given{"state": "absent"}, "app soft nofile 1\nb\napp soft nofile 2\n", "b\n"},
		{"gone", given{"state": "absent"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := withFile(path, tt.before)
			args := given{"domain": "app", "limit_type": "soft", "limit_item": "nofile", "value": 1024, "path": path}
			maps.Copy(args, tt.args)
			kit(t, h).Converge(unit(t, "pam_limits", args))
			if got := h.says(t, path); got != tt.after {
				t.Errorf("got\n%s, want\n%s", got, tt.after)
			}
		})
	}
}

func TestSudoers(t *testing.T) {
	const path, rule = "/etc/sudoers.d/app", "app ALL=(ALL) NOPASSWD: /usr/bin/id"
	for _, tt := range []struct {
		name          string
		args          given
		before, after string
	}{
		{"new", given{"rule": rule}, "", rule + "\n"},
		{"several", given{"rule": []string{rule, "a ALL=ALL"}}, "", rule + "\na ALL=ALL\n"},
		{"content", given{"content": "# x\n" + rule}, "old\n", "# x\n" + rule + "\n"},
		{"there but for mode and owner", given{"rule": rule}, rule + "\n", rule + "\n"},
		{"removed", given{"state": "absent"}, "old\n", ""},
		{"gone", given{"state": "absent"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := withFile(path, tt.before)
			h.Programs = map[string]func(*op.Exec) op.Result{"visudo -cf %s": providertest.Exits(0, "")}
			args := given{"name": "app"}
			maps.Copy(args, tt.args)
			kit(t, h).Converge(unit(t, "sudoers", args))
			if got := h.says(t, path); got != tt.after {
				t.Errorf("got\n%s, want\n%s", got, tt.after)
			}
			if n := h.Files[path]; n != nil && (n.Mode != 0o440 || n.Owner != "root") {
				t.Errorf("it is %+v", n)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		h := withFile(path, rule+"\n")
		h.Programs = map[string]func(*op.Exec) op.Result{"visudo -cf %s": providertest.Exits(1, "")}
		_, err := kit(t, h).Apply(unit(t, "sudoers", given{"name": "app", "rule": "nonsense"}))
		if err == nil || h.says(t, path) != rule+"\n" || h.Files[path].Mode != 0o600 {
			t.Errorf("got %+v, and the file says %s", err, h.says(t, path))
		}
	})
}
