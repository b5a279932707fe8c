package host

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/meter"
	"github.com/openfroyo/froyo/providers/host/printable"
	"github.com/openfroyo/froyo/providers/host/wasi"
)

// instance is one running guest. It serves one call at a time.
type instance struct {
	module api.Module
	memory api.Memory
	fuel   api.MutableGlobal
	buf    api.Function
	call   api.Function
	mark   uint32 // address of the word that names the request at work
	world  *wasi.World
	calls  int // made so far, this one included
}

// crash is a guest that did not come back from a call, or came back with
// something that is no answer at all.
type crash struct {
	message string
	output  string // what it wrote before
	mark    int    // the request at work, from 1; 0 where it said none
	fresh   bool   // nothing was asked of the instance before
}

func (c *crash) Error() string { return c.message }

// newInstance starts a guest.
func newInstance(ctx context.Context, g *guest) (*instance, error) {
	i := &instance{world: wasi.NewWorld()}
	ctx = i.world.Within(ctx)
	var err error
	i.module, err = g.runtime.InstantiateModule(ctx, g.compiled,
		wazero.NewModuleConfig().WithName("").WithStartFunctions(exportStart))
	if err != nil {
		return nil, i.crashed("does not start", err)
	}
	if err := i.connect(ctx); err != nil {
		i.close(ctx)
		return nil, err
	}
	return i, nil
}

// connect looks the exports up and checks the guest's contract.
func (i *instance) connect(ctx context.Context) error {
	i.memory = i.module.Memory()
	i.buf, i.call = i.module.ExportedFunction(exportBuf), i.module.ExportedFunction(exportCall)
	var ok bool
	if i.fuel, ok = i.module.ExportedGlobal(meter.Fuel).(api.MutableGlobal); !ok {
		return errors.New("the counter of steps is not there")
	}
	for name, want := range map[string]string{exportABI: "() i32", exportBuf: "(i32) i32", exportCall: "(i32) i64", exportMark: "() i32"} {
		if got := signature(i.module.ExportedFunction(name).Definition()); got != want {
			return &crash{message: fmt.Sprintf("exports %s as %s, not %s", name, got, want)}
		}
	}
	version, err := i.invoke(ctx, i.module.ExportedFunction(exportABI), 0)
	if err != nil {
		return err
	}
	if int32(version) != abi.Version {
		return &crash{message: fmt.Sprintf("speaks abi %d, this froyo speaks %d", int32(version), abi.Version)}
	}
	mark, err := i.invoke(ctx, i.module.ExportedFunction(exportMark), 0)
	i.mark = uint32(mark)
	return err
}

// signature gives the type of a function as text: "(i32) i64".
func signature(f api.FunctionDefinition) string {
	names := func(types []api.ValueType) string {
		var out []string
		for _, t := range types {
			out = append(out, api.ValueTypeName(t))
		}
		return strings.Join(out, ", ")
	}
	return strings.TrimSpace("(" + names(f.ParamTypes()) + ") " + names(f.ResultTypes()))
}

func (i *instance) close(ctx context.Context) {
	i.module.Close(ctx) //nolint:errcheck // it has nothing open that could fail to close
}

// invoke calls a function of at most one parameter with a full budget.
func (i *instance) invoke(ctx context.Context, f api.Function, param uint64) (uint64, error) {
	i.fuel.Set(abi.MaxSteps)
	return i.spend(ctx, f, param)
}

// spend calls a function with what is left of the budget.
func (i *instance) spend(ctx context.Context, f api.Function, param uint64) (uint64, error) {
	stack := [1]uint64{param}
	if err := f.CallWithStack(ctx, stack[:]); err != nil {
		return 0, i.crashed("crashed", err)
	}
	return stack[0], nil
}

// exchange gives the guest a call and returns its answer, which lies in the
// guest's memory and is good until the next call.
func (i *instance) exchange(ctx context.Context, call []byte) ([]byte, error) {
	ctx = i.world.Within(ctx)
	i.calls++
	i.world.ForgetOutput()
	address, err := i.invoke(ctx, i.buf, uint64(len(call)))
	if err != nil {
		return nil, err
	}
	if uint32(address) == 0 || !i.memory.Write(uint32(address), call) {
		return nil, i.nonsense("gave no buffer within its memory")
	}
	answer, err := i.spend(ctx, i.call, uint64(len(call)))
	if err != nil {
		return nil, err
	}
	address, size := answer>>32, answer&0xffffffff
	if size > abi.MaxCall {
		return nil, i.nonsense(fmt.Sprintf("answered %d bytes, more than %d", size, abi.MaxCall))
	}
	text, ok := i.memory.Read(uint32(address), uint32(size))
	if !ok {
		return nil, i.nonsense("gave an answer outside its memory")
	}
	return text, nil
}

// nonsense is a call that came back with something that is no answer.
func (i *instance) nonsense(message string) *crash {
	return &crash{message: message, output: i.world.Output(), fresh: i.calls == 1}
}

// crashed finds out why a call did not come back.
func (i *instance) crashed(message string, err error) *crash {
	c := i.nonsense("")
	if i.memory != nil {
		if mark, ok := i.memory.ReadUint32Le(i.mark); ok && mark <= abi.MaxRequests {
			c.mark = int(mark)
		}
	}
	exit, exited := errors.AsType[*sys.ExitError](err)
	last := lastWords(c.output)
	switch {
	case i.fuel != nil && int64(i.fuel.Get()) < 0:
		c.message = fmt.Sprintf("did not come to an end within %d steps", abi.MaxSteps)
	case strings.Contains(last, "out of memory"), strings.Contains(last, "cannot allocate memory"):
		c.message = fmt.Sprintf("ran out of memory, of which it has %d MiB", maxPages/16)
	case last != "":
		c.message = message + ": " + printable.Line(last)
	case exited:
		c.message = fmt.Sprintf("%s: exited with code %d", message, exit.ExitCode())
	default:
		c.message = message + ": " + trapped(err)
	}
	return c
}

// traps are the ends that WebAssembly knows, by what the library calls them, and in words.
var traps = map[string]string{
	"unreachable":                   "it ended itself",
	"out of bounds memory access":   "it reached beyond its memory",
	"stack overflow":                "its functions called each other without end",
	"integer divide by zero":        "it divided by zero",
	"integer overflow":              "a number was too large",
	"invalid conversion to integer": "a number was too large, or none",
	"invalid table access":          "it called a function that it does not have",
	"indirect call type mismatch":   "it called a function in a way that does not fit",
}

// trapped says in words why a call was ended.
func trapped(err error) string {
	reason, _, _ := strings.Cut(err.Error(), "\n")
	reason, _, _ = strings.Cut(strings.TrimPrefix(reason, "wasm error: "), " (recovered by")
	if plain := traps[strings.TrimSpace(reason)]; plain != "" {
		return plain
	}
	return printable.Line(reason)
}

// lastWords returns the line in which a Go runtime says why it ends.
func lastWords(output string) string {
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
