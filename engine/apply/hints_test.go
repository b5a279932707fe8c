package apply_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
)

// forgetful cannot record what is protected.
type forgetful struct{ protector }

func (*forgetful) Protect(context.Context, *plan.Host, []*unit.Unit) ([]protect.Resource, error) {
	return nil, errors.New("disk full")
}

// TestHints has applies that go wrong in the middle, and does what their hints say: another one goes right.
func TestHints(t *testing.T) {
	full := errors.New("disk full")
	for _, test := range []struct {
		name   string
		files  map[string]string
		fleet  func(*enginetest.Host) *fleet
		spoil  func(*fleet, *enginetest.Host) // once it is planned
		hint   string
		follow func(*fleet, *enginetest.Host)
		want   map[string]string // files of the host then
	}{
		{
			name: "a host that changed since the plan that was saved", files: map[string]string{"/a": "old"},
			fleet: func(h *enginetest.Host) *fleet {
				f := oneHost(h, set("/a", "1"))
				f.exact = true
				return f
			},
			spoil:  func(_ *fleet, h *enginetest.Host) { h.Files["/a"] = "1" },
			hint:   "this unit and those after it were not touched; make a new plan and review it",
			follow: func(*fleet, *enginetest.Host) {}, want: map[string]string{"/a": "1"},
		},
		{
			name: "no room to record that after_change is pending", fleet: func(h *enginetest.Host) *fleet { return hooked(oneHost(h, set("/a", "1"))) },
			spoil: func(f *fleet, _ *enginetest.Host) {
				f.begin = func(i runlog.Intent) error {
					if slices.Contains(i.Pending.Handlers, unit.AfterChange) {
						return full
					}
					return nil
				}
			},
			hint:   "make room for the state and apply again",
			follow: func(f *fleet, _ *enginetest.Host) { f.begin = nil }, want: map[string]string{"/a": "1", "/drain": "done", "/undrain": "done"},
		},
		{
			name: "no room to record that a handler ran", fleet: func(h *enginetest.Host) *fleet {
				f := oneHost(h, notifies("/a", "1", "one"))
				f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
				return f
			},
			spoil: func(f *fleet, _ *enginetest.Host) { f.clearing = func(runlog.PendingHandlers) error { return full } },
			hint:  "it stays pending, and the next apply runs it once more",
			follow: func(f *fleet, h *enginetest.Host) {
				f.clearing = nil
				delete(h.Files, "/one") // that it runs again is seen by this
			},
			want: map[string]string{"/a": "1", "/one": "run"},
		},
		{
			name: "no room to record what is protected", fleet: func(h *enginetest.Host) *fleet {
				f := oneHost(h, func() *unit.Unit {
					u := enginetest.Set("h1", "/a", "1")
					u.Lifecycle.PreventDestroy = new(true)
					return u
				})
				f.protector = &forgetful{}
				return f
			},
			spoil:  func(*fleet, *enginetest.Host) {},
			hint:   "what was changed stays; the next apply records it",
			follow: func(f *fleet, _ *enginetest.Host) { f.protector = &protector{} }, want: map[string]string{"/a": "1"},
		},
		{
			name: "something that nothing brings", fleet: func(h *enginetest.Host) *fleet {
				f := oneHost(h, set("/a", "1"))
				f.provider = &enginetest.Provider{Groundless: map[string]string{"/a": "thing"}}
				return f
			},
			spoil:  func(*fleet, *enginetest.Host) {},
			hint:   "declare what brings it before, such as the package; is the name right?",
			follow: func(f *fleet, _ *enginetest.Host) { f.provider.Groundless = nil }, want: map[string]string{"/a": "1"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := enginetest.NewHost(test.files)
			f := test.fleet(h)
			var hints []string
			f.listen = func(e event.Event) {
				if e.Err != nil {
					hints = append(hints, diag.Of(e.Err).Hint)
				}
			}
			planned := f.plan(t.Context())
			for _, s := range planned[0].Steps() {
				if s.Err != nil {
					hints = append(hints, diag.Of(s.Err).Hint)
				}
			}
			test.spoil(f, h)
			if count := f.apply(t.Context(), planned)[0]; count.Failed == 0 || !slices.Contains(hints, test.hint) {
				t.Fatalf("%+v, and the hints %q; want %q", count, hints, test.hint)
			}
			test.follow(f, h)
			hints = nil
			if count := f.apply(t.Context(), f.plan(t.Context()))[0]; count.Failed > 0 || slices.Contains(hints, test.hint) {
				t.Errorf("the hint does not help: %+v, %q", count, hints)
			}
			for path, want := range test.want {
				if h.Files[path] != want {
					t.Errorf("%s holds %q, want %q", path, h.Files[path], want)
				}
			}
			if p, is := f.protector.(*protector); is && len(p.calls) != 1 {
				t.Errorf("recorded: %v", p.calls)
			}
		})
	}
}
