package apt_test

import (
	"context"
	_ "embed"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/labtest"
)

//go:embed testdata/repository.sh
var repository string

//go:embed testdata/undo.sh
var undo string

// lab is a host with the real apt and a repository of small packages.
type lab struct {
	host    labtest.Host
	session *dial.Session
	client  *ssh.Client

	mu    sync.Mutex
	notes []string // guarded by mu
}

func startLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{host: labtest.Hosts(t, 1)[0]}
	l.host.Undo(t, undo)
	l.host.SSH(t, repository)
	l.connect(t)
	return l
}

// connect logs in and starts a runner of its own.
func (l *lab) connect(t *testing.T) {
	t.Helper()
	d := ssh.NewDialer(ssh.Options{Home: t.TempDir(), User: "root", KnownHosts: []string{l.host.KnownHosts}})
	t.Cleanup(func() { _ = d.Close() })
	var err error
	l.client, err = d.Dial(t.Context(), ssh.Host{Name: l.host.Name, Address: l.host.Addr, Keys: []string{l.host.KeyFile}})
	if err != nil {
		t.Fatal(err)
	}
	l.session = dial.Open(l.client, dial.Options{Host: l.host.Name, Binary: dialtest.Binary(t), Note: func(_, text string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.notes = append(l.notes, text)
	}})
	t.Cleanup(func() { _ = l.session.Close(context.Background()) })
}

// noted returns what was told since it was asked last.
func (l *lab) noted() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.Join(l.notes, "\n")
	l.notes = nil
	return text
}

func (l *lab) do(t *testing.T, o op.Op, timeout time.Duration) op.Result {
	t.Helper()
	results, err := l.session.Do(t.Context(), []target.Step{{Op: o, Timeout: timeout, Unit: "pkg"}})
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

func (l *lab) ensure(t *testing.T, e op.PkgEnsure) *op.PkgDone {
	t.Helper()
	r := l.do(t, op.Op{PkgEnsure: &e}, 0)
	if r.Error != nil {
		t.Fatalf("%s: %s", r.Error.Code, r.Error.Message)
	}
	return r.PkgEnsure
}

// want reads "name", "name=version", "name@latest", "name-" and "name--" for purged.
func want(specs ...string) []op.PkgWant {
	wants := make([]op.PkgWant, len(specs))
	for i, spec := range specs {
		w := op.PkgWant{State: op.PkgPresent}
		w.Name, w.Version, _ = strings.Cut(spec, "=")
		if name, ok := strings.CutSuffix(w.Name, "--"); ok {
			w.Name, w.State = name, op.PkgPurged
		} else if name, ok := strings.CutSuffix(w.Name, "-"); ok {
			w.Name, w.State = name, op.PkgAbsent
		} else if name, ok := strings.CutSuffix(w.Name, "@latest"); ok {
			w.Name, w.State = name, op.PkgLatest
		}
		wants[i] = w
	}
	return wants
}

// report writes what was done as "name before→after" with the first line of the error behind it.
func report(changes []op.PkgChange) []string {
	var lines []string
	for _, c := range changes {
		line := c.Name + " " + c.Before + "→" + c.After
		if c.Error != nil {
			message, _, _ := strings.Cut(c.Error.Message, "\n")
			line += " " + string(c.Error.Class) + " " + c.Error.Code + ": " + message
		}
		lines = append(lines, line)
	}
	return lines
}

// TestLabTransactions goes through the cases one after the other on one host.
func TestLabTransactions(t *testing.T) {
	l := startLab(t)
	no := false
	tests := []struct {
		name     string
		before   string // a script that runs on the host first
		ensure   op.PkgEnsure
		want     []string
		wantAlso []string
		wantNote string
	}{
		{
			name:   "install",
			ensure: op.PkgEnsure{Packages: want("fy-app=1.0", "fy-lib=1*", "fy.dot", "fy-conf")},
			want:   []string{"fy-app →1.0", "fy-lib →1.0", "fy.dot →1.0", "fy-conf →1.0"},
		},
		{
			name:   "again",
			ensure: op.PkgEnsure{Packages: want("fy-app=1.0", "fy-lib", "fy.dot", "fy-nothing-")},
			want:   []string{"fy-app 1.0→1.0", "fy-lib 1.0→1.0", "fy.dot 1.0→1.0", "fy-nothing →"},
		},
		{
			name:   "beginning of a version",
			ensure: op.PkgEnsure{Packages: want("fy-app=1.*")},
			want:   []string{"fy-app 1.0→1.0"},
		},
		{
			name:     "latest without recommended ones",
			ensure:   op.PkgEnsure{Packages: want("fy-app@latest"), Recommends: &no},
			want:     []string{"fy-app 1.0→2.0"},
			wantAlso: []string{"fy-lib 1.0→2.0"},
		},
		{
			name:   "latest again",
			ensure: op.PkgEnsure{Packages: want("fy-app@latest")},
			want:   []string{"fy-app 2.0→2.0"},
		},
		{
			name:   "downgrade",
			ensure: op.PkgEnsure{Packages: want("fy-app=1.5")},
			want:   []string{"fy-app 2.0→1.5"},
		},
		{
			name:   "version that is not there",
			ensure: op.PkgEnsure{Packages: want("fy-app=9*")},
			want:   []string{"fy-app 1.5→1.5 permanent noversion: fy-app has no version 9*; the package lists have 2.0, 1.5 and 1.0"},
		},
		{
			name:   "held",
			before: "apt-mark hold fy-app",
			ensure: op.PkgEnsure{Packages: want("fy-app@latest", "fy-top")},
			want: []string{
				"fy-app 1.5→1.5 conflict held: fy-app is held at 1.5",
				"fy-top → conflict transaction: fy-top was not touched, because the transaction as a whole was refused: fy-app is held at 1.5",
			},
		},
		{
			name:   "absent and purged with an install",
			before: "apt-mark unhold fy-app",
			ensure: op.PkgEnsure{Packages: want("fy-app-", "fy-conf--", "fy-lib--", "fy-base")},
			want:   []string{"fy-app 1.5→", "fy-conf 1.0→", "fy-lib 2.0→", "fy-base →1.0"},
		},
		{
			name:     "with what it needs",
			ensure:   op.PkgEnsure{Packages: want("fy-top2", "fy-conf")},
			want:     []string{"fy-top2 →1.0", "fy-conf →1.0"},
			wantAlso: []string{"fy-top →1.0"},
		},
		{
			name:   "absent leaves the configuration",
			ensure: op.PkgEnsure{Packages: want("fy-conf-")},
			want:   []string{"fy-conf 1.0→"},
		},
		{
			name:   "purged takes what is left",
			before: "[ -e /etc/fy-conf.conf ]",
			ensure: op.PkgEnsure{Packages: want("fy-conf--")},
			want:   []string{"fy-conf →"},
		},
		{
			name:   "removal that takes others along",
			before: "[ ! -e /etc/fy-conf.conf ]",
			ensure: op.PkgEnsure{Packages: want("fy.dot-", "fy-base-")},
			want: []string{
				"fy.dot 1.0→1.0 conflict transaction: fy.dot was not touched, because the transaction as a whole was refused: removing fy-base would also remove fy-top and fy-top2, which is not planned",
				"fy-base 1.0→1.0 conflict removes: removing fy-base would also remove fy-top and fy-top2, which is not planned",
			},
		},
		{
			name:   "install that takes others away",
			ensure: op.PkgEnsure{Packages: want("fy-conf", "fy-rival")},
			want: []string{
				"fy-conf → conflict transaction: fy-conf was not touched, because the transaction as a whole was refused: installing fy-rival would remove fy-base, fy-top and fy-top2, which is not planned",
				"fy-rival → conflict removes: installing fy-rival would remove fy-base, fy-top and fy-top2, which is not planned",
			},
		},
		{
			name:   "planned removals",
			ensure: op.PkgEnsure{Packages: want("fy-rival", "fy-base-", "fy-top-", "fy-top2--")},
			want:   []string{"fy-rival →1.0", "fy-base 1.0→", "fy-top 1.0→", "fy-top2 1.0→"},
		},
		{
			name:   "names that are unknown, virtual or mentioned",
			ensure: op.PkgEnsure{Packages: want("fy-conf", "fy-nothing", "fy-mail", "fy-mentioned", "fy.do+")},
			want: []string{
				"fy-conf → permanent transaction: fy-conf was not touched, because the transaction as a whole was refused: there is no package fy-nothing in the package lists of the host",
				"fy-nothing → permanent nopackage: there is no package fy-nothing in the package lists of the host",
				"fy-mail → permanent nocandidate: fy-mail is no package itself, but provided by fy-mail2 and fy-mail1",
				"fy-mentioned → permanent nopackage: there is no package fy-mentioned in the package lists of the host",
				"fy.do+ → permanent nopackage: there is no package fy.do+ in the package lists of the host",
			},
		},
		{
			name:   "needs that are not met",
			ensure: op.PkgEnsure{Packages: want("fy-conf", "fy-unmet")},
			want: []string{
				"fy-conf → conflict transaction: fy-conf was left as it was, because the transaction failed: installing fy-unmet failed: Depends: fy-nowhere (>= 3) but it is not installable",
				"fy-unmet → conflict depends: installing fy-unmet failed: Depends: fy-nowhere (>= 3) but it is not installable",
			},
		},
		{
			name:   "archive that cannot be fetched",
			ensure: op.PkgEnsure{Packages: want("fy-conf", "fy-lost")},
			want: []string{
				"fy-conf → transient transaction: fy-conf was left as it was, because the transaction failed: installing fy-lost failed: it could not be fetched: File not found - /srv/fy/repo/./fy-lost_1.0_all.deb (2: No such file or directory)",
				"fy-lost → transient fetch: installing fy-lost failed: it could not be fetched: File not found - /srv/fy/repo/./fy-lost_1.0_all.deb (2: No such file or directory)",
			},
		},
		{
			name:   "failing script",
			ensure: op.PkgEnsure{Packages: want("fy-bad", "fy-conf")},
			want: []string{
				"fy-bad →1.0 permanent failed: installing fy-bad failed: installed fy-bad package post-installation script subprocess returned error exit status 3",
				"fy-conf →1.0",
			},
		},
		{
			name:   "beside a package that is broken",
			ensure: op.PkgEnsure{Packages: want("fy-lib")},
			want:   []string{"fy-lib →2.0"},
		},
		{
			name:     "failing script of what is needed",
			before:   "dpkg --purge fy-bad",
			ensure:   op.PkgEnsure{Packages: want("fy-needbad")},
			want:     []string{"fy-needbad →1.0 permanent failed: fy-needbad needs fy-bad, which failed: installed fy-bad package post-installation script subprocess returned error exit status 3"},
			wantAlso: []string{"fy-bad →1.0"},
		},
		{
			name:   "away with the broken",
			ensure: op.PkgEnsure{Packages: want("fy-needbad-", "fy-bad-", "fy-rival--")},
			want:   []string{"fy-needbad 1.0→", "fy-bad 1.0→", "fy-rival 1.0→"},
		},
		{
			name:     "needs of others that are not met are repaired first",
			before:   "dpkg --unpack /srv/fy/repo/fy-top2_1.0_all.deb",
			ensure:   op.PkgEnsure{Packages: want("fy-extra")},
			want:     []string{"fy-extra →1.0"},
			wantAlso: []string{"fy-base →1.0", "fy-top →1.0"},
		},
		{
			name:     "interrupted",
			before:   "! apt-get install -qq -y fy-killed && touch /run/fy-whole && ls /var/lib/dpkg/updates/0*",
			ensure:   op.PkgEnsure{Packages: want("fy-env", "fy-killed")},
			want:     []string{"fy-env →1.0", "fy-killed 1.0→1.0"},
			wantNote: "finishing a change of packages that was interrupted earlier",
		},
		{
			name:   "no question is asked",
			before: "grep -qx DEBIAN_FRONTEND=noninteractive /run/fy-env && grep -qx LC_ALL=C.UTF-8 /run/fy-env && grep -qx NEEDRESTART_MODE=l /run/fy-env",
			ensure: op.PkgEnsure{Packages: want("fy-env")},
			want:   []string{"fy-env 1.0→1.0"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.before != "" {
				l.host.SSH(t, test.before)
			}
			simulated := test.ensure
			simulated.Simulate = true
			foreseen, _ := l.ensure(t, simulated), l.noted()
			got := l.ensure(t, test.ensure)
			foresees(t, foreseen, got)
			if diff := cmp.Diff(test.want, report(got.Packages)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
				for _, c := range got.Packages {
					if c.Error != nil {
						t.Log(c.Error.Message)
					}
				}
			}
			if diff := cmp.Diff(test.wantAlso, report(got.Also)); diff != "" {
				t.Errorf("also: -want +got:\n%s", diff)
			}
			if note := l.noted(); note != test.wantNote || got.Waited != "" {
				t.Errorf("noted %q, waited %q; want %q and none", note, got.Waited, test.wantNote)
			}
		})
	}
}

// TestLabSimulatesEssential: what the host cannot do without is refused before anything is done.
func TestLabSimulatesEssential(t *testing.T) {
	l := startLab(t)
	got := l.ensure(t, op.PkgEnsure{Packages: want("dash-"), Simulate: true})
	if e := got.Packages[0].Error; e == nil || !strings.Contains(e.Message, "Essential packages were removed") {
		t.Errorf("the error is %v", e)
	}
}

// foresees expects of a simulation what then came: refusals, and what came along.
// How an archive or a package's script fails cannot be foreseen; what is finished
// or repaired first is not simulated.
func foresees(t *testing.T, foreseen, got *op.PkgDone) {
	t.Helper()
	refusals := map[string]bool{"held": true, "removes": true, "nopackage": true, "nocandidate": true, "noversion": true, "depends": true}
	failed := false
	for i, p := range got.Packages {
		said := ""
		if e := foreseen.Packages[i].Error; e != nil {
			said = e.Code
		}
		if p.Error == nil {
			if said != "" {
				t.Errorf("simulated, %s is refused: %s", p.Name, foreseen.Packages[i].Error.Message)
			}
			continue
		}
		failed = true
		if refusals[p.Error.Code] && said != p.Error.Code {
			t.Errorf("simulated, %s has the error %q, want %q", p.Name, said, p.Error.Code)
		}
	}
	if failed || len(foreseen.Also) == 0 {
		return
	}
	var want, also []string
	for _, p := range got.Also {
		want = append(want, p.Name)
	}
	for _, p := range foreseen.Also {
		also = append(also, p.Name)
	}
	if diff := cmp.Diff(want, also); diff != "" {
		t.Errorf("simulated to come along: -want +got:\n%s", diff)
	}
}

// TestLabQuery asks for what the host really has.
func TestLabQuery(t *testing.T) {
	l := startLab(t)
	l.ensure(t, op.PkgEnsure{Packages: want("fy-lib=1.0", "fy-conf", "fy-app=1.5")})
	l.ensure(t, op.PkgEnsure{Packages: want("fy-conf-")})
	l.host.SSH(t, "apt-mark hold fy-lib; ! apt-get install -y -qq fy-bad 2>/dev/null; printf 'Package: fy-top\nPin: version *\nPin-Priority: -1\n' >/etc/apt/preferences.d/fy")
	r := l.do(t, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{
		{Name: "fy-lib", Candidate: op.Always},
		{Name: "fy-app", Candidate: op.Missing},
		{Name: "fy-conf"},
		{Name: "fy-bad", Candidate: op.Missing},
		{Name: "fy-nothing", Candidate: op.Missing},
		{Name: "fy-mail", Candidate: op.Missing},
		{Name: "fy-mentioned", Candidate: op.Always},
		{Name: "fy-top", Candidate: op.Missing},
		{Name: "fy.dot:amd64", Candidate: op.Missing},
		{Name: "fy.do+", Candidate: op.Missing},
	}}}, 0)
	want := op.Result{PkgQuery: &op.PkgQueryResult{Manager: "apt", Packages: []op.Package{
		{Name: "fy-lib", Version: "1.0", Status: op.PkgInstalled, Held: true, Looked: true, Candidate: "2.0", Available: []string{"2.0", "1.0"}},
		{Name: "fy-app", Version: "1.5", Status: op.PkgInstalled},
		{Name: "fy-conf", Status: op.PkgConfig},
		{Name: "fy-bad", Version: "1.0", Status: op.PkgBroken, Looked: true, Candidate: "1.0", Available: []string{"1.0"}},
		{Name: "fy-nothing", Looked: true},
		{Name: "fy-mail", Looked: true, Virtual: true},
		{Name: "fy-mentioned", Looked: true},
		{Name: "fy-top", Looked: true, Available: []string{"1.0"}},
		{Name: "fy.dot:amd64", Looked: true, Candidate: "1.0", Available: []string{"1.0"}},
		{Name: "fy.do+", Looked: true},
	}}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	facts := l.do(t, op.Op{Facts: &op.Facts{Namespaces: []string{"pkg.manifest"}}}, 0).Facts
	if facts == nil || facts.PkgManifest == nil {
		t.Fatalf("no manifest: %+v", facts)
	}
	listed := map[string]string{}
	for line := range strings.Lines(l.host.SSH(t, `dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n'`)) {
		if f := strings.Fields(line); f[0] == "installed" {
			listed[f[1]] = f[2]
		}
	}
	if diff := cmp.Diff(&op.PkgManifest{Manager: "apt", Packages: listed}, facts.PkgManifest); diff != "" {
		t.Errorf("-dpkg +froyo:\n%s", diff)
	}
}

// hold locks the package database for some seconds, as apt does.
const hold = `cat >/run/fy-hold <<'END'
use Fcntl;
for my $path (@ARGV[1..$#ARGV]) {
  open(my $f, "+>>", $path) or die; push @f, $f;
  my $lock = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0);
  fcntl($f, F_SETLK, $lock) or die;
}
open(my $r, ">", "/run/fy-held"); close($r);
sleep $ARGV[0];
END
rm -f /run/fy-held
setsid perl /run/fy-hold `

func (l *lab) hold(t *testing.T, what string) {
	t.Helper()
	l.host.SSH(t, hold+what+" >/dev/null 2>&1 </dev/null & "+until("[ -e /run/fy-held ]"))
}

// later is a script that lets fy-slow go on in some seconds.
const later = "(sleep 3; touch /run/fy-go) >/dev/null 2>&1 &"

// until is a script that waits for a condition, not for ever.
func until(condition string) string {
	return "for i in $(seq 600); do " + condition + " && exit 0; sleep 0.05; done; exit 1"
}

func TestLabLock(t *testing.T) {
	l := startLab(t)
	l.hold(t, "3 /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock")
	got := l.ensure(t, op.PkgEnsure{Packages: want("fy-lib")})
	if diff := cmp.Diff([]string{"fy-lib →2.0"}, report(got.Packages)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if note := l.noted(); !strings.HasPrefix(note, "waiting for the package lock held by perl (process ") || strings.Contains(note, "\n") {
		t.Errorf("noted %q", note)
	}
	if !strings.Contains(got.Waited, " s for the package lock held by perl (process ") {
		t.Errorf("waited %q", got.Waited)
	}

	l.hold(t, "3 /var/cache/apt/archives/lock")
	if r := l.do(t, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "fy-conf", Candidate: op.Missing}}}}, 0); r.Error != nil {
		t.Errorf("a query waited for the lock: %v", r.Error)
	}
	r := l.do(t, op.Op{PkgEnsure: &op.PkgEnsure{Packages: want("fy-conf"), LockMS: 1000}}, 0)
	if r.Error == nil || r.Error.Class != op.Transient || r.Error.Code != "locked" ||
		!strings.HasPrefix(r.Error.Message, "the package lock is still held by perl (process ") || !strings.HasSuffix(r.Error.Message, "after waiting 1 s") {
		t.Errorf("got %+v, want it locked", r.Error)
	}

	// While apt itself is at work, two more ops of one runner take their turns.
	l.host.SSH(t, "while pgrep -x perl >/dev/null; do sleep 0.05; done; setsid apt-get install -y -qq fy-slow >/dev/null 2>&1 </dev/null & "+until("[ -e /run/fy-slow ]"))
	l.host.SSH(t, later)
	results, err := l.session.Do(t.Context(), []target.Step{
		{Op: op.Op{PkgEnsure: &op.PkgEnsure{Packages: want("fy-conf")}}}, {Op: op.Op{PkgEnsure: &op.PkgEnsure{Packages: want("fy-extra")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Error != nil || r.PkgEnsure.Packages[0].After != "1.0" {
			t.Errorf("got %+v", r)
		}
	}
	if note := l.noted(); !strings.Contains(note, "held by apt-get (process ") {
		t.Errorf("noted %q", note)
	}
}

func TestLabUpdate(t *testing.T) {
	l := startLab(t)
	list := func(spec string, valid int64) op.PkgEnsure {
		return op.PkgEnsure{Packages: want(spec), Update: true, Valid: valid}
	}
	fetched := func() string { return l.host.SSH(t, "stat -c %y /var/lib/apt/lists/partial") }
	l.host.SSH(t, "touch -d '2 hours ago' /var/lib/apt/lists")
	tests := []struct {
		name   string
		ensure op.PkgEnsure
		want   bool // the lists are fetched
	}{
		{"young enough", list("fy-lib=1.0", 3*3600), false},
		{"nothing is installed", list("fy-lib-", 3600), false},
		{"too old", list("fy-conf", 3600), true},
		{"fetched a moment ago", list("fy-extra", 3600), false},
		{"nothing to do", list("fy-conf", 0), false},
		{"latest that it is", list("fy-conf@latest", 0), false},
		{"always", list("fy-base", 0), true},
		{"fetched in the future, by a clock that was wrong", list("fy-env", 3*3600), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if strings.Contains(test.name, "future") {
				l.host.SSH(t, "touch -d 2099-01-01 /var/lib/apt/lists")
			}
			before := fetched()
			for _, c := range l.ensure(t, test.ensure).Packages {
				if c.Error != nil {
					t.Error(c.Error)
				}
			}
			if got := fetched() != before; got != test.want {
				t.Errorf("fetched: %v, want %v", got, test.want)
			}
		})
	}
	l.host.SSH(t, "echo 'deb [trusted=yes] file:/srv/fy/none ./' >/etc/apt/sources.list.d/fy-none.list; touch -d '2 hours ago' /var/lib/apt/lists")
	for range 2 { // what failed does not make the lists young
		ensure := list("fy-top", 3600)
		r := l.do(t, op.Op{PkgEnsure: &ensure}, 0)
		if r.Error == nil || r.Error.Class != op.Transient || r.Error.Code != "update" || !strings.Contains(r.Error.Message, "/srv/fy/none") {
			t.Errorf("got %+v, want the update to fail", r.Error)
		}
	}
}

// TestLabKilled ends the runner, its connection and its time while a package is
// being installed. What was begun is finished in each case.
func TestLabKilled(t *testing.T) {
	l := startLab(t)
	tests := []struct {
		name string
		end  func(t *testing.T)
	}{
		{"runner", func(t *testing.T) { l.host.SSH(t, "pkill -KILL -x froyo-runner") }},
		{"connection", func(*testing.T) { _ = l.client.Close() }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l.connect(t)
			failed := make(chan error, 1)
			go func() {
				_, err := l.session.Do(t.Context(), []target.Step{{Op: op.Op{PkgEnsure: &op.PkgEnsure{Packages: want("fy-slow", "fy-conf")}}}})
				failed <- err
			}()
			l.host.SSH(t, until("[ -e /run/fy-slow ]"))
			test.end(t)
			if err := <-failed; err == nil {
				t.Error("the op went well without a runner")
			}
			l.host.SSH(t, "sleep 1; [ -e /run/fy-slow ] && touch /run/fy-go")
			l.host.SSH(t, until("! pgrep -x apt-get >/dev/null"))
			if got := l.host.SSH(t, "dpkg --audit; dpkg-query -W -f '${db:Status-Abbrev}' fy-slow fy-conf"); got != "ii ii " {
				t.Errorf("left %q", got)
			}
			l.connect(t)
			l.ensure(t, op.PkgEnsure{Packages: want("fy-slow--", "fy-conf--")})
		})
	}
	t.Run("time", func(t *testing.T) {
		l.connect(t)
		l.host.SSH(t, later)
		r := l.do(t, op.Op{PkgEnsure: &op.PkgEnsure{Packages: want("fy-slow")}}, time.Second)
		if r.Error != nil || r.PkgEnsure.Packages[0].After != "1.0" || r.PkgEnsure.Packages[0].Error != nil {
			t.Errorf("got %+v", r)
		}
	})
}
