package vars

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/source"
	"github.com/openfroyo/froyo/engine/secret"
)

func TestSensitiveNames(t *testing.T) {
	for _, tt := range []struct {
		name string
		said any
		want string
		err  string
	}{
		{"nothing", nil, "", ""},
		{"a list", []any{"a", "b"}, "a b", ""},
		{"words", "a, b,c", "a b c", ""},
		{"a number in a list", []any{int64(1)}, "", "holds 1, which is no variable's name"},
		{"a mapping", map[string]any{"a": true}, "", "is no list of variables' names"},
		{"yes", true, "", "is no list of variables' names"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names, err := SensitiveNames(nil, []*inventory.Host{{Name: "h1", Vars: map[string]any{sensitive: tt.said}}})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "of h1") {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if got := strings.Join(slices.Sorted(maps.Keys(names)), " "); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// A name that one host, group or file gives is sensitive everywhere: a list of a
// group does not take the place of another's.
func TestMarkVars(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"hosts.ini":          "[web]\nweb1 own=of-web1 pin=1234 froyo_sensitive=own\n[db]\ndb1 own=of-db1\n[web:vars]\nfroyo_sensitive=pin\n",
		"group_vars/all.yml": "froyo_sensitive: [token, deep]\ntoken: of-all\ndeep:\n  - x: within\n    ready: true\nopen: shown\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inv, err := source.Load(t.Context(), []string{filepath.Join(dir, "hosts.ini")}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	was := Set{Given: map[string]any{"token": "of-the-command-line", "flag": "given", "open": "x"}, Inventory: inv}
	j, err := was.Mark([]string{"flag"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := was.Mark([]string{"flagg"}); err == nil {
		t.Error("a variable that is not there was marked")
	}
	for name, want := range map[string]bool{"token": true, "flag": true, "open": false} {
		if secret.MarkedValue(j.Given[name]) != want {
			t.Errorf("%s of the command line: %v", name, j.Given[name])
		}
	}
	for host, marked := range map[string]map[string]bool{
		"web1": {"own": true, "pin": true, "token": true, "deep": true, "open": false},
		"db1":  {"own": true, "token": true, "deep": true, "open": false},
	} {
		vars := j.Inventory.Host(host).Vars
		for name, want := range marked {
			if secret.MarkedValue(vars[name]) != want {
				t.Errorf("%s of %s: %v", name, host, vars[name])
			}
		}
	}
	deep := secret.ResolveValue(j.Inventory.Host("db1").Vars["deep"]).([]any)[0].(map[string]any)
	if deep["x"] != "within" || deep["ready"] != true {
		t.Errorf("deep is %v", deep)
	}
	if inv.Host("db1").Vars["token"] != "of-all" {
		t.Error("the inventory that was read has changed")
	}
}
