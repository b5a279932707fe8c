package apply_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/unit"
)

// TestAPlanStaysAsItIs: what becomes of a plan while it is applied is not written
// into it, neither where a step is read anew nor where a handler is notified.
func TestAPlanStaysAsItIs(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/when": "0", "/moved": "1"})
	f := &fleet{hosts: map[string]*enginetest.Host{"h1": h}, units: func(host string) []*unit.Unit {
		first := enginetest.Set(host, "/first", "1")
		conditional := enginetest.Set(host, "/when", "1")
		conditional.Conditions.When = lambda(func() (any, error) {
			if first.Outcome() == nil {
				return nil, unit.ErrPending
			}
			return true, nil
		})
		watching := enginetest.Set(host, "/watching", "1")
		watching.Conditions.OnChange = []unit.ID{conditional.ID}
		moved := enginetest.Set(host, "/moved", "1")
		moved.Notify = []string{"one"}
		return []*unit.Unit{first, conditional, watching, moved}
	}}
	f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
	planned := f.plan(t.Context())
	before := documented(t, planned)
	if !planned[0].Plays[0].Handlers[0].Steps[0].Dormant {
		t.Error("the handler is planned to run")
	}
	h.Files["/moved"] = "by another"
	if counts := f.apply(t.Context(), planned); counts[0].Changed != 5 {
		t.Fatalf("%+v, %v", counts, f.log)
	}
	if diff := cmp.Diff(before, documented(t, planned)); diff != "" {
		t.Errorf("the plan was changed:\n%s", diff)
	}
}

// documented is all that a saved plan says of hosts.
func documented(t *testing.T, hosts []*plan.Host) string {
	t.Helper()
	var d planfile.Document
	for _, h := range hosts {
		if err := d.AddHost(h, []string{"web"}, &plan.Contents{}, func([]byte) string { return "" }); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.MarshalIndent(d.Hosts, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
