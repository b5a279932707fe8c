package meter_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/openfroyo/froyo/providers/host/meter"
	wt "github.com/openfroyo/froyo/providers/host/wasmtest"
)

var rules = meter.Rules{
	Imports: map[string][]string{"env": {"allowed"}},
	Exports: []string{"froyo_call"},
	Start:   1 << 20,
}

const start = 0x41 // i32.const, for code that only has to be something

// more makes a guest with one section replaced.
func more(id byte, section []byte) []byte {
	return wt.Guest{More: map[byte][]byte{id: section}}.Binary()
}

// call makes a guest with the code of froyo_call.
func call(code ...byte) []byte { return wt.Guest{Call: code}.Binary() }

func TestMeterRefuses(t *testing.T) {
	huge := wt.Number(math.MaxUint32)
	tests := []struct {
		name   string
		module []byte
		want   string
	}{
		{"nothing", nil, "not a WebAssembly module"},
		{"another version", []byte("\x00asm\x02\x00\x00\x00"), "not a WebAssembly module"},
		{"no exports", wt.Binary(), `does not export "froyo_call"`},
		{
			"an import of WASI", more(wt.Imports, wt.Section(wt.Imports, wt.ImportFunc("wasi_snapshot_preview1", "path_open", 0))),
			`imports "path_open" of "wasi_snapshot_preview1", which a guest may not have`,
		},
		{"an import of another module", more(wt.Imports, wt.Section(wt.Imports, wt.ImportFunc("evil", "allowed", 0))), `imports "allowed" of "evil"`},
		{"an imported memory", more(wt.Imports, wt.Section(wt.Imports, append(append(wt.Name("env"), wt.Name("allowed")...), 2, 0, 1))), "which is no function"},
		{"an own counter", more(wt.Exports, wt.Section(wt.Exports, wt.Export(meter.Fuel, 0, 0))), `exports "froyo_fuel", which is the host's`},
		{
			"an export that is no function", more(wt.Exports, wt.Section(wt.Exports, wt.Export("froyo_call", 2, 0), wt.Export("memory", 2, 0))),
			`exports "froyo_call" as something else`,
		},
		{"a huge list", more(wt.Types, append([]byte{wt.Types, 5}, huge...)), "4294967295 entries in section 1"},
		{"a list longer than its bytes", more(wt.Types, []byte{wt.Types, 2, 100, 0}), "ends too early"},
		{"many locals", wt.Guest{Functions: [][]byte{wt.Func([][2]uint64{{math.MaxUint32, wt.I32}})}}.Binary(), "more than 50000 locals"},
		{"a huge table", more(wt.Tables, wt.Section(wt.Tables, append([]byte{0x70, 0}, wt.Number(1<<27)...))), "a table begins with 134217728 elements"},
		{"two memories", more(wt.Memories, wt.Section(wt.Memories, []byte{0, 1}, []byte{0, 1})), "2 memories"},
		{"a shared memory", more(wt.Memories, wt.Section(wt.Memories, []byte{3, 1, 1})), "limits of kind 0x03"},
		{"a section twice", wt.Binary(wt.Section(wt.Types), wt.Section(wt.Types)), "out of order or there twice"},
		{"an unknown section", wt.Binary(wt.Section(13)), "unknown section 13"},
		{"SIMD", call(0xfd, 0x0c), "opcode 0xfd is not supported"},
		{"atomics", call(0xfe, 0x00), "opcode 0xfe is not supported"},
		{"exceptions", call(0x06, 0x40), "opcode 0x06 is not supported"},
		{"tail calls", call(0x12, 0x00), "opcode 0x12 is not supported"},
		{"a table that grows", call(0xd0, 0x70, start, 1, 0xfc, 15, 0), "opcode 0xfc 0x0f is not supported"},
		{"the counter's index", call(0x42, 0x7f, 0x24, 0), "there is no global 0"},
		{"the spender's index", call(start, 0, 0x10, 5), "there is no function 5"},
		{"a number without end", call(start, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80), "a number is too long"},
		{"code behind the end", call(0x42, 0, 0x0b, 0x01), "code goes on behind the end"},
		{"else without if", call(0x05), "else without if"},
		{"code that is missing", more(wt.Codes, wt.Section(wt.Codes)), "5 functions are declared and 0 have code"},
		{"a global that is computed", more(wt.Globals, wt.Section(wt.Globals, []byte{wt.I32, 0, start, 1, start, 1, 0x6a, 0x0b})), "more than one instruction"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := meter.Meter(test.module, rules)
			if _, ok := errors.AsType[*meter.Error](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("err = %v, want %q", err, test.want)
			}
		})
	}
}

// machine runs metered modules.
type machine struct {
	t    testing.TB
	fuel api.MutableGlobal
	call api.Function
}

func run(t testing.TB, module []byte) machine {
	t.Helper()
	metered, err := meter.Meter(module, rules)
	if err != nil {
		t.Fatal(err)
	}
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { rt.Close(t.Context()) })
	m, err := rt.Instantiate(t.Context(), metered)
	if err != nil {
		t.Fatal(err)
	}
	return machine{t, m.ExportedGlobal(meter.Fuel).(api.MutableGlobal), m.ExportedFunction("froyo_call")}
}

// spend calls froyo_call and returns the steps that it took.
func (m machine) spend(budget int64, param uint64) (steps int64, err error) {
	m.fuel.Set(uint64(budget))
	_, err = m.call.Call(m.t.Context(), param)
	return budget - int64(m.fuel.Get()), err
}

// countdown loops as often as its parameter says.
var countdown = []byte{
	0x03, 0x40, // loop
	0x20, 0, 0x41, 1, 0x6b, 0x22, 0, // n--
	0x0d, 0, // br_if 0
	0x0b,
	0x42, 0,
}

func TestMeterCounts(t *testing.T) {
	long := slices.Concat(bytes.Repeat([]byte{0x01}, 10*512), []byte{0x42, 0}) // nops
	// A block of 100 nops and a branch that jumps over another 100, eighty times.
	var hops []byte
	for range 80 {
		nops := bytes.Repeat([]byte{0x01}, 100)
		hops = slices.Concat(hops, []byte{0x02, 0x40}, nops, []byte{0x0c, 0}, nops, []byte{0x0b})
	}
	hops = append(hops, 0x42, 0)
	tests := []struct {
		name  string
		code  []byte
		param uint64
		least int64
		most  int64
	}{
		{"nothing much", []byte{0x42, 0}, 0, 1, 1},
		{"a loop", countdown, 1000, 1000, 1001},
		{"long code", long, 0, 9, 10},
		{"branches over charges", hops, 0, 80 * 100 / 513, 80},
		{"recursion", []byte{
			0x20, 0, 0x45, 0x04, 0x40, 0x42, 0, 0x0f, 0x0b, // if n == 0 return 0
			0x20, 0, 0x41, 1, 0x6b, 0x10, 2, // call(n-1)
		}, 100, 101, 101},
		{"filling memory", []byte{0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 11, 0, 0x42, 0}, 60_000, 60_000 / 512, 60_000/512 + 3},
		{"copying memory", []byte{0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 10, 0, 0, 0x42, 0}, 60_000, 60_000 / 512, 60_000/512 + 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := run(t, call(test.code...))
			steps, err := m.spend(1<<20, test.param)
			if err != nil {
				t.Fatal(err)
			}
			if steps < test.least || steps > test.most {
				t.Errorf("steps = %d, want %d to %d", steps, test.least, test.most)
			}
			if again, _ := m.spend(1<<20, test.param); again != steps {
				t.Errorf("steps = %d, then %d", steps, again)
			}
			if _, err := m.spend(steps, test.param); err != nil {
				t.Errorf("a budget of %d was not enough: %v", steps, err)
			}
			if _, err := m.spend(steps-1, test.param); err == nil {
				t.Errorf("a budget of %d was enough for %d steps", steps-1, steps)
			}
		})
	}
}

// TestMeterTable counts operations on tables and calls through them.
func TestMeterTable(t *testing.T) {
	guest := wt.Guest{
		Call: []byte{
			0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 14, 0, 0, // table.copy
			0x41, 0, 0x11, wt.TypeNothing, 0, // call_indirect
			0x42, 0,
		},
		More: map[byte][]byte{
			wt.Tables:   wt.Section(wt.Tables, []byte{0x70, 0, 4}),
			wt.Elements: wt.Section(wt.Elements, []byte{0, 0x41, 0, 0x0b, 1, 5}),
		},
		Functions: [][]byte{wt.Func([][2]uint64{{2, wt.I64}}, 0x01)},
	}
	steps, err := run(t, guest.Binary()).spend(100, 0)
	if err != nil || steps != 3 { // both functions and the copy
		t.Errorf("steps = %d, %v, want 3", steps, err)
	}
}

// TestMeterGo meters what the Go compiler makes and runs it.
func TestMeterGo(t *testing.T) {
	module := goGuest(t)
	metered, err := meter.Meter(module, meter.Rules{Imports: goImports, Start: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if limit := len(module) + len(module)/20; len(metered) > limit {
		t.Errorf("grew from %d to %d bytes, more than 5 %%", len(module), len(metered))
	}
	again, err := meter.Meter(module, meter.Rules{Imports: goImports, Start: 1 << 30})
	if err != nil || !bytes.Equal(metered, again) {
		t.Errorf("a second time gave something else: %v", err)
	}
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(t.Context())
	if _, err := rt.CompileModule(t.Context(), metered); err != nil {
		t.Error(err)
	}
}

// goImports are the functions that the guest built by goGuest imports.
var goImports = map[string][]string{"wasi_snapshot_preview1": {
	"args_get", "args_sizes_get", "clock_time_get", "environ_get", "environ_sizes_get", "fd_write",
	"poll_oneoff", "proc_exit", "random_get", "sched_yield",
}}

func goGuest(tb testing.TB) []byte {
	tb.Helper()
	dir := tb.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", filepath.Join(dir, "guest.wasm"), source)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	module, err := os.ReadFile(filepath.Join(dir, "guest.wasm"))
	if err != nil {
		tb.Fatal(err)
	}
	return module
}

// FuzzMeter checks that no binary makes the meter panic, and that what
// compiles still does so when it is metered.
func FuzzMeter(f *testing.F) {
	for _, code := range [][]byte{{0x42, 0}, countdown, dispatch([]byte{2, 0, 1, 2}, goTo(2, 2), nil, nil), {0x00}, {0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 11, 0, 0x42, 0}, {0xfd, 0x0c}} {
		f.Add(call(code...))
	}
	f.Add(more(wt.Tables, wt.Section(wt.Tables, []byte{0x70, 0, 4})))
	f.Add(more(wt.Globals, wt.Section(wt.Globals, []byte{wt.I32, 0, start, 1, 0x0b})))
	f.Add(wt.Binary(wt.Section(wt.Types), wt.Section(wt.Data, []byte{1, 1, 'x'}), wt.Section(wt.Custom)))
	rt := wazero.NewRuntimeWithConfig(f.Context(), wazero.NewRuntimeConfigInterpreter().
		WithCoreFeatures(api.CoreFeaturesV2&^api.CoreFeatureSIMD).WithMemoryLimitPages(16))
	f.Cleanup(func() { rt.Close(f.Context()) })
	f.Fuzz(func(t *testing.T, module []byte) {
		metered, err := meter.Meter(module, meter.Rules{Imports: rules.Imports})
		if err != nil {
			return // what the meter refuses is not handed to a compiler at all
		}
		before, err := rt.CompileModule(t.Context(), module)
		if err != nil {
			return
		}
		defer before.Close(t.Context())
		after, err := rt.CompileModule(t.Context(), metered)
		if err != nil {
			t.Fatalf("does not compile any more: %v", err)
		}
		after.Close(t.Context())
	})
}

func BenchmarkMeter(b *testing.B) {
	module := goGuest(b)
	b.SetBytes(int64(len(module)))
	for b.Loop() {
		if _, err := meter.Meter(module, meter.Rules{Imports: goImports}); err != nil {
			b.Fatal(err)
		}
	}
}
