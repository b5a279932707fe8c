package apply_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// foreign are ops that a unit which wants "1" in /a has never announced.
func foreign() map[string]op.Op {
	return map[string]op.Op{
		"another path":                      {Link: &op.Link{Path: "/etc/evil", Target: "1"}},
		"another content for the same path": {Link: &op.Link{Path: "/a", Target: "evil"}},
		"another kind for the same path":    {Remove: &op.Remove{Path: "/a"}},
		"a program":                         {Exec: &op.Exec{Shell: "evil"}},
		"a program that only reads":         {Exec: &op.Exec{Shell: "evil", ReadOnly: true}},
		"a file":                            {Write: &op.Write{Path: "/a", Content: op.NewBlob([]byte("evil"))}},
		"a package":                         {PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "evil", State: op.PkgPresent}}}},
		"a service":                         {SvcEnsure: &op.SvcEnsure{Name: "evil.service", State: op.SvcRunning}},
		"a connection":                      {TCP: &op.TCPProbe{Address: "evil", Port: 80, Tries: op.Tries{TimeoutMS: 1, Attempts: 1}}},
	}
}

// untouched fails where anything of an unannounced effect was done, or where it was not refused as one.
func (f *fleet) untouched(t *testing.T, h *enginetest.Host, want map[string]string) {
	t.Helper()
	if log := strings.Join(f.log, "\n"); !strings.Contains(log, "unannounced effect: ") {
		t.Errorf("not refused: %s", log)
	}
	if diff := cmp.Diff(want, h.Files); diff != "" {
		t.Errorf("it was done: %s", diff)
	}
	if len(h.Packages.Transactions)+h.Counts.Probes > 0 {
		t.Errorf("it was done: %q, %d probes", h.Packages.Transactions, h.Counts.Probes)
	}
}

// TestMoreThanPlannedAtApply: the provider plans one thing, and asks for another when it is to be done.
func TestMoreThanPlannedAtApply(t *testing.T) {
	for name, extra := range foreign() {
		for _, exact := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				h := enginetest.NewHost(nil)
				f := oneHost(h, func() *unit.Unit {
					u := enginetest.Set("h1", "/a", "1")
					u.Conditions.When = lambda(func() (any, error) { return true, nil }) // so that nothing is sent ahead
					return u
				})
				f.exact, f.provider = exact, &enginetest.Provider{Extra: &extra}
				f.apply(t.Context(), f.plan(t.Context()))
				f.untouched(t, h, map[string]string{})
			})
		}
	}
}

// TestMoreThanAnnouncedAtTheUnitsTurn: the provider plans another thing when it
// is asked again, where a unit had something to do and where it only may have.
func TestMoreThanAnnouncedAtTheUnitsTurn(t *testing.T) {
	for name, twist := range foreign() {
		for _, before := range []string{"old", "1"} {
			t.Run(name+" over "+before, func(t *testing.T) {
				h := enginetest.NewHost(map[string]string{"/a": before})
				f := oneHost(h, set("/first", "1"), set("/a", "1"))
				f.exact = true
				planned := f.plan(t.Context())
				h.OnWrite = func(h *enginetest.Host, path string) {
					h.Files["/a"] = "spoiled by " + path
					f.provider.Twist = &twist
				}
				f.apply(t.Context(), planned)
				f.untouched(t, h, map[string]string{"/first": "1", "/a": "spoiled by /first"})
			})
		}
	}
}

// TestAProviderThatAnnouncesNothingMayDoNothing: not even what would be right.
func TestAProviderThatAnnouncesNothingMayDoNothing(t *testing.T) {
	for _, exact := range []bool{false, true} {
		h := enginetest.NewHost(map[string]string{"/a": "1"})
		f := oneHost(h, set("/first", "1"), set("/a", "1"))
		f.exact, f.provider = exact, &enginetest.Provider{Mute: true}
		planned := f.plan(t.Context())
		h.OnWrite = func(h *enginetest.Host, _ string) { h.Files["/a"] = "spoiled" }
		f.apply(t.Context(), planned)
		f.untouched(t, h, map[string]string{"/first": "1", "/a": "spoiled"})
	}
}

// TestAUnitThatCouldNotBePlannedMayDoWhatItSays, and nothing else.
func TestAUnitThatCouldNotBePlannedMayDoWhatItSays(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, set("/a", "1"))
	f.provider = &enginetest.Provider{Unplannable: map[string]bool{"/a": true}}
	planned := f.plan(t.Context())
	f.provider.Unplannable, f.provider.Twist = nil, &op.Op{Link: &op.Link{Path: "/etc/evil", Target: "1"}}
	f.apply(t.Context(), planned)
	f.untouched(t, h, map[string]string{})
}

func TestWhatUnitsMayDoIsAskedWhereItMatters(t *testing.T) {
	conditional := func(path, value string) func() *unit.Unit {
		return func() *unit.Unit {
			u := enginetest.Set("h1", path, value)
			u.Conditions.When = lambda(func() (any, error) { return true, nil })
			return u
		}
	}
	files := map[string]string{"/a": "1", "/b": "2", "/c": "3"}
	for _, tt := range []struct {
		name  string
		units []func() *unit.Unit
		want  []string
		may   []string // of these, those of which nothing is planned
	}{
		{"nothing changes", []func() *unit.Unit{set("/a", "1"), set("/b", "2")}, nil, nil},
		{"only behind what changes", []func() *unit.Unit{set("/a", "1"), set("/b", "new"), set("/c", "3"), set("/d", "new")}, []string{"/c", "/d"}, []string{"/c"}},
		{"read again when it is executed", []func() *unit.Unit{conditional("/a", "1"), set("/b", "2")}, []string{"/a"}, []string{"/a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := oneHost(enginetest.NewHost(files), tt.units...)
			planned := f.plan(t.Context())
			if diff := cmp.Diff(tt.want, f.provider.Asked); diff != "" {
				t.Error(diff)
			}
			for _, s := range planned[0].Plays[0].Steps {
				if got, want := s.MayAct(), slices.Contains(tt.may, s.Unit.ID.Key); got != want {
					t.Errorf("%s: may act is %v", s.Unit.ID, got)
				}
			}
			if s := plan.Summarize(planned); s.Errors != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}
