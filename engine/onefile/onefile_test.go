package onefile_test

import (
	"context"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/onefile"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

func file(path, more string) *unit.Unit {
	return &unit.Unit{
		ID: unit.ID{Host: "h1", Type: "file", Key: path}, Pos: diag.Pos{File: "site.star", Line: len(path)},
		Args: codec.Raw(`{"path":"` + path + `"` + more + `}`),
	}
}

type later struct{}

func (later) Eval(context.Context, unit.Outcomes, any) (any, error) { return "x", nil }
func (later) Pos() diag.Pos                                         { return diag.Pos{} }

func TestFiles(t *testing.T) {
	handler := file("/data/x", `,"mode":"0600"`)
	handler.ID.Scope = unit.Scope{Play: "web", Handler: "repair"}
	root := file("/data/x", "")
	root.User = "root"
	unknown := file("/data/x", "")
	unknown.Later = map[string]unit.Lambda{"content": later{}}
	dir := file("/data/x", "")
	dir.ID.Type = "tree"
	for _, tt := range []struct {
		name    string
		other   *unit.Unit
		real    string
		refused string
		warning string
	}{
		{"another file", file("/data/y", ""), "/data/y", "", ""},
		{"the same by its name", file("/srv/x", ""), "/data/x", "", ""},
		{"with equal wishes", file("/data/x", ""), "/data/x", "", "/data/x and /srv/x (at site.star:6) are the same file"},
		{"by a third name", file("/opt/x", ""), "/data/x", "", "/opt/x and /srv/x (at site.star:6) are the same file, /data/x"},
		{"with other wishes", file("/data/x", `,"mode":"0600"`), "/data/x", "/data/x and /srv/x (at site.star:6) are the same file, and each would undo", ""},
		{"with what is known later", unknown, "/data/x", "are the same file, and each would undo", ""},
		{"as another user", root, "/data/x", "are the same file", ""},
		{"in a handler", handler, "/data/x", "", ""},
		{"of another type", dir, "/data/x", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := onefile.New()
			if refused, warning := files.Add(file("/srv/x", ""), "/data/x"); refused != nil || warning != nil {
				t.Fatalf("the first: %v, %v", refused, warning)
			}
			refused, warning := files.Add(tt.other, tt.real)
			if (refused != nil) != (tt.refused != "") || refused != nil && (!strings.Contains(refused.Message, tt.refused) || refused.Hint != "declare it once, as /data/x") {
				t.Errorf("refused: %+v, want %q", refused, tt.refused)
			}
			if (warning != nil) != (tt.warning != "") || warning != nil && (warning.Summary != tt.warning || warning.Pos != tt.other.Pos) {
				t.Errorf("warning: %+v, want %q", warning, tt.warning)
			}
		})
	}
}

func TestReal(t *testing.T) {
	stat := func(path, real string, follow bool) abi.Entry {
		return abi.Entry{Op: op.Op{Stat: &op.Stat{Path: path, Follow: follow}}, Result: op.Result{Stat: &op.StatResult{Real: real}}}
	}
	u := file("/srv/x", "")
	for _, tt := range []struct {
		name  string
		reads []abi.Entry
		want  string
	}{
		{"nothing read", nil, ""},
		{"a link", []abi.Entry{stat("/srv/x", "/data/x", false)}, "/data/x"},
		{"none", []abi.Entry{stat("/srv/x", "", false)}, ""},
		{"of another path", []abi.Entry{stat("/srv/y", "/data/y", false)}, ""},
		{"of what a link there leads to", []abi.Entry{stat("/srv/x", "/data/y", true)}, ""},
		{"not answered", []abi.Entry{{Op: op.Op{Stat: &op.Stat{Path: "/srv/x"}}, Result: op.Result{Error: &op.Error{}}}}, ""},
	} {
		if got := onefile.Real(u, tt.reads); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
