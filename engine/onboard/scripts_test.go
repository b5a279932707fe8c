package onboard

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stubs are the programs that would change this machine.
var stubs = map[string]string{
	"id":      `echo 0`,
	"getent":  `grep "^$2:" "$ROOT/etc/$1" 2>/dev/null`,
	"userdel": `sed -i "/^$2:/d" "$ROOT/etc/passwd"; sed -i "/^$2:/d" "$ROOT/etc/subuid"; echo "$2 there" >"$ROOT/etc/subuid-"; rm -rf "$ROOT/home/$2"`,
	"useradd": `echo "HOME=$ROOT/home"`,
	"runuser": `shift 3; exec "$@"`,
	"stat": `case "$3${4-}" in "%u$ROOT"*) grep "^froyo:" "$ROOT/etc/passwd" | cut -d: -f3; exit ;; esac
[ "$2" != %u ] || { echo 0; exit; }; [ "$2" != %U ] || { echo somebody; exit; }; exec /usr/bin/stat "$@"`,
	"sshd": `[ "$1" != -T ] || { cat "$ROOT/shown"; exit; }
! grep -q broken "$3"`,
	"systemctl": `exit 0`,
	"loginctl":  `exit 0`,
}

// box is a host as the scripts see it, in a directory.
type box struct {
	*testing.T
	root string
}

func newBox(t *testing.T, files map[string]string) *box {
	b := &box{t, t.TempDir()}
	for name, text := range stubs {
		b.write("bin/"+name, "#!/bin/sh\n"+text+"\n")
		if err := os.Chmod(filepath.Join(b.root, "bin", name), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	for name, text := range files {
		b.write(name, text)
	}
	return b
}

func (b *box) write(name, text string) {
	b.Helper()
	path := filepath.Join(b.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "@ROOT@", b.root)), 0o600); err != nil {
		b.Fatal(err)
	}
}

// run runs a script in the box, and gives what it says.
func (b *box) run(script, stdin string, env []string, args ...string) (string, error) {
	b.Helper()
	script = b.boxed(script)
	cmd := exec.CommandContext(b.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...) //nolint:gosec // a test
	cmd.Env = append([]string{"ROOT=" + b.root, "PATH=" + b.root + "/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, env...)
	cmd.Stdin = strings.NewReader(b.boxed(stdin))
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(out), b.root, ""), err
}

func (b *box) boxed(script string) string {
	return strings.NewReplacer(" /etc/", " "+b.root+"/etc/", "\"/etc/", "\""+b.root+"/etc/", "=/etc/", "="+b.root+"/etc/", "</etc/", "<"+b.root+"/etc/", "/var/lib/froyo", b.root+"/var/lib/froyo", "/run/", b.root+"/run/",
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PATH="+b.root+"/bin:/usr/sbin:/usr/bin:/sbin:/bin").Replace(script)
}

// files are all of the box but the programs, with their modes where those are not 600.
func (b *box) files() map[string]string {
	b.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(b.root, func(path string, e os.DirEntry, err error) error {
		name := strings.TrimPrefix(path, b.root+"/")
		if err != nil || e.IsDir() || strings.HasPrefix(name, "bin/") {
			return err
		}
		text, err := os.ReadFile(path)
		if info, err := e.Info(); err == nil && info.Mode().Perm() != 0o600 {
			name += " " + info.Mode().Perm().String()
		}
		all[name] = string(text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// fresh is a host as it was before it was onboarded.
func fresh() map[string]string {
	return map[string]string{
		"etc/ssh/sshd_config": "Port 22\nPasswordAuthentication yes\n", "etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/subuid": "ops:1:1\n", "etc/subuid-": "older\n", "run/systemd/system/x": "", "var/lib/x": "",
		"etc/ssh/sshd_config.d/50-froyo-web.conf": "MaxAuthTries 3\n", "etc/.pwd.lock": "",
	}
}

const (
	lines   = "# BEGIN froyo onboard\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n# END froyo onboard\n"
	oursNow = "ssh-ed25519 AAAAnew froyo-onboard\n"
)

// onboarded does what the runbook does.
func (b *box) onboarded() {
	b.Helper()
	r := request()
	if out, err := b.run(r.keep(), "", nil); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	all := b.files()
	b.write("etc/ssh/sshd_config", lines+all["etc/ssh/sshd_config"])
	if !strings.Contains(all["etc/passwd"], "froyo:") {
		b.write("etc/passwd", all["etc/passwd"]+"froyo:x:9:9::@ROOT@/home/froyo:/bin/sh\n")
		b.write("etc/subuid-", all["etc/subuid"])
		b.write("etc/subuid", all["etc/subuid"]+"froyo:9:9\n")
		b.write("home/froyo/.ssh/authorized_keys", oursNow)
	}
	b.write("etc/sudoers.d/froyo-onboard", "froyo ALL=(root) NOPASSWD: ALL\n")
	if out, err := b.run("sha256sum </etc/sudoers.d/froyo-onboard >/var/lib/froyo/onboard/left", "", nil); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
}

// differs tells how the files are other than they were, with what is expected to be.
func (b *box) differs(before, expected map[string]string) string {
	b.Helper()
	want := maps.Clone(before)
	maps.Copy(want, expected)
	return cmp.Diff(want, b.files())
}

// TestRestored: what onboarding did is undone, and nothing else.
func TestRestored(t *testing.T) {
	t.Parallel()
	const keys = "home/froyo/.ssh/authorized_keys"
	mine := "from=\"192.0.2.0/24,no port\" ssh-rsa AAAAmine me@laptop\n"
	there := func() map[string]string { // the user was there before
		h := fresh()
		h["etc/passwd"] += "froyo:x:9:9::@ROOT@/home/froyo:/bin/sh\n"
		h[keys] = mine
		return h
	}
	for _, tt := range []struct {
		name     string
		host     map[string]string
		before   string            // what is done first, in a shell
		after    map[string]string // what others write after onboarding
		expected map[string]string // what is other than before
	}{
		{name: "as it was left", host: fresh()},
		{
			name: "sshd's configuration was changed since", host: fresh(),
			after:    map[string]string{"etc/ssh/sshd_config": lines + "Port 22\nMaxStartups 7\n", "etc/ssh/sshd_config.d/60-froyo-late.conf": "X11Forwarding no\n"},
			expected: map[string]string{"etc/ssh/sshd_config": "Port 22\nMaxStartups 7\n", "etc/ssh/sshd_config.d/60-froyo-late.conf": "X11Forwarding no\n"},
		},
		{
			name: "lines end as on Windows", host: func() map[string]string {
				h := fresh()
				h["etc/ssh/sshd_config"] = "Port 22\r\nPasswordAuthentication yes\r\n"
				return h
			}(),
			after: map[string]string{"etc/ssh/sshd_config": strings.ReplaceAll(lines+fresh()["etc/ssh/sshd_config"], "\n", "\r\n")},
		},
		{name: "its block is gone already", host: fresh(), after: map[string]string{"etc/ssh/sshd_config": fresh()["etc/ssh/sshd_config"]}},
		{
			name: "another user was made since", host: fresh(), after: map[string]string{"etc/subuid": "ops:1:1\nfroyo:9:9\nlate:2:2\n"},
			expected: map[string]string{"etc/subuid": "ops:1:1\nlate:2:2\n", "etc/subuid-": "froyo there\n"},
		},
		{name: "the user was there", host: there(), before: "chmod 644 $ROOT/" + keys, after: map[string]string{keys: mine + oursNow}},
		{name: "the key was rotated", host: there(), after: map[string]string{keys: mine + "ssh-ed25519 AAAAnext froyo-onboard\n" + oursNow}},
		{
			name: "a key was added since", host: there(), after: map[string]string{keys: mine + oursNow + "ssh-ed25519 AAAAlate late@laptop\n"},
			expected: map[string]string{keys: mine + "ssh-ed25519 AAAAlate late@laptop\n"},
		},
		{
			name: "the key let in before, and another is there since", host: func() map[string]string {
				h := there()
				h[keys] = "# mine\nssh-ed25519 AAAA me@desk\n" + mine
				return h
			}(),
			after: map[string]string{keys: "# mine\n" + mine + "ssh-ed25519 AAAAnext froyo-onboard\n"},
		},
		{
			name: "the key let in before, and its owner took it away", host: func() map[string]string {
				h := there()
				h[keys] = "ssh-ed25519 AAAA me@desk\n" + mine
				return h
			}(),
			after: map[string]string{keys: mine}, expected: map[string]string{keys: mine},
		},
		{name: "the key let in before", host: there(), after: map[string]string{keys: "ssh-rsa AAAAmine froyo-onboard\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, tt.host)
			if out, err := b.run(tt.before, "", nil); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			before := b.files()
			b.onboarded()
			_ = os.Chmod(filepath.Join(b.root, keys), 0o600) //nolint:gosec // it may be none
			for name, text := range tt.after {
				b.write(name, text)
			}
			left := b.files()
			shown, err := b.run(Undo(), "", nil, "show")
			if err != nil || !strings.Contains(shown, "/var/lib/froyo/onboard goes\n") {
				t.Errorf("%v: it shows %q", err, shown)
			}
			if diff := b.differs(left, nil); diff != "" {
				t.Errorf("to show it changed: %s", diff)
			}
			if out, err := b.run(Undo(), "", nil, "now"); err != nil || out != "" {
				t.Fatalf("%v: %s", err, out)
			}
			if diff := b.differs(before, tt.expected); diff != "" {
				t.Errorf("it is other than before: %s", diff)
			}
			if out, err := b.run(Undo(), "", nil, "now"); err == nil || !strings.Contains(out, "nothing is kept in /var/lib/froyo/onboard/before") {
				t.Errorf("again: %v %s", err, out)
			}
		})
	}
}

// TestNotRestored: where what onboarding left was changed, that is named, and nothing is done.
func TestNotRestored(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, text, want string }{
		"its block has more":  {"etc/ssh/sshd_config", strings.Replace(lines, "no\n#", "no\nMaxStartups 7\n#", 1), `was changed since: it has "MaxStartups 7"; move that out of the block`},
		"its block has other": {"etc/ssh/sshd_config", strings.ReplaceAll(lines, " no", " yes"), `was changed since: it has "PasswordAuthentication yes"`},
		"no end":              {"etc/ssh/sshd_config", strings.Split(lines, "# END")[0] + "Port 22\n", `the marks of the block "froyo onboard" in /etc/ssh/sshd_config were changed since`},
		"twice":               {"etc/ssh/sshd_config", lines + lines, "the marks of the block"},
		"the rule":            {"etc/sudoers.d/froyo-onboard", "froyo ALL=(ALL) ALL\n", "/etc/sudoers.d/froyo-onboard was changed since: move it away"},
		"the name":            {"var/lib/froyo/onboard/before/name", "root\n", "names no user that was made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, fresh())
			b.onboarded()
			b.write(tt.file, tt.text)
			left := b.files()
			for _, how := range [][]string{{"now"}, {"show"}, nil} {
				out, err := b.run(Undo(), "", nil, how...)
				if err == nil || !strings.HasPrefix(out, said) || !strings.Contains(out, tt.want) {
					t.Errorf("%v: got %v %q, want %q", how, err, out, tt.want)
				}
				if diff := b.differs(left, nil); diff != "" {
					t.Errorf("it changed: %s", diff)
				}
			}
		})
	}
}

// TestReload: where sshd shows another value, its configuration is as before, and what sets the value is named.
func TestReload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config, dropIn, shown string
		want                  string
	}{
		"taken":        {"Port 22\n", "", "passwordauthentication no\nkbdinteractiveauthentication no\n", ""},
		"a Match":      {"Port 22\nMatch User root\n  PasswordAuthentication yes\n", "", "passwordauthentication yes\nkbdinteractiveauthentication no\n", `sshd -T does not show "passwordauthentication no" for root, which is set by /etc/ssh/sshd_config line 7, "PasswordAuthentication yes" below "Match User root"; sshd is as it was before`},
		"in a drop-in": {"Port 22\n", "Match all\nChallengeResponseAuthentication=yes\n", "passwordauthentication no\nkbdinteractiveauthentication yes\n", `which is set by /etc/ssh/sshd_config.d/50-froyo-web.conf line 2, "ChallengeResponseAuthentication=yes" below "Match all"; sshd is as it was before`},
		"unknown":      {"Port 22\n", "", "", `sshd -T does not show "passwordauthentication no" for root; sshd is as it was before`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := fresh()
			h["etc/ssh/sshd_config"], h["etc/ssh/sshd_config.d/50-froyo-web.conf"], h["shown"] = tt.config, tt.dropIn, tt.shown
			b := newBox(t, h)
			b.onboarded()
			out, err := b.run(reloadScript, Undo(), []string{"ONBOARD_LOGIN=ops", "ONBOARD_SHOWS=passwordauthentication no\nkbdinteractiveauthentication no\n"})
			if (err == nil) != (tt.want == "") || !strings.Contains(out, tt.want) {
				t.Errorf("got %v %q, want %q", err, out, tt.want)
			}
			if got := b.files()["etc/ssh/sshd_config"]; (got == tt.config) != (tt.want != "") {
				t.Errorf("it left %q", got)
			}
		})
	}
}

// TestProven: what an earlier onboarding closed and proved stays closed where a later one is taken back, and not where the host is restored.
func TestProven(t *testing.T) {
	t.Parallel()
	const before, now = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n", "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n"
	in := func(lines string) string {
		return "Port 22\n# BEGIN froyo onboard\n" + lines + "# END froyo onboard\nPasswordAuthentication yes"
	}
	for name, tt := range map[string]struct{ proven, how, ends, want string }{
		"nothing is proven": {"", "login", "\n", "Port 22\nPasswordAuthentication yes"},
		"something is":      {before, "login", "\n", in(before) + "\n"},
		"as on Windows":     {before, "login", "\r\n", strings.ReplaceAll(in(before), "\n", "\r\n") + "\n"},
		"it is restored":    {before, "now", "\n", "Port 22\nPasswordAuthentication yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, fresh())
			b.onboarded()
			b.write("etc/ssh/sshd_config", strings.ReplaceAll(in(now), "\n", tt.ends))
			if tt.proven != "" {
				b.write("var/lib/froyo/onboard/proven", tt.proven)
			}
			if out, err := b.run(Undo(), "", nil, tt.how); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if diff := cmp.Diff(tt.want, b.files()["etc/ssh/sshd_config"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKeep: what cannot be undone later is refused, and a second time keeps what was kept.
func TestKeep(t *testing.T) {
	t.Parallel()
	b := newBox(t, fresh())
	b.write("home/froyo/kept", "")
	r := request()
	if out, err := b.run(r.keep(), "", nil); err == nil || !strings.Contains(out, "/home/froyo is there, and no user froyo") {
		t.Errorf("%v %s", err, out)
	}
	for line, want := range map[string]string{
		"passwd froyo:x:998:998::/run/x:/usr/sbin/nologin": "froyo has the shell /usr/sbin/nologin, which lets nobody in",
		"passwd froyo:x:0:0::/root:/bin/sh":                "froyo is root by another name",
		"passwd froyo:x:998:998::/home:/bin/sh":            "the home of froyo, /home, is another user's",
		"group froyo:x:998:":                               "the group froyo is there, and no user froyo",
	} {
		b = newBox(t, fresh())
		name, entry, _ := strings.Cut(line, " ")
		b.write("etc/"+name, b.files()["etc/"+name]+entry+"\n")
		before := b.files()
		if out, err := b.run(r.keep(), "", nil); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v %s", line, err, out)
		}
		if after := b.files(); !maps.Equal(before, after) {
			t.Errorf("%s: it left %v", line, after)
		}
	}
	b = newBox(t, fresh())
	b.onboarded()
	if out, err := b.run(r.keep(), "", nil); err == nil || out != "the host was onboarded before, with the user froyo; restore it first\n" {
		t.Errorf("%v %s", err, out)
	}
	if names := slices.Collect(maps.Keys(b.files())); slices.Contains(names, "var/lib/froyo/onboard/before/sshd_config.d/50-froyo-web.conf") {
		t.Error("what onboarding does not change is kept")
	}
}

// TestScripts: a shell can read them.
func TestScripts(t *testing.T) {
	t.Parallel()
	r := request()
	for name, text := range map[string]string{"keep": r.keep(), "rollback": Undo(), "reload": reloadScript, "install": install} {
		if strings.Contains(text, "@USER@") || strings.Contains(text, "@LINES@") {
			t.Errorf("%s has something left open", name)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-n")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	if filepath.Dir(RollbackFile) != Directory {
		t.Error(RollbackFile)
	}
}
