package cuefile_test

import (
	"errors"
	"testing"

	"cuelang.org/go/cue"
	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/cuefile"
	"github.com/openfroyo/froyo/engine/diag"
)

const schema = `
#File: {
	name?: string & !="" @want("a name")
	hosts?: [string]: #Host
	tags?: [...string]
}
#Host: {
	port?:       int & >=1 & <=65535 @want("a port from 1 to 65535")
	user?:       string
	connection?: "ssh" | "local" @want("\"ssh\" or \"local\"")
	become?:     bool
	labels?: [string]: string
	vars?: [string]:   _
}`

// report lists errors one per line: position, text, hint.
func report(err error) []string {
	var lines []string
	for e := range diag.All(err) {
		d, ok := e.(*diag.Error) //nolint:errorlint // each must be one
		if !ok {
			lines = append(lines, "no diag.Error: "+e.Error())
			continue
		}
		line := d.Error()
		if d.Hint != "" {
			line += " (" + d.Hint + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		want      []string
	}{
		{name: "empty"},
		{name: "templates, references, packages of CUE", src: `package site
import "strings"
_base: port: 2222
_web: labels: role: "web"
let three = 3
hosts: [string]: user: *"deploy" | string
hosts: {
	for i in [1, 2] {"h\(i)": _web & _base}
	h3: {user: strings.ToLower("OPS"), vars: {n: three, deep: [{a: null}]}}
}`},
		{name: "unknown fields", src: "nmae: \"x\"\nhosts: web1: {\n\tprot: 1\n}\nzzzzzz: 1", want: []string{
			`f.cue:1:1: unknown field "nmae" (did you mean "name"?)`,
			`f.cue:3:2: hosts.web1: unknown field "prot" (did you mean "port"?)`,
			`f.cue:5:1: unknown field "zzzzzz" (allowed are name, hosts, tags)`,
		}},
		{name: "wrong values", src: `name: ""
hosts: "web-1": {port: 99999, user: 5, connection: "docker", become: "yes", labels: tier: 1}
hosts: w2: null
hosts: w3: labels: ["a"]
tags: ["a", 2]`, want: []string{
			`f.cue:1:7: name: want a name, got ""`,
			`f.cue:2:24: hosts."web-1".port: want a port from 1 to 65535, got 99999`,
			`f.cue:2:37: hosts."web-1".user: want a string, got 5`,
			`f.cue:2:52: hosts."web-1".connection: want "ssh" or "local", got "docker"`,
			`f.cue:2:70: hosts."web-1".become: want true or false, got "yes"`,
			`f.cue:2:91: hosts."web-1".labels.tier: want a string, got 1`,
			`f.cue:3:12: hosts.w2: want a struct, got null`,
			`f.cue:4:20: hosts.w3.labels: want a struct, got a list`,
			`f.cue:5:13: tags[1]: want a string, got 2`,
		}},
		{name: "values left open", src: "hosts: w: {port: int, vars: {a: string, b: [1, {c: int}], d: 1}}", want: []string{
			`f.cue:1:18: hosts.w.port: want a port from 1 to 65535, got int, which leaves it open`,
			`f.cue:1:33: hosts.w.vars.a: want a value, got string, which leaves it open`,
			`f.cue:1:52: hosts.w.vars.b[1].c: want a value, got int, which leaves it open`,
		}},
		{name: "computed fields point at what computes them", src: "hosts: {\n\tfor i in [1] {\"h\\(i)\": port: 0}\n}", want: []string{
			`f.cue:2:25: hosts.h1.port: want a port from 1 to 65535, got 0`,
		}},
		{name: "conflict in the file", src: "hosts: w: user: \"a\"\nhosts: w: user: \"b\"", want: []string{
			`f.cue:1:17: hosts.w.user: conflicting values "b" and "a"`,
		}},
		{name: "unknown reference", src: "name: nope\nhosts: w: user: nix", want: []string{
			`f.cue:1:7: name: nope is not defined; a text stands in quotes: "nope"`,
			`f.cue:2:17: hosts.w.user: nix is not defined; a text stands in quotes: "nix"`,
		}},
		{name: "syntax", src: "name: \"a\nhosts: {", want: []string{
			`f.cue:1:7: string literal not terminated`,
			`f.cue:2:9: expected '}', found the end of the file`,
		}},
		{name: "not a struct", src: `"hello"`, want: []string{`f.cue:1:1: want a struct, got "hello"`}},
		{name: "foreign package", src: "import \"example.com/x\"\nname: x.y", want: []string{
			`f.cue:1:8: import of "example.com/x", which is not part of CUE (the file stands alone; copy into it what it needs)`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cuefile.Read("f.cue", []byte(tt.src), schema)
			if diff := cmp.Diff(tt.want, report(err)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	f, err := cuefile.Read("f.cue", []byte("hosts: [string]: user: \"u\"\nhosts: {\n\tweb: {}\n\tdb:  port: 1\n}"), schema)
	if err != nil {
		t.Fatal(err)
	}
	at := func(path string) cue.Value { return f.Value.LookupPath(cue.ParsePath(path)) }
	for _, tt := range []struct {
		name      string
		got, want diag.Pos
	}{
		{"name of a field", f.Pos(at("hosts.web")), diag.Pos{File: "f.cue", Line: 3, Col: 2}},
		{"value of a field", f.ValuePos(at("hosts.db.port")), diag.Pos{File: "f.cue", Line: 4, Col: 13}},
		{"from a template", f.Pos(at("hosts.web.user")), diag.Pos{File: "f.cue", Line: 1, Col: 18}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %s, want %s", tt.got, tt.want)
			}
		})
	}
}

// TestPlainWords has CUE refuse what people write, and say so in words that they know.
func TestPlainWords(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a: x\n", `a: x is not defined; a text stands in quotes: "x"`},
		{"a: #X\n", `a: #X is not defined`},
		{"import \"foo\"\na: 1\n", `CUE has no package "foo"`},
		{"import \"strings\"\na: strings.Nope(\"a\")\n", `a: there is no function strings.Nope`},
		{"a: int & \"x\"\n", `a: want int, got "x"`},
		{"a: int & string\n", `a: conflicting values int and string`},
		{"a: 1 & 2\n", `a: conflicting values 2 and 1`},
		{"a: 5 & >10\n", `a: 5 does not fit: want >10`},
		{"a: close({b: 1}) & {c: 2}\n", `a.c: no such field is allowed here`},
		{"a: 1/0\n", `a: division by zero`},
		{"a: int + 1\n", `a: + needs values, and int is none yet`},
		{"a: 5x\n", `a comma or the end of the line is missing`},
		{"a: {\n", `expected '}', found the end of the file`},
	} {
		_, err := cuefile.Read("f.cue", []byte(tt.text), "#File: {...}")
		d, ok := errors.AsType[*diag.Error](err)
		if !ok || d.Summary != tt.want {
			t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}
