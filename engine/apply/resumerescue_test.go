package apply_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// TestABrokenRescueGoesOn: a unit whose failure is ignored is over only
// when what it wants done then is done, too.
func TestABrokenRescueGoesOn(t *testing.T) {
	at := func(s unit.Status, seconds int64) resume.Progress {
		return resume.Progress{Action: abi.Create, Status: s, Started: time.Unix(seconds, 0)}
	}
	const rescue = "handler[web/save]/set[/saved]"
	for _, test := range []struct {
		name   string
		rescue *resume.Progress
		want   map[string]string
	}{
		{"before it began", nil, map[string]string{"/saved": "run", "/b": "2"}},
		{"of an earlier failure", new(at(unit.Changed, 5)), map[string]string{"/saved": "run", "/b": "2"}},
		{"under way", new(at("", 15)), map[string]string{"/saved": "run", "/b": "2"}},
		{"through", new(at(unit.Changed, 15)), map[string]string{"/b": "2"}},
		{"with nothing to do", &resume.Progress{Status: unit.Unchanged}, map[string]string{"/b": "2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := enginetest.NewHost(nil)
			h.Faults.Refuse = map[string]bool{"/a": true}
			f := oneHost(h, func() *unit.Unit {
				u := enginetest.Set("h1", "/a", "1")
				u.Failure.Ignore, u.Failure.Handler = true, "save"
				return u
			}, set("/b", "2"))
			f.around = func(host string, p *unit.Play) {
				p.Handlers = []*unit.Handler{handler(host, "save", "/saved")}
				p.Handlers[0].Rescue = true
			}
			f.progress = map[string]map[string]resume.Progress{"h1": {"set[/a]": at(unit.Failed, 10)}}
			if test.rescue != nil {
				f.progress["h1"][rescue] = *test.rescue
			}
			f.apply(t.Context(), f.plan(t.Context()))
			if !cmp.Equal(test.want, h.Files) {
				t.Errorf("files: %s", cmp.Diff(test.want, h.Files))
			}
		})
	}
}
