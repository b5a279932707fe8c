package linux_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/linux"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// module builds the guest and runs it without any of the host's care.
func module(t testing.TB) api.Module {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the guest")
	}
	binary := filepath.Join(t.TempDir(), "linux.wasm")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", binary, "../wasm/base")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	code, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	runtime := wazero.NewRuntime(t.Context())
	t.Cleanup(func() { _ = runtime.Close(context.WithoutCancel(t.Context())) })
	wasi_snapshot_preview1.MustInstantiate(t.Context(), runtime)
	config := wazero.NewModuleConfig().WithStartFunctions("_initialize").WithSysNanotime()
	m, err := runtime.InstantiateWithConfig(t.Context(), code, config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// caller is the module as a guest.
func caller(t testing.TB, m api.Module) providertest.Guest {
	return func(call []byte) ([]byte, error) {
		buf, err := m.ExportedFunction("froyo_buf").Call(t.Context(), uint64(len(call)))
		if err != nil || !m.Memory().Write(uint32(buf[0]), call) {
			return nil, errors.Join(err, errors.New("no room for the call"))
		}
		out, err := m.ExportedFunction("froyo_call").Call(t.Context(), uint64(len(call)))
		if err != nil {
			return nil, err
		}
		answer, ok := m.Memory().Read(uint32(out[0]>>32), uint32(out[0]))
		if !ok {
			return nil, errors.New("the answer is outside the memory")
		}
		return append([]byte(nil), answer...), nil
	}
}

// TestGuest works on the package's types through WebAssembly.
func TestGuest(t *testing.T) {
	m := module(t)
	t.Run("exports", func(t *testing.T) { testExports(t, m) })
	t.Run("conformance", func(t *testing.T) { testConformance(t, caller(t, m)) })
	t.Run("nonsense", func(t *testing.T) { testNonsense(t, caller(t, m)) })
}

func testExports(t *testing.T, m api.Module) {
	call := func(name string, args ...uint64) uint64 {
		out, err := m.ExportedFunction(name).Call(t.Context(), args...)
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	if got := call("froyo_abi"); got != abi.Version {
		t.Errorf("abi %d", got)
	}
	for _, n := range []uint64{0, abi.MaxCall + 1, 1<<32 - 1} {
		if got := call("froyo_buf", n); got != 0 {
			t.Errorf("a buffer of %d bytes is at %d", n, got)
		}
		if got := call("froyo_call", n); got != 0 {
			t.Errorf("a call of %d bytes is answered at %d", n, got)
		}
	}
	if mark, ok := m.Memory().ReadUint32Le(uint32(call("froyo_mark"))); !ok || mark != 0 {
		t.Errorf("the mark is %d, %v", mark, ok)
	}
}

func testConformance(t *testing.T, guest providertest.Guest) {
	k := providertest.New(t, guest, host(at("/etc/x", oldFile)))
	change, outcome := k.Converge(providertest.Unit{Type: "file", Args: `{"path":"/etc/x","state":"present","mode":"0644","content":` + newRef + `}`})
	check(t, change, want{
		action: abi.Update, diffs: []string{"content: " + oldRef + " → " + newRef, `mode: "0600" → "0644"`},
		effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + newRef + `,"mode":420}}}`},
	})
	if !outcome.Changed {
		t.Error("nothing changed")
	}
	providertest.New(t, guest, cmdHost()).Converge(providertest.Unit{Type: "cmd", Args: cmdArgs(`"creates":"/etc/made"`)})
}

// testNonsense feeds the guest what no host sends.
func testNonsense(t *testing.T, guest providertest.Guest) {
	for _, call := range []string{"x", "{", `{"abi":1,"requests":[{"type":"file","verb":"read","unit":[]}]}`, `{"abi":1,"requests":[{"type":"cmd","verb":"plan","log":[{}]}]}`} {
		got, err := guest([]byte(call))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(sdk.Handle(linux.Types(), []byte(call))), string(got)); diff != "" {
			t.Errorf("%s: %s", call, diff)
		}
	}
}

// batch is a call about 20 files as they should be: read, with the log that
// ends it, and plan. It is what most units of most runs are.
func batch(b *testing.B) []byte {
	b.Helper()
	stat := op.Op{Stat: &op.Stat{Path: "/etc/x"}}
	content := op.Op{Read: &op.Read{Path: "/etc/x", Limit: 1 << 20, Unless: newBlob.Sum}}
	read := abi.Request{
		Type: "file", Verb: abi.Read, Unit: codec.Raw(`{"path":"/etc/x","state":"present","mode":"0644","recurse":false,"backup":false,"content":` + newRef + `}`),
		Log: []abi.Entry{
			{Op: stat, Result: op.Result{Stat: &op.StatResult{Exists: true, Type: op.TypeFile, Mode: 0o644, Owner: "root", Group: "root", Size: newBlob.Size}}},
			{Op: content, Result: op.Result{Read: &op.ReadResult{Exists: true, Regular: true, Size: newBlob.Size, Sum: newBlob.Sum}}},
		},
	}
	plan := abi.Request{
		Type: read.Type, Verb: abi.Plan, Unit: read.Unit,
		Actual: codec.Raw(`{"exists":true,"type":"file","mode":420,"uid":0,"gid":0,"owner":"root","group":"root","size":4,"sum":"` + newBlob.Sum + `"}`),
	}
	call := abi.Call{ABI: abi.Version}
	for range 20 {
		call.Requests = append(call.Requests, read, plan)
	}
	data, err := codec.Marshal(call)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkReadAndPlan(b *testing.B) {
	run := func(b *testing.B, guest providertest.Guest) {
		data := batch(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := guest(data); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(20*b.N), "ns/unit")
	}
	b.Run("native", func(b *testing.B) { run(b, providertest.Native(linux.Types())) })
	b.Run("wasm", func(b *testing.B) { run(b, caller(b, module(b))) })
}
