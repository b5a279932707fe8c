package depend

import (
	"testing"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// TestPrerequisitesOfFiles: what is missing is a directory, which not everything that
// changes the host can bring.
func TestPrerequisitesOfFiles(t *testing.T) {
	tests := []struct {
		name   string
		before op.Op
		action abi.Action
		brings bool
	}{
		{"the directory", op.Op{Mkdir: &op.Mkdir{Path: "/srv/d"}}, abi.Create, true},
		{"one below it", op.Op{Mkdir: &op.Mkdir{Path: "/srv/d/e/f/"}}, abi.Create, true},
		{"the one above", op.Op{Mkdir: &op.Mkdir{Path: "/srv"}}, abi.Create, false},
		{"one that begins alike", op.Op{Mkdir: &op.Mkdir{Path: "/srv/dd"}}, abi.Create, false},
		{"a link in its place", op.Op{Link: &op.Link{Path: "/srv/d", Target: "/x"}}, abi.Create, true},
		{"a link above it", op.Op{Link: &op.Link{Path: "/srv", Target: "/x"}}, abi.Create, true},
		{"another link", op.Op{Link: &op.Link{Path: "/l", Target: "/srv/d"}}, abi.Create, false},
		{"a file", op.Op{Write: &op.Write{Path: "/srv/d"}}, abi.Create, false},
		{"a mode", op.Op{Attr: &op.Attr{Path: "/srv"}}, abi.Update, false},
		{"a removal", op.Op{Remove: &op.Remove{Path: "/srv/d"}}, abi.Delete, false},
		{"a program", op.Op{Exec: &op.Exec{Shell: "make"}}, abi.Run, true},
		{"a program that is said to change nothing", op.Op{Exec: &op.Exec{Shell: "make"}}, abi.Probe, true},
		{"a package", op.Op{PkgEnsure: &op.PkgEnsure{}}, abi.Create, true},
		{"a service", op.Op{SvcEnsure: &op.SvcEnsure{}}, abi.Update, true},
		{"a probe", op.Op{TCP: &op.TCPProbe{}}, abi.Probe, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first := &plan.Step{Unit: &unit.Unit{}, Change: &abi.Change{Action: tt.action, Effects: []abi.Effect{{Op: tt.before}}}}
			reads := []abi.Entry{{Op: op.Op{Stat: &op.Stat{Path: "/srv/d/f"}}, Result: op.Result{Stat: &op.StatResult{NoParent: true}}}}
			s := &plan.Step{Unit: &unit.Unit{}, Found: plan.Found{Reads: reads}, Change: &abi.Change{
				Action: abi.Create, Missing: "directory /srv/d", Directory: "/srv/d", MissingHint: "make it",
			}}
			Prerequisites([]*plan.Step{first, s})
			switch {
			case tt.brings && (s.Err != nil || s.Change.Missing != "" || s.Reads[0].Result.Stat.NoParent):
				t.Errorf("refused, or not sent ahead: %v, %+v, %+v", s.Err, s.Change, s.Reads[0].Result.Stat)
			case !tt.brings && (s.Err == nil || s.Err.Hint != "make it"):
				t.Errorf("not refused: %v", s.Err)
			}
			elsewhere := &plan.Step{Unit: &unit.Unit{ID: unit.ID{Delegate: "h2"}}, Change: &abi.Change{
				Action: abi.Create, Missing: "directory /srv/d", Directory: "/srv/d",
			}}
			if Prerequisites([]*plan.Step{first, elsewhere}); elsewhere.Err == nil {
				t.Error("what is done on one host brings nothing to another")
			}
		})
	}
}
