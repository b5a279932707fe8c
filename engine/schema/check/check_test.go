package check_test

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/engine/schema/schematest"
	"github.com/openfroyo/froyo/runner/op"
)

type (
	m = map[string]any
	l = []any
)

// linux is where the CUE of the package linux is.
const linux = "../../../providers/linux"

// checker is one for all tests, as a program has one.
var checker check.Checker

// fromFile is what a caller puts into a blob field for a source.
var fromFile = op.NewBlob([]byte("x"))

func TestCheck(t *testing.T) {
	const (
		sumX     = `{"size":1,"sum":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}`
		sumEmpty = `{"size":0,"sum":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`
	)
	tests := []struct {
		name  string
		typ   string
		args  m
		later []string
		want  string
	}{
		{
			"defaults", "file",
			m{"path": "/etc/motd"},
			nil,
			`{"backup":false,"path":"/etc/motd","recurse":false,"state":"present"}`,
		},
		{
			"None is not given", "file",
			m{"path": "/etc/motd", "mode": nil, "state": nil},
			nil,
			`{"backup":false,"path":"/etc/motd","recurse":false,"state":"present"}`,
		},
		{
			"text becomes a blob", "file",
			m{"path": "/x", "content": "x", "mode": "u=rw,go="},
			nil,
			`{"backup":false,"content":` + sumX + `,"mode":"u=rw,go=","path":"/x","recurse":false,"state":"present"}`,
		},
		{
			"bytes that are no text", "file",
			m{"path": "/x", "content": "\xff"},
			nil,
			`{"backup":false,"content":{"size":1,"sum":"a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89"},` +
				`"path":"/x","recurse":false,"state":"present"}`,
		},
		{
			"from a file", "file",
			m{"path": "/x", "source": "a", "content": fromFile},
			nil,
			`{"backup":false,"content":` + sumX + `,"path":"/x","recurse":false,"state":"present"}`,
		},
		{
			"from a file, name dropped", "file",
			m{"path": "/x", "content": fromFile},
			nil,
			`{"backup":false,"content":` + sumX + `,"path":"/x","recurse":false,"state":"present"}`,
		},
		{
			"later", "file",
			m{"path": "/x", "owner": "root"},
			[]string{"content", "mode"},
			`{"backup":false,"owner":"root","path":"/x","recurse":false,"state":"present"}`,
		},
		{
			"required and later", "file",
			m{"path": "/x", "state": "link"},
			[]string{"target"},
			`{"backup":false,"path":"/x","recurse":false,"state":"link"}`,
		},
		{
			"needs its default only", "file",
			m{"path": "/x", "state": "absent", "backup": false, "recurse": true},
			nil,
			`{"backup":false,"path":"/x","recurse":true,"state":"absent"}`,
		},
		{
			"a string", "cmd",
			m{"background": false, "command": `echo "<&>" é`, "stdin": ""},
			nil,
			`{"background":false,"changed_when":true,"command":"echo \"<&>\" é","ok_exit_codes":[0],"stdin":` + sumEmpty + `}`,
		},
		{
			"a list", "cmd",
			m{"background": false, "command": l{"ls", ""}, "ok_exit_codes": l{int64(0), int64(255)}, "env": m{"B": "2", "A": "1"}},
			nil,
			`{"background":false,"changed_when":true,"command":["ls",""],"env":{"A":"1","B":"2"},"ok_exit_codes":[0,255]}`,
		},
		{
			"a function of the result", "cmd",
			m{"background": false, "command": "x"},
			[]string{"changed_when"},
			`{"background":false,"command":"x","ok_exit_codes":[0]}`,
		},
		{
			"a key known later beside its name", "cmd",
			m{"name": "x"},
			[]string{"command"},
			`{"background":false,"changed_when":true,"name":"x","ok_exit_codes":[0]}`,
		},
	}
	p := schematest.Linux(t, linux)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ := schematest.TypeOf(t, p, tt.typ)
			for _, round := range []string{"first", "second"} { // found by the check, then in the cache
				checked, problems := checker.Check(typ, tt.args, tt.later)
				if problems != nil {
					t.Fatalf("%s time: problems %v", round, problems)
				}
				if diff := cmp.Diff(tt.want, string(checked.Args)); diff != "" {
					t.Errorf("%s time (-want +got):\n%s", round, diff)
				}
				for sum, b := range checked.Blobs {
					if sum != b.Sum || !strings.Contains(tt.want, sum) {
						t.Errorf("%s time: blob %s stands as %s", round, b.Sum, sum)
					}
				}
				if got := len(checked.Blobs); got != strings.Count(tt.want, `"sum"`) {
					t.Errorf("%s time: %d blobs", round, got)
				}
			}
		})
	}
}

func TestBlobContent(t *testing.T) {
	file := schematest.TypeOf(t, schematest.Linux(t, linux), "file")
	for _, text := range []string{"", "hello\n", strings.Repeat("0123456789abcdef", 10_000)} {
		checked, problems := checker.Check(file, m{"path": "/x", "content": text}, nil)
		if problems != nil {
			t.Fatal(problems)
		}
		b := checked.Blobs[op.Sum([]byte(text))]
		if b == nil || b.Size != int64(len(text)) {
			t.Fatalf("%d bytes: no blob, or of another size: %v", len(text), b)
		}
		r, err := b.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%d bytes: read %d, %v", len(text), len(got), err)
		}
	}
}

func TestProblems(t *testing.T) {
	tests := []struct {
		name  string
		typ   string
		args  m
		later []string
		want  []string // message, hint; the field is what the message begins with
	}{
		{"misspelt", "file", m{"path": "/x", "mdoe": "0644"}, nil, []string{`file has no argument "mdoe"`, `did you mean "mode"?`}},
		{
			"unknown", "cmd",
			m{"background": false, "command": "x", "zzzzzzzz": int64(1)},
			nil,
			[]string{`cmd has no argument "zzzzzzzz"`, `cmd takes command, name, unless, onlyif, creates, removes, cwd, env, stdin, background, ok_exit_codes, max_output, on_resume and changed_when`},
		},
		{"unknown later", "file", m{"path": "/x"}, []string{"Mode"}, []string{`file has no argument "Mode"`, `did you mean "mode"?`}},
		{"key missing", "file", m{}, nil, []string{`path is missing`, `give path, the first argument: the file's absolute path on the host, without ".." and without *; it is not a pattern`}},
		{"key None", "file", m{"path": nil}, nil, []string{`path is missing`, `give path, the first argument: the file's absolute path on the host, without ".." and without *; it is not a pattern`}},
		{
			"enum", "file",
			m{"path": "/x", "state": "presnt"},
			nil,
			[]string{`state: want one of "present", "absent", "directory", "link", got "presnt"`, `did you mean "present"?`},
		},
		{"decimal mode", "file", m{"path": "/x", "mode": int64(644)}, nil, []string{`mode: want a string, got the int 644`, `write mode = "0644"`}},
		{"octal mode", "file", m{"path": "/x", "mode": int64(0o755)}, nil, []string{`mode: want a string, got the int 493`, `write mode = "0755"`}},
		{"no mode", "file", m{"path": "/x", "mode": "u+x"}, nil, []string{`mode: want "0644", "u=rw,go=r" or the like, got "u+x"`, ``}},
		{"pattern", "file", m{"path": "etc/motd"}, nil, []string{`path: want an absolute path without *: a path is no pattern, got "etc/motd"`, ``}},
		{"empty", "file", m{"path": "/x", "owner": ""}, nil, []string{`owner: want a string that is not empty, got ""`, ``}},
		{"bool", "file", m{"path": "/x", "backup": "yes"}, nil, []string{`backup: want True or False, got the string "yes"`, `write backup = True`}},
		{"an int for an owner", "file", m{"path": "/x", "owner": int64(0)}, nil, []string{`owner: want a string, got the int 0`, `write owner = "0"`}},
		{"an int for content", "file", m{"path": "/x", "content": int64(5)}, nil, []string{`content: want a string, got the int 5`, `write content = "5"`}},
		{"no blob", "file", m{"path": "/x", "content": (*op.Blob)(nil)}, nil, []string{`content: a value of Go's type *op.Blob cannot be used`, ``}},
		{"misplaced blob", "file", m{"path": "/x", "owner": fromFile}, nil, []string{`owner: a value of Go's type *op.Blob cannot be used`, ``}},
		{"content and source", "file", m{"path": "/x", "content": "x", "source": "y"}, nil, []string{`content and source cannot both be given`, `leave one of them out`}},
		{"later content and source", "file", m{"path": "/x", "source": "y"}, []string{"content"}, []string{`content and source cannot both be given`, `leave one of them out`}},
		{"source not read", "file", m{"path": "/x", "source": "y"}, nil, []string{`source: the file "y" was not read`, ``}},
		{
			"source of a link", "file",
			m{"path": "/x", "source": "y", "content": fromFile, "state": "absent"},
			nil,
			[]string{`source needs state = "present", but state is "absent"`, `set state to "present", or leave source out`},
		},
		{
			"content of a directory", "file",
			m{"path": "/x", "content": "", "state": "directory"},
			nil,
			[]string{`content needs state = "present", but state is "directory"`, `set state to "present", or leave content out`},
		},
		{
			"recurse", "file",
			m{"path": "/x", "recurse": true},
			nil,
			[]string{`recurse needs state = "directory" or "absent", but state is "present"`, `set state to "directory" or "absent", or leave recurse out`},
		},
		{"link without target", "file", m{"path": "/x", "state": "link"}, nil, []string{`target is missing: state = "link" needs it`, `give target: the path that the link points to`}},
		{
			"target of a file", "file",
			m{"path": "/x"},
			[]string{"target"},
			[]string{`target needs state = "link", but state is "present"`, `set state to "link", or leave target out`},
		},
		{"key later", "file", m{}, []string{"path"}, []string{`path must be known while planning`, `it is what tells the unit from others`}},
		{"state later", "file", m{"path": "/x"}, []string{"state"}, []string{`state must be known while planning`, `these can wait: content, target, mode, owner and group`}},
		{"command later", "cmd", m{}, []string{"command"}, []string{`command must be known while planning`, `give name as well, so that the unit can be told from others`}},
		{"element", "cmd", m{"background": false, "command": l{"ls", int64(5)}}, nil, []string{`command[1]: want a string, got the int 5`, `write "5"`}},
		{"empty element", "cmd", m{"background": false, "command": l{""}}, nil, []string{`command[0]: want a string that is not empty, got ""`, ``}},
		{"no elements", "cmd", m{"background": false, "command": l{}}, nil, []string{`command: want a list of strings with at least 1 element, got []`, ``}},
		{"neither", "cmd", m{"background": false, "command": true}, nil, []string{`command: want a string or a list of strings, got the bool True`, ``}},
		{"bounds", "cmd", m{"background": false, "command": "x", "ok_exit_codes": l{int64(256)}}, nil, []string{`ok_exit_codes[0]: want an int from 0 to 255, got 256`, ``}},
		{"no list", "cmd", m{"background": false, "command": "x", "ok_exit_codes": int64(2)}, nil, []string{`ok_exit_codes: want a list of ints, got the int 2`, `write ok_exit_codes = [2]`}},
		{"dict", "cmd", m{"background": false, "command": "x", "env": m{"A": nil}}, nil, []string{`env["A"]: want a string, got None`, ``}},
		{"result", "cmd", m{"background": false, "command": "x", "changed_when": int64(0)}, nil, []string{`changed_when: want True or False, or a lambda of the result, got the int 0`, ``}},
		{"no UTF-8", "cmd", m{"background": false, "command": "\xff"}, nil, []string{`command: want text in UTF-8, got "\xff"`, ``}},
		{"no UTF-8 within", "cmd", m{"background": false, "command": "x", "env": m{"A": "\xff"}}, nil, []string{`env["A"]: want text in UTF-8, got "\xff"`, ``}},
		{"name no UTF-8", "cmd", m{"background": false, "command": "x", "env": m{"\xff": "a"}}, nil, []string{`env: want names in UTF-8, got "\xff"`, ``}},
		{"not a number", "cmd", m{"background": false, "command": "x", "ok_exit_codes": l{math.NaN()}}, nil, []string{`ok_exit_codes[0]: want a finite number, got NaN`, ``}},
		{"foreign value", "cmd", m{"background": false, "command": l{"x", 5}}, nil, []string{`command[1]: a value of Go's type int cannot be used`, ``}},
		{"too deep", "cmd", m{"background": false, "command": nest(100)}, nil, []string{`command` + strings.Repeat("[0]", 33) + `: nested too deeply`, ``}},
		{"escapes", "cmd", m{"background": false, "command": "x", "cwd": "\x1b[31m\n"}, nil, []string{`cwd: want an absolute path, got "\x1b[31m\n"`, ``}},
		{
			"all at once, in order", "file",
			m{"mode": int64(600), "state": "gone", "nope": true, "target": "/y", "validate": "visudo -c"},
			[]string{"backup"},
			[]string{
				`file has no argument "nope"`, `did you mean "mode"?`,
				`path is missing`, `give path, the first argument: the file's absolute path on the host, without ".." and without *; it is not a pattern`,
				`state: want one of "present", "absent", "directory", "link", got "gone"`, ``,
				`mode: want a string, got the int 600`, `write mode = "0600"`,
				`backup must be known while planning`, `these can wait: content, target, mode, owner and group`,
				`validate: want a command with %s in the file's place, got "visudo -c"`, ``,
			},
		},
	}
	p := schematest.Linux(t, linux)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ := schematest.TypeOf(t, p, tt.typ)
			for _, round := range []string{"first", "second"} {
				checked, problems := checker.Check(typ, tt.args, tt.later)
				if checked != nil {
					t.Errorf("%s time: wrong arguments came back as %s", round, checked.Args)
				}
				var got []string
				for _, p := range problems {
					got = append(got, p.Message, p.Hint)
					if !strings.Contains(p.Message, p.Field) || p.Field == "" {
						t.Errorf("%s time: field %q is not in %s", round, p.Field, p.Message)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s time (-want +got):\n%s", round, diff)
				}
			}
		})
	}
}

func nest(depth int) any {
	if depth == 0 {
		return "x"
	}
	return l{nest(depth - 1)}
}

func TestResolve(t *testing.T) {
	p := schematest.Linux(t, linux)
	file, cmd := schematest.TypeOf(t, p, "file"), schematest.TypeOf(t, p, "cmd")
	checked, problems := checker.Check(file, m{"path": "/x", "content": "x"}, []string{"mode"})
	if problems != nil {
		t.Fatal(problems)
	}
	got, problems := checker.Resolve(file, checked, m{"mode": "0600"})
	if problems != nil {
		t.Fatal(problems)
	}
	direct, _ := checker.Check(file, m{"path": "/x", "content": "x", "mode": "0600"}, nil)
	if diff := cmp.Diff(string(direct.Args), string(got.Args)); diff != "" {
		t.Errorf("settled later and known from the start differ:\n%s", diff)
	}
	for sum, b := range checked.Blobs {
		if got.Blobs[sum] != b {
			t.Errorf("blob %s is gone", sum)
		}
	}
	if _, problems := checker.Resolve(file, checked, m{"mode": int64(600)}); len(problems) != 1 || problems[0].Hint != `write mode = "0600"` {
		t.Errorf("a wrong value: problems %v", problems)
	}
	checked, _ = checker.Check(cmd, m{"name": "x"}, []string{"command", "changed_when"})
	got, problems = checker.Resolve(cmd, checked, m{"background": false, "command": "ls"})
	if problems != nil || string(got.Args) != `{"background":false,"command":"ls","name":"x","ok_exit_codes":[0]}` {
		t.Errorf("a function of the result stays open: got %v, %v", got, problems)
	}
	if _, problems := checker.Resolve(cmd, checked, m{"background": false, "command": nil}); len(problems) != 1 || problems[0].Field != "command" {
		t.Errorf("None for what must be given: problems %v", problems)
	}
	noContent := &check.Checked{Args: []byte(`{"path":"/x","content":{"sum":"ab","size":3}}`)}
	got, problems = checker.Resolve(file, noContent, m{"owner": "root"})
	if problems != nil || got.Blobs["ab"].Size != 3 {
		t.Errorf("a reference without its content: got %v, %v", got, problems)
	}
	if _, problems := checker.Resolve(file, &check.Checked{Args: []byte(`{`)}, nil); len(problems) != 1 {
		t.Errorf("no JSON: problems %v", problems)
	}
}

// TestCheckConcurrently is for the race detector: shapes, CUE and the cache under four goroutines.
func TestCheckConcurrently(t *testing.T) {
	typ := schematest.TypeOf(t, schematest.Linux(t, linux), "file")
	tied := schematest.Define(t, `#Thing: {key: string @key(), b: int, c: b + 1, if b > 5 {d: error("b is too big")}, d?: string}`)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for n := range 200 {
				path := fmt.Sprintf("/%d", n%150)
				checked, problems := checker.Check(typ, m{"path": path, "content": path}, nil)
				if problems != nil || !strings.Contains(string(checked.Args), `"path":"`+path+`"`) {
					t.Errorf("%s: got %v, %v", path, checked, problems)
				}
				if _, problems := checker.Check(typ, m{"path": "x" + path}, nil); len(problems) != 1 {
					t.Errorf("x%s: problems %v", path, problems)
				}
				big := int64(n % 10)
				if _, problems := checker.Check(tied, m{"key": path, "b": big}, nil); len(problems) != 0 != (big > 5) {
					t.Errorf("b = %d: problems %v", big, problems)
				}
			}
		})
	}
	group.Wait()
}

// TestCacheIsBounded checks more calls than the cache holds, twice.
func TestCacheIsBounded(t *testing.T) {
	file := schematest.TypeOf(t, schematest.Linux(t, linux), "file")
	for range 2 {
		for n := range 10_000 {
			path := fmt.Sprintf("/%d", n)
			checked, problems := checker.Check(file, m{"path": path}, nil)
			if problems != nil || !strings.Contains(string(checked.Args), `"`+path+`"`) {
				t.Fatalf("%s: got %v, %v", path, checked, problems)
			}
		}
	}
}
