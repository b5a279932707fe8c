package args_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
)

// call evaluates an expression in which f takes version, before, after and tags.
func call(expr string) (args.Strings, args.Optional, error) {
	var (
		version, before string
		after           args.Optional
		tags            args.Strings
	)
	f := starlark.NewBuiltin("f", func(_ *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		return starlark.None, args.Unpack(b.Name(), pos, kw, "version?", &version, "before?", &before, "after?", &after, "tags?", &tags)
	})
	_, err := starlark.EvalOptions(&syntax.FileOptions{}, &starlark.Thread{}, "t.star", expr, starlark.StringDict{"f": f})
	return tags, after, err
}

func TestUnpack(t *testing.T) {
	tests := []struct {
		name, expr string
		tags       args.Strings
		after      args.Optional
		want, hint string
	}{
		{name: "nothing", expr: "f()"},
		{name: "one string", expr: "f(tags = 'a')", tags: args.Strings{"a"}},
		{name: "list", expr: "f(tags = ['a', 'b'], after = True)", tags: args.Strings{"a", "b"}, after: args.Optional{Given: true, Value: true}},
		{name: "none", expr: "f(after = None)"},
		{name: "false", expr: "f(after = False)", after: args.Optional{Given: true}},
		{name: "misspelt first", expr: "f(versio = 'x')", want: `f has no argument "versio"`, hint: `did you mean "version"?`},
		{name: "misspelt last", expr: "f(tag = 'x')", want: `f has no argument "tag"`, hint: `did you mean "tags"?`},
		{name: "unknown", expr: "f(elsewhere = 'x')", want: `f has no argument "elsewhere"`, hint: "its arguments are: version, before, after, tags"},
		{name: "wrong type", expr: "f(version = 1)", want: `f: for parameter "version": got int, want string`},
		{name: "wrong element", expr: "f(tags = ['a', 1])", want: `f: for parameter "tags": got int at index 1, want a string`},
		{name: "no list", expr: "f(tags = 1)", want: `f: for parameter "tags": got int, want a string or a list of strings`},
		{name: "no bool", expr: "f(after = 1)", want: `f: for parameter "after": got int, want True or False`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tags, after, err := call(tt.expr)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.tags, tags); diff != "" || after != tt.after {
					t.Errorf("got %v %v, want %v %v", tags, after, tt.tags, tt.after)
				}
				return
			}
			d, ok := errors.AsType[*diag.Error](err)
			if !ok || d.Summary != tt.want || d.Hint != tt.hint {
				t.Errorf("got %#v, want %q with the hint %q", d, tt.want, tt.hint)
			}
		})
	}
}

func TestUnknownWithoutArguments(t *testing.T) {
	if err := args.Unknown("f", "x", nil); err.Hint != "it takes no arguments" {
		t.Errorf("got the hint %q", err.Hint)
	}
}

func TestArity(t *testing.T) {
	tests := []struct {
		fn   string
		n    int
		fits bool
	}{
		{"lambda: 1", 0, true},
		{"lambda: 1", 1, false},
		{"lambda x: 1", 0, false},
		{"lambda x: 1", 1, true},
		{"lambda x = 1: 1", 0, true},
		{"lambda x = 1: 1", 1, true},
		{"lambda r, x = 1: 1", 1, true},
		{"lambda r, x: 1", 1, false},
		{"lambda *a: 1", 1, true},
		{"lambda **k: 1", 0, true},
		{"lambda **k: 1", 1, false},
		{"lambda r, *, k = 1: 1", 1, true},
		{"lambda r, *, k: 1", 1, false},
		{"lambda *, k = 1: 1", 1, false},
		{"lambda x, y: 1", 2, true},
		{"lambda: 1", 2, false},
		{"len", 3, true},
	}
	for _, tt := range tests {
		t.Run(tt.fn, func(t *testing.T) {
			v, err := starlark.EvalOptions(&syntax.FileOptions{}, &starlark.Thread{}, "t.star", tt.fn, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := args.Arity(v.(starlark.Callable), tt.n); (err == nil) != tt.fits {
				t.Errorf("%d arguments: got %v, want fits = %v", tt.n, err, tt.fits)
			}
		})
	}
}
