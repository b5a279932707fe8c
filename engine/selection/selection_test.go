package selection

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
)

func TestSelectHosts(t *testing.T) {
	inv := inventory.New([]*inventory.Host{
		{Name: "web1", Groups: []string{"web"}},
		{Name: "web2", Groups: []string{"web"}},
		{Name: "db1", Groups: []string{"db"}, Labels: map[string]string{"role": "db"}},
	})
	web := runbook.Play{Name: "web", Selector: "web", Pos: diag.Pos{File: "site.star", Line: 3}}
	db := runbook.Play{Name: "db", Selector: "role=db"}
	implicit := runbook.Play{Implicit: true}
	for _, tt := range []struct {
		name  string
		plays []runbook.Play
		limit string
		want  map[string][]int
		wrong string
	}{
		{"all plays", []runbook.Play{web, db}, "", map[string][]int{"web1": {0}, "web2": {0}, "db1": {1}}, ""},
		{"limit", []runbook.Play{web, db}, "web1:db", map[string][]int{"web1": {0}, "db1": {1}}, ""},
		{"implicit", []runbook.Play{implicit}, "!db", map[string][]int{"web1": {0}, "web2": {0}}, ""},
		{"a host in two plays", []runbook.Play{web, {Name: "all", Selector: "all"}}, "web2", map[string][]int{"web2": {0, 1}}, ""},
		{"nothing in common", []runbook.Play{web}, "db", nil, `the plays' hosts and the limit "db" have none in common`},
		{"unknown limit", []runbook.Play{web}, "wbe1", nil, `--limit wbe1: `},
		{"unknown selector", []runbook.Play{{Name: "x", Selector: "wbe", Pos: web.Pos}}, "", nil, `site.star:3: play x: `},
		{"no plays", nil, "", nil, "the runbook wants nothing of any host"},
		{"empty label", []runbook.Play{{Name: "x", Selector: "role=none"}}, "", nil, "no host is selected by any play"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Of(inv, tt.plays, tt.limit)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("got %v, want an error with %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, s.Plays); diff != "" {
				t.Error(diff)
			}
			if len(s.Hosts) != len(tt.want) {
				t.Errorf("%d hosts, want %d", len(s.Hosts), len(tt.want))
			}
		})
	}
}
