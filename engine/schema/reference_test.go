package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/schema"
)

// buildLinux compiles the CUE of providers/linux without any help of the package under test.
func buildLinux(t testing.TB) cue.Value {
	t.Helper()
	names, err := filepath.Glob("../../providers/linux/*.cue")
	if err != nil || len(names) == 0 {
		t.Fatal("no CUE in providers/linux", err)
	}
	var all []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Replace(string(text), "package linux\n", "", 1))
	}
	v := cuecontext.New().CompileString(strings.Join(all, "\n"))
	if v.Err() != nil {
		t.Fatal(v.Err())
	}
	return v
}

func TestReference(t *testing.T) {
	meta := []schema.Field{
		{Name: "require", Kind: "list of units", Doc: "Units that must have succeeded | before."},
		{Name: "when", Kind: "lambda", Doc: "Decides at the unit's turn whether it acts."},
	}
	var page bytes.Buffer
	if err := schema.Reference(&page, []*schema.Package{linux(t)}, meta); err != nil {
		t.Fatal(err)
	}
	golden(t, "reference.md", page.Bytes())

	failing := writer(func([]byte) (int, error) { return 0, os.ErrClosed })
	if err := schema.Reference(failing, nil, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestJSONSchema(t *testing.T) {
	for _, typ := range linux(t).Types {
		text, err := schema.JSONSchema(typ)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, typ.Name+".schema.json", append(text, '\n'))
	}
}

// TestJSONSchemaOfCUE: what only CUE understands is told by CUE's generator.
func TestJSONSchemaOfCUE(t *testing.T) {
	typ := define(t, `
		// A box.
		#Box: {width: int & >0}
		#Thing: {
			key: string @key()
			// Its box.
			box?: #Box
			ratio: *0.5 | float
			a?: int @needs(n="1|2") @conflicts(b)
			b: *false | bool
			n: *1 | int
		}`)
	text, err := schema.JSONSchema(typ)
	if err != nil {
		t.Fatal(err)
	}
	var got m
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	properties := got["properties"].(m)
	want := m{"$ref": "#/$defs/Box", "description": "Its box."}
	if diff := cmp.Diff(want, properties["box"]); diff != "" {
		t.Errorf("box (-want +got):\n%s", diff)
	}
	if got := properties["ratio"].(m)["default"]; got != 0.5 {
		t.Errorf("ratio's default is %v", got)
	}
	if got["$defs"].(m)["Box"] == nil {
		t.Errorf("the definition of #Box is missing:\n%s", text)
	}
	ties := l{
		m{"not": m{"allOf": l{
			m{"required": l{"a"}},
			m{"required": l{"b"}, "properties": m{"b": m{"not": m{"const": false}}}},
		}}},
		m{"if": m{"required": l{"a"}}, "then": m{"properties": m{"n": m{"enum": l{1.0, 2.0}}}}},
	}
	if diff := cmp.Diff(ties, got["allOf"]); diff != "" {
		t.Errorf("allOf (-want +got):\n%s", diff)
	}
}
