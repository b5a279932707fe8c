package source_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/source"
)

func TestTree(t *testing.T) {
	inv, err := load(t, "hosts.ini", "lone\n[web]\nw[1:2]\n[db]\nd1\nw1\n[empty]\n[prod:children]\nweb\ndb\n[eu:children]\nprod\nweb\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]inventory.Group{
		"all":       {Name: "all", Children: []string{"ungrouped", "empty", "eu"}},
		"ungrouped": {Name: "ungrouped", Hosts: []string{"lone"}},
		"empty":     {Name: "empty"},
		"eu":        {Name: "eu", Children: []string{"prod", "web"}},
		"prod":      {Name: "prod", Children: []string{"db", "web"}},
		"web":       {Name: "web", Hosts: []string{"w1", "w2"}},
		"db":        {Name: "db", Hosts: []string{"w1", "d1"}},
	}
	if diff := cmp.Diff(want, inv.Tree()); diff != "" {
		t.Error(diff)
	}
}

func TestTreeOfHostsThatWereNotRead(t *testing.T) {
	inv := inventory.New([]*inventory.Host{{Name: "a", Groups: []string{"g"}}, {Name: "b"}})
	want := map[string]inventory.Group{
		"all":       {Name: "all", Children: []string{"ungrouped", "g"}},
		"ungrouped": {Name: "ungrouped", Hosts: []string{"b"}},
		"g":         {Name: "g", Hosts: []string{"a"}},
	}
	if diff := cmp.Diff(want, inv.Tree()); diff != "" {
		t.Error(diff)
	}
}

// TestOrigins: of several places that set something, the one that counts is told.
func TestOrigins(t *testing.T) {
	files(t, map[string]string{
		"hosts.ini":          "[web]\nw1 port=1 ansible_host=192.0.2.1\n[web:vars]\nport=2\nonly=3\n",
		"group_vars/all.yml": "everywhere: 4\nonly: 5\n",
		"host_vars/w1.yml":   "\nport: 6\n",
	})
	inv, err := source.Load(t.Context(), []string{"hosts.ini"}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, pos := range inv.Origins("w1") {
		got[name] = fmt.Sprintf("%s:%d", pos.File, pos.Line)
	}
	want := map[string]string{
		"port": "host_vars/w1.yml:2", "ansible_host": "hosts.ini:2", "only": "group_vars/all.yml:2", "everywhere": "group_vars/all.yml:1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
