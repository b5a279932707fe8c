// Package wasi is all of the outside that a guest sees: what its language's
// runtime needs to run, a clock, and an output that is kept.
//
// It imports wazero and providers/host/meter.
package wasi

import (
	"context"
	"encoding/binary"
	"io"
	"maps"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"github.com/openfroyo/froyo/providers/host/meter"
)

// module is the module that guests import the functions of their language's runtime from.
const module = "wasi_snapshot_preview1"

// Error numbers of WASI.
const (
	success    = 0
	errBadFD   = 8
	errFault   = 21
	errInvalid = 28
)

// callCost is the number of steps that a call of the host costs a guest; some
// functions add to it. A step is worth about two nanoseconds.
const callCost = 100

// function is one function of WASI: its parameters ('i' is an i32, 'I' an
// i64), and what it does with them. It returns an error number.
type function struct {
	params string
	call   func(w *World, mem api.Memory, a []uint64) uint32
}

// functions are those that a Go guest needs to run at all, and nothing
// that reaches out: no files, no environment, no arguments, no real wall clock, no
// randomness. It stands in the place of wazero's own implementation, which
// would make them available and let a guest sleep.
var functions = map[string]function{
	"args_get":            {"ii", func(*World, api.Memory, []uint64) uint32 { return success }},
	"args_sizes_get":      {"ii", nothing},
	"environ_get":         {"ii", func(*World, api.Memory, []uint64) uint32 { return success }},
	"environ_sizes_get":   {"ii", nothing},
	"clock_time_get":      {"iIi", clockTimeGet},
	"fd_close":            {"i", badFD},
	"fd_fdstat_get":       {"ii", fdstatGet},
	"fd_fdstat_set_flags": {"ii", badFD},
	"fd_prestat_dir_name": {"iii", badFD},
	"fd_prestat_get":      {"ii", badFD},
	"fd_write":            {"iiii", fdWrite},
	"poll_oneoff":         {"iiii", pollOneoff},
	"proc_exit":           {"i", nil}, // returns nothing; see Instantiate
	"random_get":          {"ii", randomGet},
	"sched_yield":         {"", func(*World, api.Memory, []uint64) uint32 { return success }},
}

// Imports are the functions that a guest may import, by module.
func Imports() map[string][]string {
	return map[string][]string{module: slices.Sorted(maps.Keys(functions))}
}

// Instantiate offers the functions to the guests of a runtime.
func Instantiate(ctx context.Context, rt wazero.Runtime) error {
	builder := rt.NewHostModuleBuilder(module)
	for name, f := range functions {
		var params []api.ValueType
		for _, p := range f.params {
			if p == 'I' {
				params = append(params, api.ValueTypeI64)
			} else {
				params = append(params, api.ValueTypeI32)
			}
		}
		results := []api.ValueType{api.ValueTypeI32}
		call := func(ctx context.Context, mod api.Module, stack []uint64) {
			w := worldOf(ctx)
			w.cost = callCost
			stack[0] = uint64(f.call(w, mod.Memory(), stack))
			spend(mod, w.cost)
		}
		if f.call == nil {
			results = nil
			call = func(_ context.Context, _ api.Module, stack []uint64) { panic(sys.NewExitError(uint32(stack[0]))) }
		}
		builder.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(call), params, results).Export(name)
	}
	_, err := builder.Instantiate(ctx)
	return err
}

// spend makes a guest pay for what the host does for it.
func spend(mod api.Module, steps uint32) {
	if fuel, ok := mod.ExportedGlobal(meter.Fuel).(api.MutableGlobal); ok {
		fuel.Set(fuel.Get() - uint64(steps))
	}
}

// nothing answers two sizes of zero.
func nothing(_ *World, mem api.Memory, a []uint64) uint32 {
	if !mem.WriteUint32Le(uint32(a[0]), 0) || !mem.WriteUint32Le(uint32(a[1]), 0) {
		return errFault
	}
	return success
}

func badFD(*World, api.Memory, []uint64) uint32 { return errBadFD }

// clockTimeGet gives a wall clock that stands still and a monotonic one that runs.
func clockTimeGet(w *World, mem api.Memory, a []uint64) uint32 {
	var now uint64
	if id := uint32(a[0]); id == 1 {
		now = uint64(w.monotonic())
	}
	if !mem.WriteUint64Le(uint32(a[2]), now) {
		return errFault
	}
	return success
}

// fdstatGet says that standard output and error are character devices.
func fdstatGet(_ *World, mem api.Memory, a []uint64) uint32 {
	if fd := uint32(a[0]); fd > 2 {
		return errBadFD
	}
	stat := [24]byte{2}
	if !mem.Write(uint32(a[1]), stat[:]) {
		return errFault
	}
	return success
}

// fdWrite keeps what a guest writes to standard output and error.
func fdWrite(w *World, mem api.Memory, a []uint64) uint32 {
	fd, vectors, count := uint32(a[0]), uint32(a[1]), uint32(a[2])
	if fd != 1 && fd != 2 {
		return errBadFD
	}
	if count > 64 {
		return errInvalid
	}
	var written uint32
	for i := range count {
		v, ok := mem.Read(vectors+8*i, 8)
		if !ok {
			return errFault
		}
		text, ok := mem.Read(binary.LittleEndian.Uint32(v), binary.LittleEndian.Uint32(v[4:]))
		if !ok {
			return errFault
		}
		w.output.add(text)
		written += uint32(len(text))
	}
	if !mem.WriteUint32Le(uint32(a[3]), written) {
		return errFault
	}
	return success
}

// randomGet gives the same bytes to every guest, so that all behave the same.
func randomGet(w *World, mem api.Memory, a []uint64) uint32 {
	if uint32(a[1]) > 64<<10 {
		return errInvalid
	}
	b, ok := mem.Read(uint32(a[0]), uint32(a[1]))
	if !ok {
		return errFault
	}
	w.cost += uint32(len(b))
	if _, err := io.ReadFull(w.random, b); err != nil {
		return errInvalid
	}
	return success
}

// Sizes and offsets of what poll_oneoff reads and writes.
const (
	subscriptionSize = 48
	eventSize        = 32
)

// pollOneoff never waits: the guest's clock jumps ahead to the time that it
// wanted to sleep until. Nothing but clocks can be waited for.
func pollOneoff(w *World, mem api.Memory, a []uint64) uint32 {
	in, out, count := uint32(a[0]), uint32(a[1]), uint32(a[2])
	if count == 0 || count > 64 {
		return errInvalid
	}
	subs, ok := mem.Read(in, count*subscriptionSize)
	if !ok {
		return errFault
	}
	w.cost += count * eventSize
	events := make([]byte, 0, count*eventSize)
	for sub := range slices.Chunk(subs, subscriptionSize) {
		var event [eventSize]byte
		copy(event[:8], sub[:8]) // what the guest knows it by
		if event[10] = sub[8]; sub[8] == 0 {
			w.sleep(binary.LittleEndian.Uint64(sub[24:]), sub[40]&1 != 0)
		} else {
			binary.LittleEndian.PutUint16(event[8:], errBadFD)
		}
		events = append(events, event[:]...)
	}
	if !mem.Write(out, events) || !mem.WriteUint32Le(uint32(a[3]), count) {
		return errFault
	}
	return success
}
