package lookup_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
)

var workspace = map[string]string{
	"roles/a/files/x.txt":           "  hello\nworld \n\n",
	"roles/a/files/y.txt":           "yy",
	"roles/a/z.txt":                 "zz\n",
	"roles/a/templates/t.j2":        "n={{ n }}{{ extra|default('-') }}\n",
	"roles/a/templates/j.j2":        "{\"a\": [1, 2.5, true, null, \"x\\n\"], \"b\": {{ n }} }\n",
	"roles/a/templates/sec.j2":      "[section]\na={{ n }}\n",
	"roles/a/templates/inc.j2":      "{% include 't.j2' %}!",
	"roles/a/templates/tt.j2":       "True",
	"roles/a/templates/set.j2":      "{1, 2}",
	"roles/a/templates/b.j2":        "{ foo }",
	"roles/a/templates/e.j2":        "",
	"roles/a/templates/files/q.txt": "q",
	"roles/a/files/d/1.conf":        "1",
	"roles/a/files/d/.h.conf":       "1",
	"roles/a/files/d/2.conf":        "2",
	"roles/a/files/d/3.txt":         "3",
	"roles/a/files/e.csv":           "Li,3,\"a \"\"q\"\", b\"\nHe,2,4\n\nx y,1\n",
	"roles/a/files/ansible.csv":     "a\tb\tc\nk\t\tz\n",
	"roles/a/files/u.ini":           "; c\n[DEFAULT]\nbase=/srv\n[main]\nUser = bob\npath: %(base)s/x\nmulti = a\n  b\n\n  c\n# z\nlast=1%%\n[o]\nk=1\nkk=2\nz=3\n",
	"roles/a/files/p.properties":    "a.b=1\nc : 2\n",
	"roles/a/files/nv.ini":          "[m]\nflag\nx=1\n",
	"roles/a/files/dup.ini":         "[m]\na=1\nA=2\n",
}

const variables = `{"n": 5, "b": true, "f": 1.5, "l": ["a", "b", [1, 2]], "d": {"k": 1, "j": {"x": [1]}}, "users": [{"name": "al", "g": ["x", "y"], "m": {"h": [1]}}, {"name": "bo", "g": []}, {"name": "no", "skipped": true}], "none": null, "s": "text"}`

func render(t *testing.T, files map[string]string, text string) (string, error) {
	t.Helper()
	fsys := fstest.MapFS{"roles/a/templates/main.j2": {Data: []byte(text)}}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	vars, err := pyjson.Load(variables)
	if err != nil {
		t.Fatal(err)
	}
	return jinja.New(fsys, nil).File(jinja.Rendering{Context: t.Context(), Vars: jinja.Dict(vars.(*starlark.Dict))}, "roles/a/templates/main.j2")
}

// TestLookups: what Ansible gives; a path begins with // here, and files are in order.
func TestLookups(t *testing.T) {
	tests := []struct{ expr, want, wantErr string }{
		{`lookup('file','x.txt')`, "  hello\nworld", ""},
		{`lookup('file','x.txt','y.txt')`, "  hello\nworld,yy", ""},
		{`lookup('file','x.txt',rstrip=False)`, "  hello\nworld \n\n", ""},
		{`lookup('file','x.txt',lstrip=True,rstrip='no')`, "hello\nworld \n\n", ""},
		{`lookup('ansible.builtin.file','files/x.txt')`, "  hello\nworld", ""},
		{`lookup('file','z.txt')`, `zz`, ""},
		{`lookup('file','q.txt')`, `q`, ""},
		{`lookup('file','nope.txt')`, "", `lookup file: there is no file "nope.txt"`},
		{`lookup('file','nope.txt',errors='ignore')`, ``, ""},
		{`lookup('file','nope.txt',errors='ignore') | default('dd')`, ``, ""},
		{`lookup('file','nope.txt',errors='ignore',wantlist=True)`, `[]`, ""},
		{`query('file','x.txt','y.txt')`, `['  hello\nworld', 'yy']`, ""},
		{`q('file','x.txt')`, `['  hello\nworld']`, ""},
		{`lookup('file',['x.txt','y.txt'])`, "", `lookup file: a path is a text, not list`},
		{`lookup('file',l)`, "", `lookup file: a path is a text, not list`},
		{`lookup('nope','x')`, "", `there is no lookup "nope"`},
		{`lookup('vars','n')`, `5`, ""},
		{`lookup('vars','n','s')`, `[5, 'text']`, ""},
		{`lookup('vars','s','s')`, `text,text`, ""},
		{`lookup('vars','nope')`, "", `"nope" is not defined`},
		{`lookup('vars','nope',default='q')`, `q`, ""},
		{`lookup('vars','nope',default='')`, ``, ""},
		{`lookup('vars','nope',errors='ignore')`, "", `"nope" is not defined`},
		{`lookup('vars','none')`, ``, ""},
		{`lookup('vars',1)`, "", `lookup vars: the name of a variable is a text, not int`},
		{`lookup('vars','l')`, `['a', 'b', [1, 2]]`, ""},
		{`q('vars','l')`, `[['a', 'b', [1, 2]]]`, ""},
		{`lookup('dict',d)`, `[{'key': 'k', 'value': 1}, {'key': 'j', 'value': {'x': [1]}}]`, ""},
		{`q('dict',d,{'z':2})`, `[{'key': 'k', 'value': 1}, {'key': 'j', 'value': {'x': [1]}}, {'key': 'z', 'value': 2}]`, ""},
		{`lookup('dict',l)`, "", `lookup dict: expected a dict, not list`},
		{`lookup('dict')`, `[]`, ""},
		{`lookup('list',l)`, `['a', 'b', [1, 2]]`, ""},
		{`q('list',l,3)`, `[['a', 'b', [1, 2]], 3]`, ""},
		{`lookup('items',l,1)`, `['a', 'b', [1, 2], 1]`, ""},
		{`q('items',l,[1,[2]])`, `['a', 'b', [1, 2], 1, [2]]`, ""},
		{`lookup('items','a','b')`, `a,b`, ""},
		{`lookup('items')`, `[]`, ""},
		{`lookup('items',['a'])`, `a`, ""},
		{`lookup('items',1)`, `1`, ""},
		{`q('indexed_items',l)`, `[(0, 'a'), (1, 'b'), (2, [1, 2])]`, ""},
		{`lookup('indexed_items',l)`, `[(0, 'a'), (1, 'b'), (2, [1, 2])]`, ""},
		{`lookup('indexed_items',['a','b'])`, `[(0, 'a'), (1, 'b')]`, ""},
		{`q('nested',['a','b'],[1,2],['x'])`, `[['a', 1, 'x'], ['a', 2, 'x'], ['b', 1, 'x'], ['b', 2, 'x']]`, ""},
		{`q('nested',l,' c ')`, `[['a', 'c'], ['b', 'c'], [1, 2, 'c']]`, ""},
		{`q('nested',['a','b'])`, `[['a'], ['b']]`, ""},
		{`q('nested',[1])`, "", `lookup nested: 'int' object is not iterable`},
		{`q('nested')`, "", `lookup nested: it needs at least one list`},
		{`q('nested',d,[1])`, `[['k', 1], ['j', 1]]`, ""},
		{`q('nested',[['a','b'],'c'],[1])`, `[['a', 'b', 1], ['c', 1]]`, ""},
		{`q('nested',5,[1])`, `[[5, 1]]`, ""},
		{`q('together',[1,2],[3])`, `[[1, 3], [2, None]]`, ""},
		{`q('together',[[1],2],'x')`, `[[1, 'x'], [2, None]]`, ""},
		{`q('together')`, "", `lookup together: it needs at least one list`},
		{`q('together','abc',d)`, `[['abc', 'k'], [None, 'j']]`, ""},
		{`q('subelements',users,'g')`, `[({'name': 'al', 'm': {'h': [1]}}, 'x'), ({'name': 'al', 'm': {'h': [1]}}, 'y')]`, ""},
		{`q('subelements',users,'m.h',{'skip_missing':True})`, `[({'name': 'al', 'g': ['x', 'y'], 'm': {}}, 1)]`, ""},
		{`q('subelements',users,'m.h')`, "", `lookup subelements: a dict has no key "m"`},
		{`q('subelements',users,'zz',{'skip_missing':'yes'})`, `[]`, ""},
		{`q('subelements',users)`, "", `lookup subelements: it takes a list or dict of dicts, the name of a li`},
		{`q('subelements',users,'g',['skip_missing'])`, "", `lookup subelements: it takes a list or dict of dicts, the name of a li`},
		{`q('subelements',{'a':{'l':[1]}},'l')`, `[({}, 1)]`, ""},
		{`q('subelements',l,'g')`, "", `lookup subelements: expected a dict, not str`},
		{`q('subelements',users,'name')`, "", `lookup subelements: the key "name" is to be a list, and is str`},
		{`lookup('sequence','3')`, `1,2,3`, ""},
		{`q('sequence','5-8')`, `['5', '6', '7', '8']`, ""},
		{`q('sequence','2-10/2')`, `['2', '4', '6', '8', '10']`, ""},
		{`q('sequence','4:host%02d')`, `['host01', 'host02', 'host03', 'host04']`, ""},
		{`q('sequence','start=5 end=11 stride=2 format=0x%02x')`, `['0x05', '0x07', '0x09', '0x0b']`, ""},
		{`q('sequence','count=5')`, `['1', '2', '3', '4', '5']`, ""},
		{`q('sequence','start=0 count=5 stride=2')`, `['0', '2', '4', '6', '8']`, ""},
		{`q('sequence','start=10 count=3 stride=-2')`, `['10', '8', '6', '4']`, ""},
		{`q('sequence','start=10 end=0 stride=-3')`, `['10', '7', '4', '1']`, ""},
		{`q('sequence','end=0')`, "", `lookup sequence: to count backwards, give a negative stride`},
		{`q('sequence','count=0')`, `[]`, ""},
		{`q('sequence','010')`, "", `lookup sequence: end=010 is no whole number`},
		{`q('sequence','0x1f-0x21')`, `['31', '32', '33']`, ""},
		{`q('sequence','0b11')`, `['1', '2', '3']`, ""},
		{`q('sequence','ff')`, "", `lookup sequence: end=ff is no whole number`},
		{`q('sequence','count=2 end=3')`, "", `lookup sequence: it takes either count or end`},
		{`q('sequence','start=1')`, "", `lookup sequence: it takes either count or end`},
		{`q('sequence','x=1 end=2')`, "", `lookup sequence: it has no x; it has start, end, count, stride and for`},
		{`q('sequence','3:%d%%')`, "", `lookup sequence: the format "%d%%" has to have one %`},
		{`q('sequence','3:a')`, "", `lookup sequence: the format "a" has to have one %`},
		{`q('sequence','3:%s')`, `['1', '2', '3']`, ""},
		{`q('sequence','3:%z')`, "", `lookup sequence: unsupported format character 'z'`},
		{`q('sequence',3)`, "", `lookup sequence: a term is a text such as '1-10', not int`},
		{`q('sequence','end=3 stride=0')`, `[]`, ""},
		{`q('sequence','end=1_0')`, `['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']`, ""},
		{`q('sequence','1-3','7')`, `['1', '2', '3', '1', '2', '3', '4', '5', '6', '7']`, ""},
		{`q('sequence','00')`, "", `lookup sequence: to count backwards, give a negative stride`},
		{`lookup('first_found','nope','x.txt')`, `//roles/a/files/x.txt`, ""},
		{`lookup('first_found',['nope','y.txt'])`, `//roles/a/files/y.txt`, ""},
		{`q('first_found','nope')`, "", `lookup first_found: there is none of the files`},
		{`lookup('first_found','nope',errors='ignore')`, ``, ""},
		{`lookup('first_found','nope',skip=True)`, `[]`, ""},
		{`q('first_found',{'files':['nope','1.conf'],'paths':['d','e']})`, `['//roles/a/files/d/1.conf']`, ""},
		{`q('first_found',{'files':'nope,1.conf','paths':'e:d'})`, `['//roles/a/files/d/1.conf']`, ""},
		{`q('first_found',{'files':['nope'],'skip':True})`, `[]`, ""},
		{`q('first_found',['nope',{'files':['1.conf'],'paths':['d']}])`, `['//roles/a/files/d/1.conf']`, ""},
		{`q('first_found','a',files=['x.txt'])`, `['//roles/a/files/x.txt']`, ""},
		{`q('first_found',files=['x.txt'])`, "", `lookup first_found: there is none of the files`},
		{`q('first_found',3)`, "", `lookup first_found: a term is a text, a dict or a list, not int`},
		{`q('first_found','a,b',paths=['d'],files=['3.txt;2.conf'])`, `['//roles/a/files/d/3.txt']`, ""},
		{`lookup('fileglob','d/*.conf')`, `//roles/a/files/d/1.conf,//roles/a/files/d/2.conf`, ""},
		{`q('fileglob','d/*')`, `['//roles/a/files/d/1.conf', '//roles/a/files/d/2.conf', '//roles/a/files/d/3.txt']`, ""},
		{`q('fileglob','*.txt')`, `['//roles/a/files/x.txt', '//roles/a/files/y.txt']`, ""},
		{`q('fileglob','d/.*')`, `['//roles/a/files/d/.h.conf']`, ""},
		{`q('fileglob','nope/*')`, `[]`, ""},
		{`lookup('fileglob','nope*')`, `[]`, ""},
		{`q('fileglob','d/?.conf')`, `['//roles/a/files/d/1.conf', '//roles/a/files/d/2.conf']`, ""},
		{`lookup('template','t.j2')`, "n=5-\n", ""},
		{`lookup('template','t.j2',template_vars={'extra':'E','n':7})`, "n=7E\n", ""},
		{`lookup('template','t.j2','sec.j2')`, "n=5-\n,[section]\na=5\n", ""},
		{`lookup('template','j.j2')`, `{'a': [1, 2.5, True, None, 'x\n'], 'b': 5}`, ""},
		{`lookup('template','j.j2').a[0]`, `1`, ""},
		{`lookup('template','j.j2',convert_data=False)`, "{\"a\": [1, 2.5, true, null, \"x\\n\"], \"b\": 5 }\n", ""},
		{`lookup('template','j.j2') | to_json`, `{"a": [1, 2.5, true, null, "x\n"], "b": 5}`, ""},
		{`lookup('template','sec.j2')`, "[section]\na=5\n", ""},
		{`lookup('template','inc.j2')`, `n=5-!`, ""},
		{`lookup('template','tt.j2') is boolean`, `False`, ""},
		{`lookup('template','b.j2')`, `{ foo }`, ""},
		{`lookup('template','e.j2')`, ``, ""},
		{`q('template','e.j2')`, `['']`, ""},
		{`lookup('template','set.j2')`, `{1, 2}`, ""},
		{`lookup('template','nope.j2')`, "", `lookup template: there is no file "nope.j2"`},
		{`lookup('csvfile','Li',file='e.csv',delimiter=',')`, `3`, ""},
		{`lookup('csvfile','Li file=e.csv delimiter=, col=2')`, `a "q", b`, ""},
		{`lookup('csvfile','Li',file='e.csv',delimiter=',',col='2')`, `a "q", b`, ""},
		{`lookup('csvfile','Li',file='e.csv',delimiter=',',col=-1)`, `a "q", b`, ""},
		{`lookup('csvfile','Li',file='e.csv',delimiter=',',col=9)`, "", `lookup csvfile: the line of "Li" has 3 columns`},
		{`lookup('csvfile','zz',file='e.csv',delimiter=',')`, `[]`, ""},
		{`lookup('csvfile','zz',file='e.csv',delimiter=',',default='D')`, `D`, ""},
		{`lookup('csvfile','x y',file='e.csv',delimiter=',')`, `1`, ""},
		{`lookup('csvfile','a')`, `b`, ""},
		{`lookup('csvfile','k','a',col=2)`, `z,c`, ""},
		{`lookup('csvfile','a',delimiter='')`, "", `lookup csvfile: the delimiter is one character, or TAB`},
		{`lookup('csvfile','a',file='nope')`, "", `lookup csvfile: there is no file "nope"`},
		{`lookup('ini','user',section='main',file='u.ini')`, `bob`, ""},
		{`lookup('ini','User',section='main',file='u.ini')`, `bob`, ""},
		{`lookup('ini','user',section='main',file='u.ini',case_sensitive=True)`, ``, ""},
		{`lookup('ini','path',section='main',file='u.ini')`, `/srv/x`, ""},
		{`lookup('ini','base',section='main',file='u.ini')`, `/srv`, ""},
		{`lookup('ini','multi',section='main',file='u.ini')`, "a\nb\n\nc", ""},
		{`lookup('ini','last',section='main',file='u.ini')`, `1%`, ""},
		{`lookup('ini','nope',section='main',file='u.ini')`, ``, ""},
		{`q('ini','nope',section='main',file='u.ini')`, `['']`, ""},
		{`lookup('ini','nope',section='main',file='u.ini',default='D')`, `D`, ""},
		{`lookup('ini','nope',section='zz',file='u.ini')`, "", `lookup ini: the file has no section "zz"`},
		{`lookup('ini','nope',section='zz',file='u.ini',errors='ignore')`, ``, ""},
		{`q('ini','k+',section='o',file='u.ini',re=True)`, `['1', '2']`, ""},
		{`q('ini','.*',section='o',file='u.ini',re=True)`, `['/srv', '1', '2', '3']`, ""},
		{`lookup('ini','a.b',type='properties',file='p.properties')`, `1`, ""},
		{`lookup('ini','c',type='properties',file='p.properties')`, `2`, ""},
		{`lookup('ini','flag',section='m',file='nv.ini')`, "", `lookup ini: the line "flag" has no value`},
		{`lookup('ini','flag',section='m',file='nv.ini',allow_no_value=True)`, `[]`, ""},
		{`q('ini','x','flag',section='m',file='nv.ini',allow_none=True)`, `['1']`, ""},
		{`lookup('ini','a',section='m',file='dup.ini')`, "", `lookup ini: the key "a" is there twice`},
		{`lookup('ini','a',section='m',file='dup.ini',case_sensitive=True)`, `1`, ""},
		{`lookup('ini','base',section='DEFAULT',file='u.ini')`, `/srv`, ""},
		{`lookup('env','HOME')`, "", `the lookup "env" is left out: a template reads no environment; FROYO_V`},
		{`lookup('pipe','ls')`, "", `the lookup "pipe" is left out: a template runs no program; give what i`},
		{`lookup('file','x.txt',wantlist=True)`, `['  hello\nworld']`, ""},
		{`lookup('file','x.txt',errors='warn')`, "", `errors='warn' is left out, since a template writes to no screen; use e`},
		{`lookup('file')`, `[]`, ""},
		{`lookup()`, "", `lookup() needs the argument 'name'`},
		{`lookup('file', nope)`, "", `"nope" is not defined`},
		{`lookup('file', nope | default('x.txt'))`, "  hello\nworld", ""},
		{`lookup('template', 'x' ~ 1, errors='ignore')`, ``, ""},
		{`lookup`, "", `lookup is a function; call it: lookup()`},
		{`q('file', 'x.txt', foo=1)`, "", `lookup file() takes no argument 'foo'; it has (*terms, rstrip=True, lstr`},
		{`lookup('file', '/etc/passwd')`, "", `is no path in the workspace; write //x`},
		{`lookup('file', '~/x')`, "", `is no path in the workspace`},
		{`lookup('file', '../../../../../x')`, "", `leads out of the workspace`},
		{`lookup('file', '//../x', errors='ignore')`, "", `leads out of the workspace`},
		{`lookup('file', '//roles/a/z.txt')`, "zz", ``},
		{`lookup('file', lookup('first_found', 'nope', 'y.txt'))`, "yy", ``},
		{`lookup('file', '{{ s }}.txt')`, "", `a term has a template in it`},
		{`lookup('sequence', '2000000')`, "", `more than 1000000 numbers`},
		{`lookup('ansible.builtin.url', 'http://x')`, "", `the lookup "ansible.builtin.url" is left out`},
		{`lookup('community.general.passwordstore', 'x')`, "", `is left out: a template runs no program`},
		{`lookup('fil', 'x')`, "", `there is no lookup "fil"; did you mean "file"?`},
	}
	for _, tt := range tests {
		got, err := render(t, workspace, "<{{ "+tt.expr+" }}>")
		switch {
		case tt.wantErr != "":
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%s: got %q, %v, want the error %q", tt.expr, got, err, tt.wantErr)
			}
		case err != nil || got != "<"+tt.want+">":
			t.Errorf("%s: got %q, %v, want %q", tt.expr, got, err, "<"+tt.want+">")
		}
	}
}

// TestTemplateInItself ends by a limit.
func TestTemplateInItself(t *testing.T) {
	_, err := render(t, map[string]string{"roles/a/templates/self.j2": "{{ lookup('template', 'self.j2') }}"}, "{{ lookup('template', 'self.j2', errors='ignore') }}")
	if err == nil || !strings.Contains(err.Error(), "more than 20 lookups of templates are within each other") {
		t.Errorf("got %v", err)
	}
}

// TestErrorInLookedUpTemplate names both places.
func TestErrorInLookedUpTemplate(t *testing.T) {
	_, err := render(t, map[string]string{"roles/a/templates/bad.j2": "\n{{ nope }}"}, "a\n{{ lookup('template', 'bad.j2') }}")
	if err == nil || !strings.Contains(err.Error(), "roles/a/templates/bad.j2:2:") || !strings.Contains(err.Error(), "lookup() at roles/a/templates/main.j2:2:") {
		t.Errorf("got %v", err)
	}
}

// TestTemplateAsData: lists, dicts and booleans are made of the text of a template.
func TestTemplateAsData(t *testing.T) {
	tests := []struct{ text, want string }{
		{"{{ n }}\n", "5"},
		{"{{ b }}", "True"},
		{"{{none}}\n", ""},
		{"{{ s }}\n", "text\n"},
		{"{{ l }}\n", "['a', 'b', [1, 2]]"},
		{"{{ f }}\n\n", "1.5\n\n"},
		{"True", "True"},
		{"True{{ '' }}", "True"},
		{"{{ nope }}", "error"},
		{"[1]\n", "[1]\n"},
		{"{# #}[1, 2]\n", "[1, 2]"},
		{"{{''}}{'a': 1,}", "{'a': 1}"},
		{"{{''}}[1,2,]", "[1, 2]"},
		{"{{''}}[(1),(2,),()]", "[1, (2,), ()]"},
		{"{{''}}[-1,+2,- 3,--4]", "[-1,+2,- 3,--4]"},
		{"{{''}}[1.5,.5,5.,1e3,0x1f,0o17,0b1,012,1_000]", "[1.5,.5,5.,1e3,0x1f,0o17,0b1,012,1_000]"},
		{"{{''}}[1e-3]", "[0.001]"},
		{"{{''}}[00]", "[0]"},
		{"{{''}}[1.e5, 0.0, 1e999]", "[100000.0, 0.0, inf]"},
		{"{{''}}['a' 'b', \"c\\n\\x41\\u00e9\"]", "['ab', 'c\\nAé']"},
		{"{{''}}['a\nb']", "['a\nb']"},
		{"{{''}}[1] # c\n", "[1]"},
		{"{{''}}[1] [0]", "[1] [0]"},
		{"{{''}}[1]+[2]", "[1]+[2]"},
		{"{{''}}[1+2]", "[1+2]"},
		{"{{''}}[x]", "[x]"},
		{"{{''}}{}", "{}"},
		{"{{''}}[]", "[]"},
		{"{{''}}[1,,2]", "[1,,2]"},
		{"{{''}}[,]", "[,]"},
		{"{{''}}{'a':}", "{'a':}"},
		{"{{''}}{'a' 1}", "{'a' 1}"},
		{"{{''}}{1:2,1:3}", "{1: 3}"},
		{"{{''}}{true: null, \"x\": false}", "{True: None, 'x': False}"},
		{"{{''}}['é\\é']", "error"},
		{"{{''}}[\n 1,\n 2 # x\n]\n", "[1, 2]"},
		{"{{''}} [1]", " [1]"},
		{"{{''}}{\"a\": {\"b\": [{}]}}\n\n", "{'a': {'b': [{}]}}"},
		{"{{''}}[none]", "[none]"},
		{"{{''}}[True, None]", "[True, None]"},
		{"{{''}}[1 2]", "[1 2]"},
		{"{{''}}[1", "[1"},
		{"{{''}}[1]]", "[1]]"},
		{"{{''}}[not True]", "[not True]"},
		{"{{''}}['\\q']", "['\\\\q']"},
		{"{{''}}[1j]", "error"},
		{"{{''}}[b'x']", "error"},
		{"{{''}}['a', ]", "['a']"},
		{"{{''}}{**a}", "{**a}"},
		{"{{''}}[*a]", "[*a]"},
		{"{{''}}[-'a']", "[-'a']"},
		{"{{''}}[-True]", "[-True]"},
		{"{{''}}[-(1)]", "[-1]"},
		{"{{''}}{(1,2): 3}", "{(1, 2): 3}"},
		{"{{''}}{[1]: 3}", "error"},
		{"{{''}}[0xg]", "[0xg]"},
		{"{{''}}[1__0]", "[1__0]"},
		{"{{''}}[1if]", "[1if]"},
		{"{{''}}[...]", "error"},
		{"{{''}}['a'\n'b']", "['ab']"},
		{"{{''}}[r'\\n']", "error"},
		{"{{''}}['''x''']", "error"},
		{"{{''}}{1}", "error"},
		{"{{''}}[1]\r\n", "[1]"},
		{"{{''}}[99999999999999999999]", "[99999999999999999999]"},
		{"#jinja2: trim_blocks: False\nx", "#jinja2: trim_blocks: False\nx"},
		{"#jinja2: trim_blocks: False\n{{ n }}\n", "5\n"},
	}
	for _, tt := range tests {
		got, err := render(t, map[string]string{"roles/a/templates/t.j2": tt.text}, "{{ lookup('template', 't.j2') }}")
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("%q: got %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}
