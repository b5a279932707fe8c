package script_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/script"
)

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// evaluate loads a runbook and evaluates all its plays for a host.
func evaluate(t *testing.T, text, host string, r eval.Reader) (*script.Evaluation, error) {
	t.Helper()
	fsys := files("site.star", text)
	addFiles(t, fsys, "testdata/lib", "lib")
	opts := options(t, fsys, "site.star")
	p, err := script.Load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	var plays []int
	for i := range p.Plays() {
		plays = append(plays, i)
	}
	return p.Evaluate(t.Context(), opts.Inventory.Host(host), plays, r)
}

func TestInputs(t *testing.T) {
	ev, err := evaluate(t, `load("lib/base.star", "base")
webs = hosts("role=web")

def do(host):
    host.stat("/etc/motd")
    for i in range(2):
        cmd("a %d" % i)
        host.read("/etc/motd")
    file("/x", content = host.facts.os.basic.family + host.vars.zone + vars.version)
    file("/y", source = "lib/footer.j2")
    print([h.facts.os.basic.id for h in hosts("role=db")])

play("do", do = do)
`, "web1", &fakeReader{files: map[string]string{"/etc/motd": "hello"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(ev.Inputs, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "facts": [
  {
   "host": "db1",
   "namespace": "os.basic",
   "field": "id",
   "value": "debian"
  },
  {
   "host": "web1",
   "namespace": "os.basic",
   "field": "family",
   "value": "debian"
  }
 ],
 "reads": [
  {
   "host": "web1",
   "op": {
    "fs.stat": {
     "path": "/etc/motd"
    }
   },
   "digest": "DIGEST",
   "pos": {
    "file": "site.star",
    "line": 5,
    "col": 5
   },
   "after": 0
  },
  {
   "host": "web1",
   "op": {
    "fs.read": {
     "path": "/etc/motd",
     "limit": 1048576
    }
   },
   "digest": "DIGEST",
   "pos": {
    "file": "site.star",
    "line": 8,
    "col": 9
   },
   "after": 2
  }
 ],
 "vars": [
  {
   "name": "version",
   "value": "1.2"
  },
  {
   "host": "web1",
   "name": "zone",
   "value": "a"
  }
 ],
 "selections": [
  {
   "selector": "role=db",
   "hosts": [
    "db1"
   ]
  },
  {
   "selector": "role=web",
   "hosts": [
    "web1",
    "web2"
   ]
  }
 ],
 "files": [
  {
   "path": "lib/footer.j2",
   "sum": "DIGEST"
  }
 ]
}`
	text := string(got)
	for _, r := range ev.Inputs.Reads {
		text = strings.ReplaceAll(text, r.Digest, "DIGEST")
	}
	text = strings.ReplaceAll(text, ev.Inputs.Files[0].Sum, "DIGEST")
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}

// TestFactInputs holds that of a dict only the entries that were used are
// inputs, those that are not there among them, unless it was used as a whole.
func TestFactInputs(t *testing.T) {
	ev, err := evaluate(t, `
def do(host):
    packages, units = host.facts.pkg.manifest.packages, host.facts.svc.units.units
    packages["nginx"]
    packages.get("apache2")
    "nginx.service" in units
    len(hosts("web2")[0].facts.pkg.manifest.packages)
    host.facts.net.ifaces.default

play("do", do = do)
`, "web1", &fakeReader{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range ev.Inputs.Facts {
		value, err := json.Marshal(f.Value)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, f.Host+" "+f.Namespace+" "+f.Field+" "+string(value))
	}
	want := []string{
		`web1 net.ifaces default "eth0"`,
		`web1 pkg.manifest packages["apache2"] null`,
		`web1 pkg.manifest packages["nginx"] "1.22.1-9"`,
		`web1 svc.units units["nginx.service"] {"active":"active","load":"loaded","sub":"running"}`,
		`web2 pkg.manifest packages {"bash":"5.2.15-2+b7","nginx":"1.22.1-9"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}

func TestTheSameQuestionIsAskedOnce(t *testing.T) {
	r := &fakeReader{files: map[string]string{}}
	_, err := evaluate(t, "def do(host):\n    for i in range(3):\n        host.stat('/x')\n        host.stat('/x', run_as = 'app')\n\nplay('do', do = do)\n", "web2", r)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"web2 fs.stat /x root", "web2 fs.stat /x app"} // web2 says become
	if diff := cmp.Diff(want, r.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestEvaluationStopsAtWhatIsNotKnown(t *testing.T) {
	tests := []struct{ name, line string }{
		{"fact", `host.facts.os.basic.family`},
		{"read", `host.stat("/etc/motd")`},
		{"fact in a template", `template(text = "{{ host.facts.os.basic.family | default('x') }}", host = host)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ev, err := evaluate(t, "def do(host):\n    cmd('a')\n    "+tt.line+"\n    cmd('b')\n\nplay('do', do = do)\n", "web1", &fakeReader{unknown: true})
			if err != nil {
				t.Fatal(err)
			}
			if ev.Stopped == nil || ev.Stopped.Summary != "not checked beyond site.star:3" || ev.Stopped.Host != "web1" {
				t.Errorf("got stopped = %v, want the note for line 3", ev.Stopped)
			}
			if len(ev.Plays) != 1 || len(ev.Plays[0].Units) != 1 {
				t.Errorf("got units %v, want the one before", ev.Plays)
			}
		})
	}
}

func TestErrorsBeforeTheStopAreTold(t *testing.T) {
	_, err := evaluate(t, "def do(host):\n    file('x')\n    host.stat('/x')\n\nplay('do', do = do)\n", "web1", &fakeReader{unknown: true})
	if got := texts(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "site.star:2:5: path") {
		t.Errorf("got %v, want the error of line 2", got)
	}
}

func TestErrorsOfAReader(t *testing.T) {
	down := &diag.Error{Summary: "web1 is down", Code: diag.Unreachable}
	_, err := evaluate(t, "def do(host):\n    host.stat('/x')\n\nplay('do', do = do)\n", "web1", failingReader{down})
	if got := diag.CodeOf(err); got != diag.Unreachable {
		t.Errorf("got exit code %d, want that of the reader's error", got)
	}
	if !strings.Contains(err.Error(), "site.star:2:5") {
		t.Errorf("got %v, want the place of the read", err)
	}
	_, err = evaluate(t, "def do(host):\n    host.find('/nope')\n    host.query(['x'])\n\nplay('do', do = do)\n", "web1", refusingReader{})
	if got := texts(t, err); len(got) != 1 || got[0] != "site.star:2:5: host.find of web1: permission denied" {
		t.Errorf("got %v", got)
	}
}

// TestAnotherHostIsLost has web1 ask db1, which is lost: that does not say that web1 is.
func TestAnotherHostIsLost(t *testing.T) {
	lost := &target.Error{Host: "db1", Stage: target.StageConnect, Message: "refuses connections", Hint: "look at it"}
	for _, tt := range []struct {
		ask  string
		code diag.Code
		want string
		lost bool
	}{
		{"hosts('db1')[0].stat('/x')", diag.Failed, "site.star:2:5: host.stat of db1: refuses connections", false},
		{"hosts('db1')[0].facts.os.basic.id", diag.Failed, "site.star:2:35: facts os.basic of db1: refuses connections", false},
		{"host.stat('/x')", diag.Usage, "site.star:2:5: host.stat of web1: db1: refuses connections", true},
	} {
		_, err := evaluate(t, "def do(host):\n    "+tt.ask+"\n\nplay('do', do = do)\n", "web1", failingReader{lost})
		if got := texts(t, err); len(got) != 1 || !strings.Contains(got[0], tt.want) || diag.CodeOf(err) != tt.code {
			t.Errorf("got %v, code %d, want %q, code %d", got, diag.CodeOf(err), tt.want, tt.code)
		}
		if _, is := errors.AsType[*target.Error](err); is != tt.lost {
			t.Errorf("%s: web1 is lost: %v", tt.ask, is)
		}
	}
}

// TestWhoIsToBlame gives errors that come up behind answers the code of a host that failed.
func TestWhoIsToBlame(t *testing.T) {
	for _, tt := range []struct {
		body     string
		code     diag.Code
		informed bool
	}{
		{"host.read('/nope').strip()", diag.Failed, true},
		{"host.find('/nope').x", diag.Failed, true},
		{"host.getent('passwd', 'nobody').home", diag.Failed, true},
		{"host.facts.os.basic.family + 1", diag.Failed, true},
		{"host.read('/bin/blob')", diag.Failed, false},
		{"host.facts.os.basic.kernel", diag.Failed, false},
		{"host.read('relative')", diag.Usage, false},
		{"host.vars.nothing; host.read('/etc/motd')", diag.Usage, false},
		{"file('x'); host.read('/etc/motd')", diag.Usage, false},
		{"host.read('/etc/motd'); file('x')", diag.Failed, true},
	} {
		reader := &fakeReader{files: map[string]string{"/etc/motd": "hello\n", "/bin/blob": "\xff\xfe"}}
		_, err := evaluate(t, "def do(host):\n    "+tt.body+"\n\nplay('do', do = do)\n", "web1", reader)
		if _, is := errors.AsType[*eval.InformedError](err); diag.CodeOf(err) != tt.code || is != tt.informed {
			t.Errorf("%s: got %v, code %d, informed %v", tt.body, err, diag.CodeOf(err), is)
		}
	}
}

type failingReader struct{ err error }

func (r failingReader) Facts(context.Context, *inventory.Host, *facts.Namespace) (map[string]any, error) {
	return nil, r.err
}

func (r failingReader) Do(context.Context, *inventory.Host, string, op.Op) (op.Result, error) {
	return op.Result{}, r.err
}

type refusingReader struct{ failingReader }

func (refusingReader) Do(context.Context, *inventory.Host, string, op.Op) (op.Result, error) {
	return op.Result{Error: &op.Error{Class: op.Permanent, Message: "permission denied"}}, nil
}

// TestEvaluateInParallel is for the race detector: hosts share a program, and
// lambdas are evaluated by other goroutines.
func TestEvaluateInParallel(t *testing.T) {
	fsys := files("site.star", `load("lib/base.star", "base", "limits")
dbs = hosts("role=db")
shared = {"a": [1, 2]}

def do(host):
    base(host)
    a = cmd("a", env = {"N": str(limits["open"])})
    file("/y", source = "lib/footer.j2")
    file("/x", content = template("lib/app.conf.j2", host = host, ports = vars.ports) if False else "x")
    file("/z", content = later(lambda: a.stdout + dbs[0].name + str(shared["a"][0]) + host.facts.os.basic.family))

play("do", do = do)
`)
	addFiles(t, fsys, "testdata/lib", "lib")
	opts := options(t, fsys, "site.star")
	p, err := script.Load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]string, 16)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			host := opts.Inventory.Hosts()[i%2]
			ev, err := p.Evaluate(t.Context(), host, []int{0}, &fakeReader{files: map[string]string{}})
			if err != nil {
				results[i] = err.Error()
				return
			}
			for _, u := range ev.Plays[0].Units {
				results[i] += fmt.Sprintf("%s %s\n", describe(u), u.Args)
			}
			for _, u := range ev.Plays[0].Units {
				results[i] += act(t, u) + "\n"
			}
		})
	}
	wg.Wait()
	for i, got := range results {
		if !strings.Contains(got, "apply file[/z] content=adb11debian") {
			t.Fatalf("got %s", got)
		}
		if i > 1 && got != results[i-2] {
			t.Errorf("two evaluations of a host differ:\n%s\n%s", results[i-2], got)
		}
	}
}

func TestUnitsHaveTheirPlace(t *testing.T) {
	ev, err := evaluate(t, `load("@std//web.star", "vhost")

def site(name):
    return vhost(name, root = "/srv")

def do(host):
    site("a.example")

play("do", do = do)
`, "web1", &fakeReader{})
	if err != nil {
		t.Fatal(err)
	}
	u := ev.Plays[0].Units[0]
	if want := (diag.Pos{File: "site.star", Line: 4, Col: 12}); u.Pos != want {
		t.Errorf("got the place %v, want %v", u.Pos, want)
	}
	var frames []string
	for _, f := range u.Stack {
		frames = append(frames, f.Name+" "+f.Pos.File)
	}
	if diff := cmp.Diff([]string{"do site.star", "site site.star", "vhost @std//web.star"}, frames); diff != "" {
		t.Errorf("stack (-want +got):\n%s", diff)
	}
}

func TestBlobs(t *testing.T) {
	ev, err := evaluate(t, "file('/y', source = 'lib/footer.j2')\n", "web1", &fakeReader{})
	if err != nil {
		t.Fatal(err)
	}
	u := ev.Plays[0].Units[0]
	if len(u.Blobs) != 1 {
		t.Fatalf("got %d blobs, want 1", len(u.Blobs))
	}
	for sum, blob := range u.Blobs {
		r, err := blob.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		text := make([]byte, blob.Size)
		if _, err := r.Read(text); err != nil || op.Sum(text) != sum || blob.Sum != sum {
			t.Errorf("blob %s has other content: %q, %v", sum, text, err)
		}
	}
}

func TestLambdaErrorsHaveTheirPlace(t *testing.T) {
	ev, err := evaluate(t, "def inner(u):\n    return u.stdout[9]\n\ndef do(host):\n    u = cmd('a')\n    file('/x', content = later(lambda: inner(u)))\n\nplay('do', do = do)\n", "web1", &fakeReader{})
	if err != nil {
		t.Fatal(err)
	}
	u, x := ev.Plays[0].Units[0], ev.Plays[0].Units[1]
	lambda := x.Later["content"]
	if want := (diag.Pos{File: "site.star", Line: 6, Col: 26}); lambda.Pos() != want {
		t.Errorf("got the place %v, want %v", lambda.Pos(), want)
	}
	if _, err := lambda.Eval(t.Context(), unit.AsPlanned, nil); err == nil || !strings.Contains(err.Error(), "stdout of cmd[a] is known only after apply") {
		t.Errorf("before the unit is executed: got %v", err)
	}
	u.Known = &unit.Outcome{Status: unit.Changed, Outputs: map[string]any{"stdout": "x"}}
	_, err = lambda.Eval(t.Context(), unit.AsPlanned, nil)
	e, ok := errors.AsType[*diag.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *diag.Error", err)
	}
	if e.Pos.Line != 2 || e.Host != "web1" || e.Unit != "file[/x]" || len(e.Stack) != 2 {
		t.Errorf("got %+v, want line 2 of web1's file[/x], two frames deep", e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u.Known = &unit.Outcome{Status: unit.Changed, Outputs: map[string]any{"stdout": strings.Repeat("x", 20)}}
	if v, err := lambda.Eval(t.Context(), unit.AsPlanned, nil); v != "x" || err != nil {
		t.Errorf("got %v, %v, want x", v, err)
	}
	if _, err := lambda.Eval(ctx, unit.AsPlanned, nil); err == nil {
		t.Error("a cancelled lambda gave a value")
	}
}

// TestLambdaAsksAsItsPlay: what a lambda asks, it asks as the user of its own play.
func TestLambdaAsksAsItsPlay(t *testing.T) {
	p, err := script.Load(t.Context(), options(t, files("site.star", `
def do(host):
    cmd(host.name, when = lambda: host.stat("/x").exists)

def other(host):
    cmd("other", when = lambda: host.stat("/y").exists)

play("first", do = do, become = True)
play("second", do = other)
`), "site.star"))
	if err != nil {
		t.Fatal(err)
	}
	r := &fakeReader{}
	ev, err := p.Evaluate(t.Context(), testHosts().Host("web1"), []int{0, 1}, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, play := range ev.Plays {
		if _, err := play.Units[0].Conditions.When.Eval(t.Context(), unit.AsPlanned, nil); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"web1 fs.stat /x root", "web1 fs.stat /y"}, r.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("allocates more than a gigabyte")
	}
	_, err := evaluate(t, "def do(host):\n    x = []\n    for i in range(100000000):\n        x.append('a' * (1 << 22) + str(i))\n\nplay('do', do = do)\n", "web1", &fakeReader{})
	if got := texts(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "site.star:4:") || !strings.Contains(got[0], "too much memory") {
		t.Errorf("got %v, want the watchdog's error with its place", got)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	opts := options(b, files("site.star", `
def do(host):
    for i in range(500):
        file("/etc/app.d/%d.conf" % i, content = "n=%d\n" % i, mode = "0644", owner = "root")
        cmd("systemctl is-active app@%d" % i, changed_when = False)

play("do", do = do)
`), "site.star")
	p, err := script.Load(b.Context(), opts)
	if err != nil {
		b.Fatal(err)
	}
	host, reader := opts.Inventory.Host("web1"), &fakeReader{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Evaluate(b.Context(), host, []int{0}, reader); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000/1000, "µs/unit")
}
