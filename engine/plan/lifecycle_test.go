package plan_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// ignoring makes a unit that wants value in a file, and whose value is ignored once it is there.
func ignoring(path, value string) *unit.Unit {
	u := enginetest.Set("h1", path, value)
	u.Lifecycle.IgnoreChanges = []string{"value"}
	return u
}

func TestPlanIgnoresChanges(t *testing.T) {
	late := ignoring("/late", "")
	late.Later = map[string]unit.Lambda{"value": lambda(func() (any, error) { return nil, errors.New("not yet") })}
	other := enginetest.Set("h1", "/other", "1")
	other.Lifecycle.IgnoreChanges = []string{"mode"}
	h := enginetest.NewHost(map[string]string{"/differs": "0", "/equal": "1", "/late": "0", "/other": "0"})
	planned, _ := planOne(t, h, nil, ignoring("/differs", "1"), ignoring("/equal", "1"), ignoring("/new", "1"), late, other)
	for _, tt := range []struct {
		path, reason, args string
		action             abi.Action
	}{
		{"/differs", "ignored: value", `{"path":"/differs","value":"0"}`, abi.None},
		{"/equal", "", "", abi.None},
		{"/new", "", "", abi.Create},
		{"/late", "ignored: value", `{"path":"/late","value":"0"}`, abi.None},
		{"/other", "", "", abi.Update},
	} {
		t.Run(tt.path, func(t *testing.T) {
			s := stepOf(t, planned, tt.path)
			if s.Err != nil || s.Change.Action != tt.action || s.Change.Reason != tt.reason || string(s.Args) != tt.args {
				t.Errorf("got %+v with the arguments %s, error %v", s.Change, s.Args, s.Err)
			}
		})
	}
}

func stepOf(t *testing.T, h *plan.Host, path string) *plan.Step {
	t.Helper()
	for _, s := range h.Steps() {
		if s.Unit.ID.Key == path {
			return s
		}
	}
	t.Fatalf("there is no step for %s", path)
	return nil
}

// stubborn answers every plan with the same change.
type stubborn struct{ *enginetest.Provider }

func (stubborn) Call(_ context.Context, reqs []abi.Request) ([]abi.Reply, error) {
	replies := make([]abi.Reply, len(reqs))
	for i, r := range reqs {
		replies[i] = abi.Reply{Change: &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "value", Before: codec.Raw(`"0"`), After: r.Unit}}}}
	}
	return replies, nil
}

func TestPlanRefusesAProviderThatDoesNotIgnore(t *testing.T) {
	replies, err := plan.Changes(t.Context(), stubborn{}, []*plan.Step{{Unit: ignoring("/a", "1")}})
	if err != nil {
		t.Fatal(err)
	}
	if e := replies[0].Error; e == nil || !strings.Contains(e.Message, "cannot leave value as it is") {
		t.Errorf("got %+v, want a refusal", replies[0])
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

func TestPlanKeepsWhatIsProtected(t *testing.T) {
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
		{"lifted", lifted("/srv/db"), removes("/srv/db"), ""},
		{"another is lifted", lifted("/srv"), removes("/srv"), "and with it file[/srv/db]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kept := plan.NewProtections([]plan.Protection{{Unit: "file[/srv/db]", Since: time.Unix(0, 0), Run: "r1", Pos: diag.Pos{File: "a.star", Line: 3}}})
			kept.Declare(tt.unit)
			replies, err := plan.Changes(t.Context(), remover{change: tt.change}, []*plan.Step{{Unit: tt.unit, Protections: kept}})
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
