package guard_test

import (
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// service is a step about a service, of which the host has told what it itself calls it.
func service(name, asked, id string) *plan.Step {
	u := &unit.Unit{ID: unit.ID{Host: "h1", Type: "service", Key: name}, Order: unit.Order{Claims: []unit.Claim{{Namespace: "software", Name: name, Owns: true}}}}
	return &plan.Step{
		Unit: u, Change: &abi.Change{Action: abi.Update},
		Found: plan.Found{Reads: []abi.Entry{{
			Op:     op.Op{SvcQuery: &op.SvcQuery{Names: []string{asked}}},
			Result: op.Result{SvcQuery: &op.SvcQueryResult{Units: []op.Service{{Name: asked, ID: id}}}},
		}}},
	}
}

// TestAliases: a service that lets one in is known by any name, also by one that it has only when the step acts, and is kept by its own.
func TestAliases(t *testing.T) {
	for name, tt := range map[string]struct {
		step *plan.Step
		want bool
	}{
		"an alias":            {service("shell", "shell.service", "ssh.service"), true},
		"of a socket":         {service("shell.socket", "shell.socket", "ssh.socket"), true},
		"its own name":        {service("app", "app.service", ""), false},
		"another's alias":     {service("app", "app.service", "app2.service"), false},
		"a service looked at": {service("app", "shell.service", "ssh.service"), false},
	} {
		t.Run(name, func(t *testing.T) {
			h := &plan.Host{Host: &inventory.Host{}}
			if err := guard.Mark(h, []*plan.Step{tt.step}, ops); err != nil || tt.step.Guarded != tt.want {
				t.Errorf("guarded: %v, %v", tt.step.Guarded, err)
			}
			local := func(*inventory.Host) guard.Access { return guard.Access{Login: "ops"} }
			if err := guard.Mark(h, []*plan.Step{tt.step}, local); err != nil || tt.step.Guarded {
				t.Errorf("without a network: %v, %v", tt.step.Guarded, err)
			}
			now := tt.step.Reads
			tt.step.Reads = nil
			if err := guard.Mark(h, []*plan.Step{tt.step}, ops); err != nil || tt.step.Guarded {
				t.Fatalf("before it is there: %v, %v", tt.step.Guarded, err)
			}
			tt.step.Reads = now
			asked := &here{}
			err := guard.Apart(t.Context(), asked, tt.step)
			if (err != nil) != tt.want || asked.asked > 0 || err != nil && diag.Of(err).Hint != "apply again: it is done under guard then" {
				t.Errorf("when it acts: %v, %d questions", err, asked.asked)
			}
		})
	}
	memory := &host{}
	k, h, _ := keeper(memory)
	if _, err := k.Arm(t.Context(), h, []*plan.Step{service("shell", "shell.service", "ssh.service")}); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(memory.state.Services, "ssh") || !slices.Contains(memory.state.Services, "shell") {
		t.Errorf("kept: %v", memory.state.Services)
	}
}

// TestMounts: what is mounted over what lets one in is guarded, and other mounts are not.
func TestMounts(t *testing.T) {
	for name, want := range map[string]bool{
		"/etc/systemd/system/home.mount": true, "/etc/systemd/system/home.automount": true, "/etc/systemd/system/home-ops.mount": true,
		"/etc/systemd/system/home.mount.d/x.conf": true, "/etc/systemd/system/etc.mount": true, "/etc/systemd/system/multi-user.target.wants/home.mount": true,
		"/etc/systemd/system/srv.mount": false, "/etc/systemd/system/home-other.mount": false, "/srv/home.mount": false,
	} {
		s := owner(name, false)
		if err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, []*plan.Step{s}, ops); err != nil || s.Guarded != want {
			t.Errorf("%s is guarded: %v, %v", name, s.Guarded, err)
		}
	}
	for name, want := range map[string]bool{"home.mount": true, "srv.mount": false} {
		s := service(name, name, "")
		if err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, []*plan.Step{s}, ops); err != nil || s.Guarded != want {
			t.Errorf("%s is guarded: %v, %v", name, s.Guarded, err)
		}
	}
}
