package providertest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

func TestMemoryServices(t *testing.T) {
	type service = providertest.MemoryService
	tests := []struct {
		name    string
		have    *service // of x.service
		ensure  op.SvcEnsure
		want    service
		changed bool
		err     string
	}{
		{"start and enable", &service{File: "disabled"}, op.SvcEnsure{State: op.SvcRunning, Enabled: new(true)}, service{File: "enabled", Active: "active"}, true, ""},
		{"nothing to do", &service{File: "enabled", Active: "active"}, op.SvcEnsure{State: op.SvcRunning, Enabled: new(true)}, service{File: "enabled", Active: "active"}, false, ""},
		{"static stays", &service{File: "static"}, op.SvcEnsure{Enabled: new(true)}, service{File: "static"}, false, ""},
		{"stop and mask", &service{File: "enabled", Active: "active"}, op.SvcEnsure{State: op.SvcStopped, Masked: new(true)}, service{File: "masked", Load: "masked", Active: "inactive"}, true, ""},
		{"masked stays", &service{File: "masked", Load: "masked"}, op.SvcEnsure{Masked: new(true), Enabled: new(true)}, service{File: "masked", Load: "masked"}, false, ""},
		{"unmask and enable", &service{File: "masked", Load: "masked"}, op.SvcEnsure{Masked: new(false), Enabled: new(true)}, service{File: "enabled", Load: "loaded"}, true, ""},
		{"restart", &service{Active: "active"}, op.SvcEnsure{State: op.SvcRestarted}, service{Active: "active", Restarts: 1}, true, ""},
		{"restart of a stopped one", &service{}, op.SvcEnsure{State: op.SvcRestarted}, service{Active: "active"}, true, ""},
		{"reload", &service{Active: "active"}, op.SvcEnsure{State: op.SvcReloaded}, service{Active: "active", Reloads: 1}, true, ""},
		{"reload of a stopped one", &service{}, op.SvcEnsure{State: op.SvcReloaded}, service{}, false, ""},
		{"outdated", &service{Outdated: true}, op.SvcEnsure{Reload: true}, service{}, true, ""},
		{"masked does not start", &service{File: "masked"}, op.SvcEnsure{State: op.SvcRunning}, service{File: "masked", Active: "failed"}, false, "it is masked"},
		{"does not start", &service{Fails: "exit code 1"}, op.SvcEnsure{State: op.SvcRunning}, service{Fails: "exit code 1", Active: "failed"}, false, "did not start: exit code 1"},
		{"is not there", nil, op.SvcEnsure{State: op.SvcRunning}, service{}, false, "there is no unit x.service"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &providertest.Memory{Services: map[string]*service{}}
			if tt.have != nil {
				m.Services["x.service"] = tt.have
			}
			tt.ensure.Name = "x.service"
			r := m.Do(op.Op{SvcEnsure: &tt.ensure})
			switch {
			case tt.err != "":
				if r.Error == nil || !strings.Contains(r.Error.Message, tt.err) {
					t.Errorf("got %+v, want the error %q", r, tt.err)
				}
			case r.Error != nil || r.Done.Changed != tt.changed:
				t.Errorf("got %+v, %+v, want changed %v", r.Done, r.Error, tt.changed)
			}
			if tt.have != nil {
				if diff := cmp.Diff(tt.want, *tt.have); diff != "" {
					t.Errorf("the service differs (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestMemoryServiceMaskedBeforeItIsThere(t *testing.T) {
	m := &providertest.Memory{Services: map[string]*providertest.MemoryService{}}
	for _, changed := range []bool{true, false} {
		if r := m.Do(op.Op{SvcEnsure: &op.SvcEnsure{Name: "x.service", Masked: new(true)}}); r.Error != nil || r.Done.Changed != changed {
			t.Errorf("got %+v, want changed %v", r, changed)
		}
	}
}

func TestMemoryServiceQuery(t *testing.T) {
	m := &providertest.Memory{Services: map[string]*providertest.MemoryService{"a.service": {File: "enabled", Active: "active"}}}
	got := m.Do(op.Op{SvcQuery: &op.SvcQuery{Names: []string{"b.service", "a.service"}}})
	want := op.Result{SvcQuery: &op.SvcQueryResult{Manager: "systemd", Units: []op.Service{
		{Name: "b.service", Load: "not-found", Active: "inactive", Sub: "dead"},
		{Name: "a.service", Load: "loaded", Active: "active", Sub: "running", File: "enabled"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the answer differs (-want +got):\n%s", diff)
	}
	m.Services = nil
	if got := m.Do(op.Op{SvcQuery: &op.SvcQuery{Names: []string{"a.service"}}}); got.Error == nil || got.Error.Code != "nomanager" {
		t.Errorf("without a manager: got %+v", got)
	}
}
