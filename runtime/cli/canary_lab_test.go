package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// TestLabCanary is TestCanary on a real host, whose process lists, journal and
// temporary files are looked at, too.
func TestLabCanary(t *testing.T) {
	h := labtest.Hosts(t, 1)[0]
	const root = "/srv/canary"
	h.Undo(t, "rm -rf "+root+" /srv/canary-processes")
	known, err := filepath.Abs(h.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	c := newCanary(t, root, fmt.Sprintf(
		"    localhost:\n      ansible_host: %s\n      ansible_user: root\n      ansible_ssh_private_key_file: %s\n", h.Addr, h.KeyFile),
		"FROYO_KNOWN_HOSTS="+known)
	if _, err := os.Stat(h.KeyFile); err != nil {
		t.Fatal(err)
	}
	// A program of the host's writes down the command lines of all others.
	h.SSH(t, `rm -rf /srv/canary-processes; mkdir /srv/canary-processes
		setsid sh -c 'while [ -e /srv/canary-processes ]; do cat /proc/[0-9]*/cmdline; sleep 0.02; done' >/srv/canary-processes/seen 2>/dev/null </dev/null &`)
	c.work()
	seen := h.SSH(t, "cat /srv/canary-processes/seen | tr '\\0' ' '; rm -rf /srv/canary-processes")
	if !strings.Contains(seen, "sleep 0.3") {
		t.Error("the process lists do not hold what froyo ran")
	}
	c.look("the host, meanwhile", "process list of the host", []byte(seen))
	for place, script := range map[string]string{
		"journal of the host": "journalctl --no-pager -o verbose 2>/dev/null | tail -n 20000; cat /var/log/* 2>/dev/null; true",
		"files of the host":   "find /tmp /var/tmp /dev/shm /run /root /home -xdev -type f -size -1M -exec cat {} + 2>/dev/null; true",
	} {
		c.look("the host, afterwards", place, []byte(h.SSH(t, script)))
	}
	for name, want := range c.written() {
		if got := h.SSH(t, "cat "+root+"/"+name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	c.report()
}
