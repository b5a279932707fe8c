package run

import (
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// TestPendingHandlersOfOthersAreOneLine, however many there are; an after_change has its own.
func TestPendingHandlersOfOthersAreOneLine(t *testing.T) {
	pending := func(names ...string) []plan.PendingHandler {
		var all []plan.PendingHandler
		for _, name := range names {
			all = append(all, plan.PendingHandler{Play: "web", Handler: name, Since: time.Unix(1, 0), Run: "r1", Runbook: "site.star"})
		}
		return all
	}
	for _, tt := range []struct {
		name         string
		first, other []plan.PendingHandler
		want         []string
	}{
		{"none", nil, nil, nil},
		{"one", pending("a"), nil, []string{`handler "a" of play web stays pending on h1, left by an apply of site.star, run r1, since `}},
		{"one on two hosts", pending("a"), pending("a"), []string{`handler "a" of play web stays pending on 2 hosts: h[1-2], left by an apply of site.star, run r1, since `}},
		{"five", pending("a", "b", "c"), pending("d", "e"), []string{
			`5 handlers stay pending on 2 hosts: h[1-2], left by applies of site.star, and no unit of this run notifies them: handler "a" of play web, handler "b" of play web, handler "c" of play web, and 2 more; `,
		}},
		{"after_change", pending("a", unit.AfterChange), nil, []string{unit.AfterChange + " of play web stays pending on h1", `handler "a" of play web stays pending on h1`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := unnotified([]*plan.Host{
				{Host: enginetest.Inventory("h1"), Orphaned: tt.first}, {Host: enginetest.Inventory("h2"), Orphaned: tt.other},
			})
			if len(got) != len(tt.want) {
				t.Fatalf("%d warnings, want %d: %v", len(got), len(tt.want), got)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(got[i].Summary, want) {
					t.Errorf("got %s\nwant %s...", got[i].Summary, want)
				}
			}
		})
	}
}
