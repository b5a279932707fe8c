package depend

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// runs is a step that runs a command, of a type that may bring kinds of things.
func runs(name, command string, kinds ...string) *plan.Step {
	s := does(name, abi.Run, op.Op{Exec: &op.Exec{Shell: command}})
	s.Unit.Order.Brings = kinds
	s.Unit.Args = codec.Raw(`{"command":"` + command + `"}`)
	return s
}

// waits has a step wait for what is to be brought itself.
func waits(s *plan.Step) *plan.Step {
	s.Awaits = []string{"unit nginx.service, which t[nginx-light] may bring"}
	return s
}

// lacking has the guard of a step lack a program, which is to be brought itself.
func lacking(s *plan.Step, what string) *plan.Step {
	s.Change.Guards = []abi.Guard{{Name: "unless", Command: "x", Lacks: &abi.Need{What: what}}}
	return s
}

// TestLikeliestBringer: what has the name comes first, then what shares a word with it, then the nearest before; of what is
// not named how many others there are is told, too.
func TestLikeliestBringer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		need   abi.Need
		before []*plan.Step
		want   string
	}{
		{"the name", abi.Need{Name: "nginx"}, []*plan.Step{runs("nginx", ""), runs("b", "")}, "t[nginx] may bring"},
		{"a word of the command", abi.Need{Name: "app"}, []*plan.Step{runs("a", "useradd app"), runs("b", "x")}, "t[a] may bring"},
		{"a word within another", abi.Need{Name: "app"}, []*plan.Step{runs("a", "useradd apple; ls /srv/app my-app app.d"), runs("b", "x")}, "t[b] or t[a] may bring"},
		{"a script", abi.Need{Name: "app"}, []*plan.Step{runs("set -eu\nuseradd app", ""), runs("b", "")}, "which t[set -eu...] may bring"},
		{"a long line", abi.Need{Name: "app"}, []*plan.Step{runs("useradd app "+strings.Repeat("x", 99), ""), runs("b", "")}, "which t[useradd app " + strings.Repeat("x", 46) + "...] may bring"},
		{"a path", abi.Need{Name: "/srv/app", Directory: true, Paths: []string{"/srv/app"}}, []*plan.Step{runs("a", "mkdir -p /srv/app/log"), runs("b", "x")}, "t[a] may bring"},
		{"part of the name", abi.Need{Name: "nginx"}, []*plan.Step{runs("nginx-light", ""), runs("b", "")}, "t[nginx-light] may bring"},
		{"the name before a part", abi.Need{Name: "nginx"}, []*plan.Step{runs("nginx", ""), runs("nginx-light", "")}, "t[nginx] may bring"},
		{"what waits itself", abi.Need{Name: "nginx"}, []*plan.Step{runs("nginx-light", ""), waits(runs("nginx", ""))}, "t[nginx-light] may bring"},
		{"what asks for it first", abi.Need{Name: "nginx"}, []*plan.Step{runs("nginx-light", ""), lacking(runs("a", "nginx -s"), "user x")}, "t[nginx-light] may bring"},
		{"what asks for another thing first", abi.Need{Name: "nginx"}, []*plan.Step{runs("nginx-light", ""), lacking(runs("a", "nginx -s"), "program y")}, "t[nginx-light] may bring"},
		{"a longer name", abi.Need{Name: "postgres"}, []*plan.Step{runs("postgresql-15", ""), runs("b", "")}, "t[postgresql-15] may bring"},
		{"a word that says nothing", abi.Need{Name: "www-data"}, []*plan.Step{runs("data-tools", ""), runs("b", "")}, "t[b] or t[data-tools] may bring"},
		{"the nearest", abi.Need{Name: "app"}, []*plan.Step{runs("a", ""), runs("b", ""), runs("c", "")}, "t[c] or 2 more units may bring"},
		{"a near name", abi.Need{Name: "wwwdata", Near: "www-data"}, []*plan.Step{runs("a", "")}, `(did you mean "www-data"?), which t[a] may bring`},
		{"a near name of what is brought", abi.Need{Name: "apps", Near: "appx"}, []*plan.Step{runs("a", "useradd apps")}, "user x, which t[a] may bring"},
		{"the kind", abi.Need{Name: "nginx", Kind: "user"}, []*plan.Step{runs("nginx", "", "service"), runs("b", "", "user")}, "t[b] may bring"},
		{"what is called so", abi.Need{Name: "app", Kind: "user"}, []*plan.Step{owns(runs("a", "", "user"), "app"), owns(runs("b", "", "user"), "other")}, "t[a] may bring"},
		{"anything", abi.Need{Name: "nginx", Kind: "user"}, []*plan.Step{runs("b", "", "anything")}, "t[b] may bring"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.need
			n.What = "user x"
			s := needy(n)
			Prerequisites(hostOf(append(tt.before, s)...))
			if s.Err != nil || len(s.Awaits) != 1 || !strings.HasSuffix(s.Awaits[0], tt.want) {
				t.Errorf("%v, awaits %q, want %q", s.Err, s.Awaits, tt.want)
			}
		})
	}
}

// owns has a step own the user of a name.
func owns(s *plan.Step, name string) *plan.Step {
	s.Unit.Order.Claims = append(s.Unit.Order.Claims, unit.Claim{Namespace: "user", Name: name, Owns: true})
	return s
}

// TestNoBringer: what is refused itself, does nothing, comes from another type or is not before brings nothing.
func TestNoBringer(t *testing.T) {
	user := abi.Need{What: "user app", Kind: "user", Name: "app", Near: "apt", Hint: "is the name right? declare it"}
	with := func(change func(*plan.Step)) func() *plan.Step {
		return func() *plan.Step {
			s := runs("a", "useradd app")
			change(s)
			return s
		}
	}
	for _, tt := range []struct {
		name   string
		before func() *plan.Step
		want   string
	}{
		{"it does nothing", with(func(s *plan.Step) { s.Change.Action = abi.None }), "and no unit before this one brings it"},
		{"its condition is false", with(func(s *plan.Step) { s.Skip = true }), "and no unit before this one brings it"},
		{"nothing calls for it", with(func(s *plan.Step) { s.Dormant = true }), "and no unit before this one brings it"},
		{"it is done already", with(func(s *plan.Step) { s.Done = true }), "and no unit before this one brings it"},
		{"its type brings no users", with(func(s *plan.Step) { s.Unit.Order.Brings = []string{"service"} }), "and no unit before this one brings it"},
		{"its type brings nothing", with(func(s *plan.Step) { s.Unit.Order.Brings = []string{} }), "and no unit before this one brings it"},
		{"it is said to change nothing", with(func(s *plan.Step) { s.Change.Action = abi.Probe }), "and no unit before this one brings it: t[a] is said to change nothing"},
		{"it is refused", with(func(s *plan.Step) { s.Err = &abi.Error{Message: "x"} }), "and t[a], which is to bring it, could not be planned"},
		{"it could not be read", with(func(s *plan.Step) { s.Err, s.Change = &abi.Error{Message: "x"}, nil }), "and t[a], which is to bring it, could not be planned"},
		{
			"another is refused", with(func(s *plan.Step) { s.Err, s.Unit.Args = &abi.Error{Message: "x"}, nil }), "and no unit before this one brings it",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := needy(user)
			Prerequisites(hostOf(tt.before(), s))
			if s.Err == nil || s.Err.Message != "there is no user app on the host, "+tt.want || s.Err.Hint != `did you mean "apt"? declare it` {
				t.Errorf("%+v, want %s", s.Err, tt.want)
			}
		})
	}
}

// TestConditionThatMayTurn: a condition that is false as things stand may hold once a unit before has changed the host.
func TestConditionThatMayTurn(t *testing.T) {
	user := abi.Need{What: "user app", Name: "app"}
	for _, tt := range []struct {
		name   string
		when   unit.Lambda
		first  abi.Action
		brings bool
	}{
		{"asked at its turn", asked{}, abi.Update, true},
		{"asked at its turn, of a host that stays as it is", asked{}, abi.None, false},
		{"decided", unit.Const{Value: false}, abi.Update, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, adds, s := does("first", tt.first, op.Op{Mkdir: &op.Mkdir{Path: "/x"}}), runs("adds", "useradd app"), needy(user)
			adds.Skip, adds.Unit.Conditions.When = true, tt.when
			if Prerequisites(hostOf(first, adds, s)); (s.Err == nil) != tt.brings {
				t.Errorf("%v, awaits %q", s.Err, s.Awaits)
			}
		})
	}
}

// asked is a condition that is asked when its unit is executed.
type asked struct{}

func (asked) Eval(context.Context, unit.Outcomes, any) (any, error) { return false, nil }
func (asked) Pos() diag.Pos                                         { return diag.Pos{} }

// TestBringersInGraphOrder: only what a unit waits for is before it, and all of the plays before.
func TestBringersInGraphOrder(t *testing.T) {
	user := abi.Need{What: "user app", Name: "app"}
	beside, waits := needy(user), needy(user)
	adds, last := runs("adds", "useradd app"), needy(user)
	beside.Unit.ID.Key, waits.Unit.ID.Key, last.Unit.ID.Key = "beside", "waits", "last"
	between := does("between", abi.None, op.Op{Mkdir: &op.Mkdir{Path: "/x"}})
	between.Unit.Require = []unit.ID{adds.Unit.ID}
	waits.Unit.Require = []unit.ID{between.Unit.ID}
	Prerequisites(&plan.Host{Plays: map[int]*plan.Play{
		0: {Graph: true, Steps: []*plan.Step{adds, between, beside, waits}},
		1: {Graph: true, Steps: []*plan.Step{last}},
	}})
	if want := "there is no user app on the host, and no unit that this one waits for brings it: t[adds] may, so name it in require"; beside.Err == nil || beside.Err.Message != want {
		t.Errorf("%+v, want %s", beside.Err, want)
	}
	for _, s := range []*plan.Step{waits, last} {
		if s.Err != nil || !slices.Equal(s.Awaits, []string{"user app, which t[adds] may bring"}) {
			t.Errorf("%s: %v, awaits %q", s.Unit.ID.Key, s.Err, s.Awaits)
		}
	}
}

// TestDelegatedBringers: what a unit needs on another host is brought there by a unit of the same host, or in a play before by one of
// any host; not by what is done beside it, or elsewhere.
func TestDelegatedBringers(t *testing.T) {
	tool := abi.Need{What: "program lb", Kind: "program", Name: "lb", Paths: []string{"/bin/lb"}}
	at := func(host, delegate string, s *plan.Step) *plan.Step {
		s.Unit.ID.Host, s.Unit.ID.Delegate = host, delegate
		return s
	}
	makes := func() *plan.Step { return does("lb", abi.Create, op.Op{Write: &op.Write{Path: "/bin/lb"}}) }
	for _, tt := range []struct {
		name   string
		bring  *plan.Step
		play   int
		brings bool
	}{
		{"its own unit in a play before", at("lb1", "", makes()), 0, true},
		{"its own unit in the same play", at("lb1", "", makes()), 1, false},
		{"a delegated unit of another host in a play before", at("web2", "lb1", makes()), 0, true},
		{"a unit of another host", at("web2", "", makes()), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, second := at("web1", "lb1", needy(tool)), at("web1", "lb1", needy(tool))
			second.Unit.ID.Key = "lb second"
			web := &plan.Host{Plays: map[int]*plan.Play{1: {Steps: []*plan.Step{s, second}}}}
			Prerequisites(web)
			if s.Err != nil {
				t.Fatalf("refused before the other hosts are known: %v", s.Err)
			}
			Delegated([]*plan.Host{web, {Plays: map[int]*plan.Play{tt.play: {Steps: []*plan.Step{tt.bring}}}}})
			for _, s := range []*plan.Step{s, second} {
				if (s.Err == nil) != tt.brings || tt.brings && (len(s.Awaits) != 1 || !strings.HasSuffix(s.Awaits[0], "t[lb] may bring")) {
					t.Errorf("%v, awaits %q", s.Err, s.Awaits)
				}
			}
		})
	}
}
