package repository_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/repository"
)

func TestWhole(t *testing.T) {
	for _, tt := range []struct {
		name, unit, args string
		action           abi.Action
		fields           []string
		want             map[string]string
	}{
		{"upgrade", "pkg_upgrade", `{"extent":"safe","update_cache":false}`, abi.Update, []string{"old"}, map[string]string{"old": "2", "held": "1", "alone": "1", "new": ""}},
		{"a full one", "pkg_upgrade", `{"extent":"full","update_cache":true,"cache_valid":"1h30m"}`, abi.Update, []string{"old"}, map[string]string{"old": "2", "held": "1"}},
		{"removal", "pkg_autoremove", `{"state":"absent"}`, abi.Delete, []string{"alone"}, map[string]string{"old": "1", "alone": ""}},
		{"purge", "pkg_autoremove", `{"state":"purged"}`, abi.Delete, []string{"alone"}, map[string]string{"alone": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &providertest.Memory{Packages: providertest.MemoryPackages{
				"old": {Version: "1", Candidate: "2"}, "held": {Version: "1", Candidate: "2", Held: true}, "new": {Candidate: "1"},
				"alone": {Version: "1", Candidate: "1", Unneeded: true},
			}}
			change, outcome := providertest.New(t, providertest.Native(repository.Types()), m).Converge(providertest.Unit{Type: tt.unit, Args: tt.args})
			var fields []string
			for _, d := range change.Diffs {
				fields = append(fields, d.Field)
			}
			if change.Action != tt.action || !slices.Equal(fields, tt.fields) || !outcome.Changed {
				t.Errorf("planned %s of %v", change.Action, fields)
			}
			for name, version := range tt.want {
				if m.Packages[name].Version != version {
					t.Errorf("%s is %q, expected %q", name, m.Packages[name].Version, version)
				}
			}
		})
	}
}

// TestWholeOfMany holds that a plan shows some of many packages, and says how many there are.
func TestWholeOfMany(t *testing.T) {
	m := &providertest.Memory{Packages: providertest.MemoryPackages{}}
	for n := range 300 {
		m.Packages["p"+strconv.Itoa(n)] = &providertest.MemoryPackage{Version: "1", Candidate: "2"}
	}
	change, err := providertest.New(t, providertest.Native(repository.Types()), m).Plan(providertest.Unit{Type: "pkg_upgrade", Args: `{"extent":"safe","update_cache":false}`})
	if err != nil || len(change.Diffs) != 200 || change.Reason != "300 packages, of which 200 are shown" {
		t.Errorf("%v: %d differences, reason %q", err, len(change.Diffs), change.Reason)
	}
}
