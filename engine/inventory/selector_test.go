package inventory_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

// fleet is an inventory to select from.
func fleet() *inventory.Inventory {
	host := func(name string, labels map[string]string, groups ...string) *inventory.Host {
		return &inventory.Host{Name: name, Labels: labels, Groups: groups, Vars: map[string]any{
			"dc": "fra1", "slots": int64(8), "load": 0.5, "blue": true, "list": []any{"x"},
		}}
	}
	return inventory.New([]*inventory.Host{
		host("web01", map[string]string{"role": "web", "tier": "gold"}, "front", "prod"),
		host("web02", map[string]string{"role": "web"}, "front", "prod"),
		host("web10", map[string]string{"role": "web", "dc": "ams"}, "front", "staging"),
		host("db1", map[string]string{"role": "db"}, "prod"),
		host("db12", map[string]string{"role": "db.x"}),
		host("::1", nil),
	}, "empty")
}

func TestSelect(t *testing.T) {
	const all = "web01 web02 web10 db1 db12 ::1"
	for _, tt := range []struct{ selector, want string }{
		{"all", all},
		{"*", all},
		{"web01", "web01"},
		{"db1,web01", "web01 db1"},
		{"db1:web01", "web01 db1"},
		{" db1 , web01 ,", "web01 db1"},
		{"front", "web01 web02 web10"},
		{"empty", ""},
		{"ungrouped", "db12 ::1"},
		{"web*", "web01 web02 web10"},
		{"*0?", "web01 web02"},
		{"fr*t", "web01 web02 web10"},
		{"zzz*", ""},
		{"web[01-09]", "web01 web02"},
		{"web[1-9]", ""},
		{"web[01,10]", "web01 web10"},
		{"db[1-12]", "db1 db12"},
		{"db[1-2]", "db1"},
		{"db[1-2]*", "db1 db12"},
		{"[dw]*1", "web01 db1"},
		{"[!dw]*", "web01 web02 web10 db1 ::1"}, // the groups front, prod and staging, too
		{"[!a-z]*", "::1"},
		{"::1", "::1"},
		{"[::1]", "::1"},
		{"web01:[::1]", "web01 ::1"},
		{"web01,!::1", "web01"},
		{"all,!::1", "web01 web02 web10 db1 db12"},
		{"prod:&front", "web01 web02"},
		{"&front:prod", "web01 web02"},
		{"prod:!front", "db1"},
		{"!front:prod", "db1"},
		{"!front", "db1 db12 ::1"},
		{"&front", "web01 web02 web10"},
		{"&front:&prod", "web01 web02"},
		{"front:db1:&prod:!web02", "web01 db1"},
		{"prod : & front : ! web01", "web02"},
		{"role=web", "web01 web02 web10"},
		{"role=db*", "db1 db12"},
		{"role=db.x", "db12"},
		{"role=*", "web01 web02 web10 db1 db12"},
		{"role=", ""},
		{"tier=gold", "web01"},
		{"dc=fra1", "web01 web02 db1 db12 ::1"}, // web10's label hides the variable
		{"slots=8", all},
		{"load=0.5", all},
		{"blue=true", all},
		{"blue=True", all},
		{"list=x", ""},
		{"nolabel=x", ""},
		{"role=web:&prod:!tier=gold", "web02"},
		{"front[0]", "web01"},
		{"front[-1]", "web10"},
		{"front[0:1]", "web01 web02"}, // the last one, too
		{"front[1:]", "web02 web10"},
		{"front[:1]", "web01 web02"},
		{"front[-2:]", "web02 web10"},
		{"front[0:-2]", "web01 web02"},
		{"front[0:99]", "web01 web02 web10"},
		{"front[3]", ""},
		{"front[-4]", ""},
		{"front[2:1]", ""},
		{"all[0]:db1", "web01 db1"},
		{"web*[1]", "web02"},
		{"front:!front[0]", "web02 web10"},
		{"db[1]", "db1"}, // nothing is named db
		{"~web(01|10)$", "web01 web10"},
		{"~web", "web01 web02 web10"}, // it may end before the name does
		{"~b1", ""},                   // it begins where the name does
		{"~fr", "web01 web02 web10"},
		{"front:!~.*1$", "web02 web10"},
		{"~a=b", ""},
	} {
		t.Run(tt.selector, func(t *testing.T) {
			hosts, err := fleet().Select(tt.selector)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(hosts); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSelectUnknownName(t *testing.T) {
	for _, tt := range []struct{ selector, want, hint, detail, hosts string }{
		{selector: "wbe01", want: `no host or group is named "wbe01"`, hint: `did you mean "web01"?`},
		{selector: "fornt", want: `no host or group is named "fornt"`, hint: `did you mean "front"?`},
		{selector: "zzzzzz", want: `no host or group is named "zzzzzz"`},
		{
			selector: "db1:!fornt", want: `no host or group is named "fornt"`, hint: `did you mean "front"?`,
			detail: "db1:!fornt\n     ^", hosts: "db1",
		},
	} {
		t.Run(tt.selector, func(t *testing.T) {
			hosts, err := fleet().Select(tt.selector)
			if _, ok := errors.AsType[*inventory.UnknownName](err); !ok {
				t.Fatalf("got %v, no UnknownName", err)
			}
			d, ok := errors.AsType[*diag.Error](err)
			if !ok {
				t.Fatalf("got %v, no diag.Error", err)
			}
			got := []string{d.Summary, d.Hint, d.Detail, names(hosts)}
			if diff := cmp.Diff([]string{tt.want, tt.hint, tt.detail, tt.hosts}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestUnmatched: a pattern that means nothing is told, with what is nearest.
func TestUnmatched(t *testing.T) {
	for _, tt := range []struct{ selector, limit, play, hint string }{
		{"web*", "", "", ""},
		{"emp*", "", "", ""}, // a group may be empty
		{"~emp", "", "", ""},
		{"wbe0*", `no host or group matches "wbe0*"`, `no host or group matches "wbe0*"`, `did you mean "web01"?`},
		{"web01:zzz*", `no host or group matches "zzz*"`, `no host or group matches "zzz*"`, "froyo inventory list lists the hosts, their groups and labels"},
		{"~frnt", `no host or group matches "~frnt"`, `no host or group matches "~frnt"`, `did you mean "front"?`},
		{"front[3]", `no host or group matches "front[3]"`, `no host or group matches "front[3]"`, `did you mean "front"?`},
		{"web01:!wbe02*", `no host or group matches "wbe02*"`, "", `did you mean "web02"?`},
		{"role=wbe", `no host has the label "role=wbe"`, "", `did you mean "role=web"?`},
		{"all:!state=down", `no host has the label "state=down"`, "", "froyo inventory list lists the hosts, their groups and labels"},
	} {
		t.Run(tt.selector, func(t *testing.T) {
			for strict, want := range map[bool]string{true: tt.limit, false: tt.play} {
				text, hint := "", tt.hint
				if err := fleet().Unmatched(tt.selector, strict); err != nil {
					text, hint = err.Error(), inventory.HintOf(err)
				}
				if text != want || want != "" && hint != tt.hint {
					t.Errorf("strict %v: got %q, hint %q, want %q, hint %q", strict, text, hint, want, tt.hint)
				}
			}
		})
	}
}

func TestSelectErrors(t *testing.T) {
	for _, tt := range []struct{ name, selector, want, detail string }{
		{name: "empty", selector: "", want: "the selector is empty"},
		{name: "only separators", selector: " : ,", want: "the selector is empty"},
		{name: "nothing to exclude", selector: "web01:!", want: `column 7: after '!' comes a name`, detail: "web01:!\n      ^"},
		{name: "open bracket", selector: "db1,web[1-3", want: "column 8: the bracket is not closed", detail: "db1,web[1-3\n       ^"},
		{name: "closed only", selector: "web1]", want: `column 5: "]" has no "[" before it`, detail: "web1]\n    ^"},
		{name: "empty brackets", selector: "web[]", want: "column 4: the brackets are empty", detail: "web[]\n   ^"},
		{name: "comma among letters", selector: "web[a,b]", want: "column 4: want numbers, [1-3,10], or characters, [a-c]", detail: "web[a,b]\n   ^"},
		{name: "backwards", selector: "web[c-a]", want: "column 4: the range c-a is empty", detail: "web[c-a]\n   ^"},
		{name: "file", selector: "web01:@hosts", want: "column 7: @FILE is only for --limit", detail: "web01:@hosts\n      ^"},
		{
			name: "regular expression", selector: "db1,~we(b", want: "column 6: not a regular expression: error parsing regexp: missing closing ): `^(?:we(b)`",
			detail: "db1,~we(b\n     ^",
		},
		{name: "no key", selector: "=web", want: "column 1: a label is written k=v, and k is no glob", detail: "=web\n^"},
		{name: "glob as key", selector: "r*=web", want: "column 1: a label is written k=v, and k is no glob", detail: "r*=web\n^"},
		{name: "not equal", selector: "role!=web", want: "column 5: a label that must not match is written !k=v", detail: "role!=web\n    ^"},
		{name: "bracket in a label's value", selector: "role=w[", want: "column 7: the bracket is not closed", detail: "role=w[\n      ^"},
		{name: "foreign character", selector: "bücher web", want: "column 7: no name contains ' '", detail: "bücher web\n      ^"},
		{name: "control character", selector: "web\x1b[2J", want: `column 4: no name contains '\x1b'`, detail: "web\x1b[2J\n   ^"},
		{name: "invalid text", selector: "\xff", want: "the selector is too long, or not valid UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hosts, err := fleet().Select(tt.selector)
			d, ok := errors.AsType[*diag.Error](err)
			if !ok || hosts != nil {
				t.Fatalf("got %v, %v", names(hosts), err)
			}
			if diff := cmp.Diff([]string{tt.want, tt.detail}, []string{d.Summary, d.Detail}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestExpandLimit(t *testing.T) {
	content := map[string]string{
		"failed.txt": "web01\n# comment\n\ndb* # databases\n!db12:front\n",
		"empty.txt":  "# none\n",
	}
	read := func(name string) ([]byte, error) {
		text, ok := content[name]
		if !ok {
			return nil, os.ErrNotExist
		}
		return []byte(text), nil
	}
	for _, tt := range []struct{ name, limit, want, wantErr string }{
		{name: "no file", limit: "web01:!db1", want: "web01:!db1"},
		{name: "file", limit: "@failed.txt", want: "web01,db*,!db12:front"},
		{name: "file among others", limit: "h[1,2], @failed.txt,!web01", want: "h[1,2],web01,db*,!db12:front,!web01"},
		{name: "missing", limit: "@nix", wantErr: os.ErrNotExist.Error()}, // whoever reads says which
		{name: "empty", limit: "web01,@empty.txt", wantErr: "--limit @empty.txt: the file names no host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := inventory.ExpandLimit(tt.limit, read)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if got != tt.want || text != tt.wantErr {
				t.Errorf("got %q, error %q", got, text)
			}
		})
	}
}

func FuzzSelect(f *testing.F) {
	for _, seed := range []string{
		"", "all", "web*:&prod:!db[1-3,10]", "role=web,tier=g*", "[::1],!::1", "h[", "]", "[a-c]?", "!", "&", "=", "a!=b", "ü:!é", "\xff",
		"web[01-18]", "[!-]", "a:[b:c]", "*****************a",
	} {
		f.Add(seed)
	}
	inv := fleet()
	f.Fuzz(func(t *testing.T, selector string) {
		hosts, err := inv.Select(selector)
		if err == nil {
			return
		}
		d, ok := errors.AsType[*diag.Error](err)
		if !ok {
			t.Fatalf("%q: %v is no diag.Error", selector, err)
		}
		if e, ok := errors.AsType[*inventory.SelectorError](err); ok && (e.Offset < 0 || e.Offset > len(selector) || hosts != nil) {
			t.Errorf("%q: offset %d, hosts %v", selector, e.Offset, names(hosts))
		}
		if lines := strings.Count(d.Detail, "\n"); d.Detail != "" && !utf8.ValidString(d.Detail) || lines > 1+strings.Count(selector, "\n") {
			t.Errorf("%q: detail %q", selector, d.Detail)
		}
	})
}
