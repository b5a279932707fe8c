package run

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/script"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// TestASavedPlanEvaluatesToTheSame: the sources and inputs that a plan holds
// give the units that it holds, byte for byte, whatever the runbook.
func TestASavedPlanEvaluatesToTheSame(t *testing.T) {
	types := openTypes(t)
	checks := flag.Lookup("rapid.checks").Value
	if usual := checks.String(); usual == "100" { // each takes a tenth of a second
		if err := checks.Set("25"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = checks.Set(usual) }()
	}
	dir := t.TempDir() // the same for all, so that its keys are made once
	rapid.Check(t, func(rt *rapid.T) {
		w := &generated{T: rt, types: types, dir: dir, hosts: map[string]*memory{}}
		w.env = workspace.Env{Home: w.dir, StateHome: w.dir + "/state", UID: os.Getuid(), SudoUID: -1}
		first := w.spec()
		given := first.Vars.Given
		was := w.save(first, nil)
		saved, err := planfile.Parse(was, "plan.json", w.keys)
		w.must(err)
		w.must(os.RemoveAll(filepath.Join(w.dir, "site.star"))) // the plan has what it needs
		w.must(os.RemoveAll(filepath.Join(w.dir, "lib.star")))
		again := SpecOf(saved)
		seal, err := w.workspace().Sealer()
		w.must(err)
		none := func() (*inventory.Inventory, error) { return inventory.New(nil), nil }
		if again.Vars, _, err = again.Vars.Restore(vars.Source{Given: given, Now: none, Seal: seal, What: "the plan"}); err != nil {
			if told, ok := errors.AsType[*diag.Error](err); !ok || told.Code != diag.Stale {
				rt.Fatalf("%v", err)
			}
			rt.Skipf("a host's own value was left out, which no flag gives: %v", err)
		}
		now, err := planfile.Parse(w.save(again, saved), "plan.json", w.keys)
		w.must(err)
		for i := range saved.Hosts {
			if stale := planfile.Stale(&saved.Hosts[i], &now.Hosts[i]); stale != nil {
				rt.Errorf("%v", stale)
			}
		}
		if a, b := w.text(saved.Hosts), w.text(now.Hosts); a != b {
			rt.Errorf("evaluated again it is another plan:\n%s", cmp.Diff(a, b))
		}
	})
}

// generated is a workspace that was made up.
type generated struct {
	*rapid.T
	types *catalog.Catalog
	dir   string
	env   workspace.Env
	hosts map[string]*memory
}

// openTypes opens the resource types that come with froyo.
func openTypes(t *testing.T) *catalog.Catalog {
	t.Helper()
	for _, name := range providers.Names() {
		files, err := providers.Package(name)
		if err == nil {
			_, err = fs.Stat(files, providers.Plugin)
		}
		if err != nil {
			t.Skipf("the guests are not embedded: %v; run make", err)
		}
	}
	var packages []catalog.Source
	for _, name := range providers.Names() {
		files, err := providers.Package(name)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, catalog.Source{Name: name, Files: files})
	}
	types, err := catalog.Open(t.Context(), filepath.Join(t.TempDir(), "guests"), packages...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = types.Close(context.Background()) })
	return types
}

func (w *generated) workspace() *workspace.Workspace {
	found, err := workspace.Find(w.dir, w.env)
	w.must(err)
	return found
}

func (w *generated) keys(string) ([]ed25519.PublicKey, error) { return w.workspace().PlanKeys() }

func (w *generated) must(err error) {
	if err != nil {
		w.Fatalf("%v", err)
	}
}

func (w *generated) text(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	w.must(err)
	return string(text)
}

// value is any that a variable can have.
func (w *generated) value(name string) any {
	single := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), anyOf), rapid.Map(rapid.Int64(), anyOf), rapid.Map(rapid.String(), anyOf),
		rapid.Map(rapid.Float64Range(-1e18, 1e18), anyOf), rapid.Map(rapid.SampledFrom([]float64{5, -0.5, 1e15, 1e20, 1e21, 1e300}), anyOf))
	return rapid.OneOf(single, rapid.Map(rapid.SliceOfN(single, 0, 3), func(l []any) any { return l })).Draw(w.T, name)
}

func anyOf[V any](v V) any { return v }

// vars are the variables that every runbook may use.
func (w *generated) vars(of string) map[string]any {
	return map[string]any{"a": w.value("a of " + of), "b": w.value("b of " + of)}
}

// spec makes a runbook, hosts and variables.
func (w *generated) spec() Spec {
	w.must(os.WriteFile(filepath.Join(w.dir, "lib.star"), []byte("def shown(x):\n    return repr(x)\n"), 0o600))
	w.must(os.WriteFile(filepath.Join(w.dir, "site.star"), []byte(w.runbook()), 0o600))
	given := w.vars("the command line")
	var hosts []*inventory.Host
	for i := range rapid.IntRange(1, 3).Draw(w.T, "hosts") {
		h := &inventory.Host{Name: fmt.Sprintf("h%d", i), Address: "192.0.2.1", Vars: w.vars(fmt.Sprintf("h%d", i))}
		hosts = append(hosts, h)
		w.hosts[h.Name] = newMemory(h.Name, rapid.Bool().Draw(w.T, "a file on "+h.Name))
	}
	return Spec{Main: "site.star", Root: w.dir, Vars: vars.Set{Given: given, Inventory: inventory.New(hosts)}}
}

// runbook is one play with statements of many kinds.
func (w *generated) runbook() string {
	texts := rapid.SampledFrom([]string{
		"shown(vars.a)", "shown(vars.b)", "shown(host.vars.a)", "host.name", "host.facts.os.basic.id", "str(host.facts.hw.cpu.cores * 2)",
		`",".join([h.name for h in hosts("all")])`, `str(host.stat("/there").exists)`, `str(vars.get("none", 1.5))`,
	})
	literal := rapid.Map(rapid.String(), strconv.QuoteToASCII)
	text := rapid.OneOf(texts, literal)
	kinds := []string{
		`file("/f%[1]d", content = %[2]s)`,
		`file("/f%[1]d", content = %[2]s, mode = "0600", notify = [reload], tags = ["t%[1]d"])`,
		`file("/f%[1]d", content = %[2]s, sensitive = True)`,
		`file("/f%[1]d", state = "directory" if len(%[2]s) %% 2 else "absent")`,
		`c%[1]d = cmd("echo " + %[2]s, name = "c%[1]d"); file("/f%[1]d", content = later(lambda: c%[1]d.stdout))`,
		`cmd("true", name = "c%[1]d", unless = "guard", env = {"A": %[2]s}, changed_when = False)`,
		`file("/f%[1]d", content = %[2]s, when = lambda: host.stat("/there").exists)`,
		`[file("/f%[1]d/%%d" %% i, content = %[2]s) for i in range(3)]`,
		`pkg("nginx") if len(%[2]s) %% 2 else service("nginx", state = "running")`,
		`probe_tcp("127.0.0.1:%[1]d", contains = %[2]s) if False else None`,
	}
	var b strings.Builder
	b.WriteString("load(\"lib.star\", \"shown\")\n\nreload = handler(\"reload\", do = lambda host: cmd(\"echo \" + host.name))\n\ndef do(host):\n")
	for i := range rapid.IntRange(1, 8).Draw(w.T, "statements") {
		fmt.Fprintf(&b, "    "+rapid.SampledFrom(kinds).Draw(w.T, "kind")+"\n", i, text.Draw(w.T, "text"))
	}
	b.WriteString("\nplay(\"all\", hosts = \"all\", do = do)\n")
	return b.String()
}

// files are the sources of a runbook: the workspace's, or those that a saved plan holds.
func (w *generated) files(from *planfile.Document) fs.FS {
	files := os.DirFS(w.dir)
	if from == nil {
		return files
	}
	return from.Files(files)
}

// read reads a runbook that is written in Starlark.
func read(ctx context.Context, s Source) (runbook.Program, error) {
	return script.Load(ctx, script.Options{
		FS: s.Files, Main: s.Main, Types: s.Types, Inventory: s.Inventory, Vars: s.Vars, Print: s.Print, Seal: s.Seal,
	})
}

// signed is a workspace that only signs.
type signed struct {
	Workspace // which is nil: nothing is recorded
	at        *workspace.Workspace
}

func (s signed) Sealer() (func([]byte) string, error) { return s.at.Sealer() }
func (s signed) Signer() (ed25519.PrivateKey, error)  { return s.at.Signer() }

// save plans a job and saves the plan. Facts are the hosts', or those that a saved plan holds.
func (w *generated) save(spec Spec, from *planfile.Document) []byte {
	ctx := context.Background()
	j, err := Load(ctx, Services{
		Workspace: signed{at: w.workspace()}, Files: w.files(from), Read: read, Types: w.types, Warn: func(*diag.Error) {},
		Printed: func(diag.Pos, string, string) {},
	}, spec)
	w.must(err)
	r := &Plan{job: j, Contents: &plan.Contents{}}
	planner := &planning.Planner{
		Connect: func(_ context.Context, h *inventory.Host) (plan.Target, error) { return w.hosts[h.Name], nil },
		Evaluate: func(ctx context.Context, h *inventory.Host, _ plan.Target) (*planning.Evaluation, error) {
			ev, _, err := j.units(ctx, h, w.reader(h, from))
			return ev, err
		},
		Provider: w.types.Provider, User: (*inventory.Host).ActsAs, Contents: r.Contents, Events: event.Tee{}, Forks: 1,
	}
	r.Hosts = planner.Plan(ctx, j.Hosts())
	for _, h := range r.Hosts {
		w.must(h.Err)
		for _, s := range h.Steps() {
			if s.Err != nil {
				w.Fatalf("%s: %v", s.Unit.ID, s.Err)
			}
		}
	}
	var file bytes.Buffer
	w.must(r.Write(&file))
	return file.Bytes()
}

// reader answers what the runbook asks of hosts.
func (w *generated) reader(h *inventory.Host, from *planfile.Document) runbook.Reader {
	if from == nil {
		return &asker{hosts: w.hosts}
	}
	host, _ := from.Host(h.Name)
	var plain bytes.Buffer
	w.must(json.Compact(&plain, host.Inputs))
	var all map[string]any
	w.must(codec.Unmarshal(plain.Bytes(), &all))
	told := map[string]map[string]any{}
	list, _ := all["facts"].([]any)
	for _, entry := range list {
		f := entry.(map[string]any)
		key := f["host"].(string) + " " + f["namespace"].(string)
		if told[key] == nil {
			told[key] = map[string]any{}
		}
		told[key][f["field"].(string)] = f["value"]
	}
	return &asker{hosts: w.hosts, told: told}
}

// asker is a runbook.Reader: where told is set, facts are known only so far as a plan holds them.
type asker struct {
	hosts map[string]*memory
	told  map[string]map[string]any
}

func (a *asker) Facts(_ context.Context, h *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if a.told == nil {
		return facts.Of(a.hosts[h.Name].facts(), n.Name)
	}
	values, ok := a.told[h.Name+" "+n.Name]
	if !ok {
		return nil, errors.New("the plan holds no facts " + n.Name)
	}
	return values, nil
}

func (a *asker) Do(_ context.Context, h *inventory.Host, _ string, o op.Op) (op.Result, error) {
	return a.hosts[h.Name].do(o), nil
}

// memory is a host in memory.
type memory struct {
	name string
	mu   sync.Mutex
	host *providertest.Memory
}

func newMemory(name string, there bool) *memory {
	m := &memory{name: name, host: &providertest.Memory{
		Files:    map[string]*providertest.Node{},
		Programs: map[string]func(*op.Exec) op.Result{"guard": providertest.Exits(1, "")},
		Packages: map[string]*providertest.MemoryPackage{"nginx": {Candidate: "1.22"}},
		Services: map[string]*providertest.MemoryService{"nginx.service": {}},
	}}
	if there {
		m.host.Files["/there"] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Owner: "root", Group: "root", Content: op.NewBlob(nil)}
	}
	return m
}

func (m *memory) facts() *op.FactsResult {
	return &op.FactsResult{
		OSBasic: &op.OSBasic{ID: "debian", Family: "debian", Version: "12", Arch: "amd64", MachineID: strings.Repeat("1", 32), Hostname: m.name, Init: "systemd"},
		HWCPU:   &op.HWCPU{Cores: 2, Sockets: 1, Arch: "amd64"},
	}
}

func (m *memory) do(o op.Op) op.Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o.Facts != nil {
		return op.Result{Facts: m.facts()}
	}
	return m.host.Do(o)
}

// Do implements plan.Target.
func (m *memory) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	results := make([]op.Result, len(steps))
	for i, s := range steps {
		results[i] = m.do(s.Op)
	}
	return results, nil
}

// Run implements plan.Target; a plan does not.
func (m *memory) Run(context.Context, []target.Step) ([]target.Outcome, error) {
	return nil, errors.New("nothing is to be done")
}
