package packages_test

import (
	"context"
	_ "embed"
	"slices"
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

//go:embed testdata/repositories.sh
var repositories string

//go:embed testdata/undo.sh
var undo string

// managers are the package managers that the same cases are gone through with.
var managers = []struct {
	name, release string
	lock, unlock  string // scripts
	locked        string // what a transaction that waited in vain says
	hold, unhold  string
	versions      bool // the lists have more than one version of a package
	recommends    bool // packages can recommend others
}{
	{
		name: "dnf", release: "ID=fedora",
		lock:   "mkdir -p /var/cache/dnf; sleep 300 >/dev/null 2>&1 </dev/null & echo -n $! >/var/cache/dnf/metadata_lock.pid",
		unlock: "kill $(cat /var/cache/dnf/metadata_lock.pid)",
		locked: "the package lock is still held by sleep (process ",
		hold:   "echo 'fy-app-0:1.0-1.*' >/etc/dnf/plugins/versionlock.list", unhold: "rm /etc/dnf/plugins/versionlock.list",
		versions: true, recommends: true,
	},
	{
		name: "zypper", release: "ID=opensuse-leap\nID_LIKE='suse opensuse'",
		lock:   "mkdir -p /var/cache/dnf; sleep 300 >/dev/null 2>&1 </dev/null & echo -n $! >/run/zypp.pid",
		unlock: "kill $(cat /run/zypp.pid); rm /run/zypp.pid",
		locked: "the package lock is still held by sleep (process ",
		hold:   "zypper -q addlock fy-app >/dev/null", unhold: "zypper -q removelock fy-app >/dev/null",
		versions: true, recommends: true,
	},
	{
		name: "pacman", release: "ID=arch",
		lock: "touch /var/lib/pacman/db.lck", unlock: "rm /var/lib/pacman/db.lck",
		locked: "the package lock is still held by another process ",
		hold:   "sed -i '/^Arch/aIgnorePkg = fy-ap*' /etc/pacman.conf", unhold: "sed -i /^Ignore/d /etc/pacman.conf",
	},
}

// lab is a host that its own settings say is of another system than it is.
type lab struct {
	host    labtest.Host
	session *dial.Session

	mu    sync.Mutex
	notes []string // guarded by mu
}

func (l *lab) connect(t *testing.T) {
	t.Helper()
	d := ssh.NewDialer(ssh.Options{Home: t.TempDir(), User: "root", KnownHosts: []string{l.host.KnownHosts}})
	t.Cleanup(func() { _ = d.Close() })
	client, err := d.Dial(t.Context(), ssh.Host{Name: l.host.Name, Address: l.host.Addr, Keys: []string{l.host.KeyFile}})
	if err != nil {
		t.Fatal(err)
	}
	l.session = dial.Open(client, dial.Options{Host: l.host.Name, Binary: dialtest.Binary(t), Note: func(_, text string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.notes = append(l.notes, text)
	}})
	t.Cleanup(func() { _ = l.session.Close(context.Background()) })
}

func (l *lab) noted() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.notes, "\n")
}

func (l *lab) do(t *testing.T, o op.Op) op.Result {
	t.Helper()
	results, err := l.session.Do(t.Context(), []target.Step{{Op: o, Unit: "pkg"}})
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

func (l *lab) query(t *testing.T, asks ...op.PkgAsk) []op.Package {
	t.Helper()
	r := l.do(t, op.Op{PkgQuery: &op.PkgQuery{Packages: asks}})
	if r.Error != nil {
		t.Fatalf("%s: %s", r.Error.Code, r.Error.Message)
	}
	return r.PkgQuery.Packages
}

// ensure returns what was done as "name before→after" with the code of the error behind
// it, and the first error.
func (l *lab) ensure(t *testing.T, e op.PkgEnsure) (done []string, also []string, message string) {
	t.Helper()
	r := l.do(t, op.Op{PkgEnsure: &e})
	if r.Error != nil {
		return nil, nil, r.Error.Code + ": " + r.Error.Message
	}
	if e.Simulate {
		for _, c := range r.PkgEnsure.Packages {
			if c.Before != c.After {
				t.Errorf("a simulation says that %s went from %q to %q", c.Name, c.Before, c.After)
			}
		}
	}
	for _, c := range r.PkgEnsure.Packages {
		line := c.Name + " " + c.Before + "→" + c.After
		if c.Error != nil {
			line += " " + c.Error.Code
			if message == "" || c.Error.Code != op.CodeTransaction && strings.Contains(message, "not touched") {
				message = c.Error.Message
			}
		}
		done = append(done, line)
	}
	for _, c := range r.PkgEnsure.Also {
		also = append(also, c.Name+" "+c.Before+"→"+c.After)
	}
	slices.Sort(also)
	return done, also, message
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

const long = "fy-a-name-that-is-much-longer-than-a-column-of-any-table"

// cases are gone through one after the other on one host.
var cases = []struct {
	name     string
	before   string // a script that runs on the host first
	ensure   op.PkgEnsure
	versions bool // only where there are several
	want     []string
	also     []string
	says     string
}{
	{name: "no lists", ensure: op.PkgEnsure{Packages: want("fy-app")}, want: []string{"fy-app → nopackage"}, says: "there is no package fy-app in the package lists"},
	{name: "nothing to do", ensure: op.PkgEnsure{Packages: want("fy-app-")}, want: []string{"fy-app →"}},
	{name: "simulated before lists are fetched", ensure: op.PkgEnsure{Packages: want("fy-app"), Update: true, Simulate: true}, want: []string{"fy-app →"}},
	{
		name: "fetched and installed", ensure: op.PkgEnsure{Packages: want("fy-app", "fy.dot+plus"), Update: true, Recommends: &no},
		want: []string{"fy-app →1.10-1", "fy.dot+plus →2:1.0-1"}, also: []string{"fy-lib →1.0-1"},
	},
	{name: "again", ensure: op.PkgEnsure{Packages: want("fy-app", "fy-lib@latest")}, want: []string{"fy-app 1.10-1→1.10-1", "fy-lib 1.0-1→1.0-1"}},
	{
		name: "what others need, simulated", ensure: op.PkgEnsure{Packages: want("fy-lib-"), Simulate: true},
		want: []string{"fy-lib 1.0-1→1.0-1 removes"}, says: "removing fy-lib would also remove fy-app, which is not planned\nplan fy-app as absent, too",
	},
	{
		name: "what others need", ensure: op.PkgEnsure{Packages: want("fy-lib-", "fy-extra")},
		want: []string{"fy-lib 1.0-1→1.0-1 removes", "fy-extra → transaction"}, says: "removing fy-lib would also remove fy-app",
	},
	{
		name: "conflicts, simulated", ensure: op.PkgEnsure{Packages: want("fy-rival"), Simulate: true},
		want: []string{"fy-rival → *"}, says: "fy-app",
	},
	{name: "conflicts", ensure: op.PkgEnsure{Packages: want("fy-rival")}, want: []string{"fy-rival → *"}, says: "fy-app"},
	{
		name: "one for the other", ensure: op.PkgEnsure{Packages: want("fy-rival", "fy-app-")},
		want: []string{"fy-rival →1.0-1", "fy-app 1.10-1→"},
	},
	{
		name: "all together", ensure: op.PkgEnsure{Packages: want("fy-rival-", "fy-lib--", "fy.dot+plus-")},
		want: []string{"fy-rival 1.0-1→", "fy-lib 1.0-1→", "fy.dot+plus 2:1.0-1→"},
	},
	{
		name: "what comes along, simulated", ensure: op.PkgEnsure{Packages: want(long, "fy-extra"), Simulate: true},
		want: []string{long + " →", "fy-extra →"}, also: []string{"fy-lib →1.0-1"},
	},
	{
		name: "unknown", ensure: op.PkgEnsure{Packages: want("fy-nothere", "fy-extra")},
		want: []string{"fy-nothere → nopackage", "fy-extra → transaction"}, says: "there is no package fy-nothere",
	},
	{
		name: "needs that are not met", ensure: op.PkgEnsure{Packages: want("fy-needs"), Simulate: true},
		want: []string{"fy-needs → depends"}, says: "fy-nothing",
	},
	{name: "the beginning of a version", versions: true, ensure: op.PkgEnsure{Packages: want("fy-app=1.1-*"), Recommends: &no}, want: []string{"fy-app →1.1-1"}, also: []string{"fy-lib →1.0-1"}},
	{name: "a version that is not there", versions: true, ensure: op.PkgEnsure{Packages: want("fy-app=9*")}, want: []string{"fy-app 1.1-1→1.1-1 noversion"}, says: "have 1.10-1, 1.1-1 and 1.0-1"},
	{name: "the latest", versions: true, ensure: op.PkgEnsure{Packages: want("fy-app@latest"), Recommends: &no}, want: []string{"fy-app 1.1-1→1.10-1"}},
	{name: "an older one", versions: true, ensure: op.PkgEnsure{Packages: want("fy-app=1.0-1"), Recommends: &no}, want: []string{"fy-app 1.10-1→1.0-1"}},
	{name: "there in some version", ensure: op.PkgEnsure{Packages: want("fy-app"), Recommends: &no}, want: []string{"*"}},
	{name: "a script that fails after it", before: "true", ensure: op.PkgEnsure{Packages: want("fy-script")}, want: []string{"fy-script →1.0-1 failed"}, says: "a script of the package failed"},
	{name: "counts as done", ensure: op.PkgEnsure{Packages: want("fy-script")}, want: []string{"fy-script 1.0-1→1.0-1"}},
}

var no = false

// TestLabManagers goes through the same cases with each manager.
func TestLabManagers(t *testing.T) {
	l := &lab{host: labtest.Hosts(t, 1)[0]}
	l.host.Undo(t, undo)
	l.host.SSH(t, repositories)
	for _, m := range managers {
		t.Run(m.name, func(t *testing.T) {
			l.host.SSH(t, "rm -f /etc/os-release; cat >/etc/os-release <<'END'\n"+m.release+"\nEND\nrm -rf /var/lib/rpm /usr/share/fy*")
			l.connect(t)
			found := l.query(t, op.PkgAsk{Name: "fy-app", Candidate: op.Always})
			if p := found[0]; p.Candidate != "" || p.Status != "" {
				t.Errorf("got %+v before lists were fetched", p)
			}
			for _, c := range cases {
				if !c.versions || m.versions {
					t.Run(c.name, func(t *testing.T) {
						if strings.Contains(c.name, "script") && m.name != "pacman" {
							l.ensure(t, op.PkgEnsure{Packages: want("fy-sh")})
						}
						done, also, message := l.ensure(t, c.ensure)
						compare(t, c.want, done)
						if diff := cmp.Diff(c.also, also); diff != "" && c.want[0] != "*" {
							t.Errorf("along with it: -want +got:\n%s", diff)
						}
						if !strings.Contains(message, c.says) || c.says == "" && message != "" {
							t.Errorf("it says %q, want %q", message, c.says)
						}
					})
				}
			}
			t.Run("held", func(t *testing.T) { held(t, l, m.hold, m.unhold) })
			t.Run("locked", func(t *testing.T) { locked(t, l, m.lock, m.unlock, m.locked) })
			t.Run("lists", func(t *testing.T) { lists(t, l) })
		})
	}
}

// compare lets "*" stand for any end of a line.
func compare(t *testing.T, want, got []string) {
	t.Helper()
	if len(want) == 1 && want[0] == "*" {
		return
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for n, line := range want {
		prefix, open := strings.CutSuffix(line, "*")
		if got[n] != line && (!open || !strings.HasPrefix(got[n], prefix)) {
			t.Errorf("got %q, want %q", got[n], line)
		}
	}
}

func held(t *testing.T, l *lab, hold, unhold string) {
	l.host.SSH(t, hold)
	defer l.host.SSH(t, unhold)
	found := l.query(t, op.PkgAsk{Name: "fy-app"}, op.PkgAsk{Name: "fy-extra"})
	if !found[0].Held || found[1].Held {
		t.Errorf("got %+v", found)
	}
	done, _, message := l.ensure(t, op.PkgEnsure{Packages: want("fy-app-")})
	if len(done) != 1 || !strings.HasSuffix(done[0], " held") || !strings.Contains(message, "release it first") {
		t.Errorf("got %q: %s", done, message)
	}
}

func locked(t *testing.T, l *lab, lock, unlock, says string) {
	l.host.SSH(t, lock)
	_, _, message := l.ensure(t, op.PkgEnsure{Packages: want("fy-app-"), LockMS: 1500})
	if !strings.HasPrefix(message, "locked: "+says) || !strings.Contains(message, "after waiting 2 s") {
		t.Errorf("got %q", message)
	}
	if notes := l.noted(); !strings.Contains(notes, "waiting for the package lock held by ") {
		t.Errorf("noted %q", notes)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		time.Sleep(2 * time.Second)
		l.host.SSH(t, unlock)
	}()
	done, _, message := l.ensure(t, op.PkgEnsure{Packages: want("fy-app-")})
	<-ended
	if len(done) != 1 || !strings.HasSuffix(done[0], "→") || message != "" {
		t.Errorf("got %q: %s", done, message)
	}
}

// lists holds that they are fetched when they are older than allowed, and else not.
func lists(t *testing.T, l *lab) {
	l.host.SSH(t, `cd /srv/fy/build
		sed 's/fy-extra/fy-later/g' fy-extra.spec >fy-later.spec
		rpmbuild -bb --quiet --define "_topdir $PWD/rpm" --define '_rpmdir /srv/fy/rpm' fy-later.spec >/dev/null 2>&1
		rm -rf w; mkdir -p w/usr/share/fy-later; printf '%s\n' 'pkgname = fy-later' 'pkgver = 1.0-1' 'arch = any' >w/.PKGINFO
		tar -C w --zstd -cf /srv/fy/arch/fy-later-1.0-1-any.pkg.tar.zst .PKGINFO usr
		mkdir -p db/fy-later-1.0-1
		sed 's/fy-extra/fy-later/g' db/fy-extra-1.0-1/desc | sed '/SHA256/,$d' >db/fy-later-1.0-1/desc
		sh /srv/fy/publish`)
	defer l.host.SSH(t, "rm -rf /srv/fy/build/db/fy-later* /srv/fy/rpm/noarch/fy-later*; sh /srv/fy/publish")
	done, _, _ := l.ensure(t, op.PkgEnsure{Packages: want("fy-later"), Update: true, Valid: 3600})
	compare(t, []string{"fy-later → nopackage"}, done)
	done, _, message := l.ensure(t, op.PkgEnsure{Packages: want("fy-later"), Update: true})
	compare(t, []string{"fy-later →1.0-1"}, done)
	found := l.query(t, op.PkgAsk{Name: "fy-later", Candidate: op.Always}, op.PkgAsk{Name: "fy-lib", Candidate: op.Missing})
	if message != "" || found[0].Candidate != "1.0-1" || found[0].Status != op.PkgInstalled || found[1].Version != "1.0-1" {
		t.Errorf("got %+v: %s", found, message)
	}
	facts := l.do(t, op.Op{Facts: &op.Facts{Namespaces: []string{"pkg.manifest"}}})
	if facts.Facts == nil || facts.Facts.PkgManifest.Packages["fy-later"] != "1.0-1" {
		t.Errorf("got %+v", facts)
	}
	if _, _, message := l.ensure(t, op.PkgEnsure{Packages: want("fy-later-")}); message != "" {
		t.Error(message)
	}
}
