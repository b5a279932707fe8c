package unitfilter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/unitfilter"
)

// chain is two plays on a host: /b requires /a, /d requires /b, and /c and /x nothing.
func chain(host string) []*unit.Play {
	set := func(path string, requires ...*unit.Unit) *unit.Unit {
		u := enginetest.Set(host, path, "1")
		for _, r := range requires {
			u.Require = append(u.Require, r.ID)
		}
		return u
	}
	a := set("/a")
	b := set("/b", a)
	return []*unit.Play{{Units: []*unit.Unit{a, b, set("/c")}}, {Units: []*unit.Unit{set("/d", b), set("/x[1]")}}}
}

// pathKey says that units of the type set are told apart by their paths.
func pathKey(typ string) bool { return typ == "set" }

func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		name          string
		only, exclude []string
		want          string // units of h1, plays apart, then of h2
		notes         []string
		wrong, hint   string
	}{
		{"none given", nil, nil, "/a /b /c | /d /x[1] || /a /b /c | /d /x[1]", nil, "", ""},
		{"one", []string{"set[/c]"}, nil, "/c |  || /c | ", nil, "", ""},
		{"what it requires, too", []string{"set[/d]"}, nil, "/a /b | /d || /a /b | /d", []string{
			"h[1-2]: set[/b]: takes part, because a target requires it",
			"h[1-2]: set[/a]: takes part, because a target requires it",
		}, "", ""},
		{"of one host", []string{"h1/set[/?]"}, nil, "/a /b /c | /d ||  | ", nil, "", ""},
		{"hosts by a range, brackets in the key", []string{"h[2-9]/set[/x[1]]"}, nil, " |  ||  | /x[1]", nil, "", ""},
		{"excluded", nil, []string{"set[/x*]"}, "/a /b /c | /d || /a /b /c | /d", nil, "", ""},
		{"what requires it, too", nil, []string{"h1/set[/a]"}, "/c | /x[1] || /a /b /c | /d /x[1]", []string{
			"h1: set[/b]: is left out, because it requires one that is excluded",
			"h1: set[/d]: is left out, because it requires one that is excluded",
		}, "", ""},
		{"both", []string{"set[/d]", "set[/c]"}, []string{"set[/a]"}, "/c |  || /c | ", []string{
			"h[1-2]: set[/b]: takes part, because a target requires it",
			"h[1-2]: set[/b]: is left out, because it requires one that is excluded",
			"h[1-2]: set[/a]: takes part, because a target requires it",
			"h[1-2]: set[/d]: is left out, because it requires one that is excluded",
		}, "", ""},
		{"another spelling of a path", []string{"set[//c/]"}, []string{"set[/x/.//*]", "set[/./d]"}, "/c |  || /c | ", nil, "no unit is named set[/x/.//*]", `did you mean "set[/x[1]]"?`},
		{"nothing like it", []string{"set[/c]", "h1/set[/cc]"}, nil, "/c |  || /c | ", nil, "no unit is named h1/set[/cc]", `did you mean "set[/c]"?`},
		{"not those on another host", nil, []string{"lb1:set[/a]"}, "/a /b /c | /d /x[1] || /a /b /c | /d /x[1]", nil, "no unit is named lb1:set[/a]", `did you mean "set[/a]"?`},
		{"of no such host", nil, []string{"h3/*[*]"}, "/a /b /c | /d /x[1] || /a /b /c | /d /x[1]", nil, "no unit is named h3/*[*]", "froyo plan --list-units lists them"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			targets, err := unitfilter.Parse(tt.only, tt.exclude, pathKey)
			if err != nil {
				t.Fatal(err)
			}
			var hosts []string
			for _, host := range []string{"h1", "h2"} {
				var plays []string
				for _, play := range targets.Filter(chain(host)) {
					var keys []string
					for _, u := range play.Units {
						keys = append(keys, u.ID.Key)
					}
					plays = append(plays, strings.Join(keys, " "))
				}
				hosts = append(hosts, strings.Join(plays, " | "))
			}
			if got := strings.Join(hosts, " || "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			var notes []string
			for _, n := range targets.Notes() {
				notes = append(notes, n.Error())
			}
			if diff := cmp.Diff(tt.notes, notes); diff != "" {
				t.Error(diff)
			}
			wrong, hint := "", ""
			if err, ok := errors.AsType[*diag.Error](targets.Unmatched()); ok {
				wrong, hint = err.Error(), err.Hint
			}
			if wrong != tt.wrong || hint != tt.hint {
				t.Errorf("got %q, hint %q, want %q, hint %q", wrong, hint, tt.wrong, tt.hint)
			}
		})
	}
}

func TestTargetsThatAreLeftOutHaveEnded(t *testing.T) {
	targets, err := unitfilter.Parse([]string{"set[/c]"}, nil, pathKey)
	if err != nil {
		t.Fatal(err)
	}
	plays := chain("h1")
	targets.Filter(plays)
	if o := plays[0].Units[0].Known; o == nil || o.Status != unit.Skipped {
		t.Errorf("a unit that is left out has the outcome %v, want skipped", o)
	}
	if o := plays[0].Units[2].Known; o != nil {
		t.Errorf("the target has the outcome %v before it is executed", o)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "file", "file[/x", "[x]", "h1/", "h[/file[x]", "h1/web/file[x]", "a b/file[x]"} {
		if _, err := unitfilter.Parse(nil, []string{text}, pathKey); err == nil || !strings.HasPrefix(err.Error(), "--exclude "+text+": ") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// TestTargetsOnAnotherHost names units by the host that they act on.
func TestTargetsOnAnotherHost(t *testing.T) {
	on := func(host string) *unit.Unit {
		u := enginetest.Set("web1", "/a", "1")
		u.ID.Delegate = host
		return u
	}
	play := &unit.Play{Units: []*unit.Unit{on(""), on("lb1"), on("fe80::1")}}
	for _, tt := range []struct{ pattern, want string }{
		{"set[/a]", "set[/a]"},
		{"lb1:set[/a]", "lb1:set[/a]"},
		{"web1/lb?:s*[*]", "lb1:set[/a]"},
		{"fe80::1:set[/a]", "fe80::1:set[/a]"},
		{"*:set[/a]", "lb1:set[/a] fe80::1:set[/a]"},
	} {
		t.Run(tt.pattern, func(t *testing.T) {
			targets, err := unitfilter.Parse([]string{tt.pattern}, nil, pathKey)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range targets.Filter([]*unit.Play{play})[0].Units {
				got = append(got, u.ID.Local())
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}
