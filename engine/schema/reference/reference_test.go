package reference_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/reference"
	"github.com/openfroyo/froyo/engine/schema/schematest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with the file in testdata that holds it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not current, go test -update writes it anew (-want +got):\n%s", path, diff)
	}
}

type (
	m = map[string]any
	l = []any
)

func TestMarkdown(t *testing.T) {
	meta := []schema.Field{
		{Name: "require", Kind: "list of units", Doc: "Units that must have succeeded | before."},
		{Name: "when", Kind: "lambda", Doc: "Decides at the unit's turn whether it acts."},
	}
	var page bytes.Buffer
	if err := reference.Markdown(&page, []*schema.Package{schematest.Linux(t, "../../../providers/linux")}, meta); err != nil {
		t.Fatal(err)
	}
	golden(t, "reference.md", page.Bytes())

	failing := writer(func([]byte) (int, error) { return 0, os.ErrClosed })
	if err := reference.Markdown(failing, nil, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestJSONSchema(t *testing.T) {
	for _, typ := range schematest.Linux(t, "../../../providers/linux").Types {
		text, err := reference.JSONSchema(typ)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, typ.Name+".schema.json", append(text, '\n'))
	}
}

// TestJSONSchemaOfCUE: what only CUE understands is told by CUE's generator.
func TestJSONSchemaOfCUE(t *testing.T) {
	typ := schematest.Define(t, `
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
	text, err := reference.JSONSchema(typ)
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
