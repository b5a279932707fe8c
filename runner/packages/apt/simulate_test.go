package apt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg/dpkgtest"
)

// TestSimulate: nothing acts, and the answer is what Ensure would refuse or bring along.
func TestSimulate(t *testing.T) {
	absent := func(name string) []op.PkgWant { return []op.PkgWant{{Name: name, State: op.PkgAbsent}} }
	tests := []struct {
		name   string
		ensure op.PkgEnsure
		says   string // apt-get -s
		errors string // of the packages, the first lines
		also   string
		asked  bool
	}{
		{"along", op.PkgEnsure{Packages: present("new")}, "Inst new (1.0 x)\nInst dep (3 x)\nConf dep (3 x)\n", "", "dep", true},
		{"alone", op.PkgEnsure{Packages: present("new")}, "Inst new (1.0 x)\n", "", "", true},
		{"would remove", op.PkgEnsure{Packages: absent("kept")}, "Remv kept [1]\nRemv other [2]\n", "removing kept would also remove other, which is not planned", "", true},
		{"removes", op.PkgEnsure{Packages: absent("kept")}, "Remv kept [1]\n", "", "", true},
		{"held", op.PkgEnsure{Packages: absent("held")}, "", "held is held at 1", "", false},
		{"lists are fetched first", op.PkgEnsure{Packages: present("new"), Update: true}, "", "", "", false},
		{"nothing to do", op.PkgEnsure{Packages: present("kept")}, "", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, false)
			dpkgtest.Write(t, s.root+dpkg.StatusFile, "Package: kept\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"+
				"Package: other\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n\n"+
				"Package: held\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 1\n\n")
			s.asks = map[string]string{"apt-cache": shop, "apt-get -s": tt.says}
			tt.ensure.Simulate = true
			got, err := s.Simulate(t.Context(), &tt.ensure)
			if err != nil {
				t.Fatal(err)
			}
			var failed, also []string
			for _, p := range got.Packages {
				if p.Error != nil {
					first, _, _ := strings.Cut(p.Error.Message, "\n")
					failed = append(failed, first)
				}
			}
			for _, p := range got.Also {
				also = append(also, p.Name)
			}
			if diff := cmp.Diff(tt.errors, strings.Join(failed, "; ")); diff != "" {
				t.Errorf("errors: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.also, strings.Join(also, " ")); diff != "" {
				t.Errorf("along: -want +got:\n%s", diff)
			}
			if asked := strings.Contains(strings.Join(s.ran, "\n"), "apt-get"); asked != tt.asked {
				t.Errorf("ran %q", s.ran)
			}
		})
	}
}
