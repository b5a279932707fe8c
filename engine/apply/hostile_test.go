package apply_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/op/optest"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// anything is a manifest that allows all there is, so that nothing but what was
// announced holds the guest.
const anything = `
name: hostile
version: 0.1.0
abi: 1
types: {unit: "#Unit"}
capabilities:
  ops:
    - {kind: fs.stat}
    - {kind: exec, programs: ["*"]}
    - {kind: file.write, paths: ["/**"]}
    - {kind: file.mkdir, paths: ["/**"]}
    - {kind: file.link, paths: ["/**"]}
    - {kind: file.remove, paths: ["/**"]}
    - {kind: file.attr, paths: ["/**"]}
    - {kind: file.fetch, paths: ["/**"]}
    - {kind: archive.unpack, paths: ["/**"]}
    - {kind: tree.sync, paths: ["/**"]}
    - {kind: file.collect, paths: ["/**"]}
    - {kind: pkg.ensure}
    - {kind: svc.ensure}
    - {kind: host.restart}
    - {kind: probe.http, hosts: ["*"]}
    - {kind: probe.tcp, hosts: ["*"]}
`

// hostile loads the guest that does what its units say, under a manifest.
func hostile(t *testing.T, text string) *host.Module {
	t.Helper()
	dir := t.TempDir()
	wasm := filepath.Join(dir, "hostile.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-o", wasm, "../../providers/host/testdata/guests/hostile")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	module, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	rt, err := host.New(t.Context(), host.Options{CacheDir: filepath.Join(dir, "cache")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close(context.Background()) })
	m, err := rt.Load(t.Context(), fstest.MapFS{manifest.File: {Data: []byte(text)}, host.PluginFile: {Data: module}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sink is a host that notes what is done on it. There is a marker once something was written.
type sink struct {
	mu   sync.Mutex
	done []string // ops that were performed, as JSON
	stat op.StatResult
}

func (s *sink) perform(o op.Op) op.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case o.Facts != nil:
		return op.Result{Facts: &op.FactsResult{OSBasic: &op.OSBasic{ID: "debian", MachineID: enginetest.MachineID}}}
	case o.Stat != nil && o.Stat.Path == "/srv/marker":
		return op.Result{Stat: &op.StatResult{Exists: len(s.done) > 0}}
	case o.Stat != nil:
		st := s.stat
		return op.Result{Stat: &st}
	}
	text, err := codec.Marshal(o)
	if err != nil {
		panic(err)
	}
	s.done = append(s.done, string(text))
	switch {
	case o.Exec != nil:
		return op.Result{Exec: &op.ExecResult{}}
	case o.PkgEnsure != nil:
		return op.Result{PkgEnsure: &op.PkgDone{Packages: make([]op.PkgChange, len(o.PkgEnsure.Packages))}}
	case o.HTTP != nil:
		return op.Result{HTTP: &op.HTTPResult{Status: 200}}
	case o.TCP != nil:
		return op.Result{TCP: &op.TCPResult{}}
	}
	return op.Result{Done: &op.Done{Changed: true}}
}

func (s *sink) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	results := make([]op.Result, len(steps))
	for i, step := range steps {
		results[i] = s.perform(step.Op)
	}
	return results, nil
}

func (s *sink) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	outcomes := make([]target.Outcome, len(steps))
	for i, step := range steps {
		outcomes[i] = target.Outcome{Result: s.perform(step.Op), Ran: true}
		if step.Expect != "" && protocol.Digest(outcomes[i].Result) != step.Expect {
			outcomes[i].Mismatch = true
			break
		}
	}
	return outcomes, nil
}

// attack plans units on a host and applies them, and returns how they ended.
func attack(t *testing.T, m inspect.Provider, s *sink, exact bool, units ...*unit.Unit) string {
	t.Helper()
	f := &fleet{hosts: map[string]*enginetest.Host{"h1": nil}, units: func(string) []*unit.Unit { return units }, exact: exact, pending: map[plan.PendingHandler]string{}, potential: map[string]bool{}}
	provider := func(context.Context, string) (inspect.Provider, error) { return m, nil }
	planner := f.planner()
	planner.Provider = provider
	planner.Connect = func(context.Context, *inventory.Host) (plan.Target, error) { return s, nil }
	hosts := planner.Plan(t.Context(), []*inventory.Host{enginetest.Inventory("h1")})
	if hosts[0].Err != nil {
		t.Fatal(hosts[0].Err)
	}
	for _, step := range hosts[0].Steps() {
		if step.Err != nil {
			return "plan: " + step.Err.Error()
		}
	}
	e := f.executor()
	e.Types = types{provider}
	e.Apply(t.Context(), []rollout.Play{{Name: "web", Hosts: []string{"h1"}}}, hosts)
	return strings.Join(f.log, "\n")
}

// evil makes a unit of the hostile guest.
func evil(t *testing.T, key string, args map[string]any) *unit.Unit {
	t.Helper()
	text, err := codec.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	u := &unit.Unit{ID: unit.ID{Host: "h1", Type: "unit", Key: key}, Args: text, Blobs: map[string]*op.Blob{}}
	for _, sum := range []string{strings.Repeat("ab", 32), strings.Repeat("cd", 32)} {
		u.Blobs[sum] = &op.Blob{Sum: sum, Size: 1}
	}
	return u
}

// mark is a unit that changes the host, so that those after it are planned again.
func mark(t *testing.T) *unit.Unit {
	t.Helper()
	write := op.Op{Mkdir: &op.Mkdir{Path: "/srv/marker"}}
	return evil(t, "mark", map[string]any{"do": "lie", "when": "apply", "action": "create", "announce": raw(t, write), "perform": raw(t, write)})
}

func raw(t *testing.T, o op.Op) codec.Raw {
	t.Helper()
	text, err := codec.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestUnannouncedFields: for every kind of op that does something and each of its
// fields a guest announces one value and does another: when it is first executed, whether
// that is sent ahead or its own, when it is planned again after a change before
// it, and where it only may act. All are refused, and the field is named.
func TestUnannouncedFields(t *testing.T) {
	m := hostile(t, anything)
	refused, kinds := map[string]int{}, map[op.Kind]bool{}
	for _, v := range optest.Variants() {
		if !v.One.Changes() && v.One.Exec == nil && !v.One.Probes() {
			continue // what is only read needs no announcement
		}
		if v.Kind == op.KindConnect || v.Kind == op.KindLock || v.Kind == op.KindJournal {
			continue // no guest may ask for those, see TestControllersOps
		}
		if v.One.Validate() != nil || v.Two.Validate() != nil {
			continue // it lacks what it cannot do without
		}
		if !v.Two.Changes() && v.Two.Exec == nil && !v.Two.Probes() {
			continue // what is done in its place changes nothing
		}
		if v.Two.Exec != nil && v.Two.Exec.ReadOnly || v.One.Exec != nil && v.One.Exec.ReadOnly {
			readOnly(t, m, v)
			refused["read only"]++
			continue
		}
		kinds[v.Kind] = true
		for _, turn := range []string{"sent ahead", "its own", "again", "potential"} {
			when, units := turn, []*unit.Unit{}
			if turn == "sent ahead" || turn == "its own" {
				when = "apply"
			} else {
				units = append(units, mark(t))
			}
			action := "run"
			if v.One.Probes() {
				action = "probe"
			}
			u := evil(t, "evil", map[string]any{"do": "lie", "when": when, "action": action, "announce": raw(t, v.One), "perform": raw(t, v.Two)})
			if turn == "its own" {
				u.Conditions.When = lambda(func() (any, error) { return true, nil })
			}
			s := &sink{}
			log := attack(t, m, s, true, append(units, u)...)
			field, _, _ := strings.Cut(v.Field, ".")
			if !strings.Contains(log, "unannounced effect: ") || !strings.Contains(log, ": "+field) {
				t.Errorf("%s, %s: not refused: %s", v, turn, log)
			}
			if slices.Contains(s.done, string(raw(t, v.Two))) {
				t.Errorf("%s, %s: it was done", v, turn)
			}
			refused[turn]++
		}
	}
	t.Logf("refused, of %d kinds: %v", len(kinds), refused)
}

// readOnly tries a program that is said to change nothing where one was announced
// that does, and the other way round.
func readOnly(t *testing.T, m inspect.Provider, v optest.Variant) {
	t.Helper()
	s := &sink{}
	u := evil(t, "evil", map[string]any{"do": "lie", "when": "apply", "action": "run", "announce": raw(t, v.One), "perform": raw(t, v.Two)})
	log := attack(t, m, s, true, u)
	if !strings.Contains(log, "unannounced effect: exec") || slices.Contains(s.done, string(raw(t, v.Two))) {
		t.Errorf("%s: %s", v, log)
	}
}

// TestControllersOps are none that a guest may ask for, whatever its manifest.
func TestControllersOps(t *testing.T) {
	for _, v := range optest.Variants() {
		if v.Kind != op.KindConnect && v.Kind != op.KindLock && v.Kind != op.KindJournal {
			continue
		}
		if err := (&manifest.Manifest{Capabilities: []manifest.Capability{{Kind: v.Kind}}}).Allows(v.One); err == nil {
			t.Errorf("%s is allowed", v)
		}
	}
}

// TestLies: what a guest says of itself otherwise. Each is refused, at plan or
// when the unit is executed, and nothing of it is done.
func TestLies(t *testing.T) {
	m := hostile(t, strings.Replace(anything, `{kind: exec, programs: ["*"]}`,
		`{kind: exec, programs: ["*"], reads: [{argv: [rpm, "-q", "*"]}, {from: {shell: unless}}], probes: [{from: {shell: command}, where: {changed_when: false}}]}`, 1))
	write := `{"op":{"file.write":{"path":"/srv/x","content":{"sum":"` + strings.Repeat("ab", 32) + `","size":1},"mode":%d}}}`
	effect := func(mode int) string { return fmt.Sprintf(write, mode) }
	change := func(action, rest string) map[string]any {
		return map[string]any{
			"read0": `{"need":[{"fs.stat":{"path":"/srv/x"}}]}`, "read1": `{"actual":1}`, "plan0": `{"change":{"action":"` + action + `"` + rest + `}}`,
			"apply0": `{"need":[{"file.remove":{"path":"/srv/x"}}]}`, "apply1": `{"outcome":{"changed":true}}`,
		}
	}
	reading := func(exec string) map[string]any {
		return map[string]any{"read0": `{"need":[{"exec":` + exec + `}]}`, "read1": `{"actual":1}`, "plan0": `{"change":{"action":"none"}}`}
	}
	there := op.StatResult{Exists: true, Type: op.TypeFile, Mode: 0o600, Owner: "root", Group: "root"}
	content := `"diffs":[{"field":"content","after":{"sum":"%s","size":1}},{"field":"mode","after":"0644"}]`
	for _, tt := range []struct {
		name    string
		replies map[string]any
		args    map[string]any
		stat    op.StatResult
		want    string
	}{
		{"no change, with an effect", change("none", `,"effects":[`+effect(0o644)+`]`), nil, there, "says that nothing is to do, and announces file.write"},
		{"no change, with a difference", change("none", `,"diffs":[{"field":"mode","after":"0644"}]`), nil, there, "says that nothing is to do, and that mode differs"},
		{"a question, with an effect", change("probe", `,"effects":[`+effect(0o644)+`]`), nil, there, "says that it only asks, and announces file.write"},
		{"a question, with a program", change("probe", `,"effects":[{"op":{"exec":{"shell":"evil"}}}]`), nil, there, "says that it only asks, and announces a program"},
		{"a question, with the author's program that changes", change("probe", `,"effects":[{"op":{"exec":{"shell":"ls"}}}]`), map[string]any{"command": "ls", "changed_when": true}, there, "says that it only asks, and announces a program"},
		{"a question, with another program than the author's", change("probe", `,"effects":[{"op":{"exec":{"shell":"evil"}}}]`), map[string]any{"command": "ls", "changed_when": false}, there, "says that it only asks, and announces a program"},
		{"a question, with more environment", change("probe", `,"effects":[{"op":{"exec":{"shell":"ls","env":["ENV=evil"]}}}]`), map[string]any{"command": "ls", "changed_when": false}, there, "says that it only asks, and announces a program"},
		{"an update without effects", change("update", ``), nil, there, "says update, and announces nothing that changes"},
		{"a removal that removes nothing", change("delete", `,"effects":[{"op":{"file.mkdir":{"path":"/srv/x"}}}]`), nil, there, "says delete, and announces nothing that could take anything away"},
		{"an update that removes", change("update", `,"effects":[{"op":{"file.remove":{"path":"/srv/x"}}}]`), nil, there, "says update, and announces file.remove"},
		{"an update that removes a package", change("update", `,"effects":[{"op":{"pkg.ensure":{"packages":[{"name":"a","state":"purged"}]}}}]`), nil, there, "says update, and announces pkg.ensure a"},
		{"no action", change("", `,"effects":[`+effect(0o644)+`]`), nil, there, "which there is not"},
		{"something new that is there", change("create", `,`+fmt.Sprintf(content, strings.Repeat("ab", 32))+`,"effects":[`+effect(0o644)+`]`), nil, there, "says create, and /srv/x is there"},
		{"an update of what is not there", change("update", `,"effects":[`+effect(0o644)+`]`), nil, op.StatResult{}, "says update, and /srv/x is not there"},
		{"another state before", change("update", `,"diffs":[{"field":"mode","before":"0640","after":"0644"}],"effects":[`+effect(0o644)+`]`), nil, there, "tells mode 0640 before, read was 0600"},
		{"another owner before", change("update", `,"diffs":[{"field":"owner","before":"web","after":"root"}],"effects":[`+effect(0o600)+`]`), nil, there, "tells owner web before, read was root"},
		{"content before that was not read", change("update", `,"diffs":[{"field":"content","before":{"sum":"aa","size":1},"after":{"sum":"bb","size":1}}],"effects":[`+effect(0o600)+`]`), nil, there, "tells content before that was not read"},
		{"another content than is written", change("create", `,`+fmt.Sprintf(content, strings.Repeat("cd", 32))+`,"effects":[`+effect(0o644)+`]`), nil, op.StatResult{}, "tells content cdcd"},
		{"another mode than is set", change("update", `,"diffs":[{"field":"mode","before":"0600","after":"0644"}],"effects":[`+effect(0o4755)+`]`), nil, there, "tells mode 0644 after, and announces 4755"},
		{"a mode that is not told", change("update", `,"effects":[`+effect(0o4755)+`]`), nil, there, "announces mode 4755, and tells no difference in it"},
		{"a difference that is known and not", change("update", `,"diffs":[{"field":"a","after":1,"unknown":true}],"effects":[`+effect(0o600)+`]`), nil, there, "is known after apply, and what it will be"},
		{"too many differences", change("update", `,"diffs":[`+strings.TrimSuffix(strings.Repeat(`{"field":"a"},`, 300), ",")+`],"effects":[`+effect(0o600)+`]`), nil, there, "told 300 differences, more than 256"},
		{"a field without a name", change("update", `,"diffs":[{"field":""}],"effects":[`+effect(0o600)+`]`), nil, there, "whose name has 0 bytes"},
		{"an unknown field that there is not", change("run", `,"effects":[{"op":{"exec":{"shell":"a"}},"unknown":["nonsense"]}]`), nil, there, `exec has no field "nonsense"`},
		{"a field that is unknown and known", change("run", `,"effects":[{"op":{"exec":{"shell":"a"}},"unknown":["shell"]}]`), nil, there, `shell of exec is announced as unknown and as "a"`},
		{"a program while reading", reading(`{"shell":"evil","read_only":true}`), nil, there, "asked to run a program while reading, which its manifest does not list: exec evil"},
		{"another guard than the author's", reading(`{"shell":"evil","read_only":true}`), map[string]any{"unless": "true"}, there, "asked to run a program while reading"},
		{"the author's guard elsewhere", reading(`{"shell":"true","dir":"/tmp","read_only":true}`), map[string]any{"unless": "true"}, there, "asked to run a program while reading"},
		{"an option for a listed program", reading(`{"argv":["rpm","-q","--eval=evil"],"read_only":true}`), nil, there, "asked to run a program while reading"},
		{"a listed program with more", reading(`{"argv":["rpm","-q","a","b"],"read_only":true}`), nil, there, "asked to run a program while reading"},
		{"a listed program with an environment", reading(`{"argv":["rpm","-q","a"],"env":["PATH=/tmp"],"read_only":true}`), nil, there, "asked to run a program while reading"},
		{"a program that does not only read", reading(`{"argv":["rpm","-q","a"]}`), nil, there, "asked to change the target while reading"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := map[string]any{"do": "script", "replies": tt.replies}
			maps.Copy(args, tt.args)
			s := &sink{stat: tt.stat}
			if log := attack(t, m, s, false, evil(t, "/srv/x", args)); !strings.Contains(log, tt.want) {
				t.Errorf("got %s\nwant %s", log, tt.want)
			}
			if len(s.done) > 0 {
				t.Errorf("it did %q", s.done)
			}
		})
	}
}

// TestHonestReads: what the manifest lists may be asked while planning.
func TestHonestReads(t *testing.T) {
	m := hostile(t, strings.Replace(anything, `{kind: exec, programs: ["*"]}`,
		`{kind: exec, programs: ["*"], reads: [{argv: [rpm, "-q", "*"]}, {from: {shell: unless, dir: cwd, env: env}}]}`, 1))
	for exec, args := range map[string]map[string]any{
		`{"argv":["rpm","-q","a"],"read_only":true}`:                                        {},
		`{"shell":"true","read_only":true}`:                                                 {"unless": "true"},
		`{"shell":"true","dir":"/srv","env":["A=1","B=2"],"read_only":true,"limit":100000}`: {"unless": "true", "cwd": "/srv", "env": map[string]any{"B": "2", "A": "1"}},
	} {
		args["do"] = "script"
		args["replies"] = map[string]any{"read0": `{"need":[{"exec":` + exec + `}]}`, "read1": `{"actual":1}`, "plan0": `{"change":{"action":"none"}}`}
		s := &sink{}
		if log := attack(t, m, s, false, evil(t, "x", args)); strings.Contains(log, "asked") || len(s.done) != 1 {
			t.Errorf("%s: %s", exec, log)
		}
	}
}
