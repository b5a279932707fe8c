package cli_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// hostilePaths is a runbook over a directory of a user who changes it all the
// time. Every unit may fail; none may touch what is not the user's.
const hostilePaths = `
home = "/srv/hostile/home/"

def do(host):
    for i in range(60):
        file("%sn%d" % (home, i), content = "round ROUND\n", owner = "ops", ignore_failure = True,
            backup = i % 7 == 0, in_place = i % 5 == 0, validate = "grep -q round '%s'" if i % 3 == 0 else None)
    for i in range(6):
        file("%sh%d" % (home, i), owner = "ops", mode = "0666", ignore_failure = True)
        file("%sd%d/sub/deep" % (home, i), state = "directory", owner = "ops", ignore_failure = True)
        file("%sd%d/conf" % (home, i), content = "ROUND\n", owner = "ops", mode = "0644", ignore_failure = True)
        file("%sd%d/cfg" % (home, i), state = "link", target = "/etc/hostname", owner = "ops", ignore_failure = True)
        file("%sd%d/secret" % (home, i), state = "absent", ignore_failure = True)
        file("%sd%d/inner" % (home, i), mode = "0666", owner = "ops", ignore_failure = True)
        cmd("true", name = "made%d" % i, creates = "%sd%d/secret" % (home, i), ignore_failure = True)
    file(home + "tree", state = "directory", owner = "ops", group = "ops", mode = "u=rwX,go=rX", recurse = True, ignore_failure = True)
    file(home + "gone", state = "absent", recurse = True, ignore_failure = True)

play("hostile", hosts = "all", do = do)
`

// readPaths reads such a file while it plans.
const readPaths = `
def do(host):
    text = host.read("/srv/hostile/home/nNUMBER")
    file("/srv/hostile/home/copy", content = text if text else "", owner = "ops")

play("hostile", hosts = "all", do = do)
`

// TestLabHostilePaths plans and applies on a host where a user, and a helper of
// root's, change names under its hands. Root's own files are neither read nor written,
// removed or given away. FROYO_HOSTILE_RUNS says how many plans and applies there are.
func TestLabHostilePaths(t *testing.T) {
	runs := 6
	if n, err := strconv.Atoi(os.Getenv("FROYO_HOSTILE_RUNS")); err == nil {
		runs = n
	}
	f := start(t, 1)
	f.trust(t)
	f.inventory(t, "root", nil)
	h := f.hosts[0]
	const canary = "canary-5f1c7d0b9e"
	h.Undo(t, "rm -rf /srv/hostile")
	h.SSH(t, "rm -rf /srv/hostile && mkdir -p /srv/hostile/secrets/d/e /srv/hostile/home && cd /srv/hostile/secrets && umask 077 &&"+
		" printf "+canary+" >secret && printf inner-"+canary+" >d/inner && touch d/e/f && chown ops: /srv/hostile/home && chmod 755 /srv/hostile/secrets /srv/hostile/secrets/d")
	const listing = `find /srv/hostile/secrets /etc /root -xdev ! -path '/root/.cache*' \( -type f -printf '%i %m %u %g %T@ %p ' -exec sha256sum {} + -o -printf '%i %m %u %g %p %l\n' \) | sort`
	before := h.SSH(t, listing)
	stop := f.race(t, h)
	counts := map[string]int{}
	for i := range (runs + 1) / 2 {
		f.write(t, "site.star", strings.ReplaceAll(hostilePaths, "ROUND", fmt.Sprint(i)))
		f.hostileRun(t, counts, canary, "plan")
		f.hostileRun(t, counts, canary, "apply", "-y")
		if i%4 == 0 {
			f.write(t, "site.star", strings.ReplaceAll(readPaths, "NUMBER", fmt.Sprint(i%60)))
			f.hostileRun(t, counts, canary, "plan")
		}
		if t.Failed() {
			break
		}
	}
	said := stop()
	if after := h.SSH(t, listing); after != before {
		t.Errorf("root's files were changed:\nbefore:\n%s\nafter:\n%s", different(before, after), different(after, before))
	}
	f.holdsNoSecret(t, canary)
	t.Logf("%d plans and applies: %v; the racers: %s", counts["plan"]+counts["apply"], counts, said)
}

// hostileRun runs froyo, and counts how its units ended.
func (f *froyo) hostileRun(t *testing.T, counts map[string]int, canary string, args ...string) {
	t.Helper()
	cmd := f.command(t.Context(), append(args, "-i", "hosts.ini")...)
	begin := time.Now()
	out, _ := cmd.CombinedOutput() // units fail, and so may the run
	counts[args[0]+" ms"] += int(time.Since(begin).Milliseconds())
	counts[args[0]]++
	counts[fmt.Sprintf("%s exit %d", args[0], cmd.ProcessState.ExitCode())]++
	text := string(out)
	if os.Getenv("FROYO_HOSTILE_SHOW") != "" {
		t.Log(text)
	}
	for what, pattern := range map[string]string{
		"unsafe transitions": `unsafe path transition`, "hard links refused": `has other names, too`, "mounts refused": `mounted at`, "exchanged": `was exchanged|was replaced while`,
	} {
		counts[what] += len(regexp.MustCompile(pattern).FindAllString(text, -1))
	}
	for _, done := range regexp.MustCompile(`changed=(\d+)`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(done[1]) // it is a number
		counts["changes"] += n
	}
	if at := strings.Index(text, canary); at >= 0 {
		t.Errorf("froyo %s shows root's file: %s", args[0], text[max(0, at-1000):min(len(text), at+200)])
	}
	if strings.Contains(text, "panic") || strings.Contains(text, "defect") {
		t.Errorf("froyo %s is broken: %s", args[0], text)
	}
}

// race starts the two racers on a host. Stop ends them and returns what they say they did.
func (f *froyo) race(t *testing.T, h labtest.Host) (stop func() string) {
	t.Helper()
	racer := filepath.Join(f.dir, "racer")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", racer, "../../testdata/hostile/racer")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	push := exec.CommandContext(t.Context(), "scp", "-q", "-i", h.KeyFile, "-o", "UserKnownHostsFile="+h.KnownHosts, "-o", "IdentitiesOnly=yes",
		racer, "root@"+h.Addr+":/srv/hostile/racer")
	if out, err := push.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const begin = `cd /srv/hostile && for w in root user; do
		[ $w = root ] && as="" || as="setpriv --reuid=ops --regid=ops --init-groups"
		setsid $as ./racer $w /srv/hostile/home /srv/hostile/secrets >$w.said 2>&1 </dev/null & echo $!; done`
	pids := strings.Join(strings.Fields(h.SSH(t, begin)), " ")
	end := "kill " + pids + "; for p in " + pids + "; do while kill -0 $p; do sleep 0.1; done; done 2>/dev/null; true"
	h.Undo(t, end)
	return func() string { return h.SSH(t, end+"; cat /srv/hostile/root.said /srv/hostile/user.said") }
}

// holdsNoSecret checks that nothing that froyo keeps has root's content or its digest.
func (f *froyo) holdsNoSecret(t *testing.T, canary string) {
	t.Helper()
	sum, inner := sha256.Sum256([]byte(canary)), sha256.Sum256([]byte("inner-"+canary))
	err := filepath.WalkDir(f.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "racer" {
			return err
		}
		text, err := os.ReadFile(p)
		for _, secret := range []string{canary, hex.EncodeToString(sum[:]), hex.EncodeToString(inner[:]), string(sum[:])} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s holds what root's file holds, or its digest", p)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// different returns the lines of one text that are not in another.
func different(of, in string) string {
	var lines []string
	for line := range strings.Lines(of) {
		if !strings.Contains(in, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
