package onboard

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/onboard/sshdconf"
	"github.com/openfroyo/froyo/engine/state"
)

// TestCompared: what is on a host is read, and what is not as it is wanted is changed by who is let in, or refused by name. Nothing is
// registered that is not so.
func TestCompared(t *testing.T) {
	t.Parallel()
	const (
		calls  = `froyo ALL=(root) NOPASSWD: /var/lib/froyo/onboard/rollback "", /var/lib/froyo/onboard/rollback show`
		ours   = "froyo ALL=(root) NOPASSWD: /usr/bin/apt\n" + calls + "\n"
		wide   = "froyo ALL=(root) NOPASSWD: ALL\n" + calls + "\n"
		dropIn = "/etc/ssh/sshd_config.d/50-web.conf"
	)
	shown := func(rule string) string {
		return "/etc/ssh/sshd_config: PasswordAuthentication no, KbdInteractiveAuthentication no of the block \"froyo onboard\" go\n" +
			RuleFile + " goes: " + strings.ReplaceAll(strings.TrimSuffix(rule, "\n"), "\n", "\n"+RuleFile+" goes: ") + "\n"
	}
	wideList := strings.Replace(allowed, "/usr/bin/apt", "ALL\n    (root) NOPASSWD: /usr/bin/apt", 1)
	for _, tt := range []struct {
		name      string
		files     map[string]string // beside those of a host that was onboarded
		sudo      string
		shows     string
		refuses   string
		keys      string
		password  string // of root, "" where none lets in
		fresh     bool
		want      func(r *Request)
		done      bool
		err, hint string
		unseen    string
	}{
		{name: "as it is wanted", shows: shown(ours), done: true},
		{name: "of an earlier version, whose script does not show the rule", shows: RuleFile + " goes\n", done: true},
		{name: "other blanks in the rule", shows: shown(ours), want: func(r *Request) { r.Sudo = " NOPASSWD:  /usr/bin/apt" }, done: true},
		{name: "another tag", shows: shown(strings.Replace(ours, "NOPASSWD: /usr", "NOPASSWD: NOEXEC: /usr", 1)), err: "NOEXEC"},
		{
			name: "the rule is wider, nobody else is let in", sudo: wideList, files: map[string]string{RuleFile: wide},
			err:  "/etc/sudoers.d/froyo-onboard has: froyo ALL=(root) NOPASSWD: ALL; wanted: froyo ALL=(root) NOPASSWD: /usr/bin/apt; to change that takes root, who is not let in",
			hint: "restore the host first: froyo onboard rollback --host 192.0.2.7 --user froyo --key default-ed25519",
		},
		{name: "the rule is wider, and is changed", sudo: wideList, files: map[string]string{RuleFile: wide}, password: "s3cr3t-of-root"},
		{
			name: "the rule is wider, and has not the same words", sudo: strings.Replace(allowed, "/usr/bin/apt", "ALL", 1), files: map[string]string{RuleFile: wide},
			err: "/etc/sudoers.d/froyo-onboard has: froyo ALL=(root) NOPASSWD: ALL; wanted: froyo ALL=(root) NOPASSWD: /usr/bin/apt",
		},
		{
			name: "the script is gone", sudo: wideList, files: map[string]string{RuleFile: wide}, want: func(r *Request) { r.Sudo = "NOPASSWD: ALL" },
			err:  "/var/lib/froyo/onboard/rollback, which restores it, is not there; to change that takes root, who is not let in",
			hint: "restore the host first: froyo onboard rollback --host 192.0.2.7 --user froyo --key default-ed25519",
		},
		{name: "all is as it is wanted", sudo: wideList, files: map[string]string{RuleFile: wide, RollbackFile: "#!/bin/sh\n"}, want: func(r *Request) { r.Sudo = "NOPASSWD: ALL" }, done: true},
		{name: "a program more", sudo: allowed + "    (root) NOPASSWD: /usr/bin/dnf\n", err: "sudo allows froyo more than the rule says: /usr/bin/dnf"},
		{name: "a script is there, and none is wanted", want: func(r *Request) { r.NoRollback = true }, err: "sudo allows froyo more than the rule says: /var/lib/froyo/onboard/rollback"},
		{
			name: "more was closed", files: map[string]string{sshdconf.Path: "# BEGIN froyo onboard\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n# END froyo onboard\n"},
			err: "disable_root_login was done there before, which this does not undo", hint: "name it, too: --lock-down disable_password_auth,disable_root_login; or restore the host first: froyo onboard rollback --host 192.0.2.7 --user root",
		},
		{
			name: "more was closed, and root is let in", password: "s3cr3t-of-root", want: func(r *Request) { r.LockDown = nil; r.Sudo = "NOPASSWD: ALL" },
			err: "disable_password_auth was done there before",
		},
		{name: "less was closed", want: func(r *Request) { r.LockDown = append(r.LockDown, "disable_root_login") }, err: `sshd_config has no "PermitRootLogin no" of onboarding; to change that takes root`},
		{name: "less was closed, and root is let in", want: func(r *Request) { r.LockDown = append(r.LockDown, "disable_root_login") }, password: "s3cr3t-of-root"},
		{name: "another value before it", files: map[string]string{sshdconf.Path: "PasswordAuthentication yes\n" + lines}, err: `--lock-down disable_password_auth would not close everything: /etc/ssh/sshd_config:1, "PasswordAuthentication yes"`},
		{
			name: "the script would not restore it", refuses: "onboarding: the rule was changed since\n", err: "/var/lib/froyo/onboard/rollback would not restore it: the rule was changed since; to change that takes root",
			hint: "give another password, or name by --user who is let in",
		},
		{
			name: "a Match", files: map[string]string{sshdconf.Path: lines + "Include sshd_config.d/*.conf\n", dropIn: "Match Address 10.0.0.0/8\nKbdInteractiveAuthentication yes\n"},
			err:  "--lock-down disable_password_auth would not close everything: " + dropIn + `:2, "KbdInteractiveAuthentication yes" below "Match Address 10.0.0.0/8"`,
			hint: `take these lines out of the file, or give them the value "no"; then again`,
		},
		{
			name: "a Match on a host that is fresh", fresh: true, password: "s3cr3t-of-root", files: map[string]string{sshdconf.Path: "Match User other\nPermitRootLogin yes\nPasswordAuthentication yes\n"},
			err: `/etc/ssh/sshd_config:3, "PasswordAuthentication yes" below "Match User other"`,
		},
		{name: "a Match, and nothing is closed", fresh: true, password: "s3cr3t-of-root", files: map[string]string{sshdconf.Path: "Match User other\nPasswordAuthentication yes\n"}, want: func(r *Request) { r.LockDown = nil }},
		{name: "a file that the user cannot read", files: map[string]string{sshdconf.Path: lines + "Include sshd_config.d/*.conf\n", dropIn: "-"}, done: true, unseen: dropIn},
		{
			name: "another user", fresh: true, password: "s3cr3t-of-root", files: map[string]string{NameFile: "ada\n"}, err: "it was onboarded before, with the user ada",
			hint: "keep that user: --create-user ada; or restore the host first: froyo onboard rollback --host 192.0.2.7 --user root",
		},
		{name: "interrupted before the key was there", fresh: true, password: "s3cr3t-of-root", files: map[string]string{NameFile: "froyo\n"}, keys: "ssh-rsa AAAAmine me@laptop\n"},
		{name: "interrupted behind it", fresh: true, password: "s3cr3t-of-root", files: map[string]string{NameFile: "froyo\n"}, keys: "ssh-rsa AAAAold froyo-onboard\nssh-ed25519 AAAA froyo-onboard\n"},
		{
			name: "another key", fresh: true, password: "s3cr3t-of-root", files: map[string]string{NameFile: "froyo\n"}, keys: "ssh-ed25519 BBBB froyo-onboard\n",
			err: "froyo is let in there by another key, which this does not take away", hint: "give that one by --key, and then: froyo onboard rekey --host web1 --key default-ed25519; or restore the host first: froyo onboard rollback --host 192.0.2.7 --user root",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &world{keys: tt.keys, key: !tt.fresh, by: "ssh-ed25519 SHA256:key", sudo: allowed, shows: tt.shows, refuses: tt.refuses, password: tt.password, files: map[string]string{}}
			if tt.sudo != "" {
				w.sudo = tt.sudo
			}
			if !tt.fresh {
				w.files = map[string]string{sshdconf.Path: lines + "Port 22\n", NameFile: "froyo\n"}
			}
			maps.Copy(w.files, tt.files)
			e := &Entry{Request: request()}
			if tt.want != nil {
				tt.want(&e.Request)
			}
			var registered []state.Target
			p := &Prover{Doors: w, Register: func(_ context.Context, r state.Target) error { registered = append(registered, r); return nil }}
			err := p.Look(t.Context(), e)
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(diag.Of(err).Summary, tt.err) {
				t.Fatalf("got %v, want %q", err, tt.err)
			}
			if err != nil && tt.hint != "" && diag.Of(err).Hint != tt.hint {
				t.Errorf("hint %q, want %q", diag.Of(err).Hint, tt.hint)
			}
			if e.Done != tt.done || e.Done != (len(registered) == 1) {
				t.Errorf("done is %t, want %t; registered %v", e.Done, tt.done, registered)
			}
			if got := strings.Join(e.Unseen, " "); got != tt.unseen {
				t.Errorf("%q is not seen, want %q", got, tt.unseen)
			}
			if len(w.ran) > 0 {
				t.Errorf("it ran %v", w.ran)
			}
		})
	}
}

// TestReadScript: a shell gives what it finds, and takes nothing of a pattern for a command.
func TestReadScript(t *testing.T) {
	t.Parallel()
	b := newBox(t, map[string]string{"etc/x/b c.conf": "two\n", "etc/x/a.conf": "", "etc/x/d": "no\n", "etc/x/$(touch no).conf": "odd"})
	out, err := b.run(readScript, "", nil, b.root+"/etc/x/*.conf")
	if err != nil {
		t.Fatal(err, out)
	}
	var got []string
	for _, f := range mustFiles(t, out) {
		got = append(got, strings.TrimPrefix(f.Name, b.root)+"="+f.Text)
	}
	if want := []string{"/etc/x/$(touch no).conf=odd", "/etc/x/a.conf=", "/etc/x/b c.conf=two\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := filesOf("x\n"); err == nil {
		t.Error("nonsense is read")
	}
	if _, err := filesOf("### ###\n"); err == nil {
		t.Error("nonsense is read")
	}
}

func mustFiles(t *testing.T, text string) []sshdconf.File {
	t.Helper()
	all, err := filesOf(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUnmarked: a key without the mark is known from one that has it, and from others.
func TestUnmarked(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]bool{
		"": false, "ssh-ed25519 AAAA " + Mark + "\n": false, "ssh-ed25519 AAAA\n": true, "from=\"a b\" ssh-ed25519 AAAA me@laptop\n": true, "\n\nssh-rsa BBBB\n": false,
	} {
		if got := unmarked(keys, "ssh-ed25519 AAAA"); got != want {
			t.Errorf("%q: got %t", keys, got)
		}
	}
}

// TestUnread: what root cannot read of sshd's configuration is refused before anything is changed, where something is to be closed.
func TestUnread(t *testing.T) {
	t.Parallel()
	f := &found{sshd: &sshdconf.Config{Unread: []string{"/etc/ssh/sshd_config.d/50-big.conf"}}}
	e := &Entry{Request: request()}
	if err := e.unread(f); err == nil || !strings.Contains(err.Error(), "might not close everything: /etc/ssh/sshd_config.d/50-big.conf cannot be read") ||
		diag.Of(err).Hint != "make it a file that root can read, below that size, or take out the Include that names it; or leave out --lock-down" {
		t.Error(err)
	}
	e.LockDown = nil
	if err := e.unread(f); err != nil {
		t.Error(err)
	}
}

// TestRuleWithoutPassword: a rule is refused by which a target could not become root without a password.
func TestRuleWithoutPassword(t *testing.T) {
	t.Parallel()
	for rule, taken := range map[string]bool{
		"NOPASSWD: ALL": true, "NOPASSWD: /usr/bin/apt,/usr/bin/dnf": true, "(ALL:ALL) NOPASSWD: ALL": true, "ALL=(ALL) NOPASSWD: ALL": true, "NOPASSWD: ALL, !/usr/bin/su": true,
		"ALL": false, "(ALL) ALL": false, "(www-data) NOPASSWD: ALL": false, "NOPASSWD: /usr/bin/apt, PASSWD: ALL": false, "PASSWD: ALL": false,
	} {
		r := request()
		r.Sudo = rule
		if err := r.Check(); (err == nil) != taken {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
