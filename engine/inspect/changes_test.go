package inspect_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// stubborn answers every plan with the same change.
type stubborn struct{ *enginetest.Provider }

func (stubborn) Call(_ context.Context, reqs []abi.Request) ([]abi.Reply, error) {
	replies := make([]abi.Reply, len(reqs))
	for i, r := range reqs {
		replies[i] = abi.Reply{Change: &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "value", Before: codec.Raw(`"0"`), After: r.Unit}}}}
	}
	return replies, nil
}

func TestAProviderThatDoesNotIgnoreIsRefused(t *testing.T) {
	ignoring := enginetest.Set("h1", "/a", "1")
	ignoring.Lifecycle.IgnoreChanges = []string{"value"}
	replies, err := inspect.Changes(t.Context(), stubborn{}, []*plan.Step{{Unit: ignoring}})
	if err != nil {
		t.Fatal(err)
	}
	if e := replies[0].Error; e == nil || !strings.Contains(e.Message, "cannot leave value as it is") {
		t.Errorf("got %+v, want a refusal", replies[0])
	} else if e.Hint != "take it out of ignore_changes" {
		t.Errorf("hint %q", e.Hint)
	}
	ignoring.Lifecycle.IgnoreChanges = nil
	if replies, err = inspect.Changes(t.Context(), stubborn{}, []*plan.Step{{Unit: ignoring}}); err != nil || replies[0].Error != nil {
		t.Errorf("the hint does not help: %+v, %v", replies, err)
	}
}

// remover answers every plan with the same change, whatever is wanted.
type remover struct {
	*enginetest.Provider
	change abi.Change
}

func (r remover) Call(_ context.Context, reqs []abi.Request) ([]abi.Reply, error) {
	replies := make([]abi.Reply, len(reqs))
	for i := range replies {
		replies[i] = abi.Reply{Change: &r.change}
	}
	return replies, nil
}

func TestWhatIsProtectedIsKept(t *testing.T) {
	file := func(path string) *unit.Unit { return &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: path}} }
	lifted := func(path string) *unit.Unit {
		u := file(path)
		u.Lifecycle.PreventDestroy = new(false)
		return u
	}
	removes := func(path string) abi.Change {
		return abi.Change{Action: abi.Delete, Effects: []abi.Effect{{Op: op.Op{Remove: &op.Remove{Path: path, Recurse: true}}}}}
	}
	handler := file("/srv/db")
	handler.ID.Scope = unit.Scope{Play: "web", Handler: "clean"}
	for _, tt := range []struct {
		name   string
		unit   *unit.Unit
		change abi.Change
		want   string // of the refusal, "" for none
	}{
		{"another file", file("/srv/other"), removes("/srv/other"), ""},
		{"one whose name begins alike", file("/srv/d"), removes("/srv/d"), ""},
		{"itself", file("/srv/db"), removes("/srv/db"), "it would remove file[/srv/db], which is protected since"},
		{"itself by a handler", handler, removes("/srv/db"), "it would remove file[/srv/db]"},
		{"itself in another spelling", file("/srv//db/"), removes("/srv//db/"), "and with it file[/srv/db]"},
		{"replaced", file("/srv/db"), abi.Change{Action: abi.Replace}, "it would replace file[/srv/db]"},
		{"changed", file("/srv/db"), abi.Change{Action: abi.Update}, ""},
		{"above", file("/srv"), removes("/srv"), "it would remove /srv, and with it file[/srv/db]"},
		{"the root", file("/"), removes("/"), "and with it file[/srv/db]"},
		{"above by another type", &unit.Unit{ID: unit.ID{Host: "h1", Type: "tree", Key: "x"}}, removes("/srv/"), "and with it file[/srv/db]"},
		{"written over", &unit.Unit{ID: unit.ID{Host: "h1", Type: "tree", Key: "x"}}, abi.Change{Action: abi.Update, Effects: []abi.Effect{{Op: op.Op{Write: &op.Write{Path: "/srv/db"}}}}}, "it would write over /srv/db, and with it file[/srv/db]"},
		{"written to by itself", handler, abi.Change{Action: abi.Update, Effects: []abi.Effect{{Op: op.Op{Write: &op.Write{Path: "/srv/db"}}}}}, ""},
		{"written below", file("/srv/db/x"), abi.Change{Action: abi.Update, Effects: []abi.Effect{{Op: op.Op{Write: &op.Write{Path: "/srv/db/x"}}}}}, ""},
		{"a link over it", file("/x"), abi.Change{Action: abi.Update, Effects: []abi.Effect{{Op: op.Op{Link: &op.Link{Path: "/srv/db", Target: "/x"}}}}}, "it would put a link in the place of /srv/db"},
		{"lifted", lifted("/srv/db"), removes("/srv/db"), ""},
		{"another is lifted", lifted("/srv"), removes("/srv"), "and with it file[/srv/db]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kept := protect.New([]protect.Resource{{Unit: "file[/srv/db]", Path: "/srv/db", Since: time.Unix(0, 0), Run: "r1", Pos: diag.Pos{File: "a.star", Line: 3}}})
			kept.Declare(tt.unit)
			replies, err := inspect.Changes(t.Context(), remover{change: tt.change}, []*plan.Step{{Unit: tt.unit, Protections: kept}})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if e := replies[0].Error; e != nil {
				got = e.Message
				if !strings.Contains(got, "by run r1") || !strings.Contains(got, "a.star:3") || !strings.Contains(e.Hint, "froyo state protections drop") {
					t.Errorf("%q, %q do not say since which run, from where, and what to do", got, e.Hint)
				}
			}
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAProviderThatContradictsItself: the author is told what is wrong, and nothing of it is planned.
func TestAProviderThatContradictsItself(t *testing.T) {
	p := remover{change: abi.Change{
		Action: abi.Update, Diffs: []abi.Diff{{Field: "enabled", Before: codec.Raw("true"), After: codec.Raw("false")}},
		Effects: []abi.Effect{{Op: op.Op{SvcEnsure: &op.SvcEnsure{Name: "app", Enabled: new(true)}}}},
	}}
	replies, err := inspect.Changes(t.Context(), p, []*plan.Step{{Unit: enginetest.Set("h1", "/a", "1")}})
	if err != nil {
		t.Fatal(err)
	}
	if e := replies[0].Error; replies[0].Change != nil || e == nil || !strings.Contains(e.Message, "contradicts itself") || e.Hint != "the provider is faulty or hostile; nothing of this unit was done" {
		t.Errorf("got %+v", replies[0])
	}
}
