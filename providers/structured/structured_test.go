package structured_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/structured"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

const path = "/etc/x"

type given = map[string]any

// run converges a unit on a host with a file, "" for none, and returns what the file holds then.
func run(t *testing.T, typ string, args given, before, fail string) (after string, changed bool) {
	t.Helper()
	m := &providertest.Memory{Files: map[string]*providertest.Node{"/etc": {Type: op.TypeDir, Mode: 0o755}}}
	if before != "" {
		m.Files[path] = &providertest.Node{Type: op.TypeFile, Mode: 0o640, Content: op.NewBlob([]byte(before))}
	}
	all := given{"path": path, "follow": "safe"}
	maps.Copy(all, args)
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	kit := providertest.New(t, providertest.Native(structured.Types()), m)
	u := providertest.Unit{Type: typ, Args: string(data)}
	change, failed := kit.Plan(u)
	switch {
	case failed != nil && (fail == "" || !strings.Contains(failed.Message+" "+failed.Hint, fail)):
		t.Fatalf("it fails with %q (%s), expected %q", failed.Message, failed.Hint, fail)
	case failed != nil:
		return before, false
	case fail != "":
		t.Fatalf("planned %+v, expected the error %q", change, fail)
	}
	kit.Converge(u)
	return m.Says(t, path), change.Action != abi.None
}

type edit struct {
	name   string
	set    given
	remove []any
	before string
	after  string // as it was where this is ""
	fail   string
}

func (e edit) try(t *testing.T, typ string) {
	t.Helper()
	args := given{"create": true}
	if e.set != nil {
		args["set"] = e.set
	}
	if e.remove != nil {
		args["remove"] = e.remove
	}
	got, changed := run(t, typ, args, e.before, e.fail)
	if e.fail != "" {
		return
	}
	want := e.after
	if want == "" {
		want = e.before
	}
	if got != want {
		t.Errorf("the file holds\n%s\nexpected\n%s", got, want)
	}
	if changed != (e.before != want) {
		t.Errorf("changed: %v", changed)
	}
}

func TestJSON(t *testing.T) {
	const daemon = `{
    "log-driver": "json-file", // for now
    "log-opts": {
        "max-size": "10m"
    },
    "hosts": ["a", "b"]
}
`
	for _, e := range []edit{
		{name: "replaced", set: given{"log-driver": "journald"}, before: daemon, after: strings.Replace(daemon, "json-file", "journald", 1)},
		{name: "there", set: given{"log-driver": "json-file", "hosts": []any{"a", "b"}, "log-opts": given{}}, before: daemon},
		{name: "added", set: given{"debug": true}, before: daemon, after: strings.Replace(daemon, `"b"]`, "\"b\"],\n    \"debug\": true", 1)},
		{name: "added deeper", set: given{"log-opts": given{"tag": "x\n", "max-file": "3"}}, before: daemon, after: strings.Replace(daemon, `"10m"`, "\"10m\",\n        \"max-file\": \"3\",\n        \"tag\": \"x\\n\"", 1)},
		{name: "new dict", set: given{"a": given{"b": given{"c": nil}}}, before: daemon, after: strings.Replace(daemon, `"b"]`, "\"b\"],\n    \"a\": {\n        \"b\": {\n            \"c\": null\n        }\n    }", 1)},
		{name: "new file", set: given{"a": int64(1), "b": []any{}, "c": given{"d": 1.5}}, after: "{\n  \"a\": 1,\n  \"b\": [],\n  \"c\": {\n    \"d\": 1.5\n  }\n}\n"},
		{name: "empty object", set: given{"a": []any{"x"}}, before: "{}\n", after: "{\n  \"a\": [\n    \"x\"\n  ]\n}\n"},
		{name: "one line", set: given{"b": int64(2)}, before: `{"a":1}`, after: `{"a":1,"b":2}`},
		{name: "one line with blanks", set: given{"b": int64(2)}, before: `{"x": {"a": 1, "c": 3}}`, after: `{"x": {"a": 1, "c": 3}, "b":2}`},
		{name: "scalar to dict", set: given{"hosts": given{"a": "b"}}, before: daemon, after: strings.Replace(daemon, `["a", "b"]`, "{\n        \"a\": \"b\"\n    }", 1)},
		{name: "number as it is written", set: given{"a": int64(1000)}, before: "{\"a\": 1000}\n"},
		{name: "float is no integer", set: given{"a": int64(1)}, before: "{\"a\": 1.0}\n", after: "{\"a\": 1}\n"},
		{name: "comma behind the last", set: given{"b": int64(2)}, before: "{\n\t\"a\": 1, // one\n}\n", after: "{\n\t\"a\": 1, // one\n\t\"b\": 2,\n}\n"},
		{name: "behind a comment", set: given{"b": int64(2)}, before: "{\n\t\"a\": 1 // one\n}\n", after: "{\n\t\"a\": 1, // one\n\t\"b\": 2\n}\n"},
		{name: "beside a comment alone", set: given{"b": int64(2)}, before: "{\n  // none\n}\n", after: "{\n  \"b\": 2\n  // none\n}\n"},
		{name: "other ends of lines", set: given{"b": int64(2)}, before: "{\r\n  \"a\": 1\r\n}\r\n", after: "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n"},
		{name: "first removed", remove: []any{"log-driver"}, before: daemon, after: strings.Replace(daemon, "    \"log-driver\": \"json-file\", // for now\n", "", 1)},
		{name: "last removed", remove: []any{"hosts"}, before: daemon, after: strings.Replace(daemon, "},\n    \"hosts\": [\"a\", \"b\"]", "}", 1)},
		{name: "deeper removed", remove: []any{[]any{"log-opts", "max-size"}}, before: daemon, after: strings.Replace(daemon, "        \"max-size\": \"10m\"\n", "", 1)},
		{name: "not there", remove: []any{"x", []any{"hosts", "a"}, []any{"log-opts", "x"}}, before: daemon},
		{name: "removed in one line", remove: []any{"b"}, before: `{"a": 1, "b": 2, "c": 3}`, after: `{"a": 1, "c": 3}`},
		{name: "last removed in one line", remove: []any{"c"}, before: `{"a": 1, "c": 3}`, after: `{"a": 1}`},
		{name: "only one", remove: []any{"a"}, before: "{\"a\": 1}\n", after: "{}\n"},
		{name: "set and removed", set: given{"a": int64(2)}, remove: []any{"b"}, before: "{\"a\": 1, \"b\": 1}\n", after: "{\"a\": 2}\n"},
		{name: "escapes", set: given{"ä\"\\\x7f": "\u2028\t"}, before: "{\"\\u00e4\\\"\\\\\\u007f\": \"\\u2028\\t\"}\n"},
		{name: "twice", set: given{"a": int64(1)}, before: "{\"a\": 1,\n\"a\": 2}", fail: `/etc/x:2: the key "a" stands there twice`},
		{name: "broken", set: given{"a": int64(1)}, before: "{\n\"a\": }", fail: "/etc/x:2: want a value"},
		{name: "no end", set: given{"a": int64(1)}, before: "{\"a", fail: "a string has no end"},
		{name: "behind the end", set: given{"a": int64(1)}, before: "{} x", fail: "behind the end of the document"},
		{name: "no mapping", set: given{"a": int64(1)}, before: "[1]", fail: "holds no keys and values"},
		{name: "deep", set: given{"a": int64(1)}, before: strings.Repeat(`{"a":`, 300), fail: "nested more than 200 deep"},
		{name: "nothing to do", before: "{}", fail: "it is not said what to edit"},
	} {
		t.Run(e.name, func(t *testing.T) { e.try(t, "json_file") })
	}
}

func TestYAML(t *testing.T) {
	const app = `# The app.
server:
  port: 80      # the usual one
  host: "a.example"

# Where it logs.
logging:
  - console
  - file  # for now
level: info
`
	for _, e := range []edit{
		{name: "replaced", set: given{"server": given{"port": int64(8080)}}, before: app, after: strings.Replace(app, "port: 80 ", "port: 8080 ", 1)},
		{name: "quoted as it was", set: given{"server": given{"host": "b.example"}}, before: app, after: strings.Replace(app, "a.example", "b.example", 1)},
		{name: "there", set: given{"level": "info", "server": given{"port": int64(80)}, "logging": []any{"console", "file"}}, before: app},
		{name: "added", set: given{"debug": true}, before: app, after: app + "debug: true\n"},
		{name: "added deeper", set: given{"server": given{"tls": given{"cert": "/etc/c.pem", "on": "yes"}}}, before: app, after: strings.Replace(app, "\"a.example\"\n", "\"a.example\"\n  tls:\n    cert: /etc/c.pem\n    \"on\": \"yes\"\n", 1)},
		{name: "list", set: given{"logging": []any{"syslog"}}, before: app, after: strings.Replace(app, "  - console\n  - file  # for now\n", "  - syslog\n", 1)},
		{name: "list to text", set: given{"logging": "none"}, before: app, after: strings.Replace(app, "logging:\n  - console\n  - file  # for now\n", "logging: none\n", 1)},
		{name: "text to dict", set: given{"level": given{"a": int64(1)}}, before: app, after: strings.Replace(app, "level: info\n", "level:\n  a: 1\n", 1)},
		{name: "number with a comment to dict", set: given{"server": given{"port": given{"a": int64(1)}}}, before: app, after: strings.Replace(app, "port: 80      # the usual one\n", "port:      # the usual one\n    a: 1\n", 1)},
		{name: "new file", set: given{"a": given{"b": []any{"x", given{"c": int64(1), "d": nil}, []any{}}}, "t": "one\ntwo\n"}, after: "a:\n  b:\n    - x\n    - c: 1\n      d: null\n    - []\nt: |\n  one\n  two\n"},
		{name: "comments alone", set: given{"a": "b"}, before: "# nothing\n", after: "# nothing\na: b\n"},
		{name: "empty mapping", set: given{"a": given{"b": int64(1)}}, before: "a: {}\n", after: "a:\n  b: 1\n"},
		{name: "empty root", set: given{"a": int64(1)}, before: "--- {}\n", fail: "cannot be edited alone"},
		{name: "braces", set: given{"a": given{"c": int64(2)}}, before: "a: {b: 1} # x\n", after: "a: {b: 1, c: 2} # x\n"},
		{name: "in braces", set: given{"a": given{"b": given{"c": "x y"}}}, before: "a: {b: {c: 1}, d: [1, 2]}\n", after: "a: {b: {c: x y}, d: [1, 2]}\n"},
		{name: "removed from braces", remove: []any{[]any{"a", "b"}}, before: "a: {b: 1, d: [1, 2]}\n", after: "a: {d: [1, 2]}\n"},
		{name: "no indentation of lists", set: given{"a": given{"c": []any{"z"}}}, before: "a:\n    b:\n    - x\n", after: "a:\n    b:\n    - x\n    c:\n    - z\n"},
		{name: "null", set: given{"a": "x"}, before: "a:\nb: 1\n", after: "a: x\nb: 1\n"},
		{name: "null with a comment", set: given{"a": "x"}, before: "a: # what\nb: 1\n", after: "a: x # what\nb: 1\n"},
		{name: "null to dict", set: given{"a": given{"c": int64(1)}}, before: "a:   \nb: 1\n", after: "a:\n  c: 1\nb: 1\n"},
		{name: "literal", set: given{"a": "x"}, before: "a: |\n  # no comment\n  b\n\n# about b\nb: 1\n", after: "a: x\n\n# about b\nb: 1\n"},
		{name: "literal for literal", set: given{"a": "x\ny"}, before: "a: |\n  b\n  c\nb: 1\n", after: "a: |-\n  x\n  y\nb: 1\n"},
		{name: "several lines of text", set: given{"a": "x"}, before: "a: one\n  two\nb: 1\n", after: "a: x\nb: 1\n"},
		{name: "quoted over lines", set: given{"a": "x"}, before: "a: \"one\n  two\"\nb: 1\n", after: "a: \"x\"\nb: 1\n"},
		{name: "yes is true", set: given{"a": true, "b": "yes"}, before: "a: yes\nb: 'yes'\n"},
		{name: "text like a number", set: given{"a": "1", "b": "0x1f", "c": "12:30", "d": "1.2.3.4", "e": "", "f": "- x", "g": "a: b", "h": "null"}, after: "a: \"1\"\nb: \"0x1f\"\nc: \"12:30\"\nd: 1.2.3.4\ne: \"\"\nf: \"- x\"\ng: \"a: b\"\nh: \"null\"\n"},
		{name: "removed", remove: []any{"logging"}, before: app, after: strings.Replace(app, "logging:\n  - console\n  - file  # for now\n", "", 1)},
		{name: "removed deeper", remove: []any{[]any{"server", "host"}}, before: app, after: strings.Replace(app, "  host: \"a.example\"\n", "", 1)},
		{name: "only one removed", remove: []any{[]any{"a", "b"}}, before: "a:\n  b: 1\nc: 2\n", after: "a: {}\nc: 2\n"},
		{name: "all removed", remove: []any{"a"}, before: "# x\na: 1\n", after: "# x\n"},
		{name: "anchor replaced", set: given{"a": int64(2)}, before: "a: &x 1\nb: *x\n", fail: "cannot be edited alone"},
		{name: "alias replaced", set: given{"b": int64(2)}, before: "a: &x 1\nb: *x\n", after: "a: &x 1\nb: 2\n"},
		{name: "merged", set: given{"b": given{"c": int64(2)}}, before: "a: &x\n  c: 1\nb:\n  <<: *x\n  d: 1\n", after: ""},
		{name: "merged is there", set: given{"b": given{"c": int64(1)}}, before: "a: &x\n  c: 1\nb:\n  <<: *x\n  d: 1\n"},
		{name: "no end of line", set: given{"b": int64(2)}, before: "a: 1", after: "a: 1\nb: 2\n"},
		{name: "end of the document", set: given{"b": int64(2)}, before: "---\na: 1\n...\n", after: "---\na: 1\nb: 2\n...\n"},
		{name: "other ends of lines", set: given{"b": int64(2), "a": "x"}, before: "a: 1 # y\r\nc:\r\n  d: 1\r\n", after: "a: x # y\r\nc:\r\n  d: 1\r\nb: 2\r\n"},
		{name: "umlauts before", set: given{"ä": given{"ö": int64(2)}}, before: "ä: {ü: \"ß\", ö: 1}\n", after: "ä: {ü: \"ß\", ö: 2}\n"},
		{name: "signs in keys", set: given{"a:b": int64(2), "c d": "e"}, before: "a:b: 1\n\"c d\" : x\n", after: "a:b: 2\n\"c d\" : e\n"},
		{name: "hash in a text", set: given{"a": "b"}, before: "a: x#y\n", after: "a: b\n"},
		{name: "several documents", set: given{"a": "b"}, before: "a: 1\n---\nb: 1\n", fail: "several documents"},
		{name: "list", set: given{"a": "b"}, before: "- a\n", fail: "holds no keys and values"},
		{name: "broken", set: given{"a": "b"}, before: "a: 1\n  b: 2\n", fail: "/etc/x:2: "},
		{name: "twice", set: given{"a": "b"}, before: "a: 1\na: 2\n", fail: "stands there twice"},
		{name: "bomb", set: given{"z": "b"}, before: "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", fail: "more values than can be edited"},
	} {
		if e.name == "merged" { // own keys have the last word, and where they stand is free
			e.after = strings.Replace(e.before, "  d: 1\n", "  d: 1\n  c: 2\n", 1)
		}
		t.Run(e.name, func(t *testing.T) { e.try(t, "yaml_file") })
	}
}

func TestTOML(t *testing.T) {
	const conf = `# The app.
title = "x" # shown

[server]
port = 80
hosts = [
  "a", # first
  "b",
]

# Where it logs.
[server.log]
level = "info"
tag.name = "t"

[[user]]
name = "one"
`
	for _, e := range []edit{
		{name: "replaced", set: given{"server": given{"port": int64(8080)}, "title": "y"}, before: conf, after: strings.NewReplacer("port = 80", "port = 8080", `"x"`, `"y"`).Replace(conf)},
		{name: "there", set: given{"server": given{"port": int64(80), "hosts": []any{"a", "b"}, "log": given{"tag": given{"name": "t"}}}}, before: conf},
		{name: "list", set: given{"server": given{"hosts": []any{"c"}}}, before: conf, after: strings.Replace(conf, "[\n  \"a\", # first\n  \"b\",\n]", `["c"]`, 1)},
		{name: "added", set: given{"debug": true}, before: conf, after: strings.Replace(conf, "# shown\n", "# shown\ndebug = true\n", 1)},
		{name: "added to a table", set: given{"server": given{"x": given{}, "ratio": 0.5}}, before: conf, after: strings.Replace(conf, "]\n\n# Where", "]\nratio = 0.5\nx = {}\n\n# Where", 1)},
		{name: "new table", set: given{"server": given{"tls": given{"cert": "/c", "ca": given{"file": "/d"}}}}, before: conf, after: strings.Replace(conf, "\n[[user]]", "\n[server.tls]\ncert = \"/c\"\n\n[server.tls.ca]\nfile = \"/d\"\n\n[[user]]", 1)},
		{name: "dots", set: given{"server": given{"log": given{"tag": given{"color": "red"}}}}, before: conf, after: strings.Replace(conf, "tag.name = \"t\"\n", "tag.name = \"t\"\ntag.color = \"red\"\n", 1)},
		{name: "new file", set: given{"a": int64(1), "b": given{"c": "x\"\\"}, "k l": []any{given{"z": int64(1)}}}, after: "a = 1\n\"k l\" = [{ z = 1 }]\n\n[b]\nc = \"x\\\"\\\\\"\n"},
		{name: "table that others lead through", set: given{"a": given{"x": int64(1)}}, before: "[a.b]\nc = 1\n", after: "[a.b]\nc = 1\n\n[a]\nx = 1\n"},
		{name: "braces", set: given{"a": given{"c": int64(2)}}, before: "a = { b = 1 } # x\n", after: "a = { b = 1, c = 2 } # x\n"},
		{name: "removed", remove: []any{"title", []any{"server", "hosts"}}, before: conf, after: strings.NewReplacer("title = \"x\" # shown\n", "", "hosts = [\n  \"a\", # first\n  \"b\",\n]\n", "").Replace(conf)},
		{name: "table removed", remove: []any{"server"}, before: conf, after: "# The app.\ntitle = \"x\" # shown\n\n# Where it logs.\n[[user]]\nname = \"one\"\n"},
		{name: "list of tables removed", remove: []any{"user"}, before: conf, after: strings.Replace(conf, "[[user]]\nname = \"one\"\n", "", 1)},
		{name: "dots removed", remove: []any{[]any{"server", "log", "tag"}}, before: conf, after: strings.Replace(conf, "tag.name = \"t\"\n", "", 1)},
		{name: "last of dots removed", remove: []any{[]any{"server", "log", "tag", "name"}}, before: conf, after: strings.Replace(conf, "tag.name = \"t\"\n", "", 1)},
		{name: "removed from braces", remove: []any{[]any{"a", "b"}}, before: "a = { b = 1, c = 2 }\n", after: "a = { c = 2 }\n"},
		{name: "date stays", set: given{"b": int64(1)}, before: "a = 1979-05-27T07:32:00Z\n", after: "a = 1979-05-27T07:32:00Z\nb = 1\n"},
		{name: "hexadecimal", set: given{"a": int64(16)}, before: "a = 0x10\n", after: "a = 16\n"},
		{name: "list of tables", set: given{"user": given{"name": "x"}}, before: conf, fail: "cannot be edited alone"},
		{name: "table to text", set: given{"server": "x"}, before: conf, fail: "cannot be edited alone"},
		{name: "null", set: given{"a": given{"b": nil}}, before: conf, fail: "TOML has no null"},
		{name: "broken", set: given{"a": int64(1)}, before: "a = 1\nb = \n", fail: "/etc/x:2: it is no TOML"},
		{name: "twice", set: given{"a": int64(1)}, before: "a = 1\na = 2\n", fail: "stands there twice"},
		{name: "table twice", set: given{"a": int64(1)}, before: "[b]\n[b]\n", fail: "stands there twice"},
	} {
		t.Run(e.name, func(t *testing.T) { e.try(t, "toml_file") })
	}
}

func TestNoFile(t *testing.T) {
	for _, typ := range []string{"json_file", "yaml_file", "toml_file"} {
		if _, changed := run(t, typ, given{"remove": []any{"a"}}, "", ""); changed {
			t.Errorf("%s: it removes a key of no file", typ)
		}
	}
}

// TestHints does what each hint says, and the unit can be applied.
func TestHints(t *testing.T) {
	set := given{"set": given{"a": int64(1)}}
	for _, tt := range []struct {
		typ    string
		wrong  given
		before string
		hint   string
		then   given
		after  string // what the file is made by hand, "" where it stays
	}{
		{"json_file", given{}, "{}", `give set = {"key": value}, or remove = ["key"]`, set, ""},
		{"json_file", given{}, "{}", `give set = {"key": value}, or remove = ["key"]`, given{"remove": []any{"key"}}, ""},
		{"toml_file", given{"set": given{"a": nil}}, "a = 1\n", "remove = [...] takes a key out", given{"remove": []any{"a"}}, ""},
		{"yaml_file", set, "a: [\n", "correct the file by hand, or bring the whole of it: file(path, content = ...)", set, "a: []\n"},
		{"yaml_file", set, "- a\n", "bring the whole file: file(path, content = ...)", set, "b: c\n"},
		{"yaml_file", set, "a: &x 2\nb: *x\n", "edit that part by hand, or bring the whole file: file(path, content = ...)", set, "a: 2\nb: 2\n"},
	} {
		t.Run(tt.hint, func(t *testing.T) {
			run(t, tt.typ, tt.wrong, tt.before, tt.hint)
			if tt.after == "" {
				tt.after = tt.before
			}
			run(t, tt.typ, tt.then, tt.after, "")
		})
	}
}
