package cli_test

import (
	"fmt"
	"regexp"
	"strings"
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
	t.Cleanup(func() { f.clean(t) }) // after what the test undoes
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
		{name: "100 KB of noise", spoil: noisy(`head -c 100000 /dev/urandom; head -c 100000 /dev/urandom >&2`)},
		{
			name: "noise without end", spoil: noisy(`printf '\033[2J'; yes`),
			want: verdict{code: 3, says: "without end", hint: true},
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

// only makes a unit's command do its work on the first host, and nothing on others.
func (f *froyo) only(command string) string {
	return fmt.Sprintf("test $(hostname) != %s || { %s; }", f.hosts[0].Name, command)
}
