package cli_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// small is a runbook that needs the runner, a guest of each type, and changes something.
const small = `
file("/srv/lab", state = "directory")
file("/srv/lab/app.conf", content = "name = app\n", mode = "0640")
cmd("date >/srv/lab/born", name = "born", creates = "/srv/lab/born")
`

// startHostile takes two hosts: the first will be in trouble, the second must
// converge all the same. At the end nothing of froyo's is left on either.
func startHostile(t *testing.T, runbook string) *froyo {
	t.Helper()
	f := start(t, 2)
	t.Cleanup(func() { f.clean(t) }) // after what the test has undone
	f.trust(t)
	f.inventory(t, "ops", nil)
	f.write(t, "site.star", runbook)
	return f
}

// apart checks that the first host ended with code and a message that holds
// want, both in the error and in the recap, and that the second converged.
func (f *froyo) apart(t *testing.T, want verdict, code int, stdout, stderr string) {
	t.Helper()
	if code != want.code {
		t.Errorf("exit code %d, want %d", code, want.code)
	}
	recap := map[int]string{0: "unreachable=0 +failed=0", 3: "unreachable=0 +failed=[1-9]", 4: "unreachable=1 +failed=0"}
	for host, counts := range map[string]string{f.hosts[0].Name: recap[want.code], f.hosts[1].Name: recap[0]} {
		if ok, _ := regexp.MatchString(`(?m)^`+host+` +: .*`+counts, stdout); !ok {
			t.Errorf("%s: want %s in the recap", host, counts)
		}
	}
	line := regexp.MustCompile(`(?m)^froyo: error: .*` + f.hosts[0].Name + `.*\n(?:[ \t].*\n)*`).FindString(stderr)
	if !strings.Contains(line, want.says) || want.code == 0 && line != "" {
		t.Errorf("the error is %q, want %q in it", line, want.says)
	}
	if strings.Contains(line, "panic") || (want.hint && !strings.Contains(line, "hint: ")) {
		t.Errorf("the error does not say what to do: %q", line)
	}
	raw(t, stdout+stderr)
}

// verdict is how the run of a host in trouble ends.
type verdict struct {
	code int
	says string // part of the error
	hint bool
}

// raw fails the test where text holds what a terminal would obey.
func raw(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("bytes that are not UTF-8 are shown as they are")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unicode.In(r, unicode.C) }); i >= 0 {
		t.Errorf("a control character is shown as it is: %q", text[i:min(len(text), i+20)])
	}
}

// noisy makes the login shell of ops say something before any command.
func noisy(command string) func(*testing.T, labtest.Host) {
	return func(t *testing.T, h labtest.Host) {
		t.Helper()
		h.Undo(t, "mv /home/ops/.bashrc.was /home/ops/.bashrc")
		h.SSH(t, "cd /home/ops; mv .bashrc .bashrc.was; cat >.bashrc <<'END'\n"+command+"\nEND")
	}
}

// with does something to a host, and undoes it when the test ends.
func with(do, undo string) func(*testing.T, labtest.Host) {
	return func(t *testing.T, h labtest.Host) {
		t.Helper()
		h.Undo(t, undo)
		h.SSH(t, do)
	}
}

// program puts a program of one's own before the host's.
func program(name, script string) func(*testing.T, labtest.Host) {
	path := "/usr/local/bin/" + name
	return with("printf '%s\\n' '#!/bin/sh' '"+script+"' >"+path+"; chmod 755 "+path, "rm "+path)
}

// sudoers adds a rule.
func sudoers(rule string) func(*testing.T, labtest.Host) {
	return func(t *testing.T, h labtest.Host) { t.Helper(); h.Sudoers(t, rule) }
}

// Mounts that refuse to execute, or to hold anything.
const (
	noexec = "mount --bind $d $d && mount -o remount,bind,noexec $d"
	full   = "mount -t tmpfs -o mode=1777,size=64k tmpfs $d && ! head -c 1M /dev/zero >$d/all 2>/dev/null"
)

func mounts(how string, dirs ...string) func(*testing.T, labtest.Host) {
	all := "for d in " + strings.Join(dirs, " ") + "; do "
	return with(all+how+" || exit 1; done", all+"umount -l $d; done")
}

// TestLabBadStart starts runners where something is in the way.
func TestLabBadStart(t *testing.T) {
	everywhere := []string{"/tmp", "/var/tmp", "/dev/shm", "/run", "/root"}
	tests := []struct {
		name  string
		spoil func(*testing.T, labtest.Host)
		user  string // ops where empty
		want  verdict
	}{
		{name: "noise", spoil: noisy(`echo welcome; echo trouble >&2; printf '\033[2J\033]0;x\007\377'`)},
		{name: "100 KB of noise", spoil: noisy(`head -c 100000 /dev/urandom; head -c 100000 /dev/urandom >&2; echo`)},
		{
			name: "noise without end", spoil: noisy(`printf '\033[2J'; yes`),
			want: verdict{code: 3, says: "more lines)", hint: true},
		},
		{
			name: "a shell that ends", spoil: noisy(`printf '\033[31mno entry\n'; exit 7`),
			want: verdict{code: 3, says: `\x1b[31mno entry`},
		},
		{name: "/tmp full", spoil: mounts(full, "/tmp")},
		{name: "/tmp without execution", spoil: mounts(noexec, "/tmp")},
		{
			name: "all without execution", spoil: mounts(noexec, everywhere...),
			want: verdict{code: 3, says: "no directory to run from", hint: true},
		},
		{name: "no gzip", spoil: with("mv /bin/gzip /bin/gzip.was", "mv /bin/gzip.was /bin/gzip")},
		{
			name: "an unknown architecture", spoil: program("uname", "echo Linux sparc64"),
			want: verdict{code: 3, says: "no runner for Linux sparc64"},
		},
		{
			name: "a wrong architecture", spoil: program("uname", "echo Linux aarch64"),
			want: verdict{code: 3, says: "Linux aarch64", hint: true},
		},
		{
			name: "hostile uname", spoil: program("uname", `printf "Linux \033[2J\n"`),
			want: verdict{code: 3, says: `\x1b[2J`},
		},
		{
			name: "no sudo", spoil: with("mv /usr/bin/sudo /usr/bin/sudo.was", "mv /usr/bin/sudo.was /usr/bin/sudo"),
			want: verdict{code: 3, says: "there is no sudo", hint: true},
		},
		{
			name: "sudo wants a password", user: "opspw", spoil: func(*testing.T, labtest.Host) {},
			want: verdict{code: 3, says: "sudo asks for a password", hint: true},
		},
		{
			name: "sudo wants a terminal", spoil: sudoers("Defaults:ops requiretty"),
			want: verdict{code: 3, says: "requiretty", hint: true},
		},
		{
			name: "sudo refuses", spoil: sudoers("ops ALL=(ALL:ALL) !ALL"),
			want: verdict{code: 3, says: "sudo", hint: true},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := startHostile(t, small)
			if test.user != "" {
				f.inventory(t, "ops", map[string]string{f.hosts[0].Name: "ansible_user=" + test.user})
			}
			test.spoil(t, f.hosts[0])
			code, stdout, stderr := f.run(t, "apply", "-y", "-b")
			f.apart(t, test.want, code, stdout, stderr)
		})
	}
}

// slow keeps the first host busy in the middle of a unit, and no other.
func (f *froyo) slow(t *testing.T) {
	t.Helper()
	f.write(t, "site.star", fmt.Sprintf(`
def main(host):
    file("/srv/lab", state = "directory")
    if host.name == %q:
        cmd("touch /srv/lab/started; exec sleep 300", name = "slow")
    file("/srv/lab/last", content = "last")

play("main", hosts = "all", do = main)
`, f.hosts[0].Name))
}

// TestLabBrokenOff ends what works on a host in the middle of a command.
func TestLabBrokenOff(t *testing.T) {
	tests := []struct {
		name string
		end  func(*testing.T, labtest.Host)
		says string
	}{
		{name: "the SSH session", end: kill("-f '^sshd: ops'"), says: "the connection was lost"},
		{name: "the runner", end: kill("-x froyo-runner"), says: "the runner ended: killed by signal KILL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := startHostile(t, "")
			f.slow(t)
			h := f.hosts[0]
			t.Cleanup(func() { // once it is on the network again
				waitFor(t, func() bool { return h.SSH(t, "pgrep -f '[f]royo-runner|[s]leep 300' || true") == "" })
			})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				waitFor(t, func() bool { return h.SSH(t, "ls /srv/lab/started 2>/dev/null || true") != "" })
				test.end(t, h)
			}()
			code, stdout, stderr := f.run(t, "apply", "-y", "-b")
			<-ended
			f.apart(t, verdict{code: 4, says: test.says + ", under way: exec touch /srv/lab/started"}, code, stdout, stderr)
			// A runner that was killed leaves the file that its lock was on. The next one takes it away.
			f.write(t, "site.star", small)
			if code, _, _ := f.run(t, "apply", "-y", "-b"); code != 0 {
				t.Errorf("exit code %d of the next apply, want 0", code)
			}
		})
	}
}

// kill ends processes of the host that pkill chooses. Of the runner it is that alone: sudo above it, were it to end first, would
// leave it the time to say that its controller is gone.
func kill(which string) func(*testing.T, labtest.Host) {
	return func(t *testing.T, h labtest.Host) { t.Helper(); h.SSH(t, "pkill -KILL "+which) }
}

// TestLabFlood runs commands that say more than anyone would keep.
func TestLabFlood(t *testing.T) {
	tests := []struct {
		name    string
		command string
		want    verdict
	}{
		{name: "endless lines", command: "timeout 2 yes", want: verdict{code: 3, says: "exit code 124"}},
		{name: "endless lines on both streams", command: "timeout 2 sh -c 'yes >&2 & yes'", want: verdict{code: 3, says: "exit code 124"}},
		{name: "a line of 1 GB", command: `head -c 1G /dev/zero | tr '\0' x`},
	}
	const most = 300 << 10 // KiB of froyo itself; a gigabyte kept would show
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := startHostile(t, small)
			f.write(t, "site.star", small+fmt.Sprintf("\ncmd([\"/bin/sh\", \"-c\", %q], name = \"flood\", onlyif = \"test $(hostname) = %s\")\n",
				test.command+"; r=$?; grep VmHWM /proc/$PPID/status | tr -dc 0-9 >/srv/lab/peak; exit $r", f.hosts[0].Name))
			cmd := f.command(t.Context(), "apply", "-y", "-b", "-i", "hosts.ini")
			code, stdout, stderr := f.finish(t, cmd)
			f.apart(t, test.want, code, stdout, stderr)
			if used := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; used > most { //nolint:forcetypeassert // what Unix gives
				t.Errorf("froyo took %d KiB, want at most %d", used, most)
			}
			if kib, err := strconv.Atoi(strings.TrimSpace(f.hosts[0].SSH(t, "cat /srv/lab/peak"))); err != nil || kib > 16<<10 {
				t.Errorf("the runner took %d KiB, want at most 16 MiB (%v)", kib, err)
			}
		})
	}
}

// TestLabUntrustedText has a host say what a terminal, a template or a runbook might obey.
func TestLabUntrustedText(t *testing.T) {
	f := startHostile(t, "")
	h := f.hosts[0]
	h.Undo(t, "ln -sf ../usr/lib/os-release /etc/os-release")
	h.SSH(t, `mkdir -p /srv/lab/deep && cd /srv/lab && printf 'old \033[2J\n' >app.conf && printf 'old \377\n' >bytes.conf
		ln -s "$(printf 'to\033[2J\302\233\342\200\256')" link && touch "deep/$(printf 'a\033[2J\377b')" && rm -f /etc/os-release
		printf 'ID=debian\nVERSION_ID=12\nPRETTY_NAME="{{ 7*7 }} %%s {%% raw %%} host.name \033[2J"\n' >/etc/os-release`)
	f.write(t, "site.star", fmt.Sprintf(`
def main(host):
    name = host.facts.os.basic.name
    file("/srv/lab/deep", state = "directory", mode = "0755", recurse = True)
    file("/srv/lab/app.conf", content = "name = " + name + "\n")
    file("/srv/lab/bytes.conf", content = "new\n")
    file("/srv/lab/made.conf", content = template(text = "{{ name }}\n", name = name))
    file("/srv/lab/link", state = "link", target = "/srv/lab")
    said = cmd("printf 'a\\033[2J\\302\\233\\342\\200\\256b'", name = "said", changed_when = False)
    file("/srv/lab/said", content = later(lambda: said.stdout))
    print("this is " + name)
    if host.name == %q:
        cmd("printf 'out\\033[2J\\377\\n'; printf 'err\\033[2J\\377\\302\\233\\n' >&2; exit 9", name = "fails \x1b[2J")

play("main", hosts = "all", do = main)
`, h.Name))
	for _, args := range [][]string{{"plan"}, {"plan", "--json"}, {"plan", "-v"}, {"plan", "--out", "plan.json"}, {"plan", "--dot", "-"}} {
		code, stdout, stderr := f.run(t, append(args, "-b")...)
		if code != 0 {
			t.Errorf("%v: exit code %d", args, code)
		}
		raw(t, stdout+stderr)
	}
	code, stdout, stderr := f.run(t, "apply", "-y", "-b")
	f.apart(t, verdict{code: 3, says: `err\x1b[2J`}, code, stdout, stderr)
	want := "{{ 7*7 }} %s {% raw %} host.name \x1b[2J\n"
	if got := h.SSH(t, "cat /srv/lab/made.conf"); got != want {
		t.Errorf("the template made %q, want %q", got, want)
	}
	if got := h.SSH(t, "cat /srv/lab/app.conf"); got != "name = "+want {
		t.Errorf("the file holds %q, want %q", got, "name = "+want)
	}
	if got, want := h.SSH(t, "cat /srv/lab/said"), "a\x1b[2J\u009b\u202eb"; got != want {
		t.Errorf("the output became %q, want %q", got, want)
	}
	code, stdout, stderr = f.run(t, "apply", "-y", "-b", "--json")
	raw(t, stdout+stderr)
	if code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
}
