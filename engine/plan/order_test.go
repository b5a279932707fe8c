package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
)

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
			"what needs a path comes after what is there and above, and in any order with what needs it, too",
			[]string{"file[/srv]", "file[/srv/app]", "needs[/srv/app]", "needs[/srv/app/]", "file[/srv/app/x]", "file[/other]"},
			[]string{"file[/srv]", "file[/srv/app] <- 0", "needs[/srv/app] <- 0 1", "needs[/srv/app/] <- 0 1", "file[/srv/app/x] <- 0 1", "file[/other]"},
		},
		{"and before it, where it is declared so", []string{"needs[/srv/app/x]", "needs[/srv]", "file[/srv/app]"}, []string{"needs[/srv/app/x]", "needs[/srv]", "file[/srv/app] <- 0"}},
		{
			"nothing is at work beside what could cut the host off",
			[]string{"cmd[a]", "file[/x]", "alone[x]", "cmd[b]", "alone[y]"},
			[]string{"cmd[a]", "file[/x]", "alone[x] <- 0 1", "cmd[b] <- 2", "alone[y] <- 0 1 2 3"},
		},
		{
			"packages one after the other, neighbours together",
			[]string{"pkg[a]", "pkg[b] <- pkg[a]", "cmd[x]", "pkg[c] <- cmd[x]", "cmd[y] <- pkg[a]"},
			[]string{"pkg[a] pkg[b]", "cmd[x]", "pkg[c] <- 0 1", "cmd[y] <- 0"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, edges(plan.Groups(enginetest.Creating(tt.units...)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestGroupsKeepTheScriptsOrder: each step stands in one group, in the script's
// order, and edges lead back only: so there is always a group that can begin.
func TestGroupsKeepTheScriptsOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.StringMatching(`(file|line|needs)\[(/[ab]){1,3}\]|(pkg|service|cmd|alone)\[[ab]{1,2}\]`), rapid.ID).Draw(rt, "units")
		texts := slices.Clone(names)
		for i := range texts {
			if i > 0 && rapid.Bool().Draw(rt, "requires") {
				texts[i] += " <- " + names[rapid.IntRange(0, i-1).Draw(rt, "required")]
			}
		}
		steps := enginetest.Creating(texts...)
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
