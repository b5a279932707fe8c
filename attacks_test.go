package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// attack is a class of attacks that programs such as froyo have had.
type attack struct {
	name   string
	before string   // where it was found
	result string   // what becomes of it here
	tests  []string // others that attack froyo in this way
	run    func(t *testing.T, a *attacked)
	// ansible is what the same attack does to Debian's Ansible (core 2.14.18, by hand), "" where it was not tried.
	ansible string
}

var attacks = []attack{
	{
		"a host runs code on the controller", "Ansible CVE-2016-9587, CVE-2017-7466, CVE-2021-3583, CVE-2023-5764; Salt CVE-2021-25283",
		"what a host answers stays data: no template, no expression and no shell sees it as anything else",
		[]string{"TestLabUntrustedText", "TestHostileRunners", "FuzzRead", "FuzzAnswers", "FuzzAnswer"},
		attackTemplates, "stays data",
	},
	{
		"a name leads out of a directory", "Ansible CVE-2019-3828, CVE-2020-1735; Salt CVE-2020-11652, CVE-2021-25282",
		"names of hosts have no slash, and files are opened below one directory that is held open",
		[]string{"TestCollect", "TestOnePlace", "TestFiles"},
		attackNames,
		"takes a host of the name `..`, a slash and `x`",
	},
	{
		"an archive or a file of a provider leads out of its place", "Ansible CVE-2020-10691, CVE-2020-1737; OpenTofu GHSA-wcmj-x466-56mm",
		"members that lead elsewhere, links among them, and archives that unpack to too much are refused before anything is written",
		[]string{"TestHostile", "TestLimits", "TestRemoveThroughALink", "FuzzTar", "FuzzZip", "TestCacheRefused"},
		attackArchives,
		"`unarchive` fails in the middle and leaves what came before; an absolute path is unpacked below the directory",
	},
	{
		"temporary files and modes", "Ansible CVE-2020-1733, CVE-2020-10744, CVE-2021-3533, CVE-2020-1736; Salt CVE-2020-17490",
		"names that cannot be predicted in directories of mode 0700; no file is wider than asked for even for an instant",
		[]string{"TestWriteIsAtomicAndNeverWider", "TestSetNeverWider", "TestLinksOfUsers", "TestLabHostilePaths"},
		attackTemporary, "mode 0600, names of another time; the link is replaced",
	},
	{
		"a secret leaks", "Ansible CVE-2018-10855, CVE-2019-14858, CVE-2020-14332, CVE-2021-20228, CVE-2024-0690; Salt CVE-2021-25284",
		"a sensitive value is `(sensitive)` wherever it goes, in whatever form",
		[]string{"TestCanary", "TestLabCanary", "TestCanaryIsSeen"},
		attackSecrets, "`--diff -v` shows it; with `no_log`, `-vvv` shows `environment`, which is in the command line of a shell",
	},
	{
		"settings of the current directory", "Ansible CVE-2018-10874, CVE-2018-10875; Salt CVE-2021-22004",
		"a file that others may have written is not read, nor one in a directory of theirs",
		[]string{"TestTrust", "TestFindRefusesWhatIsNotTrusted", "TestProgramIsNotTrusted"},
		attackDirectory, "passes over `ansible.cfg` in a directory that all may write to",
	},
	{
		"requests without authority", "Salt CVE-2020-11651, CVE-2020-25592, CVE-2021-25281, CVE-2021-3144",
		"froyo listens on nothing: it is a program that its operator starts", nil, attackListeners, "listens on nothing",
	},
	{
		"something is played again, or for another", "Salt CVE-2022-22934, CVE-2022-22936, CVE-2016-9639",
		"a saved plan is signed and applied once; a machine that took a name over is refused; a runner answers to one magic of its start",
		[]string{
			"testdata/script/signature.txtar", "testdata/script/planonce.txtar", "testdata/script/machines.txtar", "testdata/script/stale.txtar", "TestCheckMagic",
		},
		attackReplay, "has no saved plans",
	},
	{
		"options and commands in names", "Salt CVE-2020-16846, CVE-2021-3197, CVE-2021-31607; ansible-runner CVE-2021-4041; go-getter CVE-2024-3817",
		"names of hosts and users have no dash before them and no character of a shell; programs get lists of arguments",
		[]string{"TestCheckIsNoShell", "TestHostileUsers", "FuzzEndpoint", "TestHeld"},
		attackOptions, "ssh refuses the user; nothing was executed",
	},
	{
		"keys of hosts and signatures", "Ansible CVE-2013-2233, CVE-2020-14365; x/crypto CVE-2026-42508; cosign CVE-2026-22703, CVE-2026-39395",
		"a changed or revoked key ends the connection; a bundle by another key, cut off, or of something else is refused",
		[]string{"TestChangedHostKey", "TestTampered", "TestBundleOfCosign", "TestTamperedFroyo", "FuzzKnownHosts", "FuzzBundle", "testdata/script/signature.txtar"},
		attackHostKeys, "ssh refuses the key; nothing is signed",
	},
	{
		"a peer that never ends", "Salt CVE-2023-20897, CVE-2017-14696; sigstore-go CVE-2024-45395",
		"lines, frames, answers and times are bounded; the host fails alone",
		[]string{"TestLabFlood", "TestLabHostileHost", "TestEndlessLine", "TestRunEndless", "TestStartTimeout"},
		attackEndless, "waits, with `-T 3`, for as long as the host speaks (stopped after 25 s)",
	},
	{
		"text that speaks to the terminal", "Ansible issue 4958; systemd issue 43697",
		"control characters and marks of direction are escaped on the screen",
		[]string{"TestEscape", "FuzzEscape", "testdata/script/escapes.txtar"},
		attackTerminal,
		"`command` prints what it was given as it is: the terminal's title changes",
	},
	{
		"noise before the runner speaks", "Ansible issue 14282",
		"what stands before the magic of this start is passed over, on no terminal",
		[]string{"TestLoginShells", "TestSkipTo", "FuzzSkipTo", "TestLabOddHosts"},
		attackNoise, "the file is right, with the interpreter named; finding the interpreter fails",
	},
	{
		"what is kept for one counts for another", "Salt CVE-2023-20898; Ansible CVE-2020-10729, CVE-2020-25636",
		"records are by workspace and machine, blobs and guests by the digest of their bytes",
		[]string{"TestStore", "TestCacheDamaged", "TestTwoNames", "TestHostileDirectory"},
		attackCollisions, "a fact that was cached for `h1` of one inventory is that of `h1` of another",
	},
}

// attacked is froyo where it is attacked.
type attacked struct {
	t    *testing.T
	dir  string
	home string // where the state is kept, "" for dir
	// cache is where compiled guests are kept.
	cache string
	// program is what is run in the place of froyo, "" for froyo itself, and stdin what it reads, "" for nothing.
	program, stdin string
}

// froyo runs a command in the directory, and says what it printed.
func (a *attacked) froyo(args ...string) (out string, ok bool) {
	a.t.Helper()
	self, err := os.Executable()
	if err != nil {
		a.t.Fatal(err)
	}
	cmd := exec.CommandContext(a.t.Context(), cmp.Or(a.program, self), args...)
	cmd.Args[0] = "froyo"
	cmd.Dir = a.dir
	home := cmp.Or(a.home, a.dir)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home+"/.state", "XDG_CACHE_HOME="+a.cache, "FROYO_LOCK_TIMEOUT=5m")
	if a.stdin != "" {
		in, err := os.Open(a.stdin)
		if err != nil {
			a.t.Fatal(err)
		}
		defer in.Close()
		cmd.Stdin = in
	}
	text, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		a.t.Fatal(err)
	}
	return string(text), err == nil
}

func (a *attacked) write(name, text string, mode fs.FileMode) {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		a.t.Fatal(err)
	}
}

// harmless fails where what was attacked did what it was told.
func (a *attacked) harmless() {
	a.t.Helper()
	if _, err := os.Lstat(filepath.Join(a.dir, "pwned")); err == nil {
		a.t.Error("froyo did what the attack says")
	}
}

// refused runs a command that has to fail, and say why.
func (a *attacked) refused(says string, args ...string) {
	a.t.Helper()
	if out, ok := a.froyo(args...); ok || !strings.Contains(out, says) {
		a.t.Errorf("%s: want %q, got:\n%s", args, says, out)
	}
	a.harmless()
}

// TestAttack attacks froyo in each way in which such programs were broken into, and writes down what came of it.
func TestAttack(t *testing.T) {
	known := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(source), -1) {
			known[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	for i := range attacks {
		a := &attacks[i]
		t.Run(a.name, func(t *testing.T) {
			if a.run == nil {
				t.Fatal("nothing attacks froyo in this way")
			}
			for _, name := range a.tests {
				if _, err := os.Stat(name); err != nil && !known[name] {
					t.Errorf("there is no test %s", name)
				}
			}
			a.run(t, &attacked{t: t, dir: t.TempDir(), cache: cache})
		})
	}
}

// TestAttackTable holds docs/security.md to the table of attacks; FROYO_UPDATE=1 writes it.
func TestAttackTable(t *testing.T) {
	const page, begin, end = "docs/security.md", "<!-- attacks: TestAttackTable writes this table -->\n", "<!-- end of attacks -->\n"
	var b strings.Builder
	b.WriteString("\n| # | Attack | Where it was found | Here | Tests | The same on Ansible |\n|---|---|---|---|---|---|\n")
	for i, a := range attacks {
		names := []string{"`TestAttack/" + strings.ReplaceAll(a.name, " ", "_") + "`"}
		for _, name := range a.tests {
			names = append(names, "`"+name+"`")
		}
		b.WriteString("| " + strconv.Itoa(i+1) + " | " + a.name + " | " + a.before + " | " + a.result + " | " + strings.Join(names, ", ") + " | " + a.ansible + " |\n")
	}
	b.WriteString("\n")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + begin + b.String() + end + after
	if want == string(text) {
		return
	}
	if os.Getenv("FROYO_UPDATE") == "" {
		t.Fatalf("%s has another table: make docs", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// attackTemplates has a host answer with what a template, a shell and a terminal would obey.
func attackTemplates(t *testing.T, a *attacked) {
	if why := generated(); why != "" {
		t.Skip(why)
	}
	a.write("site.star", `
def f(host):
    said = host.query(["printf", "%s", "{{ 7*7 }} $(touch pwned)"]).stdout
    print(template(text = "{{ x }}", x = said), "[%s]" % said)
    cmd("true", name = said)

play("p", hosts = "all", do = f)
`, 0o600)
	if out, ok := a.froyo("plan", "site.star", "-i", "localhost,"); !ok || strings.Contains(out, "49") || strings.Count(out, "{{ 7*7 }}") < 2 {
		t.Errorf("%s", out)
	}
	a.harmless()
}

func attackNames(_ *testing.T, a *attacked) {
	for _, name := range []string{"../x", "/etc", "a/../b", ".."} {
		a.write("hosts.ini", "[web]\n"+name+"\n", 0o600)
		a.refused("hosts.ini:2", "inventory", "list", "-i", "hosts.ini")
	}
}

func attackDirectory(_ *testing.T, a *attacked) {
	a.write("evil", "#!/bin/sh\ntouch pwned\n", 0o755)
	a.write("ansible.cfg", "[defaults]\ninventory = ./evil\n", 0o666)
	a.write("froyo.cue", "inventory: \"evil\"\n", 0o666)
	a.write("site.star", "cmd(\"touch pwned\")\n", 0o600)
	a.refused("froyo.cue can be written by everybody", "validate", "site.star")
	a.write("froyo.cue", "{}\n", 0o600)
	a.write("site.star", "cmd(\"touch pwned\")\n", 0o666)
	a.refused("site.star can be written by everybody", "validate", "site.star")
}

// attackListeners looks for what would let others ask something of froyo: in its sources, and among the sockets of all its processes
// while it is at work.
func attackListeners(t *testing.T, a *attacked) {
	listening(t, a)
	listens := regexp.MustCompile(`\b(net\.(Listen|ListenTCP|ListenUnix|ListenPacket|ListenConfig)|ListenAndServe\w*|http\.Serve\w*)\b`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "testdata/") || strings.HasSuffix(filepath.Dir(path), "test") {
			return err
		}
		source, err := os.ReadFile(path)
		if found := listens.Find(source); found != nil {
			t.Errorf("%s has %s: who may connect, and as whom?", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func attackOptions(_ *testing.T, a *attacked) {
	for _, line := range []string{
		"-oProxyCommand=touch", `h1 ansible_user="-oProxyCommand=touch pwned"`, `h1 ansible_host="-oProxyCommand=touch pwned"`, `h1 ansible_host="$(touch pwned)"`,
		`h1 ansible_become_user="-c touch pwned"`, "h1;touch", "$(touch)",
	} {
		a.write("hosts.ini", "[web]\n"+line+"\n", 0o600)
		a.refused("hosts.ini:2", "inventory", "check", "-i", "hosts.ini")
	}
}

func attackTerminal(t *testing.T, a *attacked) {
	a.write("hosts.yaml", "all:\n  hosts:\n    h1: {x: \"a\\e]0;pwned\\ab\\u202e\\r\"}\n", 0o600)
	out, ok := a.froyo("inventory", "host", "h1", "-i", "hosts.yaml")
	if !ok || strings.ContainsAny(out, "\x1b\a\r\u202e") || !strings.Contains(out, "pwned") {
		t.Errorf("%q", out)
	}
}
