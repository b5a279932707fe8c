package cli_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runtime/cli/prompt/ptytest"
)

// TestLabShell types at froyo run shell: equal answers stand once, Ctrl-C ends a command on the hosts and not the session, and a
// host that is lost is named once.
func TestLabShell(t *testing.T) {
	f := start(t, 3)
	f.trust(t)
	f.inventory(t, "ops", nil)
	f.each(t, "mkdir -p /srv/lab; echo same >/srv/lab/word; chmod -R a+rX /srv/lab")
	f.hosts[1].SSH(t, "echo other >/srv/lab/word")
	one, two, three := f.hosts[0].Name, f.hosts[1].Name, f.hosts[2].Name
	both := "2 hosts: h[" + one[1:] + "," + three[1:] + "]"

	cmd := f.command(t.Context(), "run", "shell", "-i", "hosts.ini", "-y")
	cmd.Stdin = strings.NewReader("cat /srv/lab/word\n:become on\nid -un\n:limit " + two + "\n:become off\nid -un\nfalse\n")
	code, out, errs := f.finish(t, cmd)
	for _, want := range []string{both + "\n  same\n" + two + "\n  other\n", "3 hosts: ", "  root\n", "1 host: " + two, "ops\n", two + "\n  exit code 1\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the lines through a pipe do not print %q", want)
		}
	}
	if code != 3 || errs != "" {
		t.Errorf("exit code %d, want 3; %s", code, errs)
	}
	for _, columns := range []int{80, 200} {
		typeAtShell(t, f, columns, both)
	}
	cmd = f.command(t.Context(), "run", "shell", "-y", "-i", "hosts.ini")
	cmd.Env = append(cmd.Env, "TERM=xterm")
	s := ptytest.Start(t, cmd, 80, 24)
	s.Wait("3 hosts> ")
	s.Signal(syscall.SIGTERM)
	if code := s.End(); code != 130 || s.Raw() {
		t.Errorf("ended by SIGTERM: exit code %d, raw: %t", code, s.Raw())
	}
	code, out, _ = f.run(t, "run", "shell", "-l", one+":!"+one, "-y")
	if code != 1 || out != "" {
		t.Errorf("an empty selection: exit code %d", code)
	}
	f.clean(t)
}

// endRunner ends what serves froyo on a host, as one that dies.
const endRunner = `for e in /proc/[0-9]*/exe; do case $(readlink $e 2>/dev/null) in *froyo*|*memfd*) p=${e%/exe}; kill -9 ${p#/proc/};; esac; done; true`

func typeAtShell(t *testing.T, f *froyo, columns int, both string) {
	t.Helper()
	one, two, three := f.hosts[0].Name, f.hosts[1].Name, f.hosts[2].Name
	cmd := f.command(t.Context(), "run", "shell", "-i", "hosts.ini")
	cmd.Env = append(cmd.Env, "TERM=xterm", "INPUTRC="+os.DevNull)
	s := ptytest.Start(t, cmd, columns, 40)
	s.Wait("Run commands on 3 hosts: h[" + one[1:])
	s.Type("y\r")
	s.Wait("3 hosts> ")
	s.Type("cat /srv/lab/wo'r'd\r")
	s.Wait(both + "\n  same\n" + two + "\n  other\n3 hosts>")
	s.Type("true; sleep 1234\r")
	sleeping := func() int {
		n := 0
		for _, said := range f.each(t, "pgrep -x -f 'sleep [1]234' >/dev/null && echo yes || true") {
			n += strings.Count(said, "yes")
		}
		return n
	}
	within(t, "the command begins on all hosts", func() bool { return sleeping() == 3 })
	s.Type("\x03")
	s.Wait("interrupted on 3 hosts: h[")
	within(t, "the command ends on all hosts", func() bool { return sleeping() == 0 })
	s.Type("sleep 3; echo still here\r")
	f.hosts[1].SSH(t, "for i in 1 2 3 4 5 6 7 8; do pgrep -x -f 'sleep [3]' >/dev/null && break; sleep 0.2; done; "+endRunner)
	s.Wait(both + "\n  still here\n")
	s.Wait("it takes no further part; :reconnect connects to it again")
	s.Wait("2 hosts> ")
	s.Type("uname\r")
	s.Wait(both + "\n  Linux\n2 hosts>")
	if n := strings.Count(s.Screen(), ":reconnect"); n != 1 {
		t.Errorf("the lost host is told %d times", n)
	}
	s.Type(":reco\t\r")
	s.Wait("3 hosts: h[" + one[1:] + "-" + three[1:] + "]\n3 hosts>")
	s.Type(":limit " + three[:1] + "\t\x15:limit " + two + "\r")
	s.Wait("1 host: " + two)
	s.Wait("1 host> ")
	s.Type("echo begins; sleep 1; echo ends\r")
	s.Wait("\nbegins\n")
	s.Wait("\nends\n1 host>")
	f.hosts[1].SSH(t, endRunner)
	s.Type("true\r")
	s.Wait("0 hosts> ")
	s.Type("echo nowhere\r")
	s.Until("a hint", func(screen string) bool { // which is wrapped
		return strings.Contains(strings.Join(strings.Fields(screen), " "), ":reconnect connects to those that are lost, :limit without a selector selects all")
	})
	s.Type(":reconnect\r")
	s.Until("a host again", func(screen string) bool { return strings.HasSuffix(screen, "left out by :limit: 2 hosts\n1 host>") })
	s.Type("\x04")
	if code := s.End(); code != 0 || s.Raw() {
		t.Errorf("exit code %d, raw: %t", code, s.Raw())
	}
	t.Logf("at %d columns:\n%s", columns, s.Screen())
}

func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not so in time: " + what)
		}
	}
}
