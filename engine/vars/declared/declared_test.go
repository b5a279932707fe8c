package declared_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/source"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/vars/declared"
)

// report lists errors, one a line: place and text, detail, hint.
func report(err error) []string {
	var lines []string
	for e := range diag.All(err) {
		d, ok := e.(*diag.Error) //nolint:errorlint // each must be one
		if !ok {
			lines = append(lines, "no diag.Error: "+e.Error())
			continue
		}
		var line strings.Builder
		line.WriteString(d.Error())
		for _, more := range []string{d.Detail, d.Hint} {
			if more != "" {
				line.WriteString(" (" + more + ")")
			}
		}
		lines = append(lines, line.String())
	}
	return lines
}

func apply(t *testing.T, src string, given map[string]any, hosts ...*inventory.Host) (*declared.Effective, error) {
	t.Helper()
	d, err := declared.Read("vars.cue", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Apply(vars.Set{Given: given, Inventory: inventory.New(hosts)})
	if err != nil {
		t.Fatal(err)
	}
	return e, e.Check(hosts)
}

func host(name string, vars map[string]any) *inventory.Host {
	return &inventory.Host{Name: name, Vars: vars}
}

type m = map[string]any

func TestValues(t *testing.T) {
	tests := []struct {
		name, src   string
		given, host m
		want        m        // of the host
		wrong       []string // or what is wrong
	}{
		{name: "nothing", want: m{}},
		{name: "a default", src: "n: int | *5", want: m{"n": int64(5)}},
		{name: "a default of a fraction", src: "f: float | *5.0", want: m{"f": 5.0}},
		{name: "a constant", src: "n: 5", host: m{"n": int64(6)}, wrong: []string{`variable "n" of h1: want 5, got 6 (declared at vars.cue:1:4)`}},
		{name: "the inventory", src: "n: int | *5", host: m{"n": int64(6), "other": "x"}, want: m{"n": int64(6), "other": "x"}},
		{name: "the command line", src: "n: int | *5", host: m{"n": int64(6)}, given: m{"n": int64(7)}, want: m{"n": int64(7)}},
		{name: "text becomes a number", src: "n: int | *5", given: m{"n": "7"}, want: m{"n": int64(7)}},
		{name: "text becomes true", src: "b: bool", given: m{"b": "true"}, want: m{"b": true}},
		{name: "text becomes a list", src: "l: [...string]", given: m{"l": `["a"]`}, want: m{"l": []any{"a"}}},
		{name: "text becomes a mapping", src: "a: b: int", given: m{"a": `{"b": 1}`}, want: m{"a": m{"b": int64(1)}}},
		{name: "text stays text", src: "s: string", given: m{"s": "7"}, want: m{"s": "7"}},
		{name: "text of one of two kinds", src: `p: int | "auto"`, given: m{"p": "7"}, want: m{"p": int64(7)}},
		{name: "text of the other", src: `p: int | "auto"`, given: m{"p": "auto"}, want: m{"p": "auto"}},
		{name: "text of anything", src: `p: _`, given: m{"p": "7"}, want: m{"p": "7"}},
		{name: "a whole number for a fraction", src: "f: float", host: m{"f": int64(7)}, want: m{"f": 7.0}},
		{name: "no number for text", src: "s: string", host: m{"s": 1.1}, wrong: []string{`variable "s" of h1: want string, got 1.1 (declared at vars.cue:1:4)`}},
		{name: "yes is no bool", src: "b: bool", given: m{"b": "yes"}, wrong: []string{`variable "b": want bool, got "yes", by the command line (declared at vars.cue:1:4)`}},
		{name: "null", src: "n: int | null", host: m{"n": nil}, want: m{"n": nil}},
		{name: "one that may be missing", src: "n?: int", want: m{}},
		{name: "one that may be missing is checked", src: "n?: int", host: m{"n": "a"}, wrong: []string{`variable "n" of h1: want int, got "a" (declared at vars.cue:1:5)`}},
		{name: "one that is missing", src: "n!: int\ns: string", wrong: []string{
			`vars.cue:1:5: variable "n" is not set on h1: want int (set it in the inventory, or give -e n=VALUE)`,
			`vars.cue:2:4: variable "s" is not set on h1: want string (set it in the inventory, or give -e s=VALUE)`,
		}},
		{name: "defaults within", src: `a: {u: string | *"x", n: int | *1}`, host: m{"a": m{"n": int64(2), "more": true}}, want: m{"a": m{"u": "x", "n": int64(2), "more": true}}},
		{name: "wrong within", src: "a: {u: string\n n: int | *1}", host: m{"a": m{"n": "x"}}, wrong: []string{
			`variable "a.n" of h1: want int, got "x" (declared at vars.cue:2:5)`,
		}},
		{name: "wrong in a list", src: "l: [...{n: int}]", host: m{"l": []any{m{"n": int64(1)}, m{"n": "x"}}}, wrong: []string{
			`variable "l[1].n" of h1: want int, got "x" (declared at vars.cue:1:12)`,
		}},
		{name: "open", src: "a: {u?: string}", host: m{"a": m{"us": 1.5}}, want: m{"a": m{"us": 1.5}}},
		{name: "closed", src: "#A: {user?: string}\na: #A", host: m{"a": m{"usr": "x"}}, wrong: []string{
			`variable "a.usr" of h1: no such field is declared (declared at vars.cue:2:4) (did you mean "user"?)`,
		}},
		{name: "of a definition", src: "#Port: int & <100\np: #Port | *5", host: m{"p": int64(200)}, wrong: []string{
			`variable "p" of h1: want #Port, got 200 (declared at vars.cue:2:4)`,
		}},
		{name: "in words", src: `p: int & <100 @want("a small number")`, host: m{"p": int64(200)}, wrong: []string{
			`variable "p" of h1: want a small number, got 200 (declared at vars.cue:1:4)`,
		}},
		{name: "alternatives", src: `t: "dev" | *"prod"`, host: m{"t": "qa"}, wrong: []string{`variable "t" of h1: want "dev" | "prod", got "qa" (declared at vars.cue:1:4)`}},
		{name: "of another variable", src: "low: int | *1\nhigh: int & >=low | *10", host: m{"low": int64(5), "high": int64(3)}, wrong: []string{
			`variable "high" of h1: want int & >=low, got 3 (declared at vars.cue:2:7)`,
		}},
		{name: "computed", src: "d: string\nurl: \"http://\\(d)/\"", host: m{"d": "x"}, want: m{"d": "x", "url": "http://x/"}},
		{name: "computed of what is missing", src: "d: string\nurl: \"http://\\(d)/\"", wrong: []string{
			`vars.cue:1:4: variable "d" is not set on h1: want string (set it in the inventory, or give -e d=VALUE)`,
		}},
		{name: "computed of what may be missing", src: "d?: string\nurl: \"http://\\(d)/\"", wrong: []string{
			`variable "url" of h1: cannot be computed: invalid interpolation: cannot reference optional field: d (declared at vars.cue:2:6)`,
		}},
		{name: "the library", src: "import \"strings\"\ns: strings.MinRunes(3)", host: m{"s": "ab"}, wrong: []string{
			`variable "s" of h1: want strings.MinRunes(3), got "ab" (declared at vars.cue:2:4)`,
		}},
		{name: "missing within", src: "a: {u: string\n n: int | *1}", host: m{"a": m{"n": int64(2)}}, wrong: []string{
			`variable "a.u" of h1: not set; want string (declared at vars.cue:1:8)`,
		}},
		{name: "of itself", src: "a: b\nb: a + 1", wrong: []string{
			`variable "a" of h1: cannot be computed: it depends on itself by the field a (declared at vars.cue:2:4)`,
			`variable "b" of h1: cannot be computed: it depends on itself by the field a (declared at vars.cue:2:4)`,
		}},
		{name: "near the declared", src: "port: int | *1", given: m{"prot": "5"}, wrong: []string{
			`the command line: vars.cue does not declare "prot" (did you mean "port"? To have both, declare it: prot?: _)`,
		}},
		{name: "not near", src: "port: int | *1", given: m{"release": "5", "root": "/x", "po": "1", "support": "1"}, want: m{"port": int64(1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, err := apply(t, test.src, test.given, host("h1", test.host))
			if diff := cmp.Diff(test.wrong, report(err)); diff != "" {
				t.Fatal(diff)
			}
			if test.wrong != nil {
				return
			}
			if diff := cmp.Diff(test.want, e.Set.Inventory.Host("h1").Vars); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCommandLine: without a host there are the values that all hosts have.
func TestCommandLine(t *testing.T) {
	const src = "own: int | *1\ncommon: int | *2\nof_own: own + 1\nrequired!: int\ngiven: int | *3"
	e, err := apply(t, src, m{"given": "4", "other": "x"}, host("h1", m{"own": int64(9), "required": int64(1)}), host("h2", nil))
	want := []string{`vars.cue:4:12: variable "required" is not set on h2: want int (set it in the inventory, or give -e required=VALUE)`}
	if diff := cmp.Diff(want, report(err)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(m{"common": int64(2), "given": int64(4), "other": "x"}, e.Set.Given); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]bool{"own": true, "common": false, "of_own": true, "required": true, "given": false}, e.Differ); diff != "" {
		t.Error(diff)
	}
}

// TestPlaces has an inventory of files: equal problems are told once, with the place of the value.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("hosts.ini", "[web]\nw[1:3]\n[db]\nd1 prot=1\n")
	write("group_vars/web.yml", "a: 1\nport: 80\n")
	inv, err := source.Load(t.Context(), []string{"hosts.ini"}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := declared.Read("vars.cue", []byte("port: int & >100"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Apply(vars.Set{Inventory: inv})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`group_vars/web.yml:2:1: variable "port" of w[1-3]: want int & >100, got 80 (declared at vars.cue:1:7)`,
		`vars.cue:1:7: variable "port" is not set on d1: want int & >100 ("prot" is set at hosts.ini:4:4; is "port" meant?)`,
	}
	if diff := cmp.Diff(want, report(e.Check(inv.Hosts()))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[:1], report(e.Wrong(inv.Hosts()))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[1:], report(e.Check([]*inventory.Host{inv.Host("d1")}))); diff != "" {
		t.Error(diff)
	}
}

// TestSensitive: what is sensitive stays so, is checked, and makes sensitive what is computed from it.
func TestSensitive(t *testing.T) {
	const src = `
password: string & =~"^canary" @sensitive()
url: "db://app:\(password)@db/"
plain: string | *"open"
app: {user: string | *"app", key: password, name: string}
pin: int & <10000
hidden: string | *"canary-default" @sensitive()`
	raw := vars.Set{
		Given:     m{"password": "canary-1"},
		Inventory: inventory.New([]*inventory.Host{host("h1", m{"pin": int64(1234), "app": m{"name": "x"}}), host("h2", m{"pin": "canary-pin", "app": m{"name": "x"}})}),
	}
	d, err := declared.Read("vars.cue", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Apply(raw.MarkNames(append(d.Sensitive(), "pin")))
	if err != nil {
		t.Fatal(err)
	}
	got := e.Set.Inventory.Host("h1").Vars
	for name, marked := range map[string]bool{"password": true, "url": true, "plain": false, "app": true, "pin": true, "hidden": true} {
		if secret.MarkedValue(got[name]) != marked {
			t.Errorf("%s is marked: %t, want %t: %v", name, !marked, marked, got[name])
		}
	}
	if text := secret.ResolveValue(got["url"]); text != "db://app:canary-1@db/" {
		t.Errorf("url is %v", text)
	}
	if name := got["app"].(m)["name"]; name != "x" {
		t.Errorf("app.name is %v", name)
	}
	wrong := report(e.Check(e.Set.Inventory.Hosts()))
	if len(wrong) != 1 || !strings.Contains(wrong[0], `variable "pin" of h2: want int & <10000, got (sensitive)`) || strings.Contains(fmt.Sprint(wrong), "canary") {
		t.Errorf("got %q", wrong)
	}
}

// TestSensitiveTexts: texts of CUE's, which may quote values, are told only where nothing sensitive takes part.
func TestSensitiveTexts(t *testing.T) {
	for src, want := range map[string]string{
		"port: int | error(\"not \\(name)\")\nname: \"shown\"":                       "not shown",
		"port: int | error(\"not \\(password)\")\npassword: string @sensitive()":     "an error that is not shown",
		"port: int | error(\"not \\(name)\")\nname: \"canary-default\" @sensitive()": "an error that is not shown",
	} {
		_, err := apply(t, src, m{"password": "canary-2"}, host("h1", m{"port": "x"}))
		if text := fmt.Sprint(report(err)); !strings.Contains(text, want) || strings.Contains(text, "canary") {
			t.Errorf("%s: got %s, want %s", src, text, want)
		}
	}
}

func TestFind(t *testing.T) {
	files := fstest.MapFS{
		"vars.cue": {Data: []byte("a: 1")}, "plays/vars.cue": {Data: []byte("b: 1")}, "plays/deep/x.star": {}, "other/x.star": {},
	}
	for main, want := range map[string]string{"site.star": "vars.cue", "plays/x.star": "plays/vars.cue", "plays/deep/x.star": "plays/vars.cue", "other/x.star": "vars.cue"} {
		d, err := declared.Find(files, main)
		if err != nil || d == nil || d.File != want {
			t.Errorf("of %s: %v, %v, want %s", main, d, err, want)
		}
	}
	if d, err := declared.Find(fstest.MapFS{"x.star": {}}, "x.star"); d != nil || err != nil {
		t.Errorf("of none: %v, %v", d, err)
	}
}

func TestHostileFiles(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"no text", "\x00\xff\xfe", "illegal character"},
		{"a list", "[1]", "want declarations"},
		{"nested", "a: " + strings.Repeat("[", 100_000), "nested more than 500 levels deep"},
		{"nested braces", "a: " + strings.Repeat("{b: ", 100_000), "nested more than 500 levels deep"},
		{"nested parentheses", "a: " + strings.Repeat("(", 100_000) + "1", "nested more than 500 levels deep"},
		{"operators", "a: " + strings.Repeat("!", 100_000) + "true", "exceeds maximum nesting depth"},
		{"within itself", "a: {b: a}", "structural cycle"},
		{"of a network", "import \"example.org/x\"", "which is not part of CUE"},
		{"too many", many(2_001), "more than 2000 variables"},
		{"a conflict", "a: 1\na: 2", "conflicting values"},
		{"a word for @sensitive", "a: 1 @sensitive(yes)", "@sensitive() takes no arguments"},
		{"beyond 64 bits", "a: 9223372036854775808", "does not fit into 64 bits"},
		{"bytes", "a: 'x'", "bytes cannot be used here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := declared.Read("vars.cue", []byte(tt.src))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	_, err := declared.Find(fstest.MapFS{"vars.cue": {Data: make([]byte, 2<<20)}}, "x.star")
	if err == nil || !strings.Contains(err.Error(), "larger than 1024 KiB") {
		t.Errorf("a large file: %v", err)
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "v%d: 1\n", i)
	}
	return b.String()
}

// TestManyProblems has more than anyone reads.
func TestManyProblems(t *testing.T) {
	var hosts []*inventory.Host
	for i := range 200 {
		hosts = append(hosts, host(fmt.Sprintf("h%d", i), m{"n": int64(i)}))
	}
	_, err := apply(t, "n: int & <0", nil, hosts...)
	lines := report(err)
	if len(lines) != 51 || lines[50] != "150 more variables are not as vars.cue declares them" {
		t.Errorf("%d lines, the last: %q", len(lines), lines[len(lines)-1])
	}
}

func BenchmarkApply(b *testing.B) {
	d, err := declared.Read("vars.cue", []byte("n: int & >=0 | *5\nurl: \"http://\\(n)\"\na: {u: string | *\"x\", w: int | *4}\nt: \"dev\" | *\"prod\""))
	if err != nil {
		b.Fatal(err)
	}
	var hosts []*inventory.Host
	for i := range 1000 {
		hosts = append(hosts, host(fmt.Sprintf("h%d", i), m{"n": int64(i)}))
	}
	inv := inventory.New(hosts)
	for b.Loop() {
		if _, err := d.Apply(vars.Set{Inventory: inv}); err != nil {
			b.Fatal(err)
		}
	}
}
