package text_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/text"
	"github.com/openfroyo/froyo/runner/op"
)

// TestHints does what each hint says, and the unit can be planned.
func TestHints(t *testing.T) {
	for _, tt := range []struct {
		typ     string
		before  string
		wrong   given
		hint    string
		advised given // as the hint says
	}{
		{"line", "a\n", given{"line": `\1`, "backrefs": true}, "give regexp, or leave backrefs out", given{"line": `\1`, "backrefs": true, "regexp": "(b)"}},
		{"line", "a\n", given{"line": `x`, "backrefs": true}, "give regexp, or leave backrefs out", given{"line": `x`}},
		{"line", "a\n", given{"state": "absent"}, "give line, regexp or search_string", given{"state": "absent", "search_string": "a"}},
		{"line", "#Port 2\n#Port 3\n", given{"line": "Port 22", "regexp": "^#Port"}, `have regexp match the right line, too: regexp = "^#?Port" for line = "Port 22"`, given{"line": "Port 22", "regexp": "^#?Port"}},
		{"line", "f(x)\n", given{"line": "g(", "regexp": "f("}, `patterns are those of Python's re; escape what is meant as it is, such as \. and \(`, given{"line": "f(y)", "regexp": `f\(`}},
		{"replace", "a\n", given{"regexp": "a", "replace": "aa"}, "have the pattern not match what is right already, for example with ^ and $", given{"regexp": "^a$", "replace": "aa"}},
		{"ini", "[x]\n", given{"section": "x", "option": "a"}, `give value = "..."; for an option without one: allow_no_value = True`, given{"section": "x", "option": "a", "value": "1"}},
		{"ini", "[x]\n", given{"section": "x", "option": "a"}, "for an option without one: allow_no_value = True", given{"section": "x", "option": "a", "allow_no_value": true}},
		{"ini", "[x]\n", given{"state": "absent"}, "give section, option, or both", given{"state": "absent", "section": "x"}},
	} {
		t.Run(tt.hint, func(t *testing.T) {
			plan := func(a given) (string, bool) {
				_, err := providertest.New(t, providertest.Native(text.Types()), host(tt.before)).Plan(providertest.Unit{Type: tt.typ, Args: args(t, tt.typ, a)})
				if err == nil {
					return "", true
				}
				return err.Hint, false
			}
			if hint, ok := plan(tt.wrong); ok || !strings.Contains(hint, tt.hint) {
				t.Errorf("the hint is %q", hint)
			}
			if hint, ok := plan(tt.advised); !ok {
				t.Errorf("what it advises fails: %s", hint)
			}
		})
	}
}

// TestHintsOfFiles: a link is edited by the path of what it leads to; what is needed is brought by other units, or made.
func TestHintsOfFiles(t *testing.T) {
	m := host("a\n")
	m.Files["/etc/link"] = &providertest.Node{Type: op.TypeLink, Target: path}
	m.Files["/etc/dir"] = &providertest.Node{Type: op.TypeDir}
	m.Files["/etc/binary"] = &providertest.Node{Type: op.TypeFile, Content: op.NewBlob([]byte{0xff})}
	kit := providertest.New(t, providertest.Native(text.Types()), m)
	for at, hint := range map[string]string{
		"/etc/link": "edit the file that it leads to, by its own path", "/etc/dir": "is the path right?", "/etc/binary": "bring the whole file: file(path, source = ...)",
	} {
		if _, err := kit.Plan(providertest.Unit{Type: "line", Args: args(t, "line", given{"path": at, "line": "x"})}); err == nil || err.Hint != hint {
			t.Errorf("%s: %v", at, err)
		}
	}
	kit.Converge(providertest.Unit{Type: "line", Args: args(t, "line", given{"line": "x"})})
	for at, hint := range map[string]string{
		"/etc/new": "declare what brings it before; or create = True, to begin with an empty one", "/srv/new": "declare what brings it before; or create = True, to begin with an empty one",
	} {
		change, err := kit.Plan(providertest.Unit{Type: "line", Args: args(t, "line", given{"path": at, "line": "x"})})
		if err != nil || len(change.Needs) == 0 || !strings.Contains(change.Needs[0].Hint, hint) {
			t.Errorf("%s: planned %+v, %v", at, change, err)
		}
	}
	change, err := kit.Plan(providertest.Unit{Type: "line", Args: args(t, "line", given{"path": "/srv/new", "line": "x", "create": true})})
	if err != nil || len(change.Needs) == 0 || change.Needs[0].Hint != `declare it before: file("/srv", state = "directory")` {
		t.Errorf("planned %+v, %v", change, err)
	}
	m.Files["/srv"] = &providertest.Node{Type: op.TypeDir}
	kit.Converge(providertest.Unit{Type: "line", Args: args(t, "line", given{"path": "/srv/new", "line": "x", "create": true})})
}
