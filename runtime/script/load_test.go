package script_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/runtime/script"
)

// files makes a workspace of name and text, in pairs.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

// texts gives errors as "file:line:col: summary", with the hint behind it.
func texts(t *testing.T, err error) []string {
	t.Helper()
	var out []string
	for e := range diag.All(err) {
		d, ok := errors.AsType[*diag.Error](e)
		if !ok {
			t.Fatalf("error without a place: %v", e)
		}
		text := d.Pos.String() + ": " + d.Summary
		if d.Hint != "" {
			text += "; " + d.Hint
		}
		out = append(out, text)
	}
	return out
}

func TestLoadErrors(t *testing.T) {
	lib := fstest.MapFS{}
	addFiles(t, lib, "testdata/lib", "lib")
	tests := []struct {
		name string
		main string
		want []string
	}{
		{
			name: "a cycle is told with its path",
			main: `load("lib/cycle_a.star", "a")`,
			want: []string{"lib/cycle_b.star:1:6: files load each other: lib/cycle_a.star -> lib/cycle_b.star -> lib/cycle_a.star; move what they share into a file of its own"},
		},
		{
			name: "a file that loads itself",
			main: `load("site.star", "a")`,
			want: []string{"site.star:1:6: files load each other: site.star -> site.star; move what they share into a file of its own"},
		},
		{
			name: "a resource in a loaded file",
			main: `load("lib/resource.star", "x")`,
			want: []string{"lib/resource.star:1:1: file() at the top level of a loaded file; put it into a function, and call that from a play"},
		},
		{
			name: "a play in a loaded file",
			main: `load("lib/playing.star", "do")`,
			want: []string{"lib/playing.star:4:1: play() at the top level of a loaded file; put it into a function, and call that from the runbook's top level"},
		},
		{
			name: "errors of several files at once",
			main: "load(\"lib/unclear.star\", \"x\")\nload(\"lib/broken.star\", \"y\")\nload(\"lib/base.star\", \"bose\")\nfil(\"/x\")\n",
			want: []string{
				"lib/unclear.star:2:8: expected a value, found newline; is a comma, a bracket, a quote or a colon missing before it?",
				"lib/broken.star:2:14: division by zero",
				"site.star:3:24: lib/base.star does not define \"bose\"; did you mean \"base\"?",
				"site.star:4:1: undefined: fil; did you mean file?",
			},
		},
		{
			name: "a file that failed is told once",
			main: "load(\"lib/broken.star\", \"x\")\nload(\"//lib/broken.star\", y = \"x\")\n",
			want: []string{"lib/broken.star:2:14: division by zero"},
		},
		{
			name: "a missing runbook",
			main: "",
			want: []string{": there is no file site.star; did you mean site.str?"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{"site.star": {Data: []byte(tt.main)}}
			if tt.main == "" {
				fsys = files("site.str", "")
			}
			maps.Copy(fsys, lib)
			_, err := script.Load(t.Context(), options(t, fsys, "site.star"))
			if diff := cmp.Diff(tt.want, texts(t, err)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUses(t *testing.T) {
	fsys := files("site.star", "load(\"lib.star\", \"health\")\nfile(\"/a\")\nprobe_tcp = 1\nx = dict(cmd = 1).get(\"cmd\")\n[health(h) for h in []]\n",
		"lib.star", "def health(host):\n    check = probe_http\n    check(\"http://a/\", via = host)\n")
	p, err := script.Load(t.Context(), options(t, fsys, "site.star"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"file": true, "probe_http": true, "probe_tcp": false, "cmd": false, "nothing": false} {
		if got := p.Uses(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestLoadErrorsKeepTheStack(t *testing.T) {
	fsys := files("site.star", "load(\"lib/a.star\", \"a\")\n", "lib/a.star", "\nload(\"broken.star\", \"x\")\na = 1\n")
	addFiles(t, fsys, "testdata/lib", "lib")
	_, err := script.Load(t.Context(), options(t, fsys, "site.star"))
	e, ok := errors.AsType[*diag.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *diag.Error", err)
	}
	var frames []string
	for _, f := range e.Stack {
		frames = append(frames, f.Name+" "+f.Pos.String())
	}
	want := []string{"load site.star:1:6", "load lib/a.star:2:6", "<toplevel> lib/broken.star:4:5", "f lib/broken.star:2:14"}
	if diff := cmp.Diff(want, frames); diff != "" {
		t.Errorf("stack (-want +got):\n%s", diff)
	}
}

func TestModulesAreEvaluatedOnce(t *testing.T) {
	fsys := files(
		"site.star", "load(\"a.star\", \"a\")\nload(\"b.star\", \"b\")\nload(\"//x.star\", y = \"x\")\n",
		"a.star", "load(\"x.star\", \"x\")\na = x\n",
		"b.star", "load(\"//x.star\", \"x\")\nb = x\n",
		"x.star", "print(\"once\")\nx = 1\n",
	)
	out := &output{}
	opts := options(t, fsys, "site.star")
	opts.Print = out.print
	if _, err := script.Load(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"once"}, out.lines); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

func TestPlays(t *testing.T) {
	tests := []struct {
		name string
		main string
		want []runbook.Play
	}{
		{name: "none", main: "x = 1"},
		{
			name: "several", main: "def do(host):\n    pass\nplay('a', hosts = 'web', do = do, tags = 't')\nplay('b', do = do)\n",
			want: []runbook.Play{
				{Name: "a", Selector: "web", Tags: []string{"t"}, Pos: diag.Pos{File: "site.star", Line: 3, Col: 1}},
				{Name: "b", Selector: "all", Pos: diag.Pos{File: "site.star", Line: 4, Col: 1}},
			},
		},
		{
			name: "implicit", main: "\ncmd('x')\ncmd('y')\n",
			want: []runbook.Play{{Selector: "all", Implicit: true, Pos: diag.Pos{File: "site.star", Line: 2, Col: 1}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := script.Load(t.Context(), options(t, files("site.star", tt.main), "site.star"))
			if err != nil {
				t.Fatal(err)
			}
			got := p.Plays()
			if len(got) == 0 {
				got = nil
			}
			for i := range got {
				if len(got[i].Tags) == 0 {
					got[i].Tags = nil
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plays (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImplicitPlayPrintsOncePerHost(t *testing.T) {
	out := &output{}
	opts := options(t, files("site.star", "print('top')\ncmd('x')\n"), "site.star")
	opts.Print = out.print
	p, err := script.Load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range opts.Inventory.Hosts() {
		if _, err := p.Evaluate(t.Context(), h, []int{0}, &fakeReader{}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"web1: top", "web2: top", "db1: top"}, out.lines); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

func TestSources(t *testing.T) {
	fsys := files(
		"site.star", `load("@std//web.star", "vhost")
load("@std//yaml.star", "yaml")
load("lib/base.star", "base")

def do(host):
    file("/x", content = later(lambda: template("lib/app.conf.j2", host = host, ports = [])))
    if False:
        template("lib/nowhere.j2")

play("do", do = do)
`)
	addFiles(t, fsys, "testdata/lib", "lib")
	p, err := script.Load(t.Context(), options(t, fsys, "site.star"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name, text := range p.Sources() {
		names = append(names, name)
		if f := fsys[name]; f != nil && string(f.Data) != string(text) {
			t.Errorf("source %s differs from the file", name)
		}
	}
	want := []string{"@std//text.star", "@std//web.star", "lib/app.conf.j2", "lib/base.star", "lib/footer.j2", "site.star"}
	if diff := cmp.Diff(want, sorted(names)); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestWarnings(t *testing.T) {
	opts := options(t, files("site.star", "x = vars.version\nhosts('role=none')\n"), "site.star")
	opts.Vars = map[string]any{"version": "1", "versoin": "2"}
	p, err := script.Load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range p.Warnings() {
		got = append(got, w.Summary+"; "+w.Hint)
	}
	want := []string{
		`hosts("role=none") matches no host of the inventory; `,
		`variable "versoin" is given, but no file uses it; did you mean "version"?`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := script.Load(ctx, options(t, files("site.star", "for i in range(1000000000):\n    pass\n"), "site.star"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// FuzzLoad looks for texts that make loading panic or hang.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "x = 1", "file('/x')", "load('site.star', 'x')", "play('a', do = lambda h: 1)", "later(lambda: 1)",
		"def f():\n    return f\nx = f", "x = [1] * (1 << 20)", "template(text = '{% for x in range(9) %}')", "\x00", "vars.x",
		"file('/x', content = later(lambda: 'x'))\n", "cmd('x', env = {'a': later(lambda: 1)})",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "*") > 2 || strings.Contains(text, "<<") || len(text) > 500 {
			t.Skip("memory is not bounded by steps")
		}
		opts := options(t, files("site.star", text), "site.star")
		opts.MaxSteps = 10_000
		p, err := script.Load(t.Context(), opts)
		if err != nil {
			if p != nil {
				t.Errorf("got a program beside the error %v", err)
			}
			return
		}
		for i := range p.Plays() {
			_, _ = p.Evaluate(t.Context(), opts.Inventory.Host("web1"), []int{i}, &fakeReader{})
		}
	})
}

func ExampleLoad() {
	p, err := script.Load(context.Background(), script.Options{
		FS:   files("site.star", "def web(host):\n    print('hello', host)\n\nplay('web', hosts = 'all', do = web)\n"),
		Main: "site.star",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, play := range p.Plays() {
		fmt.Println(play.Name, play.Selector, play.Pos)
	}
	// Output: web all site.star:4:1
}

// TestVariablesThroughHosts: what any host may be asked for counts as used.
func TestVariablesThroughHosts(t *testing.T) {
	for code, want := range map[string]int{
		"[h.vars.versoin for h in hosts('all')]": 0,
		"[h.vars for h in hosts('all')]":         0,
		"[h.name for h in hosts('all')]":         1,
	} {
		opts := options(t, files("site.star", "def f():\n    return "+code+"\n"), "site.star")
		opts.Vars = map[string]any{"versoin": "1"}
		p, err := script.Load(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(p.Warnings()); got != want {
			t.Errorf("%s: %d warnings, want %d: %v", code, got, want, p.Warnings())
		}
	}
}
