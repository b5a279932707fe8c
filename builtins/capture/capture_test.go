package capture_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/capture"
)

// mark is a value to be found.
type mark struct{ name string }

func (m *mark) String() string        { return m.name }
func (m *mark) Type() string          { return "mark" }
func (m *mark) Freeze()               {}
func (m *mark) Truth() starlark.Bool  { return true }
func (m *mark) Hash() (uint32, error) { return starlark.String(m.name).Hash() }

func marker() *starlark.Builtin {
	return starlark.NewBuiltin("mark", func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		var name string
		if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 1, &name); err != nil {
			return nil, err
		}
		return &mark{name}, nil
	})
}

// run executes a file and returns its globals, not frozen.
func run(t *testing.T, text string) starlark.StringDict {
	t.Helper()
	names := starlark.StringDict{"mark": marker(), "struct": starlark.NewBuiltin("struct", starlarkstruct.Make)}
	_, prog, err := starlark.SourceProgramOptions(&syntax.FileOptions{Set: true, TopLevelControl: true}, "t.star", text, names.Has)
	if err != nil {
		t.Fatal(err)
	}
	globals, err := prog.Init(&starlark.Thread{}, names)
	if err != nil {
		t.Fatal(err)
	}
	return globals
}

func TestReach(t *testing.T) {
	tests := []struct {
		name, body string
		globals    []string
		want       []string
	}{
		{name: "nothing", body: "f = lambda: 1"},
		{name: "free variable", body: "def o():\n  a = mark('a')\n  return lambda: a\nf = o()", want: []string{"a"}},
		{name: "default", body: "f = lambda a = mark('a'): a", want: []string{"a"}},
		{name: "keyword default", body: "f = lambda *, a = mark('a'), **k: a", want: []string{"a"}},
		{name: "containers", body: "f = lambda x = [mark('a'), {mark('b'): (mark('c'),)}, set([mark('d')]), struct(e = mark('e'))]: x", want: []string{"a", "b", "c", "d", "e"}},
		{name: "functions", body: "g = lambda a = mark('a'): a\nf = lambda g = g: g()", want: []string{"a"}},
		{name: "bound method", body: "l = [mark('a')]\nf = lambda m = l.append: m", want: []string{"a"}},
		{name: "global", body: "a = mark('a')\nf = lambda: a", globals: []string{"a"}, want: []string{"a"}},
		{name: "a value that holds itself", body: "l = [mark('a')]\nl.append(l)\nf = lambda l = l: l", want: []string{"a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			capture.Reach(run(t, tt.body)["f"], func(*starlark.Function) ([]string, bool) { return tt.globals, true }, func(v starlark.Value) bool {
				if m, ok := v.(*mark); ok {
					got = append(got, m.name)
				}
				return true
			})
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVar(t *testing.T) {
	tests := []struct {
		name, body string
		changed    bool
	}{
		{name: "kept", body: "def o():\n  a = mark('a')\n  look(lambda: a)\n  a.same if False else None\no()"},
		{name: "assigned again", body: "def o():\n  a = mark('a')\n  look(lambda: a)\n  a = mark('a')\no()", changed: true},
		{name: "assigned an equal text", body: "def o():\n  a = 'x'\n  look(lambda: a)\n  a = 'x' + ''\no()"},
		{name: "assigned another number", body: "def o():\n  a = 1\n  look(lambda: a)\n  a += 1\no()", changed: true},
		{name: "assigned an equal tuple", body: "def o():\n  a = (1, 2)\n  look(lambda: a)\n  a = (1, 2)\no()"},
		{name: "assigned another function", body: "def o():\n  for i in [1, 2]:\n    a = lambda i = i: 1\n    look(lambda: a)\no()", changed: true},
		{name: "grown", body: "def o():\n  a = []\n  look(lambda: a)\n  a.append(1)\no()"},
		{name: "assigned for the first time", body: "def o():\n  look(lambda: a)\n  a = 1\no()"},
		{name: "another type", body: "def o():\n  a = 1\n  look(lambda: a)\n  a = 'x'\no()", changed: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var vars []*capture.Var
			look := starlark.NewBuiltin("look", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
				vars = append(vars, capture.Reach(args[0], nil, func(starlark.Value) bool { return true })...)
				return starlark.None, nil
			})
			_, err := starlark.ExecFileOptions(&syntax.FileOptions{}, &starlark.Thread{}, "t.star", tt.body, starlark.StringDict{"look": look, "mark": marker()})
			if err != nil {
				t.Fatal(err)
			}
			if changed := slices.ContainsFunc(vars, (*capture.Var).Changed); changed != tt.changed || len(vars) == 0 {
				t.Errorf("got changed = %v of %d variables, want %v", changed, len(vars), tt.changed)
			}
		})
	}
}

func TestFreeze(t *testing.T) {
	tests := []struct{ name, body, cycle string }{
		{name: "plain", body: "f = [1]"},
		{name: "closure", body: "def o():\n  l = []\n  return lambda: l\nf = o()"},
		{name: "captures itself", body: "def o():\n  def g():\n    return g\n  return g\nf = o()", cycle: "g"},
		{name: "through another", body: "def o():\n  def g():\n    return h\n  def h():\n    return g\n  return g\nf = o()", cycle: "g"},
		{name: "through a tuple", body: "def o():\n  t = (lambda: t, 1)\n  return t\nf = o()", cycle: "lambda"},
		{name: "through a list", body: "def o():\n  l = []\n  l.append(lambda: l)\n  return l\nf = o()"},
		{name: "through a list, from the function", body: "def o():\n  l = []\n  g = lambda: l\n  l.append(g)\n  return g\nf = o()"},
		{name: "shared twice", body: "def o():\n  g = lambda: 1\n  h = lambda: g\n  return [h, (g, h)]\nf = o()"},
		{name: "in a bound method", body: "def o():\n  l = []\n  m = l.append\n  l.append(lambda: m)\n  return m\nf = o()"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := capture.Freeze(run(t, tt.body)["f"])
			cycle, ok := errors.AsType[*capture.CycleError](err)
			if ok != (tt.cycle != "") || ok && cycle.Name != tt.cycle {
				t.Errorf("got %v, want a cycle of %q", err, tt.cycle)
			}
		})
	}
}
