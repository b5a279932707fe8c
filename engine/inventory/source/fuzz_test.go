package source

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

// parsers are the formats that a hostile file may have.
var parsers = []func(d *draft, src []byte){
	func(d *draft, src []byte) { d.parseINI("hosts", string(src)) },
	func(d *draft, src []byte) { d.parseYAML("hosts", src) },
	func(d *draft, src []byte) { (&reader{draft: d}).parseCUE("hosts", src) },
	func(d *draft, src []byte) {
		d.parseINI("hosts", "h1\n[g]\nh1\n")
		d.variables("hosts", src, d.groups["g"].vars)
	},
	func(d *draft, src []byte) {
		l := newListing(d, "hosts")
		l.parse(src)
		l.ask(func(string) ([]byte, error) { return src, nil }, func(string) string { return "hosts" }, nil)
	},
}

// FuzzFile reads hostile inventories and files of variables, in all formats:
// every error has a place and is one line, every host has a name that is
// allowed, and survives being kept in a saved plan.
func FuzzFile(f *testing.F) {
	for format, seeds := range [][]string{
		{"", "[g]\nh1 ansible_host=x\n[g:vars]\na = 'b' # c\n[all:children]\ng\n", "u@[::1]:22 x=\"y z\"", "h[a:z][0:9]"},
		{
			"---\nall:\n  hosts:\n    h1: {ansible_port: 22}\n  children:\n    web:\n      hosts:\n        web[1:3]:\n      vars: {a: [1, yes, null]}\n",
			`{"g":{"hosts":{"h":{"x":1.0}}}}`, "a: &a\n  hosts: {h: *a}\n", "a:\n  hosts:\n    h: &v {x: 1}\n    i: {<<: *v, y: 2}\n",
			"a: {vars: {p: !vault x, d: 2020-01-01, b: !!binary aGk=}}", "? [a]\n: b\n", "a: {<<: [1]}", "\xff\x00", "a: {hosts: {h: {<<: 1}}}",
		},
		{
			"hosts: h1: {address: \"10.0.0.1\", port: 22, groups: [\"web\"], labels: role: \"lb\"}\ngroups: web: vars: {a: [1, 2.5], b: null}\n",
			"hosts: {for n in [1, 2] {\"h\\(n)\": {}}}", "hosts: h: vars: x: int", "hosts: h: port: \"x\"", "import \"strings\"\n", "hosts: {[string]: user: \"u\", a: {}}",
			"groups: g: {hosts: [\"h[1:3]\"], children: [\"g\"]}", "hosts: h: vars: x: y\ny: x\nx: y\n", "package a\nhosts: {}",
		},
		{"a: 1\nb: {c: [x]}\nansible_host: y\n", "$ANSIBLE_VAULT;1.1;AES256\n66\n", "[]", "a: &a [*a]", "{\"a\": 1e400}", "- x", "a: {<<: {b: c}}"},
		{
			`{"g": {"hosts": ["h1"], "children": ["c"], "vars": {"a": 1}}, "_meta": {"hostvars": {"h1": {"x": [1.5]}}}}`, `{"g": ["h1"]}`, `{"g": {"a": 1}}`,
			`[]`, `null`, `{"g": 5}`, `{"g": {"hosts": "h1"}}`, `{"_meta": 1}`, `{"g": ["h"], "_meta": {"hostvars": {"x": {}}}}`, "{", `{"g": {}}`,
		},
	} {
		for _, seed := range seeds {
			f.Add(uint8(format), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, format uint8, src []byte) {
		d := newDraft("/home/me")
		parsers[int(format)%len(parsers)](d, src)
		inv, err := d.resolve()
		if err != nil {
			checkErrors(t, err)
			return
		}
		for _, h := range inv.Hosts()[:min(len(inv.Hosts()), 20)] {
			if err := checkHostName(h.Name); err != nil {
				t.Errorf("host %q: %v", h.Name, err)
			}
			checkKept(t, h)
		}
	})
}

// checkErrors holds errors to what the screen needs: a place, and one line.
func checkErrors(t *testing.T, err error) {
	for e := range diag.All(err) {
		if p, ok := errors.AsType[*diag.Error](e); !ok || p.Pos.File != "hosts" || strings.ContainsAny(p.Summary, "\n\x1b") {
			t.Errorf("bad error %q", e)
		}
	}
}

// checkKept writes a host as a saved plan does, and reads it again.
func checkKept(t *testing.T, h *inventory.Host) {
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatalf("host %q cannot be kept: %v", h.Name, err)
	}
	var again inventory.Host
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatalf("host %q cannot be read from %s: %v", h.Name, text, err)
	}
	second, err := json.Marshal(&again)
	if err != nil || string(second) != string(text) || !reflect.DeepEqual(kinds(h.Vars), kinds(again.Vars)) {
		t.Errorf("host %q became %s, %v, was %s", h.Name, second, err, text)
	}
}

// kinds has the types of all single values, which tell a whole number from a fraction.
func kinds(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = kinds(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = kinds(e)
		}
		return out
	}
	return reflect.TypeOf(v)
}
