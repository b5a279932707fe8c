package inventory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/inventory"
)

// names lists the names of hosts.
func names(hosts []*inventory.Host) string {
	var list []string
	for _, h := range hosts {
		list = append(list, h.Name)
	}
	return strings.Join(list, " ")
}

func TestNew(t *testing.T) {
	inv := inventory.New([]*inventory.Host{{Name: "b", Groups: []string{"g"}}, {Name: "a", Groups: []string{"g", "h"}}}, "empty")
	want := map[string][]string{"g": {"b", "a"}, "h": {"a"}, "empty": nil}
	if diff := cmp.Diff(want, inv.Groups()); diff != "" {
		t.Errorf("groups (-want +got)\n%s", diff)
	}
	if inv.Host("a") == nil || inv.Host("c") != nil {
		t.Error("Host finds not what is there")
	}
	if got := names(inv.Hosts()); got != "b a" {
		t.Errorf("hosts are %q, not in their order", got)
	}
}
