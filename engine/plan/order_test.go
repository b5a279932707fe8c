package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// declared makes steps of texts such as "file[/a]" or "cmd[x] <- file[/a] pkg[y]".
func declared(t *testing.T, texts ...string) []*plan.Step {
	t.Helper()
	var steps []*plan.Step
	for _, text := range texts {
		name, required, _ := strings.Cut(text, " <- ")
		u := &unit.Unit{ID: unit.ParseLocal("h1", name)}
		if strings.HasPrefix(u.ID.Key, "/") {
			args, err := json.Marshal(map[string]string{"path": u.ID.Key})
			if err != nil {
				t.Fatal(err)
			}
			u.Args = args
		}
		for r := range strings.FieldsSeq(required) {
			u.Require = append(u.Require, unit.ParseLocal("h1", r))
		}
		steps = append(steps, &plan.Step{Unit: u, Change: &abi.Change{Action: abi.Create}})
	}
	return steps
}

// edges writes groups as "pkg[a] pkg[b] <- 0 1".
func edges(groups []plan.Group) []string {
	var all []string
	for _, g := range groups {
		var names []string
		for _, s := range g.Steps {
			names = append(names, s.Unit.ID.Bare())
		}
		text := strings.Join(names, " ")
		if len(g.After) > 0 {
			text += " <- " + strings.Trim(fmt.Sprint(g.After), "[]")
		}
		all = append(all, text)
	}
	return all
}

func TestGroups(t *testing.T) {
	for _, tt := range []struct {
		name        string
		units, want []string
	}{
		{"what is required", []string{"cmd[a]", "cmd[b]", "cmd[c] <- cmd[a] cmd[b]", "cmd[d] <- gone[x]"}, []string{"cmd[a]", "cmd[b]", "cmd[c] <- 0 1", "cmd[d]"}},
		{
			"files come after their directories",
			[]string{"file[/srv]", "file[/srv/app]", "file[/srv/app/conf]", "file[/srvother]", "line[/srv/app/conf]"},
			[]string{"file[/srv]", "file[/srv/app] <- 0", "file[/srv/app/conf] <- 0 1", "file[/srvother]", "line[/srv/app/conf] <- 0 1 2"},
		},
		{"and a directory after its files, where it is declared so", []string{"file[/a/b/c]", "line[/x/y]", "file[/a]", "file[/x]"}, []string{"file[/a/b/c]", "line[/x/y]", "file[/a] <- 0", "file[/x] <- 1"}},
		{"a path has more than one spelling", []string{"file[/a/]", "file[/a//b/../c]"}, []string{"file[/a/]", "file[/a//b/../c] <- 0"}},
		{"all is beneath the root", []string{"file[/]", "file[/a]"}, []string{"file[/]", "file[/a] <- 0"}},
		{"a service comes after its package", []string{"pkg[nginx]", "cmd[x]", "service[nginx.service]", "service[other]"}, []string{"pkg[nginx]", "cmd[x]", "service[nginx.service] <- 0", "service[other]"}},
		{"and before it, where it is declared so", []string{"service[nginx]", "cmd[x]", "pkg[nginx]"}, []string{"service[nginx]", "cmd[x]", "pkg[nginx] <- 0"}},
		{
			"packages one after the other, neighbours together",
			[]string{"pkg[a]", "pkg[b] <- pkg[a]", "cmd[x]", "pkg[c] <- cmd[x]", "cmd[y] <- pkg[a]"},
			[]string{"pkg[a] pkg[b]", "cmd[x]", "pkg[c] <- 0 1", "cmd[y] <- 0"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, edges(plan.Groups(declared(t, tt.units...)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestGroupsKeepTheScriptsOrder: each step stands in one group, in the script's
// order, and edges lead back only: so there is always a group that can begin.
func TestGroupsKeepTheScriptsOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.StringMatching(`(file|line)\[(/[ab]){1,3}\]|(pkg|service|cmd)\[[ab]{1,2}\]`), rapid.ID).Draw(rt, "units")
		texts := slices.Clone(names)
		for i := range texts {
			if i > 0 && rapid.Bool().Draw(rt, "requires") {
				texts[i] += " <- " + names[rapid.IntRange(0, i-1).Draw(rt, "required")]
			}
		}
		steps := declared(t, texts...)
		var got []*plan.Step
		for i, g := range plan.Groups(steps) {
			got = append(got, g.Steps...)
			if len(g.After) > 0 && (g.After[len(g.After)-1] >= i || !slices.IsSorted(g.After)) {
				rt.Fatalf("group %d comes after %v", i, g.After)
			}
		}
		if !slices.Equal(steps, got) {
			rt.Fatalf("steps %v became %v", names, edges(plan.Groups(steps)))
		}
	})
}

// TestGraphOrderIsDrawn: its edges stand in the saved plan, and are drawn in
// place of the script's order; what comes behind the play comes after all of it.
func TestGraphOrderIsDrawn(t *testing.T) {
	host := &plan.Host{Host: enginetest.Inventory("h1"), Plays: map[int]*plan.Play{
		0: {Steps: declared(t, "cmd[first]")},
		1: {
			Graph: true, Flush: []int{3},
			Steps: declared(t, "file[/srv]", "cmd[a]", "file[/srv/x] <- cmd[a]", "cmd[late]", "cmd[later]"),
		},
		2: {Steps: declared(t, "cmd[last]")},
	}}
	plays := []string{"one", "two", "three"}
	d := &plan.Document{Plays: []plan.DocumentPlay{{Name: "one"}, {Name: "two", Order: plan.OrderGraph}, {Name: "three"}}}
	if err := d.AddHost(host, plays, &plan.Contents{}, func([]byte) string { return "" }); err != nil {
		t.Fatal(err)
	}
	d.Inventory = []*inventory.Host{host.Host}
	viewed, _, _, err := d.View()
	if err != nil {
		t.Fatal(err)
	}
	if viewed[0].Plays[0].Graph || !viewed[0].Plays[1].Graph {
		t.Error("the saved plan does not tell which play is in graph order")
	}
	var got []string
	for _, e := range d.Graph().Edges {
		got = append(got, fmt.Sprintf("%s -> %s %d", strings.TrimPrefix(e.From, "h1/"), strings.TrimPrefix(e.To, "h1/"), e.Kind))
	}
	want := []string{
		"cmd[first] -> file[/srv] 0", "cmd[first] -> cmd[a] 0",
		"file[/srv] -> file[/srv/x] 0", "cmd[a] -> file[/srv/x] 1",
		"file[/srv/x] -> cmd[late] 0", "file[/srv/x] -> cmd[later] 0",
		"cmd[late] -> cmd[last] 0", "cmd[later] -> cmd[last] 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
