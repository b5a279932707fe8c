package providertest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

// shop is a database with one package of each kind.
func shop() *providertest.Memory {
	return &providertest.Memory{Packages: map[string]*providertest.MemoryPackage{
		"app":  {Candidate: "2.0", Available: []string{"2.0", "1.5", "1.4"}, Needs: []string{"lib"}},
		"lib":  {Candidate: "1.0"},
		"old":  {Version: "1.4", Candidate: "2.0", Available: []string{"2.0", "1.5", "1.4"}},
		"base": {Version: "1.0", Candidate: "1.0"},
		"top":  {Version: "1.0", Candidate: "1.0", Needs: []string{"base"}},
		"held": {Version: "1.0", Held: true, Candidate: "2.0"},
		"rest": {Status: op.PkgConfig, Candidate: "1.0"},
		"mta":  {Virtual: true},
		"bad":  {Candidate: "1.0", Breaks: &op.Error{Class: op.Permanent, Code: "failed", Message: "its script failed"}},
		"no":   {Candidate: "1.0", Refuses: &op.Error{Class: op.Conflict, Code: "depends", Message: "it needs what is not there"}},
	}}
}

func TestMemoryQuery(t *testing.T) {
	got := shop().Do(op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{
		{Name: "app", Candidate: op.Missing},
		{Name: "old", Candidate: op.Missing},
		{Name: "base", Candidate: op.Always},
		{Name: "rest"},
		{Name: "mta", Candidate: op.Missing},
		{Name: "none", Candidate: op.Missing},
		{Name: "held"},
	}}})
	want := op.Result{PkgQuery: &op.PkgQueryResult{Manager: "apt", Packages: []op.Package{
		{Name: "app", Looked: true, Candidate: "2.0", Available: []string{"2.0", "1.5", "1.4"}},
		{Name: "old", Version: "1.4", Status: op.PkgInstalled},
		{Name: "base", Version: "1.0", Status: op.PkgInstalled, Looked: true, Candidate: "1.0", Available: []string{"1.0"}},
		{Name: "rest", Status: op.PkgConfig},
		{Name: "mta", Looked: true, Virtual: true},
		{Name: "none", Looked: true},
		{Name: "held", Version: "1.0", Status: op.PkgInstalled, Held: true},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	got = (&providertest.Memory{}).Do(op.Op{PkgQuery: &op.PkgQuery{}})
	if got.Error == nil || got.Error.Code != "nomanager" {
		t.Errorf("without packages: %+v, want nomanager", got)
	}
}

func TestMemoryEnsure(t *testing.T) {
	change := func(name, before, after string) op.PkgChange {
		return op.PkgChange{Name: name, Before: before, After: after}
	}
	tests := []struct {
		name      string
		packages  []op.PkgWant
		want      []op.PkgChange
		wantAlso  []op.PkgChange
		wantCodes []string // of the errors, one for each package
	}{
		{
			name:     "installs with what is needed",
			packages: []op.PkgWant{{Name: "app", State: op.PkgPresent}, {Name: "base", State: op.PkgPresent}},
			want:     []op.PkgChange{change("app", "", "2.0"), change("base", "1.0", "1.0")},
			wantAlso: []op.PkgChange{change("lib", "", "1.0")},
		},
		{
			name:     "versions",
			packages: []op.PkgWant{{Name: "app", State: op.PkgPresent, Version: "1.*"}, {Name: "old", State: op.PkgLatest}},
			want:     []op.PkgChange{change("app", "", "1.5"), change("old", "1.4", "2.0")},
			wantAlso: []op.PkgChange{change("lib", "", "1.0")},
		},
		{
			name:     "removes",
			packages: []op.PkgWant{{Name: "base", State: op.PkgAbsent}, {Name: "top", State: op.PkgPurged}, {Name: "none", State: op.PkgAbsent}},
			want:     []op.PkgChange{change("base", "1.0", ""), change("top", "1.0", ""), change("none", "", "")},
		},
		{
			name:      "removes nothing that is needed",
			packages:  []op.PkgWant{{Name: "base", State: op.PkgAbsent}, {Name: "old", State: op.PkgLatest}},
			want:      []op.PkgChange{change("base", "1.0", "1.0"), change("old", "1.4", "1.4")},
			wantCodes: []string{"removes", op.CodeTransaction},
		},
		{
			name: "refuses as a whole",
			packages: []op.PkgWant{
				{Name: "none", State: op.PkgPresent},
				{Name: "mta", State: op.PkgPresent},
				{Name: "app", State: op.PkgPresent, Version: "9"},
				{Name: "held", State: op.PkgLatest},
				{Name: "no", State: op.PkgPresent},
				{Name: "old", State: op.PkgLatest},
				{Name: "base", State: op.PkgPresent},
			},
			want: []op.PkgChange{
				change("none", "", ""), change("mta", "", ""), change("app", "", ""),
				change("held", "1.0", "1.0"), change("no", "", ""), change("old", "1.4", "1.4"), change("base", "1.0", "1.0"),
			},
			wantCodes: []string{"nopackage", "nocandidate", "noversion", "held", "depends", op.CodeTransaction, ""},
		},
		{
			name:      "leaves a broken package behind",
			packages:  []op.PkgWant{{Name: "bad", State: op.PkgPresent}, {Name: "old", State: op.PkgLatest}},
			want:      []op.PkgChange{change("bad", "", "1.0"), change("old", "1.4", "2.0")},
			wantCodes: []string{"failed", ""},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := shop().Do(op.Op{PkgEnsure: &op.PkgEnsure{Packages: test.packages}})
			if got.Error != nil {
				t.Fatal(got.Error)
			}
			for i := range got.PkgEnsure.Packages {
				code, want := "", ""
				if e := got.PkgEnsure.Packages[i].Error; e != nil {
					code = e.Code
				}
				if test.wantCodes != nil {
					want = test.wantCodes[i]
				}
				if code != want {
					t.Errorf("%s: code %q, want %q", got.PkgEnsure.Packages[i].Name, code, want)
				}
				got.PkgEnsure.Packages[i].Error = nil
			}
			if diff := cmp.Diff(&op.PkgDone{Packages: test.want, Also: test.wantAlso}, got.PkgEnsure); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestMemoryPackagesFault(t *testing.T) {
	m := shop()
	m.PackagesFault = &op.Error{Class: op.Transient, Code: "locked", Message: "the package lock is held by apt (process 812)"}
	got := m.Do(op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "app", State: op.PkgPresent}}}})
	if got.Error != m.PackagesFault || len(m.Done) != 1 {
		t.Errorf("got %+v after %d changing ops, want the fault after one", got, len(m.Done))
	}
}
