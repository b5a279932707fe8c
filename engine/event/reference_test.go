package event_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/event"
)

// declared returns the kinds that event.go declares.
func declared(t *testing.T) []event.Kind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []event.Kind
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := s.Type.(*ast.Ident); ok && typ.Name == "Kind" {
				text, err := strconv.Unquote(s.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, event.Kind(text))
			}
		}
		return true
	})
	if len(out) == 0 {
		t.Fatal("event.go declares no kinds")
	}
	return out
}

// TestReferenceIsComplete: the page has each kind, in their order, and each field of a record.
func TestReferenceIsComplete(t *testing.T) {
	var page strings.Builder
	if err := event.Reference(&page); err != nil {
		t.Fatal(err)
	}
	at := 0
	allowed := map[string]bool{}
	for _, kind := range declared(t) {
		next := strings.Index(page.String(), "\n| `"+string(kind)+"` | ")
		if next < at {
			t.Errorf("%s: missing, or not in the order of event.go", kind)
		}
		at = max(at, next)
		always, optional := event.Fields(kind)
		for _, name := range slices.Concat(always, optional) {
			allowed[name] = true
			if !strings.Contains(page.String(), "\n| `"+name+"` | ") {
				t.Errorf("field %s is not explained", name)
			}
		}
	}
	record := reflect.TypeFor[event.Record]()
	for f := range record.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !allowed[name] {
			t.Errorf("no kind has the field %s", name)
		}
	}
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		kind             event.Kind
		always, optional []string
	}{
		{event.HostRefused, []string{"event", "time", "host", "error"}, []string{"play", "detail", "hint"}},
		{event.Recap, []string{"event", "hosts"}, nil},
		{"strange", nil, nil},
	} {
		always, optional := event.Fields(tt.kind)
		if !slices.Equal(always, tt.always) || !slices.Equal(optional, tt.optional) {
			t.Errorf("%s: got %v and %v, expected %v and %v", tt.kind, always, optional, tt.always, tt.optional)
		}
	}
}
