package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// listing lists all that is on a host's disk, with type, mode, owner, size, and
// the times of content and of attributes, which no program can set back. Left out
// is what other programs write meanwhile, or the act of logging in itself:
//
//	/proc /sys /dev /run   the kernel's and systemd's own, not on disk
//	/var/log               the journal, and wtmp, btmp and lastlog of every login
//	/var/lib/systemd       timers' stamps, the random seed, lingering users
//	/var/lib/private       the state of systemd's own services
//	/tmp /var/tmp          the directories' times alone: sshd and systemd make private ones
const listing = `find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /var/log -o -path /var/lib/systemd -o -path /var/lib/private \) -prune -o ` +
	`\( -path /tmp -o -path /var/tmp -o -path / \) -printf '%p\n' -o -printf '%p %y %#m %u %g %s %T@ %C@ %l\n' | sort`

// TestLabPlanChangesNothing: plans of every example leave a host's disk as it
// was, on a host that is as it was booted and on one that has converged. It makes
// FROYO_PLANS of each, 3 where that is not set.
func TestLabPlanChangesNothing(t *testing.T) {
	plans := 3
	if n, err := strconv.Atoi(os.Getenv("FROYO_PLANS")); err == nil {
		plans = n
	}
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"nginx", nil},
		{"apache", nil},
		{"demo", []string{"-e", "root=/srv/demo"}},
		{"fleet", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := pristine(t, 2)
			inventory := "hosts.ini"
			if tt.name == "fleet" {
				inventory = "inventory.cue"
				f.write(t, inventory, smallFleet(f))
			}
			example, err := filepath.Abs("../../examples/" + tt.name + "/site.star")
			if err != nil {
				t.Fatal(err)
			}
			run := func(command string, args ...string) {
				t.Helper()
				args = append(append([]string{command, example, "-i", inventory}, tt.args...), args...)
				if code, out, errs := f.finish(t, f.command(t.Context(), args...)); code != 0 {
					t.Fatalf("%s: code %d\n%s%s", command, code, out, errs)
				}
			}
			for _, state := range []string{"as it was booted", "converged"} {
				if state == "converged" {
					run("apply", "-y")
				}
				before := f.each(t, listing)
				for range plans {
					run("plan")
				}
				for i, after := range f.each(t, listing) {
					if diff := changedLines(before[i], after); diff != "" {
						t.Errorf("%s, %s: %d plans changed\n%s", f.hosts[i].Name, state, plans, diff)
					}
				}
				t.Logf("%s: %d plans of %s changed nothing among %d files", state, plans, tt.name, strings.Count(before[0], "\n"))
			}
		})
	}
}

// smallFleet is an inventory with one host of each role of the example.
func smallFleet(f *froyo) string {
	host := func(n int, role string) string {
		h := f.hosts[n]
		return fmt.Sprintf("hosts: %s: {address: %q, user: \"root\", key: %q, labels: role: %q}\n", h.Name, h.Addr, h.KeyFile, role)
	}
	return host(0, "web") + host(1, "balancer")
}

// changedLines are the lines that two listings do not share, the first of them.
func changedLines(before, after string) string {
	count := map[string]int{}
	for line := range strings.Lines(before) {
		count[line]++
	}
	var out []string
	for line := range strings.Lines(after) {
		if count[line]--; count[line] < 0 {
			out = append(out, "+"+line)
		}
	}
	for line := range strings.Lines(before) {
		if count[line] > 0 {
			out = append(out, "-"+line)
			count[line]--
		}
	}
	return strings.Join(out[:min(len(out), 30)], "")
}
