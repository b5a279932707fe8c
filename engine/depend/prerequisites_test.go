package depend

import (
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// does is a step with one effect.
func does(name string, action abi.Action, o op.Op) *plan.Step {
	return &plan.Step{Unit: &unit.Unit{ID: unit.ID{Type: "t", Key: name}}, Change: &abi.Change{Action: action, Effects: []abi.Effect{{Op: o}}}}
}

// TestPrerequisites: what is missing is a directory, a program or a user, none of which
// everything that changes the host can bring.
func TestPrerequisites(t *testing.T) {
	const directory, program, user = 1, 2, 4
	tests := []struct {
		name   string
		before op.Op
		action abi.Action
		brings int
	}{
		{"the directory", op.Op{Mkdir: &op.Mkdir{Path: "/srv/d"}}, abi.Create, directory},
		{"one below it", op.Op{Mkdir: &op.Mkdir{Path: "/srv/d/e/f/"}}, abi.Create, directory},
		{"the one above", op.Op{Mkdir: &op.Mkdir{Path: "/srv"}}, abi.Create, 0},
		{"one that begins alike", op.Op{Mkdir: &op.Mkdir{Path: "/srv/dd"}}, abi.Create, 0},
		{"a link in its place", op.Op{Link: &op.Link{Path: "/srv/d", Target: "/x"}}, abi.Create, directory},
		{"a link above both", op.Op{Link: &op.Link{Path: "/srv", Target: "/x"}}, abi.Create, directory | program},
		{"another link", op.Op{Link: &op.Link{Path: "/l", Target: "/srv/d"}}, abi.Create, 0},
		{"a link to a program", op.Op{Link: &op.Link{Path: "/srv/p", Target: "/x"}}, abi.Create, program},
		{"a file", op.Op{Write: &op.Write{Path: "/srv/d"}}, abi.Create, 0},
		{"the program's file", op.Op{Write: &op.Write{Path: "/srv/p"}}, abi.Create, program},
		{"the program's mode", op.Op{Attr: &op.Attr{Path: "/srv/p"}}, abi.Update, program},
		{"the users' file", op.Op{Write: &op.Write{Path: "/etc/passwd"}}, abi.Update, user},
		{"a mode", op.Op{Attr: &op.Attr{Path: "/srv"}}, abi.Update, 0},
		{"a removal", op.Op{Remove: &op.Remove{Path: "/srv/d"}}, abi.Delete, 0},
		{"a program", op.Op{Exec: &op.Exec{Shell: "make"}}, abi.Run, directory | program | user},
		{"a program that is said to change nothing", op.Op{Exec: &op.Exec{Shell: "make"}}, abi.Probe, 0},
		{"a package", op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "x", State: op.PkgPresent}}}}, abi.Create, directory | program | user},
		{"a package that goes", op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "x", State: op.PkgPurged}}}}, abi.Delete, 0},
		{"a service", op.Op{SvcEnsure: &op.SvcEnsure{}}, abi.Update, directory | program | user},
		{"a probe", op.Op{TCP: &op.TCPProbe{}}, abi.Probe, 0},
	}
	for _, tt := range tests {
		for bit, need := range map[int]abi.Need{
			directory: {What: "directory /srv/d", Paths: []string{"/srv/d"}, Directory: true, Hint: "make it"},
			program:   {What: "program p", Where: "in /bin:/srv", Paths: []string{"/bin/p", "/srv/p"}, Hint: "make it"},
			user:      {What: "user u", Paths: []string{"/etc/passwd"}, Hint: "make it"},
		} {
			t.Run(tt.name+", "+need.What, func(t *testing.T) {
				first, s := does("first", tt.action, tt.before), needy(need)
				Prerequisites(hostOf(first, s))
				switch brings := tt.brings&bit != 0; {
				case brings && (s.Err != nil || len(s.Change.Needs) > 0 || !there(s.Reads)):
					t.Errorf("refused, or not sent ahead: %v, %+v, %+v", s.Err, s.Change, s.Reads)
				case !brings && (s.Err == nil || s.Err.Hint != "make it"):
					t.Errorf("not refused: %v", s.Err)
				case brings && !need.Directory && !slices.Equal(s.Awaits, []string{need.What + ", which t[first] may bring"}):
					t.Errorf("awaits %q", s.Awaits)
				case brings && need.Directory && made(tt.before) != (s.Awaits == nil):
					t.Errorf("awaits %q, which is news where it is not sure", s.Awaits)
				}
				elsewhere := needy(need)
				elsewhere.Unit.ID.Delegate = "h2"
				if Delegated([]*plan.Host{hostOf(first, elsewhere)}); elsewhere.Err == nil {
					t.Error("what is done on one host brings nothing to another")
				}
			})
		}
	}
}

// made reports whether an op makes what it brings, as opposed to one of which that is not known.
func made(o op.Op) bool {
	what, _ := o.Brings()
	return what != op.BringsAnything
}

// hostOf is a host with one play in script order.
func hostOf(steps ...*plan.Step) *plan.Host {
	return &plan.Host{Plays: map[int]*plan.Play{0: {Steps: steps}}}
}

// needy is a step that needs what its reads say is not there.
func needy(n abi.Need) *plan.Step {
	read := abi.Entry{Op: op.Op{Need: &op.Need{Users: []string{"u"}}}, Result: op.Result{Need: &op.NeedResult{NoUsers: []string{"u"}}}}
	if n.Directory {
		read = abi.Entry{Op: op.Op{Stat: &op.Stat{Path: "/srv/d/f"}}, Result: op.Result{Stat: &op.StatResult{NoParent: true}}}
	}
	s := does("needy", abi.Create, op.Op{Write: &op.Write{Path: "/srv/d/f"}})
	s.Reads, s.Change.Needs = []abi.Entry{read}, []abi.Need{n}
	return s
}

// there reports whether the reads have what they need.
func there(reads []abi.Entry) bool {
	return !slices.ContainsFunc(reads, func(e abi.Entry) bool {
		return e.Result.Stat != nil && e.Result.Stat.NoParent || e.Result.Need != nil && e.Result.Need.Lacking() > 0
	})
}

// TestPrerequisitesOfSeveral: one of two that nothing brings is an error; of what several units
// may bring the likeliest is named; what only a read at its turn can tell stays needed.
func TestPrerequisitesOfSeveral(t *testing.T) {
	user := abi.Need{What: "user u", Paths: []string{"/etc/passwd"}}
	group := abi.Need{What: "group g", Paths: []string{"/etc/group"}}
	s := needy(user)
	s.Change.Needs = append(s.Change.Needs, group)
	Prerequisites(hostOf(does("passwd", abi.Update, op.Op{Write: &op.Write{Path: "/etc/passwd"}}), s))
	if s.Err == nil || s.Err.Message != "there is no group g on the host, and no unit before this one brings it" || s.Awaits != nil {
		t.Errorf("%v, awaits %q", s.Err, s.Awaits)
	}
	run := op.Op{Exec: &op.Exec{Shell: "x"}}
	for n, want := range map[int]string{2: "user u, which t[b] or t[a] may bring", 3: "user u, which t[c] or 2 more units may bring"} {
		s = needy(user)
		before := []*plan.Step{does("a", abi.Run, run), does("b", abi.Run, run), does("c", abi.Run, run)}[:n]
		if Prerequisites(hostOf(append(before, s)...)); !slices.Equal(s.Awaits, []string{want}) {
			t.Errorf("awaits %q, want %q", s.Awaits, want)
		}
	}
	s = needy(user)
	s.Reads = nil
	if Prerequisites(hostOf(does("a", abi.Run, run), s)); s.Err != nil || len(s.Change.Needs) != 1 {
		t.Errorf("%v, needs %v", s.Err, s.Change.Needs)
	}
}
