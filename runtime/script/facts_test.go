package script_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/script"
)

// telling answers of the facts that functions tell that they are not known, as the engine does.
type telling struct{ *fakeReader }

func (r telling) Facts(ctx context.Context, h *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if n.Own != nil {
		return nil, eval.ErrNotKnown
	}
	return r.fakeReader.Facts(ctx, h, n)
}

// ownFacts loads a workspace with facts/app.cue, what tells them, and a runbook.
func ownFacts(t *testing.T, collect, main string) (*script.Program, *facts.Registry, error) {
	t.Helper()
	fsys := fstest.MapFS{
		"facts/app.cue": {Data: []byte("@deadline(\"200ms\")\nversion: string\nlines: int & >=0\n")}, "facts/app.star": {Data: []byte(collect)},
	}
	name := ""
	if main != "" {
		name = "site.star"
		fsys[name] = &fstest.MapFile{Data: []byte(main)}
	}
	r, err := facts.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	opts := options(t, fsys, name)
	opts.Facts = r
	p, err := script.Load(t.Context(), opts)
	return p, r, err
}

const tells = `def collect(host):
    text = host.read("/etc/motd")
    return struct(version = host.facts.os.basic.id, lines = len(text.splitlines()))
`

func TestOwnFacts(t *testing.T) {
	reader := telling{&fakeReader{files: map[string]string{"/etc/motd": "a\nb\n"}}}
	p, r, err := ownFacts(t, tells, `def web(host):
    app = host.facts.app
    file("/a", content = "%s %d" % (app.version, app.lines))
    file("/b", content = host.facts.app.version)

play("web", hosts = "web1", do = web)
`)
	if err != nil {
		t.Fatal(err)
	}
	h := testHosts().Host("web1")
	ev, err := p.Evaluate(t.Context(), h, []int{0}, reader)
	if err != nil {
		t.Fatal(err)
	}
	if len(reader.asked) != 1 {
		t.Errorf("asked %q, want the file once", reader.asked)
	}
	if i := slices.IndexFunc(ev.Inputs.Facts, func(f eval.FactInput) bool { return f.Namespace == "app" && f.Field == "lines" && f.Value == int64(2) }); i < 0 {
		t.Errorf("the plan depends on the facts %+v", ev.Inputs.Facts)
	}
	if _, found := p.Sources()["facts/app.star"]; !found {
		t.Error("the function is no source of the plan")
	}
	values, err := p.Collect(t.Context(), h, r.Lookup("app"), reader)
	if diff := cmp.Diff(map[string]any{"version": "debian", "lines": int64(2)}, values); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestBadOwnFacts(t *testing.T) {
	for _, tt := range []struct{ name, collect, want string }{
		{"a syntax error", "def collect(host:\n", "facts/app.star:1:18: "},
		{"no function", "x = 1\n", "facts/app.star: it does not define the function collect"},
		{"no record", "def collect(host):\n    return 1\n", "collect of facts/app.star returned int, expected a dict or a struct"},
		{"a missing field", "def collect(host):\n    return {\"version\": \"1\"}\n", "app.lines is missing"},
		{"a wrong type", "def collect(host):\n    return {\"version\": \"1\", \"lines\": \"2\"}\n", "app.lines: want an int"},
		{"an error", "def collect(host):\n    return {\"version\": host.nothing, \"lines\": 2}\n", "facts/app.star:2:28: "},
		{"its own facts", "def collect(host):\n    return {\"version\": host.facts.app.version, \"lines\": 1}\n", "app took more than 200ms"},
		{"an effect", "def collect(host):\n    file(\"/x\", content = \"\")\n    return {\"version\": \"\", \"lines\": 1}\n", "file() where hosts are only asked"},
		{"no end", "def collect(host):\n    for i in range(1000000000):\n        pass\n", "app took more than 200ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r, err := ownFacts(t, tt.collect, "")
			if err == nil {
				_, err = p.Collect(t.Context(), testHosts().Host("web1"), r.Lookup("app"), telling{&fakeReader{}})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestAdviceOnFacts does what hints say: the error is gone then.
func TestAdviceOnFacts(t *testing.T) {
	const right = "def collect(host):\n    return {\"version\": \"1\", \"lines\": 2}\n"
	for _, a := range []struct{ wrong, hint string }{
		{"x = 1\n", "write def collect(host) that returns a dict of what facts/app.cue defines"},
		{"def collect(host):\n    return 1\n", "the fields are in facts/app.cue"},
		{"def collect(host):\n    return {}\n", "the fields are in facts/app.cue"},
		{
			"def collect(host):\n    file(\"/x\", content = \"\")\n    return {\"version\": \"1\", \"lines\": 2}\n",
			"facts and expressions change nothing; declare it in the function that play() gets as do",
		},
	} {
		var hint strings.Builder
		p, r, err := ownFacts(t, a.wrong, "")
		if err == nil {
			_, err = p.Collect(t.Context(), testHosts().Host("web1"), r.Lookup("app"), telling{&fakeReader{}})
		}
		for e := range diag.All(err) {
			hint.WriteString(diag.Of(e).Hint)
		}
		if hint.String() != a.hint {
			t.Errorf("%v: got the hint %q, want %q", err, hint.String(), a.hint)
		}
	}
	p, r, err := ownFacts(t, right, in(`file("/x", content = "")`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Collect(t.Context(), testHosts().Host("web1"), r.Lookup("app"), telling{&fakeReader{}}); err != nil {
		t.Errorf("the hints do not help: %v", err)
	}
}

func TestExpressions(t *testing.T) {
	p, r, err := ownFacts(t, tells, "")
	if err != nil {
		t.Fatal(err)
	}
	reader := telling{&fakeReader{files: map[string]string{"/etc/motd": "a\nb\n"}}}
	for _, tt := range []struct{ text, want, wrong string }{
		{`os.basic.family == "debian" and hw.cpu.cores >= 4`, "True", ""},
		{`labels.role == "web" and "web" in groups and name.startswith("web")`, "True", ""},
		{`vars.port + 1`, "81", ""},
		{`host.facts.os.basic.id`, `"debian"`, ""},
		{`app.lines`, "2", ""},
		{`[p.command for p in host.processes("nginx")]`, `["nginx: master"]`, ""},
		{`"nginx" in pkg.manifest.packages`, "True", ""},
		{`os.basic.famly`, "", `x:1:9: web1: there are no facts os.basic.famly`},
		{`oss`, "", "x:1:1: undefined: oss"},
		{`os.basic.family =`, "", "x:1:18: "},
		{"", "", "x:1:1: "},
		{"1\n2", "", "x:"},
		{`load("x", "y")`, "", "x:1:1: "},
		{`file("/x", content = "")`, "", "file() where hosts are only asked"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			e, err := script.Compile(p, "x", tt.text)
			var got string
			if err == nil {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				v, evalErr := e.Eval(ctx, testHosts().Host("web1"), reader)
				if err = evalErr; err == nil {
					got = v.String()
				}
			}
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("got %s, %v, want the error %q", got, err, tt.wrong)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
	e, err := script.Compile(p, "x", `os.basic.family == host.facts.hw.cpu.vendor and app.lines > 0 and os.basic.id in vars`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"os.basic", "hw.cpu", "app"}, names(e.Namespaces())); diff != "" || r == nil {
		t.Error(diff)
	}
}

func names(all []*facts.Namespace) []string {
	var names []string
	for _, n := range all {
		names = append(names, n.Name)
	}
	return names
}
