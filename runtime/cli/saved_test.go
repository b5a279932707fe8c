package cli

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

func TestOverlayShowsThePlansSources(t *testing.T) {
	o := overlay{
		sources: map[string]string{"site.star": "saved", "lib/base.star": "saved too"},
		below:   fstest.MapFS{"site.star": {Data: []byte("edited since")}, "payload": {Data: []byte("bytes")}},
	}
	for name, want := range map[string]string{"site.star": "saved", "lib/base.star": "saved too", "payload": "bytes"} {
		got, err := fs.ReadFile(o, name)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := fs.ReadFile(o, "none"); err == nil {
		t.Error("a file that is nowhere was found")
	}
}

func TestASavedPlanDecidesItsFlags(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command applyCommand
		refused bool
	}{
		{"nothing else", applyCommand{Plan: "p"}, false},
		{"passwords and forks", applyCommand{Plan: "p", runFlags: runFlags{targetFlags: targetFlags{loginFlags: loginFlags{AskBecome: true, Forks: new(3)}}}}, false},
		{"another runbook", applyCommand{Plan: "p", runFlags: runFlags{File: "x.star"}}, true},
		{"inventory", applyCommand{Plan: "p", runFlags: runFlags{targetFlags: targetFlags{Inventory: []string{"h1,"}}}}, true},
		{"limit", applyCommand{Plan: "p", runFlags: runFlags{targetFlags: targetFlags{Limit: "h1"}}}, true},
		{"variables", applyCommand{Plan: "p", runFlags: runFlags{varFlags: varFlags{Extra: []string{"a=b"}}}}, true},
		{"tags", applyCommand{Plan: "p", runFlags: runFlags{unitFlags: unitFlags{Tags: []string{"a"}}}}, true},
		{"become", applyCommand{Plan: "p", runFlags: runFlags{targetFlags: targetFlags{Become: true}}}, true},
		{"user", applyCommand{Plan: "p", runFlags: runFlags{targetFlags: targetFlags{User: "x"}}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.command.conflicts(); (err != nil) != tt.refused {
				t.Errorf("got %v, refused should be %v", err, tt.refused)
			}
		})
	}
}
