package check_test

import (
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/check"
)

// TestOutputs: what a unit offers is what its type's result says, and nothing else.
func TestOutputs(t *testing.T) {
	pkg, err := schema.Load(fstest.MapFS{"x.cue": {Data: []byte(`package x
// X is a thing.
#X: {
	name: string & !="" @key()
}
#XResult: {
	changed: bool
	rc:      int & >=0
	words?:  [...string]
}
`)}}, "x", map[string]string{"x": "#X"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		outputs map[string]any
		want    string
	}{
		{"right", map[string]any{"changed": true, "rc": int64(1)}, ""},
		{"right with all", map[string]any{"changed": true, "rc": int64(1), "words": []any{"a"}}, ""},
		{"another type", map[string]any{"changed": "yes", "rc": int64(1)}, `changed is "yes", expected bool`},
		{"beyond its limit", map[string]any{"changed": true, "rc": int64(-1)}, `rc is -1, expected int`},
		{"another type within", map[string]any{"changed": true, "rc": int64(1), "words": []any{int64(1)}}, `words is [1], expected list of strings`},
		{"missing", map[string]any{"changed": true}, `rc is missing`},
		{"more", map[string]any{"changed": true, "rc": int64(1), "x": int64(1)}, `there is no output "x"`},
		{"nothing", map[string]any{}, `changed is missing; rc is missing`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := check.Join(check.Outputs(pkg.Types[0], tt.outputs)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
