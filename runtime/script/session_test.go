package script_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runtime/script"
)

// typing is a session, and what it has shown.
type typing struct {
	*script.Session
	opts script.SessionOptions
	out  strings.Builder
}

func newTyping(t *testing.T, fsys fstest.MapFS, main string) *typing {
	t.Helper()
	s := &typing{}
	s.opts = script.SessionOptions{
		Options: options(t, fsys, main), File: script.Prompt,
		Reader: func() eval.Reader {
			return &fakeReader{files: map[string]string{"/etc/motd": "hello\n"}}
		},
		Show: func(v starlark.Value) error {
			s.out.WriteString(secret.Mask(v.String()) + "\n")
			return nil
		},
		Warn: func(all []*diag.Error) {
			for _, w := range all {
				s.out.WriteString("warning: " + w.Summary + "\n")
			}
		},
	}
	s.opts.Options.Print = func(_ diag.Pos, _, text string) { s.out.WriteString(text + "\n") }
	s.opts.Options.Predeclared = starlark.StringDict{"host": starlark.NewBuiltin("host", func(thread *starlark.Thread, _ *starlark.Builtin, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		return hostapi.Of(eval.Of(thread), s.opts.Options.Inventory.Host("web1")), nil
	})}
	var err error
	if s.Session, err = script.NewSession(t.Context(), s.opts); err != nil {
		t.Fatal(err)
	}
	return s
}

// typed evaluates entries and gives what was shown, with errors in their place.
func (s *typing) typed(t *testing.T, entries ...string) string {
	t.Helper()
	s.out.Reset()
	for _, text := range entries {
		if err := s.Eval(t.Context(), text); err != nil {
			for e := range diag.All(err) {
				d := diag.Of(e)
				s.out.WriteString("error: " + d.Pos.String() + ": " + d.Summary + "\n")
			}
		}
	}
	return strings.TrimSuffix(s.out.String(), "\n")
}

func TestSession(t *testing.T) {
	const at = "error: froyo repl:"
	for _, tt := range []struct {
		name    string
		entries []string
		want    string
	}{
		{"values", []string{"1 + 1", `"a" + "b"`, "None", "[1, 2]"}, "2\n\"ab\"\n[1, 2]"},
		{"the last value", []string{"2 * 3", "_ + 1", "_"}, "6\n7\n7"},
		{"names", []string{"x = 1", "x = x + 1", "x += 1", "x"}, "3"},
		{"a function sees the latest value", []string{"x = 1", "def f():\n    return x\n", "x = 2", "f()"}, "2"},
		{"a function sees a function that was typed anew", []string{"def f():\n    return 1\n", "def g():\n    return f()\n", "def f():\n    return 2\n", "g()"}, "2"},
		{"a function sees what the same entry defines later", []string{"def f():\n    return g()\ndef g():\n    return 3\nf()"}, "3"},
		{"called before it is defined", []string{"def f():\n    return g()\nf()\ndef g():\n    return 3"}, at + "2:12: g is not defined yet"},
		{"lists can be changed", []string{"x = []", "x.append(1)", "x += [2]", "x"}, "[1, 2]"},
		{"statements", []string{"total = 0", "for i in range(4):\n    total += i\n", "total", "i"}, "6\n3"},
		{"a condition", []string{"y = 1", "if y:\n    y = 5\n    z = y\nelse:\n    z = 0\n", "z"}, "5"},
		{"part of a list", []string{"a, (b, c) = 1, (2, 3)", "[c, b, a]", "l = [1, 2]", "l[0] = 9", "l"}, "[3, 2, 1]\n[9, 2]"},
		{"an error keeps what was before it", []string{"a = 1\nb = 1 // 0\nc = 2", "a", "c"}, at + "2:7: division by zero\n1\n" + at + "5:1: undefined: c"},
		{"places go on", []string{"1", "\n\nnope"}, "1\n" + at + "4:1: undefined: nope"},
		{"syntax", []string{"x = )"}, at + "1:5: unexpected ')'"},
		{"print", []string{`print("a", 1)`}, "a 1"},
		{"vars", []string{"vars.version", "vars.nope"}, "\"1.2\"\n" + at + "2:5: there is no variable \"nope\""},
		{"a name of the language can be taken", []string{"pkg = 3", "pkg"}, "3"},
		{"hosts answer", []string{`host("web1").read("/etc/motd")`, `host("web1").facts.os.basic.family`}, "\"hello\\n\"\n\"debian\""},
		{"a host is kept", []string{`h = host("web1")`, "h.facts.os.basic.hostname", `h.read("/etc/motd")`}, "\"web1\"\n\"hello\\n\""},
		{"a resource", []string{`pkg("nginx")`}, at + "1:1: pkg() at the prompt, which declares nothing"},
		{"a play", []string{`play("web", do = lambda host: None)`}, at + "1:1: play() at the prompt, which declares nothing"},
		{"a file", []string{`load("lib.star", "double")`, "double(4)", "load(\"lib.star\", d = \"double\")\nd(1)"}, "8\n2"},
		{"a file that is missing", []string{`load("nope.star", "x")`}, at + "1:6: there is no file nope.star"},
		{"a name that a file lacks", []string{`load("lib.star", "dubble")`}, at + "1:19: lib.star does not define \"dubble\""},
		{"a file with plays", []string{`load("site.star", "web")`, "web"}, "<function web>"},
		{"recursion", []string{"def f():\n    return f()\n", "f()"}, at + "2:12: the function f calls itself"},
		{"a loop over a name of the prompt", []string{"for host in [1, 2]:\n    print(host)\n", "host"}, "1\n2\n<built-in function host>"},
		{"a name of the prompt", []string{"host = 1", "def host():\n    pass\n"}, at + "1:1: host is a function of the prompt\n" + at + "2:1: host is a function of the prompt"},
		{"the last value is kept", []string{"5", "None", `print("x")`, "_"}, "5\nx\n5"},
		{"secrets", []string{"sensitive(vars.password)"}, "(sensitive)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newTyping(t, fstest.MapFS{
				"lib.star":  {Data: []byte("def double(x):\n    return 2 * x\n")},
				"site.star": {Data: []byte("def web(host):\n    file(\"/a\", content = \"b\")\nplay(\"web\", do = web)\n")},
			}, "")
			if diff := cmp.Diff(tt.want, s.typed(t, tt.entries...)); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSessionReload takes what a file has by now, and keeps what was typed. A file with errors changes nothing.
func TestSessionReload(t *testing.T) {
	fsys := fstest.MapFS{
		"lib.star":  {Data: []byte("x = 1\n")},
		"site.star": {Data: []byte("load(\"lib.star\", \"x\")\ny = x + 1\ndef web(host):\n    pass\nplay(\"web\", do = web)\n")},
	}
	s := newTyping(t, fsys, "site.star")
	fsys["site.star"].Data = append(fsys["site.star"].Data, "host = 1\n"...) // the name of a function of the prompt
	entries := []string{`load("lib.star", z = "x")`, "mine = [7]", "def f():\n    return [y, z, mine]\n", "f()"}
	if got, want := s.typed(t, entries...), "[2, 1, [7]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := s.Reload(t.Context(), s.opts); err != nil || !slices.Equal(s.Hidden(), []string{"host"}) {
		t.Errorf("%v, hidden %q", err, s.Hidden())
	}
	if got, want := s.typed(t, `host("web1")`, `load("site.star", again = "host")`, "again"), "web1\n1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := s.typed(t, "y = 70", "f()"), "[70, 1, [7]]"; got != want {
		t.Errorf("typed over the runbook's: got %s, want %s", got, want)
	}
	fsys["lib.star"] = &fstest.MapFile{Data: []byte("x = ")}
	if err := s.Reload(t.Context(), s.opts); err == nil {
		t.Error("a file with an error was taken")
	}
	if got, want := s.typed(t, "f()"), "[70, 1, [7]]"; got != want {
		t.Errorf("after an error: got %s, want %s", got, want)
	}
	fsys["lib.star"] = &fstest.MapFile{Data: []byte("x = 10\n")}
	if err := s.Reload(t.Context(), s.opts); err != nil {
		t.Fatal(err)
	}
	if got, want := s.typed(t, "f()", `mine.append(8)`, "f()"), "[70, 10, [7]]\n[70, 10, [7, 8]]"; got != want {
		t.Errorf("after a reload: got %s, want %s", got, want)
	}

	// A name that the runbook no longer has is gone, and a file that nothing is used of any more is not read.
	fsys["site.star"] = &fstest.MapFile{Data: []byte("other = 5\n")}
	delete(fsys, "lib.star")
	s.typed(t, "z = 3", "again = 4")
	if err := s.Reload(t.Context(), s.opts); err != nil {
		t.Fatal(err)
	}
	if got, want := s.typed(t, "other", "y", "z"), "5\n70\n3"; got != want {
		t.Errorf("after the second reload: got %s, want %s", got, want)
	}
	if s.Own("web") {
		t.Error("a function that the runbook no longer has is still there")
	}
}

// TestSessionPlay makes a program of a function, whose values cannot be changed from then on.
func TestSessionPlay(t *testing.T) {
	s := newTyping(t, fstest.MapFS{}, "")
	s.typed(t, `lines = ["a"]`, "def web(host):\n    print(\"on\", host.name)\n    file(\"/etc/x\", content = \"\\n\".join(lines + [host.facts.os.basic.id]))\n")
	p, err := s.Play(s.Value("web").(starlark.Callable), "web1")
	if err != nil {
		t.Fatal(err)
	}
	if plays := p.Plays(); len(plays) != 1 || plays[0].Name != "web" || plays[0].Selector != "web1" {
		t.Errorf("got the plays %+v", plays)
	}
	ev, err := p.Evaluate(t.Context(), s.opts.Options.Inventory.Host("web1"), []int{0}, s.opts.Reader())
	if err != nil {
		t.Fatal(err)
	}
	if units := ev.Plays[0].Units; len(units) != 1 || units[0].ID.Local() != "file[/etc/x]" || len(ev.Inputs.Facts) != 1 {
		t.Errorf("got %v with the facts %v", units, ev.Inputs.Facts)
	}
	want := "on web1\nerror: froyo repl:6:1: append: the list is shared, and can no longer be changed"
	got := s.out.String()
	got += s.typed(t, "lines.append(\"b\")")
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.typed(t, "def two(a, b):\n    pass\n"), ""; got != want {
		t.Error(got)
	}
	if _, err := s.Play(s.Value("two").(starlark.Callable), "all"); err == nil || !strings.Contains(err.Error(), "two") {
		t.Errorf("a function of two: %v", err)
	}
}

// TestSessionInterrupted ends an entry that does not end by itself, and goes on with the next.
func TestSessionInterrupted(t *testing.T) {
	s := newTyping(t, fstest.MapFS{}, "")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := s.Eval(ctx, "x = 5\nfor i in range(1 << 40):\n    pass\n"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if got, want := s.typed(t, "x"), "5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
