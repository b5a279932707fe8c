package dnf

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

var installed = &packages.Table{Packages: map[string]packages.Package{
	"fy-app": {Version: "1.1-1"}, "fy-lib": {Version: "1.0-1"}, "fy-old": {Version: "1.0-1"},
}}

func TestTable(t *testing.T) {
	const header = "Dependencies resolved.\n====\n Package  Architecture  Version  Repository  Size\n====\n"
	tests := []struct {
		name, text string
		want       []op.PkgChange
		complete   bool
	}{
		{name: "nothing", text: "Dependencies resolved.\nNothing to do.\nComplete!\n"},
		{
			name: "all sections",
			text: header + "Installing:\n fy-new             noarch       2:1.0-1        fy    6.0 k\n" +
				"Upgrading:\n fy-app             noarch       1.10-1         fy    6.0 k\n" +
				"Installing dependencies:\n fy-dep             x86_64       1.0-1          fy    6.0 k\n" +
				"Removing dependent packages:\n fy-lib             noarch       1.0-1          @fy     4  \n" +
				"\nTransaction Summary\n====\nInstall  2 Packages\n\nTotal size: 6.0 k\n",
			complete: true,
			want: []op.PkgChange{
				{Name: "fy-new", After: "2:1.0-1"},
				{Name: "fy-app", Before: "1.1-1", After: "1.10-1"},
				{Name: "fy-dep", After: "1.0-1"},
				{Name: "fy-lib", Before: "1.0-1"},
			},
		},
		{
			name: "a long name",
			text: header + "Installing:\n fy-a-name-that-is-much-longer-than-a-column-of-any-table\n" +
				"                    noarch       1.0-1          fy    6.0 k\n fy-next            noarch       1.0-1          fy    6.0 k\n\nTransaction Summary\n",
			complete: true,
			want:     []op.PkgChange{{Name: "fy-a-name-that-is-much-longer-than-a-column-of-any-table", After: "1.0-1"}, {Name: "fy-next", After: "1.0-1"}},
		},
		{
			name:     "replaced",
			text:     header + "Installing:\n fy-next            noarch       1.0-1          fy    6.0 k\n     replacing  fy-old.noarch 1.0-1\n\nTransaction Summary\n",
			complete: true,
			want:     []op.PkgChange{{Name: "fy-next", After: "1.0-1"}, {Name: "fy-old", Before: "1.0-1"}},
		},
		{
			name:     "as dnf 5 prints it",
			text:     "Package  Arch   Version Repository Size\nUpgrading:\n fy-app  noarch 1.10-1  fy     6.0 KiB\n   replacing fy-app noarch 1.1-1 fy 4.0 B\n\nTransaction Summary:\n Upgrading: 1 package\n",
			complete: true,
			want:     []op.PkgChange{{Name: "fy-app", Before: "1.1-1", After: "1.10-1"}},
		},
		{
			name: "something was skipped",
			text: header + "Installing:\n fy-new   noarch  1.0-1  fy  6.0 k\nSkipping packages with conflicts:\n fy-rival  noarch 1.0-1 fy 6.1 k\n\nTransaction Summary\n",
			want: []op.PkgChange{{Name: "fy-new", After: "1.0-1"}},
		},
		{name: "cut off", text: header + "Installing:\n fy-new   noarch  1.0-1  fy  6.0 k\n"},
		{name: "forged", text: header + "Installing:\n $(reboot)   noarch  1.0-1  fy  6.0 k\n -y noarch 1.0 fy\n\nTransaction Summary\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, complete := table(test.text, installed)
			if diff := cmp.Diff(test.want, got); diff != "" || complete != test.complete {
				t.Errorf("complete %v; -want +got:\n%s", complete, diff)
			}
		})
	}
}

func TestListen(t *testing.T) {
	tests := []struct {
		name, text string
		rc         int
		want       packages.Report
	}{
		{
			name: "lock", rc: 200,
			text: "metadata already locked by 18255\n  The application with PID 18255 is: dnf\n    Memory : 1.8 M RSS (2.9 MB VSZ)\n",
			want: packages.Report{Locked: true, Holder: "dnf (process 18255)"},
		},
		{
			name: "lock of rpm", rc: 1,
			text: "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)\n",
			want: packages.Report{Locked: true, Errors: []string{"can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)"}},
		},
		{
			name: "unknown", rc: 1, text: "No match for argument: fy-nothere-1.0-1\nError: Unable to find a match: fy-nothere-1.0-1\n",
			want: packages.Report{
				Failures: []packages.Failure{
					{Name: "fy-nothere-1.0-1", Code: packages.Unknown, Reason: "No match for argument: fy-nothere-1.0-1"},
					{Name: "fy-nothere", Code: packages.Unknown, Reason: "No match for argument: fy-nothere-1.0-1"},
				},
				Errors: []string{"Unable to find a match: fy-nothere-1.0-1"},
			},
		},
		{
			name: "needs", rc: 1, text: "Error: \n Problem: conflicting requests\n  - nothing provides fy-nothing needed by fy-needs-1.0-1.noarch from fy\n",
			want: packages.Report{
				Code:     packages.Depends,
				Failures: []packages.Failure{{Name: "fy-needs", Code: packages.Depends, Reason: "nothing provides fy-nothing needed by fy-needs-1.0-1.noarch from fy"}},
				Errors:   []string{"nothing provides fy-nothing needed by fy-needs-1.0-1.noarch from fy"},
			},
		},
		{
			name: "scripts", text: "Error in PREIN scriptlet in rpm package fy-bad\nError in POSTIN scriptlet in rpm package fy-script\n",
			want: packages.Report{
				Failures: []packages.Failure{{Name: "fy-bad", Code: packages.Failed, Reason: "Error in PREIN scriptlet in rpm package fy-bad"}},
				Scripts:  []string{"fy-script"},
			},
		},
		{name: "sudo", rc: 1, text: "sudo: a password is required\n", want: packages.Report{Denied: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(&test.want, (Tool{}).Listen(test.rc, test.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Installing:\n a\n  b c d\n     replacing x\nTransaction Summary\n")
	f.Add("No match for argument: -\n- package  requires\n- nothing provides  needed by -\n")
	f.Fuzz(func(t *testing.T, text string) {
		changes, _ := table(text, installed)
		for _, c := range changes {
			if !packages.IsName(c.Name) || c.After != "" && !packages.IsName(c.After) {
				t.Errorf("%+v", c)
			}
		}
		for _, failure := range (Tool{}).Listen(1, text).Failures {
			if !packages.IsName(failure.Name) {
				t.Errorf("%+v", failure)
			}
		}
	})
}

func TestSettings(t *testing.T) {
	root := t.TempDir() + "/"
	for name, text := range map[string]string{
		versionlock:                "# comment\n\nnginx-1:1.20-1.*\n!bad-1.0-1.*\n",
		versionlock5:               "version = \"1.0\"\n[[packages]]\nname = \"httpd\"\n",
		"etc/yum.repos.d/a.repo":   "[base]\nname=x\npriority = 10\n[other]\npriority=x\n",
		"etc/yum.repos.d/a.backup": "[base]\npriority=1\n",
	} {
		if err := os.MkdirAll(filepath.Dir(root+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"nginx", "httpd"}, (Tool{Root: root}).locked()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"base": 10}, (Tool{Root: root}).priorities()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestOffers holds that the candidate is of the repository with the best priority, and that
// what others provide is told from what is not known at all.
func TestOffers(t *testing.T) {
	root := t.TempDir() + "/"
	if err := os.MkdirAll(root+"etc/yum.repos.d", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"etc/yum.repos.d/a.repo", []byte("[ours]\npriority=10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked []string
	ask := func(_ context.Context, asRoot bool, argv ...string) (*op.ExecResult, error) {
		if !asRoot || argv[0] != "dnf" || !strings.Contains(strings.Join(argv, " "), " -C ") {
			t.Errorf("asked %q", argv)
		}
		last := argv[len(argv)-1]
		asked = append(asked, last)
		if strings.HasPrefix(last, "--whatprovides=") {
			return &op.ExecResult{Stdout: map[string]string{"--whatprovides=mail": "postfix|0:1-1|x86_64|base\n"}[last]}, nil
		}
		return &op.ExecResult{Stdout: "app|0:1.0-1|x86_64|ours\napp|0:2.0-1|x86_64|base\napp|0:1.5-1|i686|ours\n\n"}, nil
	}
	got, err := Tool{Root: root}.Offers(t.Context(), ask, []string{"app", "app.i686", "mail", "nothing"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]packages.Offer{
		"app":      {Candidate: "1.5-1", Versions: []string{"2.0-1", "1.5-1", "1.0-1"}},
		"app.i686": {Candidate: "1.5-1", Versions: []string{"1.5-1"}},
		"mail":     {Providers: []string{"postfix"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(asked) != 3 {
		t.Errorf("asked %q", asked)
	}
}

func TestCommands(t *testing.T) {
	yes := true
	job := packages.Job{Install: []packages.Target{{Name: "a", Version: "1:2-3"}, {Name: "b"}}, Remove: []string{"c", "d"}, Recommends: &yes}
	argv := (Tool{}).Commands(job)[0]
	want := []string{"remove c d", "install a-1:2-3 b"}
	if diff := cmp.Diff(want, argv[len(argv)-2:]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for extent, want := range map[op.PkgUpgrade]string{op.PkgSafe: " upgrade", op.PkgFull: " --allowerasing upgrade"} {
		if got := strings.Join((Tool{}).Commands(packages.Job{Upgrade: extent})[0], " "); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", extent, got)
		}
	}
	if fixed := argv[4]; !strings.Contains(fixed, "install_weak_deps=1") || strings.ContainsAny(fixed, "'\"$;&|") {
		t.Errorf("the shell runs %q", fixed)
	}
}
