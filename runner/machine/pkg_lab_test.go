package machine

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runtime/labtest"
)

// restrictedEnv makes this test's program one that performs the op in it, as a
// runner does that sudo permits certain programs only.
const restrictedEnv = "FROYO_TEST_RESTRICTED"

// TestLabRestrictedPackages changes packages where sudo permits apt alone.
func TestLabRestrictedPackages(t *testing.T) {
	if text := os.Getenv(restrictedEnv); text != "" {
		performRestricted(t, text)
		return
	}
	h := labtest.Hosts(t, 1)[0]
	repository, err := os.ReadFile("../packages/apt/testdata/repository.sh")
	if err != nil {
		t.Fatal(err)
	}
	undo, err := os.ReadFile("../packages/apt/testdata/undo.sh")
	if err != nil {
		t.Fatal(err)
	}
	h.Undo(t, "mv /root/ops.sudo /etc/sudoers.d/ops; rm -f /usr/local/bin/restricted; "+string(undo))
	h.SSH(t, string(repository))
	h.SSH(t, "mv /etc/sudoers.d/ops /root/ops.sudo")
	h.Sudoers(t, "ops ALL=(root) NOPASSWD: /usr/bin/systemctl,/usr/bin/apt,/usr/bin/dnf")
	send(t, h, os.Args[0], "/usr/local/bin/restricted")
	do := func(t *testing.T, e op.PkgEnsure) (result op.Result, notes string) {
		t.Helper()
		text, err := codec.Marshal(op.Op{PkgEnsure: &e})
		if err != nil {
			t.Fatal(err)
		}
		out := h.SSHAs(t, "ops", "cd /tmp && "+restrictedEnv+"='"+string(text)+"' restricted -test.run '^TestLabRestrictedPackages$' -test.v")
		for line := range strings.Lines(out) {
			if note, ok := strings.CutPrefix(line, "NOTE "); ok {
				notes += note
			}
			if text, ok := strings.CutPrefix(line, "RESULT "); ok {
				if err := codec.Unmarshal([]byte(text), &result); err != nil {
					t.Fatal(err)
				}
				return result, notes
			}
		}
		t.Fatalf("no result in %s", out)
		return
	}
	want := func(t *testing.T, got op.Result, changes ...op.PkgChange) {
		t.Helper()
		if got.Error != nil {
			t.Fatalf("%s: %s", got.Error.Code, got.Error.Message)
		}
		if diff := cmp.Diff(changes, got.PkgEnsure.Packages); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	no := false

	got, _ := do(t, op.PkgEnsure{Update: true, Recommends: &no, Packages: []op.PkgWant{
		{Name: "fy-app", State: op.PkgLatest}, {Name: "fy-conf", State: op.PkgPresent, Version: "1*"}, {Name: "fy-env", State: op.PkgPresent},
	}})
	want(t, got, op.PkgChange{Name: "fy-app", After: "2.0"}, op.PkgChange{Name: "fy-conf", After: "1.0"}, op.PkgChange{Name: "fy-env", After: "1.0"})
	h.SSH(t, "grep -qx LC_ALL=C.UTF-8 /run/fy-env")

	got, _ = do(t, op.PkgEnsure{Packages: []op.PkgWant{
		{Name: "fy-app", State: op.PkgAbsent}, {Name: "fy-conf", State: op.PkgPurged}, {Name: "fy-lib", State: op.PkgPresent, Version: "1.0"},
	}})
	want(t, got, op.PkgChange{Name: "fy-app", Before: "2.0"}, op.PkgChange{Name: "fy-conf", Before: "1.0"}, op.PkgChange{Name: "fy-lib", Before: "2.0", After: "1.0"})

	// The lock, as apt tells of it.
	lock := "setsid apt-get install -y -qq fy-slow >/dev/null 2>&1 </dev/null & for i in $(seq 400); do [ -e /run/fy-slow ] && exit 0; sleep 0.05; done; exit 1"
	h.SSH(t, lock)
	h.SSH(t, "(sleep 3; touch /run/fy-go) >/dev/null 2>&1 &")
	got, notes := do(t, op.PkgEnsure{Packages: []op.PkgWant{{Name: "fy-conf", State: op.PkgPresent}}})
	want(t, got, op.PkgChange{Name: "fy-conf", After: "1.0"})
	if !strings.HasPrefix(notes, "waiting for the package lock held by apt-get (process ") || strings.Count(notes, "\n") != 1 {
		t.Errorf("noted %q", notes)
	}
	if !strings.Contains(got.PkgEnsure.Waited, " s for the package lock held by apt-get (process ") {
		t.Errorf("waited %q", got.PkgEnsure.Waited)
	}
	h.SSH(t, "apt-get purge -y -qq fy-slow; "+lock)
	got, _ = do(t, op.PkgEnsure{LockMS: 1500, Packages: []op.PkgWant{{Name: "fy-top", State: op.PkgPresent}}})
	if got.Error == nil || got.Error.Code != "locked" || got.Error.Class != op.Transient || !strings.Contains(got.Error.Message, "held by apt-get (process ") {
		t.Errorf("got %+v, want it locked", got.Error)
	}
	h.SSH(t, "touch /run/fy-go; while pgrep -x apt-get >/dev/null; do sleep 0.1; done")

	// What apt cannot do, and what sudo does not permit.
	h.SSH(t, "! apt-get install -qq -y fy-killed && touch /run/fy-whole")
	got, _ = do(t, op.PkgEnsure{Packages: []op.PkgWant{{Name: "fy-top", State: op.PkgPresent}}})
	if got.Error == nil || got.Error.Code != "interrupted" || !strings.Contains(got.Error.Message, "\nrun there: sudo dpkg --configure -a") {
		t.Errorf("got %+v, want it interrupted", got.Error)
	}
	h.SSH(t, "dpkg --configure -a")
	h.SSH(t, "echo 'ops ALL=(root) NOPASSWD: /usr/bin/systemctl' >/etc/sudoers.d/zz-test")
	got, _ = do(t, op.PkgEnsure{Packages: []op.PkgWant{{Name: "fy-top", State: op.PkgPresent}}})
	if got.Error == nil || got.Error.Code != "sudo" || !strings.Contains(got.Error.Message, "sudo does not let ops run apt\n") {
		t.Errorf("got %+v, want sudo to refuse", got.Error)
	}
}

// performRestricted is the part of the test that runs on the host.
func performRestricted(t *testing.T, text string) {
	var o op.Op
	if err := codec.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	m := New(time.Second).As("root")
	result := m.Perform(t.Context(), o, perform.Stream{Note: func(text string) {
		_, _ = os.Stdout.WriteString("NOTE " + text + "\n")
	}})
	out, err := codec.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("RESULT " + string(out) + "\n")
}

// send copies a program to a host.
func send(t *testing.T, h labtest.Host, from, to string) {
	t.Helper()
	program, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	cmd := exec.CommandContext(t.Context(), "ssh", "-q", "-i", h.KeyFile, "-o", "UserKnownHostsFile="+h.KnownHosts,
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "root@"+h.Addr, "cat >"+to+" && chmod 755 "+to)
	cmd.Stdin = program
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("copy to %s: %v: %s", h.Name, err, out)
	}
}
