package onboard

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// world is a host as its sshd and sudo show it.
type world struct {
	fleet.Session           // nil: what is not below is not called
	password      string    // of root, "" where sshd asks for none
	key           bool      // lets the new user in
	by            string    // the key by which it does
	sudo          string    // what sudo -l prints
	unknown       bool      // nothing knows the host's key
	down          bool      // it cannot be reached
	drops         int       // so many connections are lost before it lets in
	ran           []op.Exec // what was run that changes something
	files         map[string]string
	shows         string // what the script that restores it says
	refuses       string // why it does not
	keys          string // the user's
}

func refusal(stage target.Stage, text string) error {
	return &target.Error{Host: "web1", Stage: stage, Message: text}
}

func (w *world) LogIn(_ context.Context, h *inventory.Host, ways Ways) (l fleet.Login, asked bool, err error) {
	const fingerprint = "SHA256:host"
	switch {
	case w.down, w.dropped():
		return l, false, refusal(target.StageConnect, "no route")
	case ways.HostKey != "" && ways.HostKey != fingerprint:
		return l, false, refusal(target.StageHostKey, "another key")
	case w.unknown && ways.HostKey == "":
		return l, false, &target.Error{Host: "web1", Stage: target.StageHostKey, Message: "not known", Cause: &target.UnknownKeyError{Key: "ssh-ed25519 " + fingerprint}}
	}
	w.unknown = false
	l.HostKey = "ssh-ed25519 " + fingerprint
	if h.PrivateKey != nil {
		if !w.key {
			return l, false, refusal(target.StageAuth, "refused")
		}
		return l, false, nil
	}
	asked = w.password != "" && h.Password != nil
	if asked && secret.Resolve(h.Password.Text) == w.password {
		l.By = "password"
		return l, true, nil
	}
	return l, asked, refusal(target.StageAuth, "root is refused")
}

func (w *world) dropped() bool {
	w.drops--
	return w.drops >= 0
}

func (w *world) Open(_ context.Context, h *inventory.Host, hooks fleet.Hooks) (fleet.Session, error) {
	by := w.by
	switch {
	case w.dropped():
		return nil, refusal(target.StageConnect, "closed")
	case h.Password != nil && secret.Resolve(h.Password.Text) == w.password:
		by = "password"
	case !w.key || h.PrivateKey == nil:
		return nil, refusal(target.StageAuth, "refused")
	}
	if hooks.LoggedIn != nil {
		hooks.LoggedIn(fleet.Login{By: by})
	}
	return w, nil
}

func (w *world) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	e := steps[0].Op.Exec
	r := &op.ExecResult{}
	switch {
	case slices.Contains(e.Argv, "-l"):
		r.Stdout = w.sudo
	case slices.Contains(e.Argv, RollbackFile) && slices.Contains(e.Argv, "show"):
		r.Stdout, r.Stderr = w.shows, w.refuses
		if w.refuses != "" {
			r.RC = 1
		}
	case slices.Equal(e.Argv, []string{"test", "!", "-e", Directory}) && w.shows != "":
		r.RC = 1
	case slices.Contains(e.Argv, keysScript):
		r.Stdout = w.keys
	case slices.Contains(e.Argv, readScript):
		pattern := e.Argv[len(e.Argv)-1]
		for _, name := range slices.Sorted(maps.Keys(w.files)) {
			switch is, _ := path.Match(pattern, name); {
			case !is:
			case w.files[name] == "-" && steps[0].User == "": // who logs in as root is root, too, and sees all
				r.Stdout += base64.StdEncoding.EncodeToString([]byte(name)) + " -\n"
			default:
				r.Stdout += base64.StdEncoding.EncodeToString([]byte(name)) + " " + base64.StdEncoding.EncodeToString([]byte(w.files[name])) + "\n"
			}
		}
	case !e.ReadOnly:
		w.ran = append(w.ran, *e)
	}
	return []target.Outcome{{Ran: true, Result: op.Result{Exec: r}}}, nil
}

func (w *world) Close(context.Context) error { return nil }

func request() Request {
	return Request{
		Name: "web1", Address: "192.0.2.7", Login: "root", User: "froyo", Sudo: "NOPASSWD: /usr/bin/apt", LockDown: []string{"disable_password_auth"},
		Key: Key{Name: "default-ed25519", Line: "ssh-ed25519 AAAA", Print: "SHA256:key"}, Password: &inventory.Credential{Text: secret.Given("s3cr3t-of-root")},
	}
}

const allowed = "User froyo may run the following commands on web1:\n    (root) NOPASSWD: /usr/bin/apt\n    (root) NOPASSWD: /var/lib/froyo/onboard/rollback \"\", /var/lib/froyo/onboard/rollback show\n"

// TestLook: what can be seen of a host decides what is to be done, and says what is wrong.
func TestLook(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		world world
		spoil func(r *Request)
		done  bool
		err   string // of a part
		hint  string
	}{
		{name: "fresh", world: world{password: "s3cr3t-of-root"}},
		{name: "fresh and not known", world: world{password: "s3cr3t-of-root", unknown: true}},
		{name: "onboarded", world: world{key: true, by: "ssh-ed25519 SHA256:key", sudo: allowed}, done: true},
		{name: "onboarded, no password at hand", world: world{key: true, by: "ssh-ed25519 SHA256:key", sudo: allowed}, spoil: func(r *Request) { r.Password = nil }, done: true},
		{name: "not locked yet", world: world{key: true, by: "ssh-ed25519 SHA256:key", sudo: allowed, password: "s3cr3t-of-root"}},
		{name: "nothing was locked, nor is to be", world: world{key: true, by: "ssh-ed25519 SHA256:key", sudo: allowed, password: "s3cr3t-of-root"}, spoil: func(r *Request) { r.LockDown = nil }, done: true},
		{name: "another rule, root gets in", world: world{key: true, by: "ssh-ed25519 SHA256:key", sudo: strings.Replace(allowed, "/usr/bin/apt", "/usr/bin/dnf", 1), password: "s3cr3t-of-root"}},
		{
			name: "another rule, root is locked out", world: world{key: true, by: "ssh-ed25519 SHA256:key", sudo: strings.Replace(allowed, "/usr/bin/apt", "/usr/bin/dnf", 1)},
			err: "sudo does not allow froyo: /usr/bin/apt; to change that takes root, who is not let in", hint: "restore the host first: froyo onboard rollback --host 192.0.2.7 --user froyo --key default-ed25519",
		},
		{name: "down", world: world{down: true}, err: "no route"},
		{name: "wrong password", world: world{password: "another"}, err: "root is refused", hint: "give another password, or name by --user who is let in"},
		{
			name: "onboarded elsewhere", world: world{}, err: "it takes no password of root, and neither the key default-ed25519 lets froyo in",
			hint: "was it onboarded with another key or user, or from elsewhere? froyo onboard list shows what is registered here",
		},
		{name: "another key of the host", world: world{password: "s3cr3t-of-root"}, spoil: func(r *Request) { r.HostKey = "SHA256:other" }, err: "another key"},
		{name: "another key lets in", world: world{key: true, by: "ssh-ed25519 SHA256:agent", sudo: allowed}, err: "froyo got in by ssh-ed25519 SHA256:agent, and not by the key default-ed25519"},
		{
			name: "sudo that tells nothing", world: world{key: true, by: "ssh-ed25519 SHA256:key", sudo: "a password is required"},
			err: "sudo does not tell froyo what it allows", hint: "give the rule without a password: --sudo 'NOPASSWD: ...'",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &Entry{Request: request()}
			if tt.spoil != nil {
				tt.spoil(&e.Request)
			}
			if tt.world.key && e.LockDown != nil {
				tt.world.files = map[string]string{"/etc/ssh/sshd_config": lines}
			}
			var registered []state.Target
			p := &Prover{
				Doors: &tt.world, Workspace: "/ws",
				Register: func(_ context.Context, r state.Target) error { registered = append(registered, r); return nil },
				Trust: func(_ context.Context, _ *Entry, key string) (bool, error) {
					return key == "ssh-ed25519 SHA256:host", nil
				},
			}
			err := p.Look(t.Context(), e)
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("got %v, want %q", err, tt.err)
			}
			if err != nil && tt.hint != "" && diag.Of(err).Hint != tt.hint {
				t.Errorf("hint %q, want %q", diag.Of(err).Hint, tt.hint)
			}
			if e.Done != tt.done || e.Done != (len(registered) == 1) || e.Changed {
				t.Errorf("done is %t, want %t; registered %v", e.Done, tt.done, registered)
			}
			if err == nil && e.HostKey != "ssh-ed25519 SHA256:host" {
				t.Errorf("host key %q", e.HostKey)
			}
		})
	}
}

// TestLocked: a password that still lets in, or is asked for, has sshd restored.
func TestLocked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ password, want string }{
		{"", ""},
		{"s3cr3t-of-root", "root is still let in by password; sshd is as it was before"},
		{"another", "sshd still asks root for a password; sshd is as it was before"},
	} {
		w := &world{key: true, password: tt.password}
		e := &Entry{Request: request(), HostKey: "ssh-ed25519 SHA256:host"}
		outcomes, err := (&Prover{Doors: w}).Wrap(e, w).Run(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Argv: []string{"false", Program, stepLocked}}}}})
		if err != nil {
			t.Fatal(err)
		}
		r := outcomes[0].Result.Exec
		if (r.RC == 0) != (tt.want == "") || !strings.HasPrefix(r.Stderr, tt.want) {
			t.Errorf("%q: got %d %q, want %q", tt.password, r.RC, r.Stderr, tt.want)
		}
		if restored := len(w.ran) == 1 && slices.Equal(w.ran[0].Argv, []string{"/bin/sh", "-s", "login"}); restored != (tt.want != "") {
			t.Errorf("%q: it ran %v", tt.password, w.ran)
		}
		if tt.want != "" && !strings.Contains(r.Stderr, "a Match block of sshd_config may set another value, which is shown there by: sshd -T -C user=root,host=localhost,addr=127.0.0.1; or an option that sshd was started with, shown by: ps -C sshd -o args") {
			t.Errorf("the hint is missing: %q", r.Stderr)
		}
	}
}

// TestPatience: a proof that no connection could be made for is tried anew, and what a host refuses is not.
func TestPatience(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, step string
		world      world
		rc, left   int
	}{
		{"two are lost", stepAccess, world{key: true, by: "ssh-ed25519 SHA256:key", sudo: allowed, drops: 2}, 0, -1},
		{"two are lost, locked", stepLocked, world{key: true, drops: 2}, 0, -2},
		{"all are lost", stepAccess, world{key: true, drops: 9}, 1, 9 - patience},
		{"refused", stepAccess, world{}, 1, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &tt.world
				outcomes, err := (&Prover{Doors: w}).Wrap(&Entry{Request: request(), HostKey: "ssh-ed25519 SHA256:host"}, w).
					Run(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Argv: []string{"false", Program, tt.step}}}}})
				if err != nil {
					t.Fatal(err)
				}
				if r := outcomes[0].Result.Exec; r.RC != tt.rc || w.drops != tt.left {
					t.Errorf("got %d %q and %d left, want %d and %d", r.RC, r.Stderr, w.drops, tt.rc, tt.left)
				}
			})
		})
	}
}

// TestRules: a rule is put behind the user's name, whichever of its parts are given.
func TestRules(t *testing.T) {
	t.Parallel()
	for sudo, want := range map[string]string{
		"NOPASSWD: /usr/bin/apt":        "froyo ALL=(root) NOPASSWD: /usr/bin/apt",
		"(ALL) NOPASSWD: ALL":           "froyo ALL=(ALL) NOPASSWD: ALL",
		"ALL=(ALL:ALL) NOPASSWD: ALL":   "froyo ALL=(ALL:ALL) NOPASSWD: ALL",
		"ALL = (root) NOPASSWD: ALL":    "froyo ALL = (root) NOPASSWD: ALL",
		" /usr/bin/id, /usr/bin/whoami": "froyo ALL=(root) /usr/bin/id, /usr/bin/whoami",
	} {
		r := request()
		r.Sudo = sudo
		got := []string{}
		for _, line := range r.rules() {
			got = append(got, line.(string))
		}
		if diff := cmp.Diff([]string{want, `froyo ALL=(root) NOPASSWD: /var/lib/froyo/onboard/rollback "", /var/lib/froyo/onboard/rollback show`}, got); diff != "" {
			t.Errorf("%s: %s", sudo, diff)
		}
	}
}

// TestRollbackHint: where the script did not end, what is said is where to look.
func TestRollbackHint(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := (&Prover{}).until(ctx, &Entry{Request: request()}, func() (bool, error) { return false, errors.New("it is there") })
	if d := diag.Of(err); !strings.Contains(d.Summary, "it is there") || d.Hint != "journalctl -u froyo-onboard-rollback on the host tells why" {
		t.Error(err)
	}
}

// TestIsGone: a host is restored once nothing is kept any more, or nobody can ask; that it does not answer is no proof of it.
func TestIsGone(t *testing.T) {
	t.Parallel()
	const (
		rules    = "User froyo may run the following commands on web1:\n    (root) NOPASSWD: "
		notFound = "sudo: " + RollbackFile + ": command not found"
		refused  = "sudo: a password is required"
	)
	for _, tt := range []struct {
		name  string
		world world
		user  string
		want  bool
		fails bool
	}{
		{name: "no login", want: true},
		{name: "the rule is there", world: world{key: true, sudo: allowed}},
		{name: "the rule is gone", world: world{key: true, sudo: rules + "/usr/bin/apt\n"}, want: true},
		{name: "no rule at all", world: world{key: true, sudo: "Sorry, user froyo may not run sudo on web1."}, want: true},
		{name: "a rule of another, and the script answers", world: world{key: true, sudo: rules + "ALL\n", shows: "name froyo"}},
		{name: "a rule of another, and the script fails", world: world{key: true, sudo: rules + "ALL\n", refuses: said + "it is being restored"}},
		{name: "a rule of another, and no script", world: world{key: true, sudo: rules + "ALL\n", refuses: notFound}, want: true},
		{name: "a rule of another, which is gone by now", world: world{key: true, sudo: rules + "ALL\n", refuses: refused}, want: true},
		{name: "root sees what is kept", world: world{key: true, shows: "name froyo"}, user: "root"},
		{name: "root sees nothing", world: world{key: true}, user: "root", want: true},
		{name: "it cannot be reached", world: world{key: true, sudo: allowed, drops: 1}, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &Entry{Request: request(), HostKey: "ssh-ed25519 SHA256:host"}
			got, err := (&Prover{Doors: &tt.world}).isGone(t.Context(), e.After(), tt.user)
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("got %t and %v, want %t", got, err, tt.want)
			}
		})
	}
}
