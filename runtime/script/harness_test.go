package script_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/startest"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/procfs"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runtime/script"
)

// types returns the built-in resource types, read once.
var types = sync.OnceValues(func() ([]*schema.Type, error) {
	linux, err := schema.Load(os.DirFS("../../providers/linux"), "linux", map[string]string{"file": "#File", "cmd": "#Cmd", "pkg": "#Pkg", "service": "#Service"})
	if err != nil {
		return nil, err
	}
	probe, err := schema.Load(os.DirFS("../../providers/probe"), "probe", map[string]string{"probe_http": "#HTTP", "probe_tcp": "#TCP", "check": "#Check"})
	if err != nil {
		return nil, err
	}
	return append(linux.Types, probe.Types...), nil
})

func testHosts() *inventory.Inventory {
	return inventory.New([]*inventory.Host{
		{
			Name: "web1", Address: "10.0.0.1", Groups: []string{"web"},
			Labels: map[string]string{"role": "web"}, Vars: map[string]any{
				"zone": "a", "port": int64(80),
				"app": map[string]any{"user": "deploy", "get": "key", "items": int64(3), "db": map[string]any{"port": int64(5432)}},
				"url": "https://{{ inventory_hostname }}.{{ zone }}:{{ port }}", "listens": []any{"{{ port }}", "{{ port + 1 }}", int64(1)},
				"alias": "{{ app.db }}", "same": "{{ alias }}", "list": "{{ listens | map('int') | list }}", "on": "{{ not (port == 1) }}",
				"expr": `{{ 'a.b' | regex_replace('\.', '-') }}`, "given": "{{ version }}/{{ url }}",
				"loop_a": "{{ loop_b }}", "loop_b": "x{{ loop_c.y }}", "loop_c": map[string]any{"y": "{% if loop_a %}{% endif %}"},
				"broken": "a {{ zonne }}", "wrong": "{{ 1 +", "fact": "{{ ansible_distribution }}",
			},
		},
		{Name: "web2", Address: "10.0.0.2", Labels: map[string]string{"role": "web"}, Become: new(true)},
		{Name: "db1", Address: "10.0.0.9", Labels: map[string]string{"role": "db"}},
	})
}

// fakeReader answers from memory.
type fakeReader struct {
	mu      sync.Mutex
	files   map[string]string
	unknown bool // nothing is known: validate
	asked   []string
}

func (r *fakeReader) Facts(_ context.Context, host *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if r.unknown {
		return nil, eval.ErrNotKnown
	}
	if n.Name == facts.Basic {
		return map[string]any{"family": "debian", "id": "debian", "hostname": host.Name}, nil
	}
	return facts.Of(&told, n.Name)
}

// told is what hosts tell beside os.basic.
var told = op.FactsResult{
	HWCPU: &op.HWCPU{Cores: 4, Sockets: 1, Arch: "amd64", Model: "x\uFFFD"},
	NetIfaces: &op.NetIfaces{Default: "eth0", Gateway: "10.0.0.254", Address: "10.0.0.1", Ifaces: []op.Iface{
		{Name: "lo", MTU: 65536, Up: true, Loopback: true, Addresses: []string{"127.0.0.1/8"}},
		{Name: "eth0", MAC: "00:16:3e:00:00:01", MTU: 1500, Up: true, Addresses: []string{"10.0.0.1/24"}},
	}},
	PkgManifest: &op.PkgManifest{Manager: "apt", Packages: map[string]string{"nginx": "1.22.1-9", "bash": "5.2.15-2+b7"}},
	SvcUnits: &op.SvcUnits{Manager: "systemd", Units: map[string]op.SvcUnit{
		"nginx.service": {Active: "active", Sub: "running", Load: "loaded"}, "ssh.service": {Active: "inactive", Sub: "dead", Load: "loaded"},
	}},
}

func (r *fakeReader) Do(_ context.Context, host *inventory.Host, user string, o op.Op) (op.Result, error) {
	if r.unknown {
		return op.Result{}, eval.ErrNotKnown
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, strings.TrimSpace(host.Name+" "+o.String()+" "+user))
	switch {
	case o.Stat != nil:
		text, ok := r.files[o.Stat.Path]
		if o.Stat.Path == "/odd" {
			return op.Result{Stat: &op.StatResult{Exists: true, Type: op.TypeLink, Mode: 0o777, Owner: "root", Group: "root", Target: "\uFFFD", Lossy: true}}, nil
		}
		if !ok {
			return op.Result{Stat: &op.StatResult{}}, nil
		}
		return op.Result{Stat: &op.StatResult{Exists: true, Type: op.TypeFile, Mode: 0o644, Owner: "root", Group: "root", Size: int64(len(text))}}, nil
	case o.Read != nil:
		text, ok := r.files[o.Read.Path]
		if !ok {
			return op.Result{Read: &op.ReadResult{}}, nil
		}
		return op.Result{Read: &op.ReadResult{Exists: true, Regular: true, Size: int64(len(text)), Sum: op.Sum([]byte(text)), Content: op.NewBlob([]byte(text))}}, nil
	case o.Text != nil && o.Text.Path == "/proc/self/mountinfo":
		return op.Result{Text: &op.TextResult{Exists: true, Type: op.TypeFile, Text: "24 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"}}, nil
	case o.Facts != nil:
		return op.Result{Facts: &told}, nil
	case o.Exec != nil && len(o.Exec.Argv) > 0 && o.Exec.Argv[0] == "ps":
		return op.Result{Exec: &op.ExecResult{Stdout: "  7     1 root                             nginx: master\n"}}, nil
	case o.Exec != nil && o.Exec.Shell == procfs.ListenScript:
		return op.Result{Exec: &op.ExecResult{Stdout: "tcp 0100007F:0050 33\n"}}, nil
	case o.Exec != nil && o.Exec.Shell == "long":
		return op.Result{Exec: &op.ExecResult{Stdout: "lo", StdoutCut: true, Stderr: "fine"}}, nil
	case o.Exec != nil && o.Exec.Shell == "bytes":
		return op.Result{Exec: &op.ExecResult{Stdout: "a\uFFFD", StdoutRaw: "Yf8=", RC: 3}}, nil
	case o.Exec != nil:
		return op.Result{Exec: &op.ExecResult{Stdout: "ran " + o.Subject() + "\n"}}, nil
	case o.Getent != nil && o.Getent.Key == "latin1":
		return op.Result{Getent: &op.GetentResult{Found: true, Fields: []string{"latin1", "x", "1001", "1001", "M\uFFFDller", "/home/l", "/bin/sh"}}}, nil
	case o.Getent != nil && o.Getent.Key == "deploy":
		fields := map[string][]string{
			"passwd": {"deploy", "x", "1000", "1000", "", "/home/deploy", "/bin/sh"},
			"group":  {"deploy", "x", "1000", "ann,bob"},
		}
		return op.Result{Getent: &op.GetentResult{Found: true, Fields: fields[o.Getent.DB]}}, nil
	case o.Getent != nil:
		return op.Result{Getent: &op.GetentResult{}}, nil
	case o.List != nil && o.List.Path == "/srv":
		return op.Result{List: &op.ListResult{Exists: true, Entries: []op.Entry{
			{Path: "a", Type: op.TypeDir, Mode: 0o755, Owner: "root", Group: "root"},
			{Path: "b", Type: op.TypeFile, Mode: 0o640, Owner: "root", Group: "adm", Size: 3},
		}}}, nil
	case o.List != nil && o.List.Path == "/odd":
		return op.Result{List: &op.ListResult{Exists: true, Entries: []op.Entry{
			{Path: "a\uFFFD", Type: op.TypeFile, Mode: 0o644, Owner: "root", Group: "root", Lossy: true},
			{Path: "b\uFFFD", Type: op.TypeFile, Mode: 0o644, Owner: "root", Group: "root"},
		}}}, nil
	case o.List != nil:
		return op.Result{List: &op.ListResult{}}, nil
	}
	return op.Result{Error: &op.Error{Class: op.Permanent, Message: "permission denied"}}, nil
}

// output collects what runbooks print.
type output struct {
	mu    sync.Mutex
	lines []string
}

func (o *output) print(_ diag.Pos, host, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if host != "" {
		host += ": "
	}
	o.lines = append(o.lines, host+text)
}

func options(t testing.TB, fsys fs.FS, main string) script.Options {
	t.Helper()
	all, err := types()
	if err != nil {
		t.Fatal(err)
	}
	return script.Options{
		FS: fsys, Main: main, Types: all, Inventory: testHosts(),
		Vars: map[string]any{"version": "1.2", "password": "s3cret!", "ports": []any{int64(80), int64(443)}},
	}
}

// runChunk evaluates a chunk for web1 and tells of its units where it expects output.
func runChunk(t *testing.T, c startest.Chunk) (string, error) {
	t.Helper()
	file, _, _ := strings.Cut(path.Base(c.Name), ":")
	fsys := fstest.MapFS{file: {Data: []byte(c.Source)}}
	addFiles(t, fsys, "testdata/lib", "lib")
	out := &output{}
	opts := options(t, fsys, file)
	opts.Print = out.print
	opts.MaxSteps = 200_000
	opts.Predeclared = starlark.StringDict{"assert": startest.Assert()}
	p, err := script.Load(t.Context(), opts)
	if err != nil {
		return strings.Join(out.lines, "\n"), err
	}
	reader := &fakeReader{files: map[string]string{"/etc/motd": "hello\n", "/bin/blob": "\xff\xfe"}}
	var plays []int
	for i := range p.Plays() {
		plays = append(plays, i)
	}
	ev, err := p.Evaluate(t.Context(), opts.Inventory.Host("web1"), plays, reader)
	if err != nil || !strings.Contains(c.Source, "\n#>") {
		return "", err
	}
	for _, play := range ev.Plays {
		for u := range play.All() {
			out.lines = append(out.lines, describe(u))
		}
	}
	for _, play := range ev.Plays {
		if len(play.Flush) > 0 {
			out.lines = append(out.lines, fmt.Sprintf("flush %v", play.Flush))
		}
	}
	for _, play := range ev.Plays {
		if play.Graph {
			out.lines = append(out.lines, "in graph order")
		}
		for _, b := range play.Barriers {
			out.lines = append(out.lines, fmt.Sprintf("%s %q at %d behind %d flush", b.Kind(), b.Name, b.At, b.Flushes))
		}
	}
	for _, w := range ev.Warnings {
		out.lines = append(out.lines, "warning: "+w.Summary)
	}
	if strings.Contains(c.Source, "\n#> apply ") {
		for _, play := range ev.Plays {
			for u := range play.All() {
				out.lines = append(out.lines, act(t, u))
			}
		}
	}
	return strings.Join(out.lines, "\n"), nil
}

func addFiles(t *testing.T, fsys fstest.MapFS, dir, prefix string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fsys[path.Join(prefix, e.Name())] = &fstest.MapFile{Data: text}
	}
}

// describe gives what a unit is beside its arguments.
func describe(u *unit.Unit) string {
	var parts []string
	for _, id := range u.Require {
		parts = append(parts, "requires "+id.Local())
	}
	for _, name := range slices.Sorted(maps.Keys(u.Later)) {
		parts = append(parts, "later "+name)
	}
	if c, ok := u.Conditions.When.(unit.Const); ok {
		parts = append(parts, fmt.Sprintf("when %v", c.Value))
	} else if u.Conditions.When != nil {
		parts = append(parts, "when lambda")
	}
	if u.Conditions.ChangedWhen != nil {
		parts = append(parts, "changed_when lambda")
	}
	if u.User != "" {
		parts = append(parts, "user "+u.User)
	}
	for _, id := range u.Conditions.OnChange {
		parts = append(parts, "on change of "+id.Local())
	}
	if len(u.Notify) > 0 {
		parts = append(parts, "notifies "+strings.Join(u.Notify, ","))
	}
	if r := u.Failure.Retry; r != nil {
		parts = append(parts, fmt.Sprintf("retry %d %s %g until %v", r.Attempts, r.Delay, r.Backoff, r.Until != nil))
	}
	if prevent := u.Lifecycle.PreventDestroy; prevent != nil {
		parts = append(parts, fmt.Sprintf("prevent_destroy %v", *prevent))
	}
	if len(u.Lifecycle.IgnoreChanges) > 0 {
		parts = append(parts, "ignores "+strings.Join(u.Lifecycle.IgnoreChanges, ","))
	}
	if u.Failure.Handler != "" {
		parts = append(parts, u.Failure.Handler)
	}
	if u.Failure.Ignore {
		parts = append(parts, "failure ignored")
	}
	if u.Rollout.Throttle > 0 {
		parts = append(parts, fmt.Sprintf("throttle %d", u.Rollout.Throttle))
	}
	if u.Rollout.RunOnce {
		parts = append(parts, "once")
	}
	if u.Failure.Timeout > 0 {
		parts = append(parts, "timeout "+u.Failure.Timeout.String())
	}
	if len(u.Tags) > 0 {
		parts = append(parts, "tags "+strings.Join(u.Tags, ","))
	}
	if u.Sensitive {
		parts = append(parts, "sensitive")
	}
	if len(parts) == 0 {
		return u.ID.Local()
	}
	return u.ID.Local() + ": " + strings.Join(parts, "; ")
}

// act pretends that the unit is executed: it evaluates its lambdas and gives it an
// outcome. Commands print their own text and end with 0.
func act(t *testing.T, u *unit.Unit) string {
	t.Helper()
	text := "apply " + u.ID.Local()
	if u.Conditions.When != nil {
		v, err := u.Conditions.When.Eval(t.Context(), unit.AsPlanned, nil)
		if err != nil {
			return text + " when error: " + summary(err)
		}
		if v != true {
			u.Known = &unit.Outcome{Status: unit.Skipped}
			return text + " skipped"
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.Later)) {
		v, err := u.Later[name].Eval(t.Context(), unit.AsPlanned, nil)
		if err != nil {
			u.Known = &unit.Outcome{Status: unit.Failed}
			return text + " error: " + summary(err)
		}
		if b, ok := v.([]byte); ok {
			v = fmt.Sprintf("%q", b)
		}
		text += fmt.Sprintf(" %s=%v", name, v)
	}
	outputs := map[string]any{"rc": int64(0), "stdout": u.ID.Key, "stderr": "", "changed": true, "backup": ""}
	switch u.ID.Key {
	case "long":
		why := map[string]any{"why": "it is longer than the 4 bytes that are kept", "hint": "max_output = N"}
		outputs[unit.Incomplete] = map[string]any{"stdout": why, "stdout_bytes": why}
	case "bytes":
		outputs["stdout_bytes"] = "/w=="
		outputs[unit.Incomplete] = map[string]any{"stdout": map[string]any{"why": "it is not UTF-8 text"}}
	}
	status := unit.Changed
	if u.Conditions.ChangedWhen != nil {
		v, err := u.Conditions.ChangedWhen.Eval(t.Context(), unit.AsPlanned, outputs)
		if err != nil {
			return text + " changed_when error: " + summary(err)
		}
		text += fmt.Sprintf(" changed=%v", v)
		if v != true {
			status = unit.Unchanged
		}
	}
	u.Known = &unit.Outcome{Status: status, Outputs: outputs}
	return text
}

func summary(err error) string {
	if e, ok := errors.AsType[*diag.Error](err); ok {
		if withHints && e.Hint != "" {
			return e.Summary + "; " + e.Hint
		}
		return e.Summary
	}
	return err.Error()
}

// withHints has summary tell the hint, too.
var withHints bool

func TestChunks(t *testing.T) {
	files, err := fs.Glob(os.DirFS("testdata"), "*.star")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		startest.File(t, path.Join("testdata", file), runChunk)
	}
}
