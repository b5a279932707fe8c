package apt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

// TestWhole changes all packages, and says before what that comes to.
func TestWhole(t *testing.T) {
	upgrade := op.PkgEnsure{Upgrade: op.PkgSafe}
	for _, tt := range []struct {
		name   string
		ensure op.PkgEnsure
		ran    string
	}{
		{"safe", upgrade, "apt-get --with-new-pkgs upgrade"},
		{"full", op.PkgEnsure{Upgrade: op.PkgFull}, "apt-get dist-upgrade"},
		{"unneeded", op.PkgEnsure{Unneeded: op.PkgAbsent}, "apt-get autoremove"},
		{"unneeded with their configuration", op.PkgEnsure{Unneeded: op.PkgPurged}, "apt-get --purge autoremove"},
		{"from fresh lists", op.PkgEnsure{Upgrade: op.PkgSafe, Update: true}, "apt-get -o APT::Update::Error-Mode=any update\napt-get --with-new-pkgs upgrade"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, false)
			simulated := tt.ensure
			simulated.Simulate = true
			s.asks = map[string]string{"apt-get -s": "Inst new (1.0 x)\nRemv old [2]\n"}
			got, err := s.Simulate(t.Context(), &simulated)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]op.PkgChange{{Name: "new", After: "1.0"}, {Name: "old", Before: "2"}}, got.Also); diff != "" || got.Stale != tt.ensure.Update {
				t.Errorf("stale %v, -want +got:\n%s", got.Stale, diff)
			}
			s.ran = nil
			if tt.ensure.Update {
				s.acts = append(s.acts, says(0, ""))
			}
			s.acts = append(s.acts, s.installs(t, "new=1.0"))
			if got, err = s.ensure(t, tt.ensure); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]op.PkgChange{{Name: "new", After: "1.0"}}, got.Also); diff != "" || strings.Join(s.ran, "\n") != tt.ran {
				t.Errorf("ran %q, -want +got:\n%s", s.ran, diff)
			}
		})
	}
	s := newStage(t, false)
	s.acts = append(s.acts, says(100, "E: no room is left\n"))
	if _, err := s.ensure(t, upgrade); err == nil || !strings.Contains(err.Error(), "upgrading all packages failed: no room is left") {
		t.Errorf("got %v", err)
	}
}
