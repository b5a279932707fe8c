package script_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/openfroyo/froyo/runtime/script"
)

// TestValuesThatWouldNotFit tries each guarded builtin, method and operator:
// the error comes, with its place, before the memory is taken. The stack is kept
// so small that going through the deepest of these values by recursion ends the process.
func TestValuesThatWouldNotFit(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(8 << 20))
	const nested = `a = "0123456789"; for _ in range(12): a = [a] * 10`
	tests := []struct {
		name, code, want string
	}{
		{"list", `list(range(2000000000))`, "list: a value of 2000000000 elements would take 29.8 GiB; the limit is 256 MiB for one value"},
		{"tuple", `tuple(range(2000000000))`, "tuple: a value of 2000000000 elements"},
		{"set", `set(range(2000000000))`, "set: a value of 2000000000 elements"},
		{"sorted", `sorted(range(2000000000), reverse = True)`, "sorted: a value of 2000000000 elements"},
		{"sorted with a key", `sorted(range(2000000000), key = lambda x: -x)`, "sorted: a value of 2000000000 elements"},
		{"reversed", `reversed(range(2000000000))`, "reversed: a value of 2000000000 elements"},
		{"enumerate", `enumerate(range(2000000000))`, "enumerate: a value of 2000000000 elements"},
		{"zip", `zip(range(2000000000), range(2000000000))`, "zip: a value of 2000000000 elements"},
		{"dict", `dict(range(2000000000))`, "dict: a value of 2000000000 elements"},
		{"bytes", `bytes(range(2000000000))`, "bytes: a value of 2000000000 elements"},
		{"by another name", `f = list; f(range(2000000000))`, "list: a value of 2000000000 elements"},
		{"given arguments in a list", `list(*[range(2000000000)])`, "list: a value of 2000000000 elements"},

		{"max", `max(range(2000000000))`, "max: the argument has too many elements; the limit is 10000000 elements"},
		{"all", `all(range(1, 2000000000))`, "all: the argument has too many elements"},

		{"a text repeated", `"x" * 2000000000`, "*: a text of 1 byte, 2000000000 times, would take 1.9 GiB"},
		{"the other way round", `2000000000 * "x"`, "*: a text of 1 byte"},
		{"a list repeated", `[0] * 1000000000`, "*: 1 element, 1000000000 times, would take 14.9 GiB"},
		{"a tuple repeated", `(0, 1) * 1000000000`, "*: 2 elements, 1000000000 times"},
		{"bytes repeated", `b"x" * 1000000000`, "*: a text of 1 byte"},
		{"more than 64 bits", `"x" * (1 << 70)`, "*: the number of repetitions has more than 64 bits"},
		{"repeated in place", `x = [0]; x *= 1000000000`, "*=: 1 element, 1000000000 times"},
		{"within a comprehension", `[i * 1000000000 for i in ["x"]]`, "*: a text of 1 byte"},
		{"within a lambda", `(lambda s: s * 1000000000)("x")`, "*: a text of 1 byte"},
		{"within an argument", `len(x = "x" * 1000000000)`, "*: a text of 1 byte"},
		{"within a default", `(lambda s = "x" * 1000000000: s)()`, "*: a text of 1 byte"},
		{"within an index", `{}["x" * 1000000000]`, "*: a text of 1 byte"},

		{"a text doubled", `s = "x" * (1 << 20); for _ in range(100): s = s + s`, "+: the text would take 512 MiB"},
		{"a text doubled in place", `s = "x" * (1 << 20); for _ in range(100): s += s`, "+=: the text would take 512 MiB"},
		{"an element doubled in place", `d = {"s": "x" * (1 << 20)}; for _ in range(100): d["s"] += d["s"]`, "+=: the text would take 512 MiB"},
		{"a list doubled", `s = [0] * (1 << 20); for _ in range(100): s = s + s`, "+: a value of 33554432 elements"},
		{"a list in place", `s = []; s += range(2000000000)`, "+=: a value of 2000000000 elements"},
		{"an unknown list in place", `s = [[]]; f = lambda: 0; s[f()] += range(2000000000)`, "+=: a value of 2000000000 elements"},
		{"extend", `s = []; s.extend(range(2000000000))`, "extend: a value of 2000000000 elements"},
		{"getattr", `getattr([], "extend")(range(2000000000))`, "extend: a value of 2000000000 elements"},
		{"union", `set([1]).union(range(2000000000))`, "set: a value of 2000000001 elements"},
		{"update of a set", `s = set([1]); s.update(range(2000000000))`, "set: a value of 2000000001 elements"},

		{"join", `",".join(["x" * 1000000] * 1000)`, "join: the text would take 256 MiB"},
		{"join with long text between", `("x" * 1000000).join(["a"] * 1000)`, "join: the text would take 256 MiB"},
		{"replace", `("a" * 100000).replace("a", "x" * 100000)`, "replace: the text would take 9.3 GiB"},
		{"replace nothing", `("a" * 100000).replace("", "x" * 100000)`, "replace: the text would take 9.3 GiB"},
		{"format", `("{0}" * 100000).format("x" * 100000)`, "format: the text would take 9.3 GiB"},
		{"percent", `"%s%s" % ("x" * (200 << 20), "x" * (200 << 20))`, "%: the text would take 400 MiB"},
		{"percent with a key", `("%(a)s" * 100000) % {"a": "x" * 100000}`, "%: the text would take 256 MiB"},
		{"split", `("x," * 10000000).split(",")`, "split: a value of 10000001 elements"},
		{"splitlines", `("x\n" * 10000000).splitlines()`, "split: a value of 10000001 elements"},

		{"str of what doubles itself", nested + `; str(a)`, "str: the text would take"},
		{"repr", nested + `; repr(a)`, "repr: the text would take"},
		{"percent of it", nested + `; "%r" % [a]`, "%: the text would take"},
		{"format of it", nested + `; "{}".format(a)`, "format: the text would take"},
		{"print of it", nested + `; print(a)`, "print: the text would take"},
		{"fail with it", nested + `; fail(a)`, "the text would take"},
		{"in a tuple", strings.ReplaceAll(nested, "[a]", "(a,)") + `; str(a)`, "str: the text would take"},
		{"as the key of a tuple", strings.ReplaceAll(nested, "[a]", "(a,)") + `; cmd("true", env = {"A": a})`, "env of cmd: the text would take"},
		{"in a struct", nested + `; str(struct(a = a))`, "str: the text would take"},
		{"in a dict", nested + `; str({"a": a})`, "str: the text would take"},
		{"as an argument", nested + `; cmd("true", env = {"A": a})`, "env of cmd: the text would take"},
		{"as a name", nested + `; file(a)`, "path of file: the text would take"},
		{"as a large argument", `file("/x", content = "x" * (100 << 20))`, "content of file: value is too large: as plain data it takes more than 64 MiB"},
		{"as a large name", `cmd("echo " + "x" * (1 << 20))`, "the name of this cmd has 1048581 bytes; the limit is 131072"},
		{"as a large key", `{}["x" * (1 << 20)]`, "bytes more)"},
		{"as a message", `fail("x" * (1 << 20))`, "bytes more)"},
		{"in a template", nested + `; template(text = "{{ a }}", a = a)`, "value is too large"},
		{"nested deep", `a = []; for _ in range(2000): a = [a]; str(a)`, "str: the value is nested more than 1000 levels deep"},
		{"json of it", nested + `; json.encode(a)`, "json.encode: the text would take"},
		{"json indent", `json.indent("[" + "1," * 1000000 + "1]", prefix = "x" * 1000000)`, "json.indent: the text would take"},
		{"yaml of it", nested + `; yaml.dumps(a)`, "value is too large"},
		{"a large JSON text", `json.decode("[" + "[]," * 10000000 + "1]")`, "json.decode: the text has 28 MiB; the limit is 16 MiB"},
		{"a large YAML text", `yaml.loads("- a\n" * 10000000)`, "yaml.loads: the text has 38 MiB; the limit is 16 MiB"},
		{"a large CSV text", `csv.read_all("a,b\n" * 10000000)`, "csv.read_all: the text has 38 MiB; the limit is 16 MiB"},
		{"a large text to match", `re.findall("a", "a" * 20000000)`, "re.findall: the text has 19 MiB; the limit is 16 MiB"},
		{"a substitution", `re.sub("", "x" * 100000, "a" * 100000)`, "re.sub: the text would take 9.3 GiB"},
		{"with a compiled pattern", `re.compile("").sub("x" * 100000, "a" * 100000)`, "regexp.sub: the text would take 9.3 GiB"},
		{"deep JSON", `json.decode("[" * 8000000)`, "json.decode: the text is nested more than 1000 levels deep"},
		{"deep YAML", `yaml.loads("[" * 8000000)`, "yaml.loads: "},
		{"a large pattern", `re.compile("(" * 100000)`, "re.compile: the pattern has 100000 bytes; the limit is 65536"},
		{"a deep pattern", `re.compile("(" * 60000)`, "re.compile: "},
		{"a flood", `x = "x" * (1 << 20); for i in range(1000): print(x)`, "print: what is printed takes more than 64 MiB"},
		{"a deep value behind a lambda", `t = [1]; for _ in range(300000): t = [t]; g = t; file("/x", content = later(lambda: len(g)))`, "the value is nested more than 10000 levels deep"},
		{"a number in place of a list", `x = 2; x += "a"`, "+ does not join an int and a string"},

		{"deep key: as the key of a dict", `t = (); for _ in range(2000): t = (t,); x = {t: 1}`, "the key is nested more than 1000 levels deep"},
		{"deep key: in a comprehension", `t = (); for _ in range(2000): t = (t,); x = {k: 1 for k in [t]}`, "the key is nested more than 1000 levels deep"},
		{"deep key: as an index", `t = (); for _ in range(2000): t = (t,); x = {}; x[t] = 1`, "the key is nested more than 1000 levels deep"},
		{"deep key: read by it", `t = (); for _ in range(2000): t = (t,); x = {}[t]`, "the key is nested more than 1000 levels deep"},
		{"deep key: added up", `t = (); for _ in range(2000): t = (t,); x = {}; x[t] += 1`, "the key is nested more than 1000 levels deep"},
		{"deep key: as an element", `t = (); for _ in range(2000): t = (t,); x = set([t])`, "the key is nested more than 1000 levels deep"},
		{"deep key: as an element of a tuple", `t = (); for _ in range(2000): t = (t,); x = set((t,))`, "the key is nested more than 1000 levels deep"},
		{"deep key: as a pair", `t = (); for _ in range(2000): t = (t,); x = dict([(t, 1)])`, "the key is nested more than 1000 levels deep"},
		{"deep key: get", `t = (); for _ in range(2000): t = (t,); x = {}.get(t)`, "the key is nested more than 1000 levels deep"},
		{"deep key: pop", `t = (); for _ in range(2000): t = (t,); x = {}.pop(t)`, "the key is nested more than 1000 levels deep"},
		{"deep key: setdefault", `t = (); for _ in range(2000): t = (t,); x = {}.setdefault(t, 1)`, "the key is nested more than 1000 levels deep"},
		{"deep key: add", `t = (); for _ in range(2000): t = (t,); x = set().add(t)`, "the key is nested more than 1000 levels deep"},
		{"deep key: a method in a variable", `t = (); for _ in range(2000): t = (t,); f = set().add; f(t)`, "the key is nested more than 1000 levels deep"},
		{"deep key: getattr", `t = (); for _ in range(2000): t = (t,); f = getattr({}, "get"); f(t)`, "the key is nested more than 1000 levels deep"},
		{"deep key: update", `t = (); for _ in range(2000): t = (t,); x = {}.update([(t, 1)])`, "the key is nested more than 1000 levels deep"},
		{"deep key: union", `t = (); for _ in range(2000): t = (t,); x = set().union([t])`, "the key is nested more than 1000 levels deep"},
		{"deep key: in", `t = (); for _ in range(2000): t = (t,); x = t in {}`, "the key is nested more than 1000 levels deep"},
		{"deep key: not in", `t = (); for _ in range(2000): t = (t,); x = t not in {}`, "the key is nested more than 1000 levels deep"},
		{"deep key: inside a struct", `t = (); for _ in range(2000): t = (t,); x = {struct(a = t): 1}`, "the key is nested more than 1000 levels deep"},
		{"a key that doubles itself", strings.ReplaceAll(nested, "[a]", "(a,)") + `; x = {a: 1}`, "the key has more than 100000 parts"},
		{"a method that is not called at once", `f = ",".join; f(["x" * 1000000] * 1000)`, "join: the text would take 256 MiB"},

		{"a number squared", `x = 3; for _ in range(64): x = x * x`, "*: the number would have about"},
		{"a number squared in place", `x = 3; for _ in range(64): x *= x`, "*=: the number would have about"},
		{"a number shifted", `x = 1; for _ in range(100000): x = x << 511`, "<<: the number would have about"},
		{"a long number", `int("9" * 10000000)`, "int: the text has 10000000 characters; the limit is 300000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var src strings.Builder
			src.WriteString("load(\"@std//json.star\", \"json\")\nload(\"@std//yaml.star\", \"yaml\")\nload(\"@std//csv.star\", \"csv\")\nload(\"@std//re.star\", \"re\")\n\ndef do(host):\n")
			for line := range strings.SplitSeq(test.code, "; ") {
				src.WriteString("    " + line + "\n")
			}
			src.WriteString("    cmd(\"true\")\n\nplay(\"do\", do = do)\n")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := evaluate(t, src.String(), "web1", &fakeReader{})
			runtime.ReadMemStats(&after)
			got := texts(t, err)
			if len(got) != 1 || !strings.HasPrefix(got[0], "site.star:") || !strings.Contains(got[0], test.want) {
				t.Errorf("got %q, want %q with its place", got, test.want)
			}
			if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 2<<10 {
				t.Errorf("%d MiB were allocated", grown)
			}
		})
	}
}

// TestGlobalsThatWouldNotFreeze: Starlark makes the globals of a file immutable
// by recursion, which neither depth nor sharing may turn into the process's end.
func TestGlobalsThatWouldNotFreeze(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"deep", "a = []\nx = [a]\nfor _ in range(20000):\n    x.append([x.pop()])\ncmd('true')\n", "site.star:2:1: variable x: the value is nested more than 10000 levels deep"},
		{"shared", "def f():\n    t = (1,)\n    for _ in range(12):\n        t = (t,) * 10\n    return t\n\nx = f()\ncmd('true')\n", "site.star:7:1: variable x: the value holds tuples within tuples"},
		{"fine", "def f():\n    t = (1,)\n    for _ in range(5):\n        t = (t,) * 10\n    return t\n\nx = f()\ny = [[[1]]]\ncmd('true')\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := script.Load(t.Context(), options(t, files("site.star", test.code), "site.star"))
			switch got := texts(t, err); {
			case test.want == "" && len(got) > 0, test.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], test.want)):
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestSourceThatWouldNotFit: a file is not read beyond the limit.
func TestSourceThatWouldNotFit(t *testing.T) {
	fsys := files("site.star", "load(\"big.star\", \"x\")\nfile(\"/x\", content = template(\"big.j2\"))\n")
	fsys["big.star"] = &fstest.MapFile{Data: bytes.Repeat([]byte("#"), 2<<20)}
	_, err := script.Load(t.Context(), options(t, fsys, "site.star"))
	if err == nil || !strings.Contains(err.Error(), "big.star: the file has more than 1 MiB") {
		t.Errorf("got %v", err)
	}
	fsys["site.star"] = &fstest.MapFile{Data: []byte("file(\"/x\", content = template(\"big.j2\"))\n")}
	fsys["big.j2"] = &fstest.MapFile{Data: bytes.Repeat([]byte("#"), 20<<20)}
	_, err = script.Load(t.Context(), options(t, fsys, "site.star"))
	if err == nil || !strings.Contains(err.Error(), "site.star:1:") || !strings.Contains(err.Error(), "the file has more than 16 MiB") {
		t.Errorf("got %v", err)
	}
}

// TestGuardsChangeNothing: what fits is as it was, its errors included.
func TestGuardsChangeNothing(t *testing.T) {
	p, err := script.Load(t.Context(), options(t, files("site.star", `
def same(got, want):
    if got != want or type(got) != type(want):
        fail("got %r, want %r" % (got, want))

def do(host):
    same(list(range(3)), [0, 1, 2])
    same(list("abc".elems()), ["a", "b", "c"])
    same(list("añ".codepoints()), ["a", "ñ"])
    same(sorted([3, 1, 2], key = lambda x: -x, reverse = True), [1, 2, 3])
    same(zip([1, 2], "ab".elems()), [(1, "a"), (2, "b")])
    same(zip(), [])
    same(dict([("a", 1)], b = 2), {"a": 1, "b": 2})
    same(max([1, 3, 2]), 3)
    same(max(1, 3, key = lambda x: -x), 1)
    same(any([0, 1]), True)
    same(int("17"), 17)
    same(int("ff", base = 16), 255)
    same(getattr("a", "join")(["b", "c"]), "bac")
    same(getattr(host, "nothing", 1), 1)
    same(", ".join(["a", "b"]), "a, b")
    same("{} {b}".format(1, b = 2), "1 2")
    same("aXbX".replace("X", "y", 1), "aybX")
    same("a b  c".split(), ["a", "b", "c"])
    same("a,b,c".rsplit(",", 1), ["a,b", "c"])
    same("%s %d %%" % ("a", 1), "a 1 %")
    same("%(a)s" % {"a": 1}, "1")
    same("a" + "b" + str(1) + "c", "ab1c")
    same(b"a" * 2 + b"b", b"aab")
    same(2 * [1] + [2], [1, 1, 2])
    same((1,) + (2,), (1, 2))
    same(7 % 4 + (1 << 10) * 3, 3075)
    same({"a": 1} | {"b": 2}, {"a": 1, "b": 2})
    same(set([1]) | set([2]), set([1, 2]))
    same(set([1]).union([2], (3,)), set([1, 2, 3]))
    x = [1]
    y = x
    x += [2]
    x.extend((3,))
    x += "ab".elems()
    same(y, [1, 2, 3, "a", "b"])
    d = {"n": 1, "l": [1]}
    e = d["l"]
    d["n"] += 2
    d["l"] += [2]
    same(d, {"n": 3, "l": [1, 2]})
    same(e, [1, 2])
    calls = []
    def next():
        calls.append(1)
        return "l"
    d[next()] += [3]
    same(len(calls), 1)
    d |= {"z": 0}
    get = d.get
    same(get("z"), 0)
    same([d.get("y", 5), d.pop("z"), d.setdefault("q", (1, 2))], [5, 0, (1, 2)])
    same({(1, "a"): {struct(b = 1): 2}}[1, "a"][struct(b = 1)], 2)
    f = ",".join
    same(f(["a", "b"]), "a,b")
    u = set([(1, 2)])
    u.add((3,))
    u.remove((1, 2))
    u.discard(4)
    same(u, set([(3,)]))
    same(e, [1, 2, 3])
    n = 5
    n *= 3
    n <<= 2
    n %= 7
    same(n, 4)
    s = struct(join = lambda x, y = 1: [x, y])
    same(s.join(2, y = 3), [2, 3])
    same([i * 2 for i in range(3) if i % 2 == 0], [0, 4])
    same({str(i) + "k": i for i in range(2)}, {"0k": 0, "1k": 1})
    same((lambda a, b = "x" * 2: a + b)("y"), "yxx")
    if "x" * 2 == "xx" and not ("a" + "b" == "c"):
        cmd("true")

play("do", do = do)
`), "site.star"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Evaluate(t.Context(), testHosts().Host("web1"), []int{0}, &fakeReader{}); err != nil {
		t.Error(err)
	}
	errs := map[string]string{
		`1 + "a"`:                   "+ does not join an int and a string",
		`"a" + [1]`:                 "+ does not join a string and a list",
		`"a" * "b"`:                 "* does not work on a string and a string",
		`[].join(",")`:              "a list has no .join",
		`"a".join([1])`:             "join: in list, want string, got int",
		`host.join(1)`:              "a host has no .join",
		`"%d" % "a"`:                "%d wants a number, and gets a string",
		`{[]: 1}`:                   "a list can be no key of a dict, and be in no set",
		`{}[1]`:                     "the dict has no key 1",
		`{}.pop(1)`:                 "pop: missing key",
		`set([[]])`:                 "set: a list can be no key of a dict, and be in no set",
		`x = 1; x = x.get`:          "an int has no .get",
		`list(1)`:                   "list: an int is no list, tuple, dict or set",
		`sorted([1, "a"])`:          "a string and an int have no order: < does not compare them",
		`"{}".format()`:             "format: the text has more {} than there are values",
		`getattr("a", "nothing")`:   `a string has no .nothing`,
		`[1] + [2]; x = 1; x += ""`: "+ does not join an int and a string",
	}
	for code, want := range errs {
		_, err := evaluate(t, "def do(host):\n    "+strings.ReplaceAll(code, "; ", "\n    ")+"\n\nplay(\"do\", do = do)\n", "web1", &fakeReader{})
		if got := texts(t, err); len(got) != 1 || !strings.Contains(got[0], want) || !strings.HasPrefix(got[0], "site.star:") {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}

// TestInterrupted: an evaluation ends soon after its context does. The
// promises are 100 ms, and a second within a call of a library; the bounds
// here are ten times that, for busy machines.
func TestInterrupted(t *testing.T) {
	tests := []struct {
		name, code string
		within     time.Duration
	}{
		{"a loop", "for i in range(1 << 62):\n        pass", time.Second},
		{"a comprehension", "x = [0 for i in range(1 << 62) if i < 0]", time.Second},
		{"a loop with calls", "for i in range(1 << 62):\n        str(i).split('1')", time.Second},
		{"sorted", "x = [(i * 7919) % 1000003 for i in range(1 << 21)]\n    for i in range(1 << 62):\n        sorted(x)", 10 * time.Second},
		{"an expression", "x = 'ab' * (1 << 20)\n    for i in range(1 << 62):\n        re.findall('(a|b|ab)*c[^d]{1,500}e', x)", 10 * time.Second},
		{"a template", "template(text = '{% for a in range(100000) %}{% for b in range(1000) %}{% set x = 1 %}{% endfor %}{% endfor %}')", 10 * time.Second},
		{"comparisons", "a, b = [1], [1]\n    for _ in range(8):\n        a, b = [a] * 20, [b] * 20\n    a == b", 10 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			opts := options(t, files("site.star", "load('@std//re.star', 're')\n\ndef do(host):\n    "+test.code+"\n\nplay('do', do = do)\n"), "site.star")
			opts.MaxSteps = 1 << 62
			p, err := script.Load(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var ended time.Time
			time.AfterFunc(300*time.Millisecond, func() {
				ended = time.Now()
				cancel()
			})
			_, err = p.Evaluate(ctx, testHosts().Host("web1"), []int{0}, &fakeReader{})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, want that it was cancelled", err)
			}
			if took := time.Since(ended); took > test.within {
				t.Errorf("it went on for %s", took)
			}
		})
	}
}
