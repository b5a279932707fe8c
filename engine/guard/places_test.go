package guard_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/overlap"
	"github.com/openfroyo/froyo/runner/target"
)

// here is this machine, as a host that is asked where paths lead.
type here struct {
	plan.Target
	asked int
}

func (h *here) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	h.asked++
	results := make([]op.Result, len(steps))
	for i, s := range steps {
		found, err := overlap.Find(s.Op.Overlap)
		if err != nil {
			return nil, err
		}
		results[i].Overlap = found
	}
	return results, nil
}

// owner is a step that makes what is at a path, whole or edited.
func owner(path string, edits bool, effects ...op.Op) *plan.Step {
	u := &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: path}, Order: unit.Order{Claims: []unit.Claim{{Namespace: unit.PathNamespace, Name: path, Owns: true, Edits: edits}}}}
	s := &plan.Step{Unit: u, Change: &abi.Change{Action: abi.Create}}
	for _, o := range effects {
		s.Change.Effects = append(s.Change.Effects, abi.Effect{Op: o})
	}
	return s
}

func linked(path, to string) *plan.Step {
	return owner(path, true, op.Op{Link: &op.Link{Path: path, Target: to}})
}

func ops(*inventory.Host) guard.Access { return guard.Access{Login: "ops", Remote: true} }

// TestPlannedLinks: a link that the run itself makes does not hide where a path leads, whichever comes first.
func TestPlannedLinks(t *testing.T) {
	real := func(s *plan.Step, at string) *plan.Step { s.Real = at; return s }
	for name, tt := range map[string]struct {
		links []*plan.Step
		step  *plan.Step
		leads string
	}{
		"a link":            {[]*plan.Step{linked("/srv/x", "/etc/ssh")}, owner("/srv/x/sshd_config", true), "/etc/ssh/sshd_config"},
		"a relative link":   {[]*plan.Step{linked("/srv/x", "../etc/./ssh/")}, owner("/srv/x/sshd_config", true), "/etc/ssh/sshd_config"},
		"a directory above": {[]*plan.Step{linked("/srv/x", "/etc")}, owner("/srv/x/ssh/sshd_config.d/a", true), "/etc/ssh/sshd_config.d/a"},
		"two links":         {[]*plan.Step{linked("/srv/x", "/srv/y"), linked("/srv/y", "/etc/ssh")}, owner("/srv/x/a", true), "/etc/ssh/a"},
		"links in a circle": {[]*plan.Step{linked("/srv/x", "/srv/y"), linked("/srv/y", "/srv/x")}, owner("/srv/x/a", true), ""},
		"the link itself":   {nil, linked("/srv/x", "/etc/ssh"), ""},
		"what it leads to":  {[]*plan.Step{linked("/srv/x", "/etc/sudoers")}, owner("/srv/x", true), "/etc/sudoers"},
		"a tree":            {[]*plan.Step{linked("/srv/x", "/")}, owner("/srv/x/etc", false), "/etc"},
		"a home":            {[]*plan.Step{linked("/srv/x", "/home/ops/.ssh")}, owner("/srv/x/authorized_keys", true), "/home/ops/.ssh/authorized_keys"},
		"behind a link that is there": {
			[]*plan.Step{real(linked("/srv/d/x", "/etc/ssh"), "/data/x")},
			real(owner("/mnt/x/a", true), "/data/x/a"), "/etc/ssh/a",
		},
		"elsewhere":      {[]*plan.Step{linked("/srv/x", "/opt/app")}, owner("/srv/x/a", false), ""},
		"a longer name":  {[]*plan.Step{linked("/srv/x", "/etc/ssh")}, owner("/srv/xy/a", false), ""},
		"of other users": {[]*plan.Step{linked("/srv/x", "/home/app")}, owner("/srv/x/.ssh/a", true), ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, steps := range [][]*plan.Step{append(slices.Clone(tt.links), tt.step), append([]*plan.Step{tt.step}, tt.links...)} {
				if err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, steps, ops); err != nil {
					t.Fatal(err)
				}
				if tt.step.Guarded != (tt.leads != "") || tt.leads != "" && !slices.Contains(tt.step.Leads, tt.leads) {
					t.Errorf("guarded: %v, leads to %v", tt.step.Guarded, tt.step.Leads)
				}
				for _, l := range tt.links {
					if l.Guarded {
						t.Errorf("%s is guarded", l.Unit.ID.Key)
					}
				}
				local := func(*inventory.Host) guard.Access { return guard.Access{Login: "ops"} }
				if err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, steps, local); err != nil || tt.step.Guarded || tt.step.Apart != nil {
					t.Errorf("without a network: %v, %v", tt.step.Guarded, err)
				}
			}
		})
	}
}

// TestLead: a link or mount that is there does not hide where a path leads either, and one that comes later is found before the step acts.
func TestLead(t *testing.T) {
	dir := t.TempDir()
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("/etc", "etc")
	link("etc/ssh", "ssh")
	link("/opt", "opt")
	if err := os.Mkdir(filepath.Join(dir, "plain"), 0o755); err != nil {
		t.Fatal(err)
	}
	user := func(*inventory.Host) string { return "root" }
	paths := map[string]bool{ // whether they lead to ways in
		"etc/ssh/sshd_config": true, "ssh/new/sub/a": true, "etc/sudoers": true, "etc/systemd/system/ssh.service": true,
		"etc/app.conf": false, "opt/a": false, "plain/a": false, "absent/a/b": false, "etc/systemd/system/app.service": false,
	}
	var steps []*plan.Step
	for p := range paths {
		steps = append(steps, owner(filepath.Join(dir, p), true))
	}
	whole := owner(filepath.Join(dir, "etc"), false)
	target := &here{}
	h := &plan.Host{Host: &inventory.Host{}, Target: target}
	all := append(slices.Clone(steps), whole)
	if err := guard.Mark(h, all, ops); err != nil {
		t.Fatal(err)
	}
	if err := guard.Lead(t.Context(), h, all, user); err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		p, _ := filepath.Rel(dir, s.Unit.ID.Key)
		if s.Guarded != paths[p] || s.Guarded && (s.Apart != nil || !strings.HasPrefix(s.Leads[0], "/etc")) {
			t.Errorf("%s: %v, %v", p, s.Guarded, s.Leads)
		}
	}
	if !whole.Guarded || target.asked != 2 {
		t.Errorf("a tree: %v, asked %d times", whole.Guarded, target.asked)
	}
	later := owner(filepath.Join(dir, "later", "sshd_config"), true)
	if err := errOf(guard.Mark(h, []*plan.Step{later}, ops), guard.Lead(t.Context(), h, []*plan.Step{later}, user)); err != nil || later.Guarded || target.asked != 3 {
		t.Fatalf("%v, %v, asked %d times", err, later.Guarded, target.asked)
	}
	if err := guard.Apart(t.Context(), target, later); err != nil {
		t.Error(err)
	}
	link("/etc/ssh", "later")
	err := guard.Apart(t.Context(), target, later)
	if err == nil || !strings.Contains(err.Error(), "leads to /etc/ssh/sshd_config by now") || diag.Of(err).Hint != "apply again: what leads there is done under guard then" {
		t.Errorf("%v", err)
	}
	if err := errOf(guard.Mark(h, []*plan.Step{later}, ops), guard.Lead(t.Context(), h, []*plan.Step{later}, user)); err != nil || !later.Guarded {
		t.Errorf("the hint: %v, %v", err, later.Guarded)
	}
	later.Change.Action = abi.None
	asked := target.asked
	if err := errOf(guard.Mark(h, []*plan.Step{later}, ops), guard.Lead(t.Context(), h, []*plan.Step{later}, user)); err != nil || target.asked != asked {
		t.Errorf("one that does nothing is asked about: %v", err)
	}
}

func errOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestAhead: what lies in what is unpacked before it is not asked about with the rest.
func TestAhead(t *testing.T) {
	unpack := owner("/srv/app", false, op.Op{Unpack: &op.Unpack{Path: "/srv/app"}})
	steps := []*plan.Step{owner("/a", true), unpack, owner("/srv/other", true), owner("/srv/app/etc/sshd_config", true), owner("/b", true)}
	if err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, steps, ops); err != nil {
		t.Fatal(err)
	}
	if n := guard.Ahead(steps); n != 3 {
		t.Errorf("got %d", n)
	}
	if n := guard.Ahead(steps[2:]); n != 3 {
		t.Errorf("behind it: got %d", n)
	}
	if a := guard.Together(steps[:3]); len(a.Own) != 3 || len(a.Whole) != 1 {
		t.Errorf("got %+v", a)
	}
}
