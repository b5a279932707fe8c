package cli_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/labtest"
)

// TestLabRestrictedSudo works as opsre, whom sudo lets run three programs and not the runner.
func TestLabRestrictedSudo(t *testing.T) {
	const only = "and sudo allows opsre only /usr/bin/apt, /usr/bin/dnf, /usr/bin/systemctl"
	tests := []struct {
		name    string
		runbook string
		spoil   func(*testing.T, labtest.Host)
		code    int
		out     string   // pattern of the recap
		says    []string // in the error
	}{
		{
			name:    "a program that sudo allows",
			runbook: `cmd(["systemctl", "reload", "ssh"], name = "reload")`, out: `ok=1 +changed=1`,
		},
		{
			name: "a program's own exit code", runbook: `cmd(["systemctl", "is-active", "none.service"], name = "none", ok_exit_codes = [3, 4])`,
			out: `ok=1 +changed=1`,
		},
		{
			name: "a program's own failure", runbook: `cmd(["systemctl", "no-such-verb"], name = "verb")`,
			code: 3, says: []string{"exit code 1", "Unknown command verb"},
		},
		{
			name: "a program that sudo does not allow", runbook: `cmd(["id"], name = "id")`,
			code: 3, says: []string{"running /usr/bin/id as root needs a sudo rule for it, " + only},
		},
		{
			name: "a program that is not there", runbook: `cmd(["/usr/bin/dnf", "check"], name = "dnf")`,
			code: 3, says: []string{"there is no program /usr/bin/dnf on the host"},
		},
		{
			name: "a shell's text", runbook: `cmd("systemctl reload ssh && true", name = "sh")`,
			code: 3, says: []string{"running /bin/sh as root needs a sudo rule for it, " + only},
		},
		{
			name: "variables", runbook: `cmd(["systemctl", "reload", "ssh"], name = "env", env = {"SYSTEMD_PAGER": "cat"})`,
			code: 3, says: []string{"running /usr/bin/systemctl as root with variables needs SETENV"},
		},
		{
			name: "a file as it is", runbook: `file("/etc/debian_version", mode = "0644", owner = "root")`, out: `ok=1 +changed=0`,
		},
		{
			name: "a file that must change", runbook: `file("/etc/lab", content = "no\n")`,
			code: 3, says: []string{"writing /etc/lab as root needs the runner, " + only, "hint: allow /bin/sh in sudoers, or give another user with -u"},
		},
		{
			name: "a file that cannot be read", runbook: `file("/etc/shadow", content = "no\n")`,
			code: 3, says: []string{"read /etc/shadow: permission denied; as root it needs the runner, " + only},
		},
		{
			name: "several users",
			runbook: `
cmd(["systemctl", "reload", "ssh"], name = "as root")
cmd("test $(id -un) = opsre && test ! -e ~/mine && touch ~/mine", name = "as the login user", run_as = "opsre")
cmd(["systemctl", "is-active", "ssh"], name = "as another", run_as = "www-data")
file("/home/opsre/mine", state = "absent", run_as = "opsre")`,
			out: `ok=4 +changed=4`,
		},
		{
			name: "all of it as one, some of it as another", spoil: sudoers("opsre ALL=(www-data) NOPASSWD: ALL"),
			runbook: `
cmd(["systemctl", "reload", "ssh"], name = "as root")
cmd("test $(id -un) = www-data", name = "as another", run_as = "www-data")
cmd("test $(id -un) = opsre", name = "as the login user", run_as = "opsre")`,
			out: `ok=3 +changed=3`,
		},
		{
			name: "some programs as others only", spoil: sudoers("opsre ALL=(ALL) !ALL\nopsre ALL=(www-data) NOPASSWD: /usr/bin/id"),
			runbook: `cmd(["id"], name = "id")`, code: 3, says: []string{"sudo does not allow opsre to become root", "hint: a sudoers rule must allow /bin/sh as root"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, 1)
			t.Cleanup(func() { f.clean(t) })
			f.trust(t)
			f.inventory(t, "opsre", nil)
			f.write(t, "site.star", test.runbook)
			if test.spoil != nil {
				test.spoil(t, f.hosts[0])
			}
			code, stdout, stderr := f.run(t, "apply", "-y", "-b")
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, says := range test.says {
				if !strings.Contains(stderr, says) {
					t.Errorf("the error does not say %q", says)
				}
			}
			if !regexp.MustCompile(`(?m)^h1 +: ` + test.out).MatchString(stdout) {
				t.Errorf("want %s in the recap", test.out)
			}
			raw(t, stdout+stderr)
		})
	}
}

// TestLabRestrictedPassword: a password changes nothing where sudo's rules do not allow the runner.
func TestLabRestrictedPassword(t *testing.T) {
	f := start(t, 1)
	t.Cleanup(func() { f.clean(t) })
	f.trust(t)
	f.inventory(t, "opsre", nil)
	f.write(t, "site.star", `cmd(["systemctl", "reload", "ssh"], name = "reload")`)
	for _, tt := range []struct{ password, want string }{{"wrong", "sudo refused the password"}, {labtest.Password, ""}} {
		password, want := tt.password, tt.want
		cmd := f.command(t.Context(), "apply", "-y", "-b", "-K", "--log", "-", "-i", "hosts.ini")
		cmd.Env = append(cmd.Env, "FROYO_BECOME_PASSWORD="+password)
		code, _, stderr := f.finish(t, cmd)
		if (code == 0) != (want == "") || !strings.Contains(stderr, want) {
			t.Errorf("with the password %q: exit code %d, want %q in the error", password, code, want)
		}
		if limited := strings.Contains(stderr, `"sudo allows as root only /usr/bin/apt, `); limited != (want == "") {
			t.Errorf("with the password %q: the log says what sudo allows: %t", password, limited)
		}
	}
}

// session opens a session with a lab host as user.
func session(t testing.TB, h labtest.Host, user string) *dial.Session {
	t.Helper()
	dialer := ssh.NewDialer(ssh.Options{KnownHosts: []string{h.KnownHosts}, ConnectTimeout: 10 * time.Second})
	client, err := dialer.Dial(t.Context(), ssh.Host{Name: h.Name, Address: h.Addr, User: user, Keys: []string{h.KeyFile}})
	if err != nil {
		t.Fatal(err)
	}
	s := dial.Open(client, dial.Options{Host: h.Name, Binary: dialtest.Binary(t)})
	t.Cleanup(func() {
		if err := errors.Join(s.Close(context.Background()), dialer.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestLabRestrictedTimeout: what sudo runs is asked to end by sudo. What does
// not end then can be ended by none but root, which is said.
func TestLabRestrictedTimeout(t *testing.T) {
	h := labtest.Hosts(t, 1)[0]
	h.Undo(t, "rm /usr/local/bin/stubborn; pkill -KILL stubborn")
	h.SSH(t, `printf '#!/bin/sh\n[ $1 = no ] || trap "" TERM\nwhile :; do sleep 0.1; done\n' >/usr/local/bin/stubborn; chmod 755 /usr/local/bin/stubborn`)
	h.Sudoers(t, "opsre ALL=(root) NOPASSWD: /usr/local/bin/stubborn")
	s := session(t, h, "opsre")
	results, err := s.Do(t.Context(), []target.Step{
		{Op: op.Op{Exec: &op.Exec{Argv: []string{"stubborn", "yes"}}}, User: "root", Timeout: time.Second},
		{Op: op.Op{Exec: &op.Exec{Argv: []string{"stubborn", "no"}}}, User: "root", Timeout: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	const ended = "did not end within 1s"
	if e := results[0].Error; e == nil || e.Code != "timeout" || !strings.Contains(e.Message, ended+", and does not end; it may still be under way") {
		t.Errorf("got %+v, want an error that says that it goes on", e)
	}
	if e := results[1].Error; e == nil || !strings.HasSuffix(e.Message, ended) {
		t.Errorf("got %+v, want an error that says that it ended", e)
	}
	if got := h.SSH(t, "pgrep -c stubborn"); got != "1\n" {
		t.Errorf("%q programs are still under way, want the one that does not end", got)
	}
}

// TestLabRestrictedTrips: being restricted costs the refusal and the look at
// the rules, once, and nothing with each op.
func TestLabRestrictedTrips(t *testing.T) {
	h := labtest.Hosts(t, 1)[0]
	for _, test := range []struct {
		login string
		start int64 // round trips until root's first op is under way
	}{{"ops", 2}, {"opsre", 4}} {
		t.Run(test.login, func(t *testing.T) {
			s := session(t, h, test.login)
			for i := range int64(3) {
				began := time.Now()
				results, err := s.Do(t.Context(), []target.Step{{Op: op.Op{Stat: &op.Stat{Path: "/etc/motd"}}, User: "root"}})
				if err != nil || results[0].Stat == nil {
					t.Fatalf("%+v, %v", results, err)
				}
				t.Logf("op %d took %s", i+1, time.Since(began))
				if trips := s.Stats().RoundTrips; trips != test.start+1+i {
					t.Errorf("op %d: %d round trips, want %d", i+1, trips, test.start+1+i)
				}
			}
		})
	}
}
