package pacman

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

// answers gives pacman's answers by its arguments.
func answers(t *testing.T, texts map[string]op.ExecResult) packages.Ask {
	t.Helper()
	return func(_ context.Context, _ bool, argv ...string) (*op.ExecResult, error) {
		r, ok := texts[strings.Join(argv, " ")]
		if !ok {
			t.Errorf("asked %q", argv)
		}
		return &r, nil
	}
}

var db = &packages.Table{Packages: map[string]packages.Package{"app": {Version: "1-1"}, "lib": {Version: "1-1"}, "top": {Version: "2-1"}}}

func TestForecast(t *testing.T) {
	yes := true
	tests := []struct {
		name  string
		job   packages.Job
		texts map[string]op.ExecResult
		want  []op.PkgChange
		says  string
	}{
		{
			name: "removal takes what needs it, and what needs that",
			job:  packages.Job{Remove: []string{"lib"}},
			texts: map[string]op.ExecResult{
				"pacman -Rp --print-format=%n|%v lib":         {RC: 1, Stderr: ":: removing lib breaks dependency 'lib' required by app\n"},
				"pacman -Rp --print-format=%n|%v lib app":     {RC: 1, Stderr: ":: removing app breaks dependency 'app' required by top\n"},
				"pacman -Rp --print-format=%n|%v lib app top": {Stdout: "lib|1-1\napp|1-1\ntop|2-1\n"},
			},
			want: []op.PkgChange{{Name: "lib", Before: "1-1"}, {Name: "app", Before: "1-1"}, {Name: "top", Before: "2-1"}},
		},
		{
			name: "what comes is in conflict with what is there",
			job:  packages.Job{Install: []packages.Target{{Name: "rival", Version: "3-1"}}},
			texts: map[string]op.ExecResult{
				"pacman -Sp --noconfirm --print-format=%n|%v rival": {Stdout: "dep|1-1\nrival|3-1\n"},
				"pacman -Si dep rival": {Stdout: "Repository : x\nName : dep\nVersion : 1-1\nConflicts With : None\n\n" +
					"Repository : x\nName : rival\nVersion : 3-1\nConflicts With : app  rival\n"},
			},
			want: []op.PkgChange{{Name: "dep", After: "1-1"}, {Name: "rival", After: "3-1"}, {Name: "app", Before: "1-1"}},
		},
		{
			name: "needs that are not met",
			job:  packages.Job{Install: []packages.Target{{Name: "needs"}}},
			texts: map[string]op.ExecResult{
				"pacman -Sp --noconfirm --print-format=%n|%v needs": {RC: 1, Stderr: "error: failed to prepare transaction (could not satisfy dependencies)\n:: unable to satisfy dependency 'x' required by needs\n"},
			},
			says: "unable to satisfy dependency 'x' required by needs",
		},
		{name: "recommended packages", job: packages.Job{Install: []packages.Target{{Name: "a"}}, Recommends: &yes}, says: "pacman installs no optional dependencies"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := (Tool{}).Forecast(t.Context(), answers(t, test.texts), db, test.job)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, f.Changes); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var said []string
			if f.Report != nil {
				said = f.Report.Errors
				for _, failure := range f.Report.Failures {
					said = append(said, failure.Reason)
				}
			}
			if got := strings.Join(said, "\n"); !strings.Contains(got, test.says) || test.says == "" && got != "" {
				t.Errorf("it says %q, want %q", got, test.says)
			}
		})
	}
}

func TestInstalled(t *testing.T) {
	got, err := (Tool{}).Installed(t.Context(), answers(t, map[string]op.ExecResult{
		"pacman -Q":             {Stdout: "app 1:1.0-1\nlinux 6.1-1\n-x 1\nbad $(x)\n"},
		"pacman-conf IgnorePkg": {Stdout: "linux*\n[\n"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]packages.Package{"app": {Version: "1:1.0-1"}, "linux": {Version: "6.1-1", Held: true}}
	if diff := cmp.Diff(want, got.(*packages.Table).Packages); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCommands(t *testing.T) {
	got := (Tool{}).Commands(packages.Job{Install: []packages.Target{{Name: "a", Version: "1-1"}}, Remove: []string{"b", "c"}, Purge: []string{"c"}})
	var lines []string
	for _, argv := range got {
		lines = append(lines, strings.Join(argv, " "))
	}
	want := []string{
		"pacman -Rn --noconfirm --noprogressbar c", "pacman -R --noconfirm --noprogressbar b",
		"pacman -S --needed --noconfirm --noprogressbar a",
	}
	for _, argv := range (Tool{}).Commands(packages.Job{Install: []packages.Target{{Name: "/srv/f.pkg.tar.zst"}, {Name: "a"}}}) {
		lines = append(lines, strings.Join(argv, " "))
	}
	want = append(want, "pacman -S --needed --noconfirm --noprogressbar a", "pacman -U --needed --noconfirm --noprogressbar /srv/f.pkg.tar.zst")
	lines = append(lines, strings.Join((Tool{}).Commands(packages.Job{Upgrade: op.PkgSafe})[0], " "))
	want = append(want, "pacman -Su --noconfirm --noprogressbar")
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUnneeded(t *testing.T) {
	names, _, err := Tool{}.Unneeded(t.Context(), answers(t, map[string]op.ExecResult{
		"pacman -Qdtq": {Stdout: "top\n"}, "pacman -Rsp --print-format=%n|%v top": {Stdout: "top|2-1\nlib|1-1\n"},
	}))
	if err != nil || strings.Join(names, " ") != "lib top" {
		t.Errorf("%q, %v", names, err)
	}
	if names, _, err := (Tool{}).Unneeded(t.Context(), answers(t, map[string]op.ExecResult{"pacman -Qdtq": {RC: 1}})); err != nil || names != nil {
		t.Errorf("%q, %v", names, err)
	}
}

func TestListen(t *testing.T) {
	tests := []struct {
		name, text string
		want       packages.Report
	}{
		{"lock", "error: failed to init transaction (unable to lock database)\n", packages.Report{Locked: true}},
		{"script", "installing fy-script...\nerror: command failed to execute correctly\n", packages.Report{Scripts: []string{"fy-script"}}},
		{"unknown", "error: target not found: x\n", packages.Report{Failures: []packages.Failure{{Name: "x", Code: packages.Unknown, Reason: "the package lists do not have it"}}, Errors: []string{"target not found: x"}}},
		{"conflict", ":: a-1 and b are in conflict (c)\n", packages.Report{Code: packages.Depends, Failures: []packages.Failure{{Name: "a-1", Code: packages.Depends, Reason: "a-1 and b are in conflict"}}}},
		{"lists", "error: failed retrieving file 'fy.db' from disk : x\n", packages.Report{Code: packages.Fetch, Errors: []string{"failed retrieving file 'fy.db' from disk : x"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(&test.want, (Tool{}).Listen(1, test.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add(":: removing a breaks dependency 'b' required by c\na|1\nerror: target not found: -x\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name := range lines(text) {
			if !packages.IsName(name) {
				t.Errorf("%q", name)
			}
		}
		for _, failure := range (Tool{}).Listen(1, text).Failures {
			if !packages.IsName(failure.Name) {
				t.Errorf("%+v", failure)
			}
		}
	})
}
