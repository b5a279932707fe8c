package apt

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg/dpkgtest"
)

// stage is a host whose programs say what the test wants.
type stage struct {
	*packages.Manager
	tool  *Tool
	root  string
	ran   []string // what ran, without the options that all have
	notes []string
	// acts are the answers of programs that change the host, in their order; a
	// function has its effect. More of them are a failure.
	acts []func() *op.ExecResult
	asks map[string]string // answers of those that change nothing, by their beginning
	env  []string          // of the last that ran
}

func newStage(t *testing.T, sudo bool) *stage {
	s := &stage{root: dpkgtest.NewRoot(t, dpkgtest.Status)}
	h := packages.Host{
		Root: s.root, Able: true, User: "ops",
		Ask: func(_ context.Context, argv, _ []string) (*op.ExecResult, error) {
			line := s.log(argv)
			for begin, text := range s.asks {
				if strings.HasPrefix(line, begin) {
					return &op.ExecResult{Stdout: text}, nil
				}
			}
			return &op.ExecResult{}, nil
		},
		Act: func(argv, env []string, heard func(string)) (*op.ExecResult, error) {
			line := s.log(argv)
			if len(s.acts) == 0 {
				return nil, errors.New("unexpected: " + line)
			}
			act := s.acts[0]
			s.acts, s.env = s.acts[1:], env
			r := act()
			for line := range strings.Lines(r.Stdout) {
				heard(strings.TrimSuffix(line, "\n"))
			}
			return r, nil
		},
	}
	if sudo {
		h.Sudo = func(argv ...string) []string {
			return append([]string{"sudo", "-n", "-u", "root", "--"}, argv...)
		}
	}
	s.tool = New(s.root, sudo)
	s.Manager = packages.New(h, s.tool)
	return s
}

// log notes a command line, without what all have.
func (s *stage) log(argv []string) string {
	line := strings.Join(argv, " ")
	for _, options := range [][]string{quiet, {"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"}} {
		line = strings.Replace(line, " "+strings.Join(options, " "), "", 1)
	}
	line = strings.Replace(line, " -o DPkg::Lock::Timeout=0", "", 1)
	s.ran = append(s.ran, line)
	return line
}

// says ends with an exit code and words.
func says(rc int, text string) func() *op.ExecResult {
	return func() *op.ExecResult { return &op.ExecResult{RC: rc, Stdout: text} }
}

// installs has its effect: the status file ends with more paragraphs.
func (s *stage) installs(t *testing.T, names ...string) func() *op.ExecResult {
	return func() *op.ExecResult {
		old, err := os.ReadFile(s.root + dpkg.StatusFile)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		text.WriteString(string(old))
		for _, name := range names {
			name, version, _ := strings.Cut(name, "=")
			text.WriteString("Package: " + name + "\nStatus: install ok installed\nArchitecture: amd64\nVersion: " + version + "\n\n")
		}
		dpkgtest.Write(t, s.root+dpkg.StatusFile, text.String())
		return &op.ExecResult{}
	}
}

func (s *stage) ensure(t *testing.T, e op.PkgEnsure) (*op.PkgDone, error) {
	t.Helper()
	return s.Ensure(t.Context(), &e, func(text string) { s.notes = append(s.notes, text) })
}

func present(names ...string) []op.PkgWant {
	wants := make([]op.PkgWant, len(names))
	for i, name := range names {
		wants[i] = op.PkgWant{Name: name, State: op.PkgPresent}
	}
	return wants
}

const shop = "new:\n  Candidate: 1.0\n  Version table:\n     1.0 500\n        500 file:/x ./ Packages\n" +
	"nginx:\n  Candidate: 2.0\n  Version table:\n     2.0 500\n        500 file:/x ./ Packages\n     1.9 500\n        500 file:/x ./ Packages\n"

func TestEnsureCommands(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name   string
		ensure op.PkgEnsure
		sudo   bool
		acts   func(t *testing.T, s *stage) []func() *op.ExecResult
		asks   map[string]string
		want   []string
	}{
		{
			name:   "nothing to do",
			ensure: op.PkgEnsure{Update: true, Packages: append(present("nginx", "tzdata"), op.PkgWant{Name: "none", State: op.PkgAbsent}, op.PkgWant{Name: "removed", State: op.PkgAbsent})},
		},
		{
			name:   "install",
			ensure: op.PkgEnsure{Packages: present("new", "nginx"), Recommends: &no},
			acts: func(t *testing.T, s *stage) []func() *op.ExecResult {
				return []func() *op.ExecResult{s.installs(t, "new=1.0")}
			},
			want: []string{"apt-cache -q policy new", "apt-get --no-install-recommends --no-remove install new"},
		},
		{
			name:   "versions",
			ensure: op.PkgEnsure{Recommends: &yes, Packages: []op.PkgWant{{Name: "nginx", State: op.PkgPresent, Version: "1.9*"}, {Name: "new", State: op.PkgLatest}}},
			acts: func(t *testing.T, s *stage) []func() *op.ExecResult {
				return []func() *op.ExecResult{s.installs(t, "new=1.0", "nginx=1.9")}
			},
			want: []string{"apt-cache -q policy nginx new", "apt-get --install-recommends --allow-downgrades --no-remove install nginx=1.9 new"},
		},
		{
			name:   "an older one from a file",
			ensure: op.PkgEnsure{Packages: []op.PkgWant{{Name: "nginx", State: op.PkgPresent, Version: "1.0", File: "/srv/nginx.deb"}}},
			acts: func(t *testing.T, s *stage) []func() *op.ExecResult {
				return []func() *op.ExecResult{s.installs(t, "nginx=1.0")}
			},
			want: []string{"apt-cache -q policy nginx", "apt-get --allow-downgrades --no-remove install /srv/nginx.deb"},
		},
		{
			name:   "update first",
			ensure: op.PkgEnsure{Update: true, Packages: present("new")},
			acts: func(t *testing.T, s *stage) []func() *op.ExecResult {
				return []func() *op.ExecResult{says(0, "Hit:1 file:/x\n"), s.installs(t, "new=1.0")}
			},
			want: []string{"apt-get -o APT::Update::Error-Mode=any update", "apt-cache -q policy new", "apt-get --no-remove install new"},
		},
		{
			name: "remove, purge and install",
			ensure: op.PkgEnsure{Update: true, Packages: []op.PkgWant{
				{Name: "nginx", State: op.PkgAbsent}, {Name: "removed", State: op.PkgPurged}, {Name: "new", State: op.PkgPresent},
			}},
			asks: map[string]string{"apt-get -s": "Remv nginx [1]\n"},
			acts: func(t *testing.T, s *stage) []func() *op.ExecResult {
				return []func() *op.ExecResult{says(0, ""), s.installs(t, "new=1.0"), says(0, "")}
			},
			want: []string{
				"apt-get -o APT::Update::Error-Mode=any update", "apt-cache -q policy new",
				"apt-get -s install new nginx- removed-", "apt-get install new nginx- removed-", "apt-get purge removed",
			},
		},
		{
			name:   "purge alone needs no lists",
			ensure: op.PkgEnsure{Update: true, Packages: []op.PkgWant{{Name: "nginx", State: op.PkgPurged}, {Name: "removed", State: op.PkgPurged}}},
			asks:   map[string]string{"apt-get -s": "Purg nginx [1]\nPurg removed [1]\n"},
			acts:   func(*testing.T, *stage) []func() *op.ExecResult { return []func() *op.ExecResult{says(0, "")} },
			want:   []string{"apt-get -s --purge remove nginx removed", "apt-get --purge remove nginx removed"},
		},
		{
			name: "sudo", sudo: true,
			ensure: op.PkgEnsure{Packages: append(present("new"), op.PkgWant{Name: "nginx", State: op.PkgAbsent})},
			asks:   map[string]string{"apt-get -s": "Remv nginx [1]\n"},
			acts: func(t *testing.T, s *stage) []func() *op.ExecResult {
				return []func() *op.ExecResult{s.installs(t, "new=1.0")}
			},
			want: []string{"apt-cache -q policy new", "apt-get -s install new nginx-", "sudo -n -u root -- /usr/bin/apt install new nginx-"},
		},
		{
			name:   "interrupted, as apt tells it",
			ensure: op.PkgEnsure{Packages: present("new")},
			acts: func(t *testing.T, s *stage) []func() *op.ExecResult {
				return []func() *op.ExecResult{says(100, "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n"), says(0, ""), s.installs(t, "new=1.0")}
			},
			want: []string{
				"apt-cache -q policy new", "apt-get --no-remove install new",
				"dpkg --force-confdef --force-confold --configure -a", "apt-get --no-remove install new",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.sudo)
			s.asks = map[string]string{"apt-cache": shop}
			maps.Copy(s.asks, test.asks)
			if test.acts != nil {
				s.acts = test.acts(t, s)
			}
			if _, err := s.ensure(t, test.ensure); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, s.ran); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(s.acts) > 0 {
				t.Errorf("%d programs less than expected", len(s.acts))
			}
		})
	}
}

// TestEnsureFailures checks errors that are the whole op's.
func TestEnsureFailures(t *testing.T) {
	tests := []struct {
		name   string
		ensure op.PkgEnsure
		sudo   bool
		acts   []func() *op.ExecResult
		want   op.Error
		wantMs []string // notes
	}{
		{
			name:   "lists that cannot be fetched",
			ensure: op.PkgEnsure{Update: true, Packages: present("new")},
			acts:   []func() *op.ExecResult{says(100, "Err:1 http://x InRelease\nE: Failed to fetch http://x/InRelease  Temporary failure resolving 'x'\nE: Some index files failed to download.\n")},
			want: op.Error{Class: op.Transient, Code: "update", Message: "fetching the package lists failed: Failed to fetch http://x/InRelease  Temporary failure resolving 'x'\n" +
				"Err:1 http://x InRelease\nE: Failed to fetch http://x/InRelease  Temporary failure resolving 'x'\nE: Some index files failed to download."},
		},
		{
			name:   "lists of which an old apt only warns",
			ensure: op.PkgEnsure{Update: true, Packages: present("new")},
			acts:   []func() *op.ExecResult{says(0, "W: Failed to fetch http://x/InRelease  404\n")},
			want:   op.Error{Class: op.Transient, Code: "update", Message: "fetching the package lists failed: Failed to fetch http://x/InRelease  404\nW: Failed to fetch http://x/InRelease  404"},
		},
		{
			name:   "locked all the time, as apt tells it",
			ensure: op.PkgEnsure{LockMS: 30, Packages: present("new")},
			acts: []func() *op.ExecResult{
				says(100, "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt)\n"),
				says(100, "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt)\n"),
			},
			want:   op.Error{Class: op.Transient, Code: "locked", Message: "the package lock is still held by apt (process 812) after waiting 1 s"},
			wantMs: []string{"waiting for the package lock held by apt (process 812)"},
		},
		{
			name: "sudo refuses", sudo: true,
			ensure: op.PkgEnsure{Packages: present("new")},
			acts:   []func() *op.ExecResult{says(1, "sudo: a password is required\n")},
			want: op.Error{Class: op.Permanent, Code: "sudo", Message: "sudo does not let ops run apt\nsudo: a password is required\n" +
				"expected a rule such as: ops ALL=(root) NOPASSWD: /usr/bin/apt"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.sudo)
			s.asks, s.acts = map[string]string{"apt-cache": shop}, test.acts
			_, err := s.ensure(t, test.ensure)
			got, ok := errors.AsType[*op.Error](err)
			if !ok {
				t.Fatalf("error %v, want one of an op", err)
			}
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.wantMs, s.notes); diff != "" {
				t.Errorf("notes: -want +got:\n%s", diff)
			}
		})
	}
}

// TestEnsureSource fetches the lists of one repository: the others stay as old as they were, and what is wrong with them is not told.
func TestEnsureSource(t *testing.T) {
	const file, broken = "/etc/apt/sources.list.d/a.sources", "E: The repository 'file:/nothing ./ Release' does not have a Release file.\n"
	const alone = "apt-get -o APT::Update::Error-Mode=any -o Dir::Etc::sourcelist=" + file + " -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 update"
	for _, tt := range []struct {
		name    string
		there   bool // the file
		sudo    bool
		fetched time.Duration // how long ago all were, 0 for never
		rc      int
		ran     string
		fails   bool
		age     time.Duration
	}{
		{name: "one of several", there: true, fetched: time.Hour, ran: alone, age: time.Hour},
		{name: "the first", there: true, ran: alone, age: time.Since(time.Unix(0, 0))},
		{name: "it is broken", there: true, fetched: time.Hour, rc: 100, ran: alone, fails: true, age: time.Hour},
		{name: "by sudo", there: true, sudo: true, fetched: time.Hour, ran: "sudo -n -u root -- /usr/bin/apt -o APT::Update::Error-Mode=any update", age: time.Hour},
		{name: "another is broken, by sudo", there: true, sudo: true, fetched: time.Hour, rc: 100, ran: "sudo -n -u root -- /usr/bin/apt -o APT::Update::Error-Mode=any update", fails: true, age: time.Hour},
		{name: "it was removed", fetched: time.Hour, ran: "apt-get -o APT::Update::Error-Mode=any update"},
		{name: "it was removed, and another is broken", fetched: time.Hour, rc: 100, ran: "apt-get -o APT::Update::Error-Mode=any update", age: time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, tt.sudo)
			if tt.there {
				dpkgtest.Write(t, s.root+file, "Types: deb\n")
			}
			if tt.fetched > 0 {
				dpkgtest.Write(t, s.root+listsDir+"/x_Release", "")
				s.tool.stamp(time.Now().Add(-tt.fetched))
			}
			s.acts = []func() *op.ExecResult{func() *op.ExecResult {
				if !tt.sudo {
					dpkgtest.Write(t, s.root+listsDir+"/y_Release", "")
				}
				if tt.rc == 0 {
					return &op.ExecResult{}
				}
				return &op.ExecResult{RC: tt.rc, Stdout: broken}
			}}
			_, err := s.ensure(t, op.PkgEnsure{Update: true, Source: file})
			if fails := err != nil; fails != tt.fails || strings.Join(s.ran, "\n") != tt.ran {
				t.Errorf("ran %q, %v", s.ran, err)
			}
			if age := time.Since(s.tool.Fetched(s.root)); age < tt.age-time.Minute || age > tt.age+time.Minute {
				t.Errorf("the lists are %s old, want %s", age, tt.age)
			}
		})
	}
}

// TestEnsureLockRace has another process take the lock between the look and apt.
func TestEnsureLockRace(t *testing.T) {
	s := newStage(t, false)
	s.asks = map[string]string{"apt-cache": shop}
	s.acts = []func() *op.ExecResult{says(100, "E: Could not get lock /var/lib/dpkg/lock. It is held by process 7 (dpkg)\n"), s.installs(t, "new=1.0", "dep=3")}
	got, err := s.ensure(t, op.PkgEnsure{Packages: present("new")})
	if err != nil {
		t.Fatal(err)
	}
	want := &op.PkgDone{
		Packages: []op.PkgChange{{Name: "new", After: "1.0"}},
		Also:     []op.PkgChange{{Name: "dep", After: "3"}},
		Waited:   "1 s for the package lock held by dpkg (process 7)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"waiting for the package lock held by dpkg (process 7)"}, s.notes); diff != "" {
		t.Errorf("notes: -want +got:\n%s", diff)
	}
	for _, want := range []string{"DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l", "LC_ALL=C.UTF-8"} {
		if !slices.Contains(s.env, want) {
			t.Errorf("environment %q, want %s", s.env, want)
		}
	}
}

func TestEnsureWithoutRights(t *testing.T) {
	_, err := packages.New(packages.Host{User: "ops"}, New("/", false)).Ensure(t.Context(), &op.PkgEnsure{Packages: present("nginx")}, nil)
	want := "only root may change packages, and the runner works as ops"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestEnsureTooLate starts nothing that would not be waited for.
func TestEnsureTooLate(t *testing.T) {
	s := newStage(t, false)
	s.asks = map[string]string{"apt-cache": shop}
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("was given up")
	cancel(reason)
	if _, err := s.Ensure(ctx, &op.PkgEnsure{Packages: present("new")}, func(string) {}); !errors.Is(err, reason) {
		t.Errorf("error %v, want %v", err, reason)
	}
}

// lockedEnv makes the test's program one that holds a lock.
const lockedEnv = "FROYO_TEST_LOCK"

// TestHolder finds out who holds a lock, and waits for its release.
func TestHolder(t *testing.T) {
	if path := os.Getenv(lockedEnv); path != "" {
		holdLock(t, path)
		return
	}
	s := newStage(t, false)
	s.asks = map[string]string{"apt-cache": shop}
	s.acts = []func() *op.ExecResult{s.installs(t, "new=1.0")}
	dpkgtest.Write(t, s.root+lockFiles[0], "")
	if got := s.tool.holder(); got != "" {
		t.Errorf("no process holds the lock, got %q", got)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHolder$")
	cmd.Env = append(os.Environ(), lockedEnv+"="+s.root+lockFiles[0])
	release, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	number := strconv.Itoa(cmd.Process.Pid)
	dpkgtest.Write(t, s.root+"proc/"+number+"/comm", "apt\n")
	want := "apt (process " + number + ")"
	for deadline := time.Now().Add(20 * time.Second); s.tool.holder() != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %q, want %q", s.tool.holder(), want)
		}
	}
	time.AfterFunc(300*time.Millisecond, func() { release.Close() })
	got, err := s.ensure(t, op.PkgEnsure{Packages: present("new")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"waiting for the package lock held by " + want}, s.notes); diff != "" {
		t.Errorf("notes: -want +got:\n%s", diff)
	}
	if got.Waited != "1 s for the package lock held by "+want {
		t.Errorf("waited %q", got.Waited)
	}
}
