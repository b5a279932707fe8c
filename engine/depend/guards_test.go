package depend

import (
	"testing"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// TestGuards: what a guard is about and a unit before changes leaves it undecided whether the guarded unit acts; what has nothing to
// do with it does not.
func TestGuards(t *testing.T) {
	lacks := &abi.Need{What: "program composer", Kind: "program", Name: "composer", Paths: []string{"/usr/bin/composer"}}
	mysql := abi.Guard{Name: "unless", Command: "mysql -e 'select 1'"}
	starts := func(name string) *plan.Step {
		s := does(name, abi.Update, op.Op{SvcEnsure: &op.SvcEnsure{Name: name}})
		s.Unit.Order.Brings = []string{"directory", unit.Connections}
		return s
	}
	idle := starts("mysql")
	idle.Change.Action = abi.None
	refused := runs("composer", "")
	refused.Err = &abi.Error{Message: "x"}
	for _, tt := range []struct {
		name   string
		before *plan.Step
		guard  abi.Guard
		want   string
	}{
		{"its program may come", runs("php", "", "program"), abi.Guard{Name: "unless", Command: "composer --version", Lacks: lacks}, "unless is asked again after t[php], which may bring program composer"},
		{"its program does not come", runs("php", "", "user"), abi.Guard{Name: "unless", Command: "composer --version", Lacks: lacks}, ""},
		{"its program is refused", refused, abi.Guard{Name: "unless", Command: "composer --version", Lacks: lacks}, ""},
		{"a service is started", starts("mariadb"), mysql, "unless is asked again after t[mariadb]"},
		{"a service that stays as it is", idle, mysql, ""},
		{"its package is installed", runs("mysql-server", "", "program"), mysql, "unless is asked again after t[mysql-server]"},
		{"another package is installed", runs("nginx", "", "program"), mysql, ""},
		{"another file", does("/etc/motd", abi.Create, op.Op{Write: &op.Write{Path: "/etc/motd"}}), mysql, ""},
		{"its path is made", does("/srv/x", abi.Create, op.Op{Mkdir: &op.Mkdir{Path: "/srv/x"}}), abi.Guard{Name: "creates", Path: "/srv/x"}, "creates is asked again after t[/srv/x]"},
		{"its path is named", runs("a", "tar -C /srv/x -xf /tmp/x"), abi.Guard{Name: "creates", Path: "/srv/x"}, "creates is asked again after t[a]"},
		{"its path is not named", runs("a", "make"), abi.Guard{Name: "creates", Path: "/srv/x"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := runs("guarded", "x")
			s.Change.Guards = []abi.Guard{tt.guard}
			Guards(hostOf(tt.before, s))
			certainty := plan.Sure
			if tt.want != "" {
				certainty = plan.Conditional
			}
			if s.Undecided != tt.want || s.Certainty != certainty {
				t.Errorf("%q, certainty %q; want %q", s.Undecided, s.Certainty, tt.want)
			}
		})
	}
}
