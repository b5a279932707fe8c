package catalog_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner/codec"
)

// later is a value that is known only when its unit is executed.
type later struct{ unit.Const }

// TestCompleteLeavesThePlannedUnitAsItIs: of a unit whose values come late there are
// two, the planned one and the completed one.
func TestCompleteLeavesThePlannedUnitAsItIs(t *testing.T) {
	c := open(t)
	planned := &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: "/a"}, Args: codec.Raw(`{"path":"/a"}`), Later: map[string]unit.Lambda{"content": later{}}}
	before := *planned
	for _, text := range []string{"one", "two"} {
		completed, err := c.Complete(planned, map[string]any{"content": text})
		if err != nil {
			t.Fatal(err)
		}
		if completed == planned || len(completed.LaterFields()) != 0 || len(completed.Blobs) != 1 || slices.Equal(completed.Args, planned.Args) {
			t.Errorf("completed with %q: %s, %d contents, still late %v", text, completed.Args, len(completed.Blobs), completed.LaterFields())
		}
		if !reflect.DeepEqual(*planned, before) {
			t.Errorf("the planned unit was changed: %+v", planned)
		}
	}
	if _, err := c.Complete(planned, map[string]any{"content": 7}); err == nil {
		t.Error("a number was taken as a content")
	}
	if !reflect.DeepEqual(*planned, before) {
		t.Errorf("the planned unit was changed: %+v", planned)
	}
}

// open gives the types that come with froyo.
func open(t *testing.T) *catalog.Catalog {
	t.Helper()
	files, err := providers.Package("linux")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(t.Context(), filepath.Join(t.TempDir(), "guests"), catalog.Source{Name: "linux", Files: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// TestCompleteOfACutSecret: what holds a part of a sensitive value is refused, and the whole of it is taken.
func TestCompleteOfACutSecret(t *testing.T) {
	c := open(t)
	planned := &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: "/a"}, Args: codec.Raw(`{"path":"/a"}`), Later: map[string]unit.Lambda{"content": later{}}}
	whole := "pw = " + secret.Given("geheim8")
	_, err := c.Complete(planned, map[string]any{"content": whole[:len(whole)-1]})
	if d, is := errors.AsType[*diag.Error](err); !is || d.Hint != "do that to the sensitive value itself, before it is formatted into text" {
		t.Errorf("got %#v", err)
	}
	if completed, err := c.Complete(planned, map[string]any{"content": whole}); err != nil || !completed.Sensitive {
		t.Errorf("got %+v, %v", completed, err)
	}
}
