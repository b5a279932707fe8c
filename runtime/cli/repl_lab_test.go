package cli_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/cli/prompt/ptytest"
)

// TestLabRepl types a session on a terminal: completion, entries of several lines, facts of all hosts, what a function would do,
// Ctrl-C, an apply with its question, a file that was edited, a host that is lost, the history.
func TestLabRepl(t *testing.T) {
	f := start(t, 2)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.write(t, "froyo.cue", "")
	f.write(t, "site.star", "def port():\n    return 80\n\ndef web(host):\n    file(\"/srv/lab/web\", content = \"%d\\n\" % port())\n\nplay(\"web\", do = web)\n")
	h1, h2 := f.hosts[0].Name, f.hosts[1].Name
	s := ptytest.Start(t, f.command(t.Context(), "repl", "-i", "hosts.ini"), 100, 40)
	s.Wait("2 hosts, names of site.star")

	s.Type("le\t")
	s.Wait("froyo> len(")
	s.Type("hosts())\r")
	s.Wait("\n2\n")
	s.Type("host(\"" + h1 + "\").facts.os.ba\tfam\t\r")
	s.Wait("\n\"debian\"\n")
	s.Type("[h.facts.os.basic.hostname for h in hosts()]\r")
	s.Wait("[\"" + h1 + "\", \"" + h2 + "\"]")
	s.Type("host(\"" + h1 + "\").read(\"/etc/os-release\")\r")
	s.Wait("\nID=debian\n")

	s.Type("def motd(host):\r    file(\"/srv/lab\", state = \"directory\")\r    file(\"/srv/lab/motd\", content = \"hi %s\\n\" % host.name)\r\r")
	s.Type("plan(motd, hosts = \"" + h1 + "\")\r")
	s.Wait("+hi " + h1)
	s.Wait("Plan: 2 to add")
	ready(s)
	s.Type("apply(motd)\r")
	s.Wait("Make these changes on 2 of 2 hosts? [y/N]")
	s.Type("y\r")
	s.Wait("changed=2")
	if got := strings.Join(f.each(t, "cat /srv/lab/motd"), ""); got != "hi "+h1+"\nhi "+h2+"\n" {
		t.Errorf("the hosts have %q", got)
	}

	ready(s)

	// Ctrl-C ends what is under way, on the host, too.
	s.Type("host(\"" + h1 + "\").query(\"sleep 321\")\r")
	s.Until("the host runs it", func(string) bool {
		return strings.TrimSpace(f.hosts[0].SSH(t, "pgrep -fc '^sleep 321' || true")) == "1"
	})
	s.Type("\x03")
	s.Wait("error: interrupted")
	s.Until("the host no longer runs it", func(string) bool {
		return strings.TrimSpace(f.hosts[0].SSH(t, "pgrep -fc '^sleep 321' || true")) == "0"
	})
	ready(s)
	s.Type("\"still \" + \"here\"\r")
	s.Wait("\n\"still here\"\n")

	// A file that was edited counts from reload on; what was typed stays.
	s.Type("kept = 7\r")
	f.write(t, "site.star", "def port():\n    return 8080\n\ndef web(host):\n    file(\"/srv/lab/web\", content = \"%d\\n\" % port())\n\nplay(\"web\", do = web)\n")
	s.Type("port() + kept\r")
	s.Wait("\n87\n")
	ready(s)
	s.Type("reload()\r")
	ready(s)
	s.Type("port() + kept\r")
	s.Wait("\n8087\n")

	// A wrong name, and a host that is lost and comes back.
	s.Type("host(\"nope\")\r")
	s.Wait("there is no host nope")
	ready(s)
	sum := strings.Fields(f.hosts[1].SSH(t, "sha256sum /etc/hostname"))[0]
	s.Type("host(\"" + h2 + "\").query(\"pkill -KILL -P $(systemctl show -P MainPID ssh)\")\r")
	s.Wait("the connection was lost")
	ready(s)
	s.Type("host(\"" + h2 + "\").checksum(\"/etc/hostname\")\r")
	s.Wait(sum)
	ready(s)
	s.Type("\x04")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	again := ptytest.Start(t, f.command(t.Context(), "repl", "-i", "hosts.ini", "-l", h2), 80, 24)
	again.Wait("1 host selected")
	again.Type("\x1b[A")
	again.Wait("froyo> host(\"" + h2 + "\").checksum(")
	again.Type("\r")
	again.Wait(sum)
	ready(again)
	again.Type("host(\"" + h1 + "\")\r")
	again.Wait("is not one of those that -l")
	ready(again)
	again.Type("\x04")
	if code := again.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// ready waits for a prompt on which nothing is typed.
func ready(s *ptytest.Session) {
	s.Until("a prompt", func(screen string) bool { return strings.HasSuffix(strings.TrimRight(screen, " \n"), "\nfroyo>") })
}
