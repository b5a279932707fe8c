package sshd

import (
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

type given = map[string]any

// args are arguments with what the schema fills in.
func args(t *testing.T, g given) string {
	t.Helper()
	all := given{"name": "froyo", "state": "present"}
	maps.Copy(all, g)
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// host is a machine whose /etc/ssh is a directory of the test's, in which the real sshd and the programs of the type are at work.
type host struct {
	*providertest.Memory
	t   *testing.T
	dir string
	pid string // of sshd, as its file says
	// fresh is that sshd was never started.
	fresh bool
}

// newHost makes one with these files in /etc/ssh. No service manager is seen there.
func newHost(t *testing.T, files map[string]string) *host {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("root can give a process another /etc/ssh")
	}
	for _, program := range []string{"sshd", "unshare", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v", err)
		}
	}
	h := &host{t: t, dir: t.TempDir(), Memory: &providertest.Memory{Files: map[string]*providertest.Node{}, Programs: map[string]func(*op.Exec) op.Result{}}}
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(h.dir, "ssh_host_ed25519_key")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, text := range files {
		h.write(name, text)
	}
	if out, err := h.sh("true", ""); err != nil {
		t.Skipf("no mount namespace: %v: %s", err, out.Stderr)
	}
	for _, script := range []string{look, try, apply} {
		h.Programs[script] = func(e *op.Exec) op.Result {
			f, err := e.Stdin.Open()
			if err != nil {
				t.Error(err)
				return op.Result{}
			}
			in, err := io.ReadAll(f)
			if err != nil {
				t.Error(err)
			}
			r, _ := h.sh(script, string(in))
			h.sync()
			return op.Result{Exec: &r}
		}
	}
	h.sync()
	return h
}

func (h *host) write(name, text string) {
	h.t.Helper()
	name = filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) read(name string) string {
	text, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		return ""
	}
	return string(text)
}

// sh runs a script where the directory is /etc/ssh, and /run is empty but for what sshd wants.
func (h *host) sh(script, stdin string) (op.ExecResult, error) {
	made := "mkdir -m 755 /run/sshd"
	if h.fresh {
		made = "true"
	}
	cmd := exec.CommandContext(h.t.Context(), "unshare", "--mount", "sh", "-c",
		`mount --bind "$1" /etc/ssh && mount -t tmpfs none /run && `+made+` && { test -z "$3" || echo $3 >/run/sshd.pid; } && exec sh -c "$2"`, "sh", h.dir, script, h.pid)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return op.ExecResult{RC: cmd.ProcessState.ExitCode(), Stdout: out.String(), Stderr: errs.String()}, err
}

// sync shows what is in the directory to the reads of the type.
func (h *host) sync() {
	maps.DeleteFunc(h.Files, func(path string, _ *providertest.Node) bool { return strings.HasPrefix(path, "/etc/ssh") })
	err := filepath.WalkDir(h.dir, func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := "/etc/ssh" + strings.TrimPrefix(name, h.dir)
		if d.IsDir() {
			h.Files[path] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
			return nil
		}
		text, err := os.ReadFile(name)
		h.Files[path] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob(text)}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// shows is what sshd -T shows for a keyword.
func (h *host) shows(key string) string {
	r, err := h.sh("PATH=$PATH:/usr/sbin; $(command -v sshd) -T -C lport=65535", "")
	if err != nil {
		h.t.Fatalf("%v: %s", err, r.Stderr)
	}
	var all []string
	for line := range strings.Lines(r.Stdout) {
		if value, is := strings.CutPrefix(strings.TrimSpace(line), key+" "); is {
			all = append(all, value)
		}
	}
	return strings.Join(all, ", ")
}

// planned is how a unit is planned that nothing before it helps.
func planned(k *providertest.Kit, u providertest.Unit) (abi.Change, *abi.Error) {
	change, err := k.Plan(u)
	for _, n := range change.Needs {
		if err == nil && n.Refusal != nil {
			return change, n.Refusal
		}
	}
	return change, err
}

func (h *host) unit(g given) providertest.Unit {
	return providertest.Unit{Type: "sshd", Args: args(h.t, g)}
}

const (
	modern = "# shipped\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nPasswordAuthentication yes\n"
	old    = "# as it was\nPort 22\nPasswordAuthentication yes\nPermitRootLogin yes\nPasswordAuthentication yes\nMatch User deploy\n  PasswordAuthentication yes\n"
	block  = "# BEGIN froyo sshd froyo\n"
	ownAt  = "sshd_config.d/00-froyo.conf"
)

// TestSshd: wherever a configuration sets what the unit does, the unit's value counts; a second run has nothing to do, and removing the
// unit leaves each file as it was.
func TestSshd(t *testing.T) {
	t.Parallel()
	harden := given{"password_authentication": false, "permit_root_login": "prohibit-password", "login_grace_time": "1m", "settings": given{"log_level": "VERBOSE", "Ciphers": "-*cbc"}}
	for _, tt := range []struct {
		name  string
		files map[string]string
		give  given
		own   bool // in a file of its own
		shows map[string]string
	}{
		{"a modern host", map[string]string{"sshd_config": modern, "sshd_config.d/50-cloud.conf": "PasswordAuthentication yes\n"}, harden, true, map[string]string{"passwordauthentication": "no", "logingracetime": "60", "loglevel": "VERBOSE"}},
		{"no Include, a value twice, a Match", map[string]string{"sshd_config": old}, harden, false, map[string]string{"passwordauthentication": "no", "loglevel": "VERBOSE"}},
		{"an Include behind a value", map[string]string{"sshd_config": "PasswordAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n", "sshd_config.d/50-x.conf": ""}, harden, false, map[string]string{"passwordauthentication": "no"}},
		{"an Include behind another value", map[string]string{"sshd_config": "X11Forwarding yes\ninclude \"sshd_config.d/*.conf\"\n", "sshd_config.d/50-x.conf": ""}, harden, true, map[string]string{"passwordauthentication": "no"}},
		{"another file comes first", map[string]string{"sshd_config": modern, "sshd_config.d/00-a.conf": "PasswordAuthentication yes\n"}, harden, false, map[string]string{"passwordauthentication": "no"}},
		{"a Match that asks for the port", map[string]string{"sshd_config": old + "Match LocalPort 2222\n  X11Forwarding no\n"}, harden, false, map[string]string{"passwordauthentication": "no"}},
		{"an Include in a Match", map[string]string{"sshd_config": "Match User x\nInclude /etc/ssh/sshd_config.d/*.conf\n", "sshd_config.d/50-x.conf": ""}, harden, false, map[string]string{"passwordauthentication": "no"}},
		{"no line break at the end, and no directory", map[string]string{"sshd_config": "UsePAM no"}, harden, false, map[string]string{"passwordauthentication": "no"}},
		{"lists", map[string]string{"sshd_config": modern, "sshd_config.d/50-x.conf": ""}, given{"port": []any{22, 2222}, "allow_users": []any{"ops", "deploy"}, "kbd_interactive_authentication": false}, true, map[string]string{"port": "22, 2222", "allowusers": "ops, deploy", "kbdinteractiveauthentication": "no"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, tt.files)
			k := providertest.New(t, providertest.Native(Types()), h.Memory)
			u := h.unit(tt.give)
			if change, err := k.Plan(u); err != nil || change.Action != abi.Create {
				t.Fatalf("%+v %v", change, err)
			}
			if _, err := k.Apply(u); err != nil {
				t.Fatal(err)
			}
			for key, want := range tt.shows {
				if got := h.shows(key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			if (h.read(ownAt) != "") != tt.own || strings.HasPrefix(h.read("sshd_config"), block) == tt.own {
				t.Errorf("%q\n%q", h.read("sshd_config"), h.read(ownAt))
			}
			if change, err := k.Plan(u); err != nil || change.Action != abi.None {
				t.Errorf("a second run: %+v %v", change, err)
			}
			// Drift: a line by hand, before ours.
			h.write("sshd_config", "LoginGraceTime 5\nPasswordAuthentication yes\n"+h.read("sshd_config"))
			h.sync()
			if change, err := k.Plan(u); err != nil || change.Action == abi.None && tt.shows["passwordauthentication"] != "" {
				t.Errorf("drift: %+v %v", change, err)
			}
			if _, err := k.Apply(u); err != nil {
				t.Fatal(err)
			}
			for key, want := range tt.shows {
				if got := h.shows(key); got != want {
					t.Errorf("after drift %s is %q, want %q", key, got, want)
				}
			}
			h.write("sshd_config", strings.Replace(h.read("sshd_config"), "LoginGraceTime 5\nPasswordAuthentication yes\n", "", 1))
			h.sync()
			if _, err := k.Apply(h.unit(given{"state": "absent"})); err != nil {
				t.Fatal(err)
			}
			for name, text := range tt.files {
				if h.read(name) != text {
					t.Errorf("%s is %q, and was %q", name, h.read(name), text)
				}
			}
			if left, err := filepath.Glob(filepath.Join(h.dir, ".froyo*")); err != nil || len(left) > 0 || h.read(ownAt) != "" {
				t.Errorf("left: %v %v", left, err)
			}
			if change, err := k.Plan(h.unit(given{"state": "absent"})); err != nil || change.Action != abi.None {
				t.Errorf("a second removal: %+v %v", change, err)
			}
		})
	}
}

// TestSshdRefused: nothing is changed where sshd does not take the settings, or would show others.
func TestSshdRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		files  map[string]string
		give   given
		want   string
		hint   string
		detail string
	}{
		{name: "an unknown name", give: given{"settings": given{"PasswortAuthentication": false}}, want: `sshd has no setting "PasswortAuthentication"`, hint: "did you mean PasswordAuthentication?"},
		{name: "a name like none", give: given{"settings": given{"qqq": false}}, want: `sshd has no setting "qqq"`, hint: "the names are those of man sshd_config"},
		{name: "a block", give: given{"settings": given{"Match": "User x"}}, want: "Match is no setting", hint: `write them by a file unit: file("/etc/ssh/sshd_config.d/50-site.conf", content = ...)`},
		{name: "host keys", give: given{"settings": given{"HostKey": "/x"}}, want: "the keys of the host", hint: "write them by a file unit"},
		{name: "an old name of host keys", give: given{"settings": given{"HostDSAKey": "/x"}}, want: "the keys of the host", hint: "write them by a file unit"},
		{name: "a name that was given up", give: given{"settings": given{"UsePrivilegeSeparation": true}}, want: `sshd has given up the setting "UsePrivilegeSeparation"`, hint: "leave it out of settings"},
		{name: "two names of one", give: given{"kbd_interactive_authentication": false, "settings": given{"ChallengeResponseAuthentication": true}}, want: "KbdInteractiveAuthentication is given twice", hint: "leave it out of settings: ChallengeResponseAuthentication"},
		{name: "twice", give: given{"port": 22, "settings": given{"Port": 23}}, want: "Port is given twice", hint: "leave it out of settings"},
		{name: "nothing", give: given{}, want: "it is not said what sshd is to do", hint: `give settings, such as password_authentication = False or settings = {"LogLevel": "VERBOSE"}`},
		{name: "two lines", give: given{"settings": given{"Banner": "/x\nPermitRootLogin yes"}}, want: "cannot stand in a line", hint: "give a text of one line, without #; of a list no element has blanks"},
		{name: "a value that sshd does not know", give: given{"settings": given{"LogLevel": "LOUD"}}, want: "sshd of the host does not take the settings; nothing was changed", hint: "see which values its version takes: man sshd_config", detail: "LOUD"},
		{name: "a broken configuration", files: map[string]string{"sshd_config": "Prot 22\n"}, give: given{"port": 22}, want: "does not take the configuration that is there", hint: "correct it before, as root: sshd -t", detail: "Prot"},
		{name: "a block without an end", files: map[string]string{"sshd_config": "# BEGIN froyo sshd froyo\nPort 22\nUsePAM yes\n"}, give: given{"port": 22}, want: "has the line that begins the unit's settings, and not the one that ends them", hint: "put this line behind the last of them: # END froyo sshd froyo"},
		{name: "a port that adds up", files: map[string]string{"sshd_config": "UsePAM no\n Port = 22 # here\n"}, give: given{"port": 2222}, want: "/etc/ssh/sshd_config:2 sets Port, too, and sshd does not take the unit's alone", hint: `remove that line before: line("/etc/ssh/sshd_config", line = " Port = 22 # here", state = "absent")`, detail: "port 22"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := tt.files
			if files == nil {
				files = map[string]string{"sshd_config": modern, "sshd_config.d/50-x.conf": ""}
			}
			h := newHost(t, files)
			k := providertest.New(t, providertest.Native(Types()), h.Memory)
			_, e := planned(k, h.unit(tt.give))
			if e == nil || !strings.Contains(e.Message, tt.want) || !strings.HasPrefix(e.Hint, tt.hint) || !strings.Contains(e.Detail, tt.detail) {
				t.Errorf("%+v", e)
			}
			for name, text := range files {
				if h.read(name) != text {
					t.Errorf("%s is %q", name, h.read(name))
				}
			}
		})
	}
}

// TestSshdBeside: units of several names leave each other's lines where they are.
func TestSshdBeside(t *testing.T) {
	t.Parallel()
	for _, files := range []map[string]string{{"sshd_config": old}, {"sshd_config": modern, "sshd_config.d/50-x.conf": ""}} {
		beside(t, files)
	}
}

func beside(t *testing.T, files map[string]string) {
	t.Helper()
	h := newHost(t, files)
	k := providertest.New(t, providertest.Native(Types()), h.Memory)
	one, two := h.unit(given{"name": "one", "max_auth_tries": 4}), h.unit(given{"name": "two", "max_sessions": 9})
	for _, u := range []providertest.Unit{one, two} {
		if _, err := k.Apply(u); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range []providertest.Unit{one, two} {
		if change, err := k.Plan(u); err != nil || change.Action != abi.None {
			t.Errorf("%+v %v", change, err)
		}
	}
	if tries, sessions := h.shows("maxauthtries"), h.shows("maxsessions"); tries != "4" || sessions != "9" {
		t.Errorf("%s %s", tries, sessions)
	}
	for _, name := range []string{"two", "one"} {
		if _, err := k.Apply(h.unit(given{"name": name, "state": "absent"})); err != nil {
			t.Fatal(err)
		}
	}
	if h.read("sshd_config") != files["sshd_config"] {
		t.Errorf("%q", h.read("sshd_config"))
	}
}

// TestSshdPutBack: where sshd does not go on with the new configuration, the one before is there again.
func TestSshdPutBack(t *testing.T) {
	t.Parallel()
	for _, files := range []map[string]string{{"sshd_config": modern, "sshd_config.d/50-x.conf": ""}, {"sshd_config": old}} {
		h := newHost(t, files)
		h.pid = "4194304" // no process has it
		k := providertest.New(t, providertest.Native(Types()), h.Memory)
		_, e := k.Apply(h.unit(given{"password_authentication": false}))
		if e == nil || e.Message != "sshd did not take over the settings; what was there before was put back" || e.Hint != "see what it says: journalctl -u ssh -u sshd" {
			t.Errorf("%+v", e)
		}
		for name, text := range files {
			if h.read(name) != text {
				t.Errorf("%s is %q", name, h.read(name))
			}
		}
		if left, err := filepath.Glob(filepath.Join(h.dir, ".froyo*")); err != nil || len(left) > 0 || h.read(ownAt) != "" {
			t.Errorf("left: %v %v", left, err)
		}
		h.pid = ""
		if _, e := k.Apply(h.unit(given{"password_authentication": false})); e != nil {
			t.Error(e)
		}
	}
}

// TestSshdFaults: what a host may be like on which nothing can be done.
func TestSshdFaults(t *testing.T) {
	t.Parallel()
	file := &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(modern))}
	const shown = "passwordauthentication yes\n==\npasswordauthentication no\n"
	for _, tt := range []struct {
		name       string
		main       *providertest.Node
		rc         int
		want, hint string
	}{
		{"otherwise, and no line tells why", file, rcOtherwise, "sshd would not show the settings as they are wanted; nothing was changed", "another line sets the same, and sshd adds both up or takes the first: remove it, and see what counts: sshd -T"},
		{"a link", &providertest.Node{Type: op.TypeLink, Target: "/x"}, 0, "/etc/ssh/sshd_config is no text file that can be edited", "have what it leads to there itself, as root: cp --remove-destination \"$(readlink -f /etc/ssh/sshd_config)\" /etc/ssh/sshd_config"},
		{"no main file", nil, 0, "/etc/ssh/sshd_config is not there", `declare the package that brings it before: pkg("openssh-server")`},
		{"refused", file, rcRefused, "sshd does not take the configuration as it would be; nothing was changed", "correct what it names, as root: sshd -t"},
		{"no room", file, 8, "the configuration of sshd could not be changed: the program ended with 8", "see whether sshd takes what is there, as root: sshd -t"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &providertest.Memory{Files: map[string]*providertest.Node{}, Programs: map[string]func(*op.Exec) op.Result{look: providertest.Exits(0, shown), try: providertest.Exits(0, ""), apply: providertest.Exits(tt.rc, "")}}
			if tt.main != nil {
				m.Files["/etc/ssh/sshd_config"] = tt.main
			}
			_, e := providertest.New(t, providertest.Native(Types()), m).Apply(providertest.Unit{Type: "sshd", Args: args(t, given{"password_authentication": false})})
			if e == nil || e.Message != tt.want || e.Hint != tt.hint {
				t.Errorf("%+v", e)
			}
		})
	}
	for _, rc := range []int{3, rcRefused} {
		m := &providertest.Memory{Files: map[string]*providertest.Node{"/etc/ssh/sshd_config": file}, Programs: map[string]func(*op.Exec) op.Result{look: providertest.Exits(rc, "")}}
		if _, e := planned(providertest.New(t, providertest.Native(Types()), m), providertest.Unit{Type: "sshd", Args: args(t, given{"password_authentication": false})}); e == nil || e.Detail != silent {
			t.Errorf("an sshd that says nothing: %+v", e)
		}
	}
	m := &providertest.Memory{Lacks: []string{"sshd"}, Programs: map[string]func(*op.Exec) op.Result{look: providertest.Exits(9, "")}, Files: map[string]*providertest.Node{"/etc/ssh/sshd_config": file}}
	change, e := providertest.New(t, providertest.Native(Types()), m).Plan(providertest.Unit{Type: "sshd", Args: args(t, given{"password_authentication": false})})
	if e != nil || len(change.Needs) != 1 || change.Needs[0].Hint != `declare the package that brings it before: pkg("openssh-server")` {
		t.Errorf("%+v %+v", change, e)
	}
}

// TestScriptsAreGranted: the manifest grants the programs as they are, and no others.
func TestScriptsAreGranted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{look, try, apply} {
		var b strings.Builder
		for line := range strings.Lines(script) {
			b.WriteString("            " + line)
		}
		if !strings.Contains(string(text), "shell: |-\n"+b.String()+"\n") {
			t.Errorf("the manifest does not grant %.60q", script)
		}
	}
}

// TestSshdQuestions: who refuses passwords refuses the questions by which PAM takes them, unless that is said otherwise; a name that
// sshd has given up, or takes for another, is refused or taken for that.
func TestSshdQuestions(t *testing.T) {
	for name, tt := range map[string]struct {
		with given
		want string
	}{
		"passwords off":              {given{"password_authentication": false}, "PasswordAuthentication no\nKbdInteractiveAuthentication no\nChallengeResponseAuthentication no\n"},
		"among settings":             {given{"settings": given{"PasswordAuthentication": "no"}}, "PasswordAuthentication no\nKbdInteractiveAuthentication no\nChallengeResponseAuthentication no\n"},
		"passwords on":               {given{"password_authentication": true}, "PasswordAuthentication yes\n"},
		"said otherwise":             {given{"password_authentication": false, "kbd_interactive_authentication": true}, "PasswordAuthentication no\nKbdInteractiveAuthentication yes\nChallengeResponseAuthentication yes\n"},
		"by an old name":             {given{"password_authentication": false, "settings": given{"SkeyAuthentication": true}}, "PasswordAuthentication no\nKbdInteractiveAuthentication yes\nChallengeResponseAuthentication yes\n"},
		"alias":                      {given{"settings": given{"PubkeyAcceptedKeyTypes": "ssh-ed25519", "KeepAlive": true}}, "TCPKeepAlive yes\nPubkeyAcceptedAlgorithms ssh-ed25519\n"},
		"a list of which one counts": {given{"settings": given{"SetEnv": []any{"A=1", "B=2"}}}, "SetEnv A=1 B=2\n"},
		"lists that add up":          {given{"port": []any{22, 23}, "settings": given{"AcceptEnv": []any{"A", "B"}}}, "Port 22\nPort 23\nAcceptEnv A B\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, map[string]string{"sshd_config": modern, "sshd_config.d/50-x.conf": ""})
			k := providertest.New(t, providertest.Native(Types()), h.Memory)
			if _, err := k.Apply(h.unit(tt.with)); err != nil {
				t.Fatal(err)
			}
			if change, err := k.Plan(h.unit(tt.with)); err != nil || change.Action != abi.None {
				t.Errorf("a second run: %+v %v", change, err)
			}
			if _, got, _ := strings.Cut(h.read("sshd_config.d/00-froyo.conf"), "\n"); got != tt.want {
				t.Errorf("the file has %q, want %q", got, tt.want)
			}
		})
	}
}

// TestSshdFresh: a host whose sshd was never started has none of what that makes in /run.
func TestSshdFresh(t *testing.T) {
	h := newHost(t, map[string]string{"sshd_config": modern, "sshd_config.d/50-x.conf": ""})
	h.fresh = true
	k := providertest.New(t, providertest.Native(Types()), h.Memory)
	u := h.unit(given{"password_authentication": false})
	if _, err := k.Apply(u); err != nil {
		t.Fatal(err)
	}
	if change, err := k.Plan(u); err != nil || change.Action != abi.None || h.read(ownAt) == "" {
		t.Errorf("a second run: %+v %v", change, err)
	}
}

// values are those of settings that are no switches.
var values = given{
	"AddressFamily": "inet", "AllowStreamLocalForwarding": "local", "AllowTcpForwarding": "remote", "AuthenticationMethods": "publickey", "AuthorizedKeysCommand": "/bin/false",
	"AuthorizedKeysCommandUser": "nobody", "AuthorizedKeysFile": []any{".ssh/a", ".ssh/b"}, "AuthorizedPrincipalsCommand": "none", "CASignatureAlgorithms": "ssh-ed25519",
	"ChannelTimeout": "session:*=5m", "Ciphers": "-*cbc", "ClientAliveCountMax": 2, "ClientAliveInterval": "5m", "Compression": "delayed", "FingerprintHash": "md5", "GatewayPorts": "clientspecified",
	"HostbasedAcceptedAlgorithms": "ssh-ed25519", "HostCertificate": "/etc/ssh/c", "HostKeyAgent": "/run/a", "HostKeyAlgorithms": "ssh-ed25519", "IgnoreRhosts": "shosts-only", "IPQoS": "cs1 cs2",
	"KexAlgorithms": "curve25519-sha256", "ListenAddress": []any{"127.0.0.1", "127.0.0.2"}, "LoginGraceTime": "1m", "LogLevel": "VERBOSE", "MACs": []any{"hmac-sha2-256", "hmac-sha2-512"}, "MaxAuthTries": 3, "MaxSessions": 4,
	"MaxStartups": "5:30:50", "PermitListen": []any{"1234", "2345"}, "PermitOpen": []any{"a:1", "b:2"}, "PermitRootLogin": "forced-commands-only", "PermitTunnel": "ethernet", "PerSourceMaxStartups": 5,
	"PerSourceNetBlockSize": "24:64", "PerSourcePenalties": "crash:60s", "PerSourcePenaltyExemptList": "10.0.0.0/8", "Port": []any{22, 2222}, "PubkeyAcceptedAlgorithms": "ssh-ed25519",
	"PubkeyAuthOptions": "touch-required", "RekeyLimit": "1G 1h", "RequiredRSASize": 3072, "SetEnv": []any{"A=1", "B=2"}, "StreamLocalBindMask": "0111", "Subsystem": "sftp internal-sftp",
	"SyslogFacility": "LOCAL0", "UnusedConnectionTimeout": "5m", "VersionAddendum": "none", "X11DisplayOffset": 20, "AcceptEnv": []any{"A", "B"}, "AllowUsers": []any{"a", "b"}, "AllowGroups": []any{"a", "b"},
	"DenyUsers": []any{"a", "b"}, "DenyGroups": []any{"a", "b"}, "XAuthLocation": "/bin/x", "PidFile": "/run/x.pid", "Banner": "/etc/b", "ModuliFile": "/etc/m", "RevokedKeys": "/etc/r", "TrustedUserCAKeys": "/etc/t",
	"SecurityKeyProvider": "/lib/x", "SshdSessionPath": "/bin/x", "LogVerbose": "x.c:*", "ChrootDirectory": "/srv", "ForceCommand": "/bin/true", "AuthorizedPrincipalsFile": "/etc/p", "AuthorizedPrincipalsCommandUser": "nobody",
}

// TestEverySetting: sshd itself shows every setting that it takes, so that a second run has nothing to do, and a file that comes later
// does not count; others are refused by name. Debian's own sshd does not show its banner.
func TestEverySetting(t *testing.T) {
	for name := range strings.FieldsSeq(keywords) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, map[string]string{"sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n", "sshd_config.d/50-x.conf": ""})
			k := providertest.New(t, providertest.Native(Types()), h.Memory)
			value, is := values[name]
			if !is {
				value = true
			}
			settings := given{name: value}
			if command, of := strings.CutSuffix(name, "User"); of && strings.HasSuffix(command, "Command") {
				settings[command] = "/bin/false"
			} else if strings.HasSuffix(name, "Command") && name != "ForceCommand" {
				settings[name+"User"] = "nobody"
			}
			u := h.unit(given{"settings": settings})
			if _, err := k.Apply(u); err != nil {
				if !strings.Contains(err.Message, "sshd of the host does not take the settings") || !strings.Contains(strings.ToLower(err.Detail), "option") {
					t.Errorf("%+v", err)
				}
				return
			}
			if change, err := k.Plan(u); err != nil || change.Action != abi.None {
				t.Errorf("a second run: %+v %v", change, err)
			}
			if h.shows(strings.ToLower(name)) == "" && name != "DebianBanner" {
				t.Errorf("it has no effect that sshd shows")
			}
		})
	}
}
