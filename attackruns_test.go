package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runner"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
)

// needsGuests skips what plans, where this froyo cannot.
func needsGuests(t *testing.T) {
	t.Helper()
	if why := generated(); why != "" {
		t.Skip(why)
	}
}

// fails runs a command that has to fail, and say this, whatever the width of lines.
func (a *attacked) fails(says string, args ...string) {
	a.t.Helper()
	if out, ok := a.froyo(args...); ok || !strings.Contains(strings.Join(strings.Fields(out), " "), says) {
		a.t.Errorf("%s: want %q, got:\n%s", args, says, out)
	}
}

// works runs a command that has to succeed.
func (a *attacked) works(args ...string) string {
	a.t.Helper()
	out, ok := a.froyo(args...)
	if !ok {
		a.t.Fatalf("%s:\n%s", args, out)
	}
	return out
}

// host makes a host that is this machine by way of a shell script, which gets what it is to run as its arguments.
func (a *attacked) host(name, script string) {
	a.t.Helper()
	a.write(name+".sh", "#!/bin/sh\n"+script+"\n", 0o700)
	a.write(name+".cue", fmt.Sprintf("hosts: %s: connection: [%q]\n", name, filepath.Join(a.dir, name+".sh")), 0o600)
}

// site writes a runbook of one file, which is made beside it.
func (a *attacked) site(name string) {
	a.t.Helper()
	a.write("site.star", fmt.Sprintf("file(%q, content = %q)\n", filepath.Join(a.dir, name), name), 0o600)
}

// holds reads a file that has to be there.
func (a *attacked) holds(name, want string) {
	a.t.Helper()
	got, err := os.ReadFile(filepath.Join(a.dir, name))
	if err != nil || string(got) != want {
		a.t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
	}
}

// empty wants a pattern to match nothing.
func (a *attacked) empty(pattern string) {
	a.t.Helper()
	if left, err := filepath.Glob(filepath.Join(a.dir, pattern)); err != nil || len(left) > 0 {
		a.t.Errorf("there are %s, %v", left, err)
	}
}

func (a *attacked) remove(name string) {
	a.t.Helper()
	if err := os.Remove(filepath.Join(a.dir, name)); err != nil {
		a.t.Fatal(err)
	}
}

// planted makes a link that belongs to somebody else.
func (a *attacked) planted(to, at string) {
	a.t.Helper()
	at = filepath.Join(a.dir, at)
	if err := os.Symlink(filepath.Join(a.dir, to), at); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Lchown(at, 65534, 65534); err != nil {
		a.t.Fatal(err)
	}
}

type member struct {
	name, link string
	kind       byte
}

// archive packs members by tar.
func archive(t *testing.T, members ...member) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Linkname: m.link, Typeflag: m.kind, Mode: 0o777}
		if m.kind == tar.TypeReg {
			h.Size = int64(len("evil"))
		}
		err := w.WriteHeader(h)
		if err == nil && m.kind == tar.TypeReg {
			_, err = w.Write([]byte("evil"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bomb is a zip that unpacks to a thousand times its size.
func bomb(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for range 1 << 10 {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// attackArchives unpacks archives whose members lead elsewhere, and one that has no end.
func attackArchives(t *testing.T, a *attacked) {
	needsGuests(t)
	a.write("victim", "mine", 0o600)
	out := filepath.Join(a.dir, "pwned")
	hostile := map[string]string{
		"up":       archive(t, member{"d/in", "", tar.TypeReg}, member{"../pwned", "", tar.TypeReg}),
		"absolute": archive(t, member{out, "", tar.TypeReg}),
		"link":     archive(t, member{"l", a.dir, tar.TypeSymlink}, member{"l/pwned", "", tar.TypeReg}),
		"uplink":   archive(t, member{"d", "..", tar.TypeSymlink}, member{"d/pwned", "", tar.TypeReg}),
		"hard":     archive(t, member{"h", filepath.Join(a.dir, "victim"), tar.TypeLink}, member{"h", "", tar.TypeReg}),
		"device":   archive(t, member{"pwned", "", tar.TypeBlock}),
		"between":  archive(t, member{"d/../../pwned", "", tar.TypeReg}),
		"bomb":     bomb(t),
	}
	var hosts strings.Builder // one for each, so that none ends the others
	for name, text := range hostile {
		a.write(name+".tar", text, 0o600)
		hosts.WriteString(name + " ansible_connection=local\n")
	}
	a.write("hosts.ini", hosts.String(), 0o600)
	a.write("site.star", fmt.Sprintf("def f(host):\n    unpack(%q + host.name, source = host.name + \".tar\")\n\nplay(\"p\", hosts = \"all\", do = f)\n", filepath.Join(a.dir, "to-")), 0o600)
	said, _ := a.froyo("apply", "-y", "site.star", "-i", "hosts.ini")
	flat := strings.Join(strings.Fields(said), " ")
	for name := range hostile {
		if !strings.Contains(flat, "the archive for "+filepath.Join(a.dir, "to-"+name)+" is refused, and nothing was changed") {
			t.Errorf("%s is not refused:\n%s", name, said)
		}
		a.empty("to-" + name + "/*")
	}
	a.harmless()
	a.holds("victim", "mine")
	if os.Getuid() != 0 {
		return
	}
	// A link of somebody else's stands already where a member would go.
	for _, name := range []string{"theirs", "outside"} {
		if err := os.Mkdir(filepath.Join(a.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	a.planted("outside", "theirs/d")
	a.write("good.tar", archive(t, member{"d/in", "", tar.TypeReg}), 0o600)
	a.write("site.star", fmt.Sprintf("unpack(%q, source = \"good.tar\")\n", filepath.Join(a.dir, "theirs")), 0o600)
	a.froyo("apply", "-y", "site.star", "-i", "localhost,")
	a.empty("outside/*")
}

// attackTemporary looks at files while they are made: froyo has the widest umask, in a directory of everybody's, in which
// somebody has planted links.
func attackTemporary(t *testing.T, a *attacked) {
	needsGuests(t)
	common := filepath.Join(a.dir, "common")
	if err := os.Mkdir(common, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(common, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	a.write("victim", "mine", 0o600)
	// The check sees the file under its temporary name.
	a.write("check", "#!/bin/sh\nstat -L -c '%a %h' \"$1\" >>'"+a.dir+"/modes'\nreadlink -f \"$1\" >>'"+a.dir+"/names'\n", 0o700)
	a.write("site.star", fmt.Sprintf("file(%q, content = vars.text, mode = \"0600\", validate = %q)\n", filepath.Join(common, "f"), filepath.Join(a.dir, "check")+" %s"), 0o600)
	was := syscall.Umask(0)
	defer syscall.Umask(was)
	for _, text := range []string{"one", "two", "three"} {
		a.works("apply", "-y", "site.star", "-i", "localhost,", "-e", "text="+text)
	}
	a.holds("common/f", "three")
	a.holds("modes", "600 1\n600 1\n600 1\n")
	names, err := os.ReadFile(filepath.Join(a.dir, "names"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{filepath.Join(common, "f") + "\n": true}
	for name := range strings.Lines(string(names)) {
		if seen[name] {
			t.Errorf("the temporary name %q is that of the file, or of another time", name)
		}
		seen[name] = true
	}
	err = filepath.WalkDir(filepath.Join(a.dir, ".state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) == ".state" {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 && !strings.HasSuffix(path, ".pub") {
			t.Errorf("%s is open to others: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if os.Getuid() != 0 {
		return
	}
	a.planted("victim", "common/link")
	a.planted("pwned", "common/dangling")
	for _, name := range []string{"link", "dangling"} {
		a.write("site.star", fmt.Sprintf("file(%q, content = \"evil\", in_place = True)\n", filepath.Join(common, name)), 0o600)
		a.froyo("apply", "-y", "site.star", "-i", "localhost,") // it may replace the link, and not follow it
	}
	a.holds("victim", "mine")
	a.harmless()
}

// attackSecrets sends a value through plans, diffs, errors, logs, reports and the state, and looks for it in each of its forms
// in all that was printed and kept, and in the command lines of all processes while it is used.
func attackSecrets(t *testing.T, a *attacked) {
	needsGuests(t)
	const value = "Kanarie+7/&?\"x"
	t.Setenv("CANARY", value)
	a.write("seen.sh", "#!/bin/sh\nprintf %s \"$X\" >'"+a.dir+"/used'\ngrep -l -a 'Kanarie[+]7' /proc/[0-9]*/cmdline >>'"+a.dir+"/argv' 2>/dev/null\ntrue\n", 0o700)
	a.write("site.star", fmt.Sprintf(`
pw = secret("env:CANARY")
file(%q, content = "pw=" + pw + "\n")
cmd(%q, env = {"X": pw})
cmd("echo $X; echo $X >&2; exit 1", env = {"X": pw}, name = "fails")
`, filepath.Join(a.dir, "target"), filepath.Join(a.dir, "seen.sh")), 0o600)
	a.write("target", "pw=old\n", 0o600)
	var out strings.Builder
	for _, args := range [][]string{
		{"plan", "site.star", "-i", "localhost,", "--out", "plan.json"},
		{"show", "plan.json"},
		{"plan", "site.star", "-i", "localhost,", "--json"},
		{"apply", "-y", "site.star", "-i", "localhost,", "-vv", "--log", "run.log", "--junit", "junit.xml"},
		{"runs", "list"},
		{"apply", "-y", "site.star", "-i", "localhost,", "--json"},
		{"audit", "export"},
	} {
		text, _ := a.froyo(args...)
		out.WriteString(text)
	}
	a.holds("target", "pw="+value+"\n")
	a.holds("used", value)
	a.holds("argv", "")
	a.write("printed", out.String(), 0o600)
	forms := []string{
		value, "Kanarie", url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value)),
		base64.StdEncoding.EncodeToString([]byte(value))[:12], strings.ToUpper(value),
	}
	looked := 0
	err := filepath.WalkDir(a.dir, func(path string, d fs.DirEntry, err error) error {
		if name := filepath.Base(path); err != nil || d.IsDir() || name == "target" || name == "used" || name == "seen.sh" {
			return err
		}
		text, err := os.ReadFile(path)
		looked++
		for _, form := range forms {
			if bytes.Contains(text, []byte(form)) {
				t.Errorf("%s has it, as %q", path, form)
			}
		}
		return err
	})
	if err != nil || looked < 8 || !strings.Contains(out.String(), "(sensitive)") {
		t.Error(err, looked, "files\n", out.String())
	}
}

// attackReplay plays again what was said or signed before: a plan, a plan of elsewhere, and all that a host said.
func attackReplay(t *testing.T, a *attacked) {
	needsGuests(t)
	a.site("made")
	a.works("plan", "site.star", "-i", "localhost,", "--out", "plan.json")
	a.works("apply", "--plan", "plan.json", "-y")
	a.remove("made")
	a.fails("has applied this plan already", "apply", "--plan", "plan.json", "-y")
	text, err := os.ReadFile(filepath.Join(a.dir, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	a.write("edited.json", strings.Replace(string(text), "made", "evil", 1), 0o600)
	a.fails("signature", "apply", "--plan", "edited.json", "-y")
	other := &attacked{t: t, dir: t.TempDir(), cache: a.cache} // another operator's, who does not know our key
	other.write("plan.json", string(text), 0o600)
	other.fails("sign", "apply", "--plan", "plan.json", "-y")
	a.empty("made")

	// All that a host said in one run is said again, byte by byte, in the next.
	count := "n=$(cat '" + a.dir + "/count' 2>/dev/null || echo 0); n=$((n + 1)); echo $n >'" + a.dir + "/count'; said='" + a.dir + "/said.'$n; "
	a.host("h1", count+`"$@" | tee $said`)
	a.works("apply", "-y", "site.star", "-i", "h1.cue")
	a.holds("made", "made")
	a.remove("made")
	a.remove("count")
	for _, honest := range []string{"", `if [ $n = 1 ]; then exec "$@"; fi; `} { // from the beginning on, or what the runner said
		a.host("h1", count+honest+`cat $said; exec cat >/dev/null`)
		if out, ok := a.froyo("apply", "-y", "site.star", "-i", "h1.cue", "--timeout", "3"); ok || !strings.Contains(out, "unreachable=1") {
			t.Errorf("what the host said before counted again:\n%s", out)
		}
		a.remove("count")
		a.empty("made")
	}
}

// attackHostKeys stands in for a host, with another key, and for who signs froyo.
func attackHostKeys(t *testing.T, a *attacked) {
	needsGuests(t)
	host, fake := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	known, err := os.ReadFile(host.KnownHosts(t))
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := strings.Cut(string(known), " ")
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("FROYO_KNOWN_HOSTS", filepath.Join(a.dir, "known"))
	a.site("made")
	apply := func(s *sshtest.Server, trusts string, more ...string) []string {
		a.write("known", strings.ReplaceAll(trusts, "PORT", fmt.Sprint(s.Port(t))), 0o600)
		a.write("hosts.ini", fmt.Sprintf("h1 ansible_host=127.0.0.1 ansible_port=%d ansible_user=root\n", s.Port(t)), 0o600)
		return append([]string{"apply", "-y", "site.star", "-i", "hosts.ini", "--key", s.ClientKey}, more...)
	}
	trusted := "[127.0.0.1]:PORT " + key
	a.fails("the host key changed", apply(fake, trusted)...)
	a.fails("the host key changed", apply(fake, trusted, "--accept-new")...)
	a.fails("revoked", apply(host, "@revoked * "+key+trusted)...)
	a.fails("host key", apply(host, "")...)
	if n := host.Logins() + fake.Logins(); n > 0 {
		t.Errorf("froyo logged in %d times where the key was none that it trusts", n)
	}
	a.empty("made")
	a.works(apply(host, trusted)...) // the same with the right key
	a.holds("made", "made")
	a.remove("made")
	attackSigned(t, a)
}

// attackSigned gives froyo other digests of its parts, and another signature.
func attackSigned(t *testing.T, a *attacked) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"parts", "parts.bundle"} {
		part, err := fs.ReadFile(runner.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(program, part)
		if at < 0 {
			t.Fatalf("%s is not in froyo", name)
		}
		swapped := bytes.Clone(program)
		swapped[at+len(part)/2] ^= 1
		a.write("other", string(swapped), 0o700)
		other := &attacked{t: t, dir: a.dir, cache: a.cache, program: filepath.Join(a.dir, "other")}
		other.fails("this froyo is not as it was built", "version", "--verify")
		other.fails("this froyo is not as it was built", "apply", "-y", "site.star", "-i", "localhost,")
		a.empty("made")
	}
}

// attackEndless has hosts that never end: each fails alone, and the one beside them converges.
func attackEndless(t *testing.T, a *attacked) {
	needsGuests(t)
	hosts := map[string]string{
		"zeros": "exec cat /dev/zero", "lines": "exec yes", "slow": "while printf x; do sleep 0.2; done", "silent": "exec sleep 300",
		// The login shell answers, and what comes then has no end.
		"after": `if mkdir "$0.first"; then exec "$@"; fi; "$@" | { head -c 100; exec cat /dev/zero; }`,
	}
	a.write("site.star", fmt.Sprintf("def f(host):\n    file(%q + host.name, content = \"x\")\n\nplay(\"p\", hosts = \"all\", do = f)\n", filepath.Join(a.dir, "on-")), 0o600)
	args := []string{"apply", "-y", "site.star", "--timeout", "10", "-i", "good.cue"}
	a.host("good", `exec "$@"`)
	for name, script := range hosts {
		a.host(name, script)
		args = append(args, "-i", name+".cue")
	}
	out, ok := a.froyo(args...)
	if ok {
		t.Error("it succeeded")
	}
	for name := range hosts {
		if !strings.Contains(out, name) {
			t.Errorf("nothing is told of %s:\n%s", name, out)
		}
		a.empty("on-" + name)
	}
	a.holds("on-good", "x")
	if len(out) > 64<<10 {
		t.Errorf("what hosts said without end was printed: %d bytes", len(out))
	}
}

// attackNoise has a host speak before the runner does, also as the runner would.
func attackNoise(t *testing.T, a *attacked) {
	needsGuests(t)
	noise := `Welcome!\r\n\033]0;pwned\007\033[2J{"ready":{}}\n{"done":{"id":1,"result":{}}}\nfroyo froyo-runner READY ok\n\000\377\n`
	a.host("h1", "printf '"+noise+"'; printf '"+noise+"' >&2; exec \"$@\"")
	const text = "only this\n\x00\xff\n"
	a.write("content", text, 0o600)
	a.write("site.star", fmt.Sprintf("file(%q, source = \"content\")\n", filepath.Join(a.dir, "made")), 0o600)
	out := a.works("apply", "-y", "site.star", "-i", "h1.cue")
	a.holds("made", text)
	out += a.works("plan", "site.star", "-i", "h1.cue")
	if strings.ContainsAny(out, "\x1b\a\x00") {
		t.Errorf("the terminal was spoken to: %q", out)
	}
}

// attackCollisions has what is kept of one be taken for that of another: workspaces with the same names, guests, secrets.
func attackCollisions(t *testing.T, a *attacked) {
	needsGuests(t)
	a.cache = filepath.Join(a.dir, ".cache")
	other := &attacked{t: t, dir: filepath.Join(a.dir, "other"), home: a.dir, cache: a.cache}
	if err := os.Mkdir(other.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*attacked{a, other} { // the same names, and the same operator, who keeps both in one place
		if out := w.works("runs", "list"); strings.Contains(out, "site.star") {
			t.Errorf("the runs of one workspace are those of another:\n%s", out)
		}
		w.host("h1", `exec "$@"`)
		w.site("made")
		w.works("apply", "-y", "site.star", "-i", "h1.cue")
		w.holds("made", "made")
	}

	// What one guest was compiled to takes the place of another's.
	var compiled []string
	err := filepath.WalkDir(filepath.Join(a.dir, ".cache"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			compiled = append(compiled, path)
		}
		return err
	})
	if err != nil || len(compiled) == 0 {
		t.Fatal(compiled, err)
	}
	for _, path := range compiled {
		if err := os.WriteFile(path, []byte("evil"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.remove("made")
	a.works("apply", "-y", "site.star", "-i", "h1.cue")
	a.holds("made", "made")

	// A secret takes the place of another one.
	a.works("init", "--solo")
	for _, name := range []string{"low", "high"} {
		a.write("value", name, 0o600)
		a.stdin = filepath.Join(a.dir, "value")
		a.works("secret", "set", name)
	}
	text, err := os.ReadFile(filepath.Join(a.dir, "secrets", "low.age"))
	if err != nil {
		t.Fatal(err)
	}
	a.write("secrets/high.age", string(text), 0o600)
	a.fails("high", "secret", "get", "high")
}

// listening has froyo run a program that looks at the processes that it is a child of, up to this one.
func listening(t *testing.T, a *attacked) {
	t.Helper()
	needsGuests(t)
	a.write("look.sh", fmt.Sprintf(`#!/bin/sh
p=$$
while [ "$p" -gt 1 ] && [ "$p" != %d ]; do
	readlink /proc/$p/exe >>'%[2]s/programs'
	for f in /proc/$p/fd/*; do readlink "$f"; done >>'%[2]s/open'
	p=$(sed -n 's/^PPid:.//p' /proc/$p/status)
done
cat /proc/net/tcp /proc/net/tcp6 >'%[2]s/tcp'
cat /proc/net/unix >'%[2]s/unix'
true
`, os.Getpid(), a.dir), 0o700)
	a.write("site.star", fmt.Sprintf("cmd(%q)\n", filepath.Join(a.dir, "look.sh")), 0o600)
	a.works("apply", "-y", "site.star", "-i", "localhost,")
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(a.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if programs := read("programs"); strings.Count(programs, "\n") < 3 {
		t.Errorf("the program saw only %s", programs)
	}
	sockets := map[string]bool{}
	for line := range strings.Lines(read("tcp")) {
		if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" {
			sockets["socket:["+f[9]+"]"] = true
		}
	}
	for line := range strings.Lines(read("unix")) {
		if f := strings.Fields(line); len(f) > 6 && f[3] == "00010000" {
			sockets["socket:["+f[6]+"]"] = true
		}
	}
	for line := range strings.Lines(read("open")) {
		if sockets[strings.TrimSpace(line)] {
			t.Errorf("a process of froyo listens on %s", line)
		}
	}
}
