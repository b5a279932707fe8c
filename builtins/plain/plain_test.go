package plain_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/plain"
)

func eval(t *testing.T, expr string) starlark.Value {
	t.Helper()
	v, err := starlark.EvalOptions(&syntax.FileOptions{Set: true}, &starlark.Thread{}, "test.star", expr, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTo(t *testing.T) {
	tests := []struct {
		name, expr string
		want       any
		wantErr    string
	}{
		{name: "none", expr: "None"},
		{name: "scalars", expr: "[True, 1, -9223372036854775808, 1.5, 'ä']", want: []any{true, int64(1), int64(-1 << 63), 1.5, "ä"}},
		{name: "tuple", expr: "()", want: []any{}},
		{name: "set", expr: "set([2, 1])", want: []any{int64(2), int64(1)}},
		{name: "range", expr: "range(2)", want: []any{int64(0), int64(1)}},
		{name: "dict", expr: "{'a': {'b': [1]}}", want: map[string]any{"a": map[string]any{"b": []any{int64(1)}}}},
		{name: "big int", expr: "1 << 64", wantErr: "number 18446744073709551616 does not fit into 64 bits"},
		{name: "key", expr: "{'a': [{1: 2}]}", wantErr: `at ["a"][0]: key 1 is not a string`},
		{name: "function", expr: "[0, len]", wantErr: "at [1]: a function (len) is not a value"},
		{name: "bytes", expr: "b'x'", wantErr: "bytes cannot be used as a value here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := plain.To(eval(t, tt.expr))
			if tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Errorf("got the error %v, want %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestToEndsForAListThatHoldsItself(t *testing.T) {
	l := starlark.NewList(nil)
	if err := l.Append(l); err != nil {
		t.Fatal(err)
	}
	if _, err := plain.To(l); err == nil || !strings.Contains(err.Error(), "nested too deeply") {
		t.Errorf("got %v", err)
	}
}

func TestToRefusesBytesAsText(t *testing.T) {
	if v, err := plain.To(starlark.String("\xff")); err == nil {
		t.Errorf("got %q, want an error", v)
	}
}

func TestFrom(t *testing.T) {
	data := map[string]any{
		"z": nil, "a": []any{true, int64(1), 2, uint32(3), uint64(4), 1.5, "x"},
		"s": []string{"p"}, "m": map[string]string{"k": "v"},
	}
	v, err := plain.From(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.String(), `{"a": [True, 1, 2, 3, 4, 1.5, "x"], "m": {"k": "v"}, "s": ["p"], "z": None}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	v, err = plain.FromStruct(data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := v.(starlark.HasAttrs).Attr("m")
	if err != nil || m.String() != `struct(k = "v")` {
		t.Errorf("got %v, %v", m, err)
	}
	for _, bad := range []any{big.NewInt(1), []any{new(int)}, map[string]any{"a": struct{}{}}} {
		if _, err := plain.From(bad); err == nil {
			t.Errorf("%T was accepted", bad)
		}
	}
}
