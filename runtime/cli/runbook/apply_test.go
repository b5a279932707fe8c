package runbook

import (
	"testing"

	"github.com/openfroyo/froyo/runtime/cli/flags"
)

func TestASavedPlanDecidesItsFlags(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command Apply
		refused bool
	}{
		{"nothing else", Apply{Plan: "p"}, false},
		{"passwords and forks", Apply{Plan: "p", Planning: flags.Planning{Target: flags.Target{Login: flags.Login{AskBecome: true, Forks: new(3)}}}}, false},
		{"another runbook", Apply{Plan: "p", Planning: flags.Planning{File: "x.star"}}, true},
		{"inventory", Apply{Plan: "p", Planning: flags.Planning{Target: flags.Target{Inventory: []string{"h1,"}}}}, true},
		{"limit", Apply{Plan: "p", Planning: flags.Planning{Target: flags.Target{Limit: "h1"}}}, true},
		{"variables, of which those are refused that it holds", Apply{Plan: "p", Planning: flags.Planning{Vars: flags.Vars{Extra: []string{"a=b"}}}}, false},
		{"which are sensitive", Apply{Plan: "p", Planning: flags.Planning{Vars: flags.Vars{Sensitive: []string{"a"}}}}, true},
		{"tags", Apply{Plan: "p", Planning: flags.Planning{Units: flags.Units{Tags: []string{"a"}}}}, true},
		{"become", Apply{Plan: "p", Planning: flags.Planning{Target: flags.Target{Become: true}}}, true},
		{"become method", Apply{Plan: "p", Planning: flags.Planning{Target: flags.Target{Method: "su"}}}, true},
		{"user", Apply{Plan: "p", Planning: flags.Planning{Target: flags.Target{User: "x"}}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.command.conflicts(); (err != nil) != tt.refused {
				t.Errorf("got %v, refused should be %v", err, tt.refused)
			}
		})
	}
}
