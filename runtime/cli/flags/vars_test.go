package flags

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/vars"
)

func TestVars(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	yaml := file("vars.yaml", "port: 8080\nnames: [a, b]\nnested: {on: true, ratio: 0.5}\n")
	for _, tt := range []struct {
		name    string
		environ []string
		extra   []string
		want    map[string]any
		wrong   string
	}{
		{"none", nil, nil, map[string]any{}, ""},
		{"environment", []string{"FROYO_VAR_a=1", "HOME=/root", "FROYO_VAR_=x"}, nil, map[string]any{"a": "1"}, ""},
		{"flag before environment", []string{"FROYO_VAR_a=1"}, []string{"a=2"}, map[string]any{"a": "2"}, ""},
		{"the last flag wins", nil, []string{"a=1", "a=2"}, map[string]any{"a": "2"}, ""},
		{"value with = and comma", nil, []string{"a=b=c,d"}, map[string]any{"a": "b=c,d"}, ""},
		{"file", nil, []string{"@" + yaml, "port=1"}, map[string]any{
			"port": "1", "names": []any{"a", "b"}, "nested": map[string]any{"on": true, "ratio": 0.5},
		}, ""},
		{"no value", nil, []string{"a"}, nil, `-e "a" is neither k=v nor @FILE`},
		{"no name", nil, []string{"=a"}, nil, `-e "=a" is neither`},
		{"a space in the name", nil, []string{"a b=1"}, nil, `-e "a b=1": "a b" is no name of a variable`},
		{"a number", nil, []string{"8080=1"}, nil, `"8080" is no name of a variable`},
		{"other letters", nil, []string{"größe_2=1"}, map[string]any{"größe_2": "1"}, ""},
		{"file is missing", nil, []string{"@" + dir + "/none"}, nil, "there is no such file"},
		{"file is a list", nil, []string{"@" + file("list.yaml", "- a\n")}, nil, "not a mapping of variables"},
		{"file holds a date", nil, []string{"@" + file("date.yaml", "d: 2026-01-02\n")}, nil, "which a variable cannot have; quote it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := values(t, &Vars{Extra: tt.extra}, tt.environ)
			switch {
			case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
				t.Errorf("got %v, want an error with %q", err, tt.wrong)
			case tt.wrong == "" && err != nil:
				t.Error(err)
			case tt.wrong == "":
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func values(t *testing.T, f *Vars, environ []string) (map[string]any, error) {
	t.Helper()
	texts, err := f.Texts(t.Context())
	if err != nil {
		return nil, err
	}
	return f.Values(texts, environ, nil)
}

// Several files of variables add to what is sensitive.
func TestSensitiveOfFiles(t *testing.T) {
	dir := t.TempDir()
	var f Vars
	for name, text := range map[string]string{"1.yaml": "froyo_sensitive: [a]\na: 1\n", "2.yaml": "froyo_sensitive: b\nb: two\nc: 3\n"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.Extra = append(f.Extra, "@"+file)
	}
	f.Extra = append(f.Extra, inventory.Sensitive+"=c", "d=4")
	given, err := values(t, &f, nil)
	if err != nil {
		t.Fatal(err)
	}
	j, err := vars.Set{Given: given, Inventory: inventory.Localhost()}.Mark(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a": true, "b": true, "c": true, "d": false} {
		if secret.MarkedValue(j.Given[name]) != want {
			t.Errorf("%s: %v", name, j.Given[name])
		}
	}
	if j.Given[inventory.Sensitive] != nil {
		t.Error("the runbook is given the names")
	}
}
