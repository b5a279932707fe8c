package plan_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

type later struct{}

func (later) Eval(context.Context, unit.Outcomes, any) (any, error) { return false, nil }
func (later) Pos() diag.Pos                                         { return diag.Pos{} }

// TestNotAmong: what may act and is not shown, by sets of hosts.
func TestNotAmong(t *testing.T) {
	effect := []abi.Effect{{Op: op.Op{Mkdir: &op.Mkdir{Path: "/x"}}}}
	step := func(key string, action abi.Action, change ...func(*plan.Step)) *plan.Step {
		s := &plan.Step{Unit: &unit.Unit{ID: unit.ID{Type: "t", Key: key}, Pos: diag.Pos{Line: int(key[0])}}, Change: &abi.Change{Action: action}}
		for _, c := range change {
			c(s)
		}
		return s
	}
	potential := func(s *plan.Step) { s.Potential = effect }
	when := func(s *plan.Step) { s.Skip, s.Unit.Conditions.When, s.Potential = true, later{}, effect }
	watches := func(key string) func(*plan.Step) {
		return func(s *plan.Step) {
			s.Skip, s.Unit.Conditions.OnChange, s.Potential = true, []unit.ID{{Type: "t", Key: key}}, effect
		}
	}
	handled := func(name string) func(*plan.Step) {
		return func(s *plan.Step) {
			s.Dormant, s.Unit.ID.Scope, s.Potential = true, unit.Scope{Play: "web", Handler: name}, effect
		}
	}
	notifies := func(s *plan.Step) { s.Unit.Notify = []string{"reload"} }
	change := func() *plan.Step { return step("a", abi.Create) }
	for _, tt := range []struct {
		name  string
		hosts map[string]*plan.Play
		want  []string
	}{
		{"nothing", map[string]*plan.Play{"h1": {Steps: []*plan.Step{step("a", abi.None)}}}, nil},
		{"a change", map[string]*plan.Play{"h1": {Steps: []*plan.Step{change(), step("b", abi.None)}}}, nil},
		{"behind a change", map[string]*plan.Play{"h1": {Steps: []*plan.Step{change(), step("b", abi.None, potential)}}}, []string{"h1 may t[b]"}},
		{"a value", map[string]*plan.Play{"h1": {Steps: []*plan.Step{step("b", abi.Update, func(s *plan.Step) { s.Certainty = plan.Unknown })}}}, []string{"h1 may t[b]"}},
		{"a condition, and nothing changes", map[string]*plan.Play{"h1": {Steps: []*plan.Step{step("b", abi.Run, when)}}}, nil},
		{"a condition behind a change", map[string]*plan.Play{"h1": {Steps: []*plan.Step{change(), step("b", abi.Run, when)}}}, []string{"h1 may t[b]"}},
		{"it watches what changes", map[string]*plan.Play{"h1": {Steps: []*plan.Step{change(), step("b", abi.None, potential), step("c", abi.Run, watches("b"))}}}, []string{"h1 may t[b] t[c]"}},
		{"it watches what stays", map[string]*plan.Play{"h1": {Steps: []*plan.Step{change(), step("c", abi.Run, watches("b"))}}}, nil},
		{"a handler that may be called", map[string]*plan.Play{"h1": {
			Steps:    []*plan.Step{change(), step("b", abi.None, potential, notifies)},
			Handlers: []*plan.Handler{{Name: "reload", Steps: []*plan.Step{step("d", abi.Run, handled("reload"))}}, {Name: "other", Steps: []*plan.Step{step("e", abi.Run, handled("other"))}}},
		}}, []string{"h1 may t[b] handler[web/reload]/t[d]"}},
		{"a probe", map[string]*plan.Play{"h1": {Steps: []*plan.Step{step("p", abi.Probe)}}}, []string{"h1 probes t[p]"}},
		{"hosts that are alike", map[string]*plan.Play{
			"h1": {Steps: []*plan.Step{change(), step("b", abi.None, potential), step("c", abi.None, potential)}},
			"h2": {Steps: []*plan.Step{change(), step("b", abi.None, potential), step("c", abi.None)}},
			"h3": {Steps: []*plan.Step{change(), step("b", abi.None, potential), step("c", abi.None, potential)}},
		}, []string{"h1,h2,h3 may t[b]", "h1,h3 may t[c]"}},
		{"a host that is not begun", map[string]*plan.Play{"h1": {Steps: []*plan.Step{change(), step("b", abi.None, potential), step("c", abi.None, func(s *plan.Step) { s.Err = &abi.Error{} })}}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var hosts []*plan.Host
			for _, name := range []string{"h1", "h2", "h3"} {
				if p := tt.hosts[name]; p != nil {
					hosts = append(hosts, &plan.Host{Host: enginetest.Inventory(name), Plays: map[int]*plan.Play{0: p}})
				}
			}
			var got []string
			for _, o := range plan.NotAmong(hosts, []string{"web"}, (*plan.Step).Pending) {
				for what, units := range map[string][]string{"may": o.MayAct, "probes": o.Probes} {
					if len(units) > 0 {
						got = append(got, strings.Join(o.Hosts, ",")+" "+what+" "+strings.Join(units, " "))
					}
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
