package apply_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
)

func TestConfirmIsAskedBeforeEachUnitThatActs(t *testing.T) {
	stop := errors.New("stop")
	for _, tt := range []struct {
		name  string
		said  map[string]error // unit → what is said beside yes and no
		no    map[string]bool
		asked []string
		files map[string]string
		count apply.Count
	}{
		{
			"yes to all", nil, nil,
			[]string{"set[/a]", "set[/c]"},
			map[string]string{"/a": "1", "/b": "2", "/c": "3"},
			apply.Count{Host: "h1", OK: 3, Changed: 2},
		},
		{
			"one declined", nil,
			map[string]bool{"set[/a]": true},
			[]string{"set[/a]", "set[/c]"},
			map[string]string{"/b": "2", "/c": "3"},
			apply.Count{Host: "h1", OK: 2, Changed: 1, Skipped: 1},
		},
		{
			"stopped",
			map[string]error{"set[/a]": stop},
			nil,
			[]string{"set[/a]"},
			map[string]string{"/b": "2"},
			apply.Count{Host: "h1", Skipped: 3},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(map[string]string{"/b": "2"})
			f := oneHost(h, set("/a", "1"), set("/b", "2"), set("/c", "3"))
			var asked []string
			f.confirm = func(_, unit string) (bool, error) {
				asked = append(asked, unit)
				return !tt.no[unit], tt.said[unit]
			}
			counts := f.apply(t.Context(), f.plan(t.Context()))
			if diff := cmp.Diff(tt.asked, asked); diff != "" {
				t.Errorf("asked: %s", diff)
			}
			if diff := cmp.Diff(tt.files, h.Files); diff != "" {
				t.Errorf("files: %s", diff)
			}
			if diff := cmp.Diff([]apply.Count{tt.count}, counts); diff != "" {
				t.Errorf("counts: %s", diff)
			}
		})
	}
}

func TestConfirmIsNotAskedWhereAUnitIsRightByItsTurn(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, set("/a", "1"))
	planned := f.plan(t.Context())
	h.Files["/a"] = "1"
	f.confirm = func(_, unit string) (bool, error) {
		t.Errorf("asked about %s", unit)
		return false, nil
	}
	f.apply(t.Context(), planned)
}
