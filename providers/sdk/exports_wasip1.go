package sdk

import (
	"unsafe"

	"github.com/openfroyo/froyo/providers/abi"
)

// instance is the state of the one guest that a WebAssembly instance is. The
// host calls exports one at a time, and exports have no other place for it.
var instance struct {
	set    *Set
	in     []byte // where the host puts a call
	answer []byte // kept until the next call
	mark   uint32
}

// Serve makes the types of all sets what this guest answers with. The guest's main package
// calls it in an init function, since main itself never runs in a library.
func Serve(sets ...*Set) { instance.set = union(sets) }

//go:wasmexport froyo_abi
func exportABI() int32 { return abi.Version }

// exportBuf returns where to put a call of n bytes, 0 where it is too long.
//
//go:wasmexport froyo_buf
func exportBuf(n int32) uint32 {
	if n <= 0 || n > abi.MaxCall {
		return 0
	}
	if cap(instance.in) < int(n) {
		instance.in = make([]byte, max(int(n), 64<<10))
	}
	instance.in = instance.in[:cap(instance.in)]
	return address(unsafe.Pointer(&instance.in[0]))
}

// exportCall handles the n bytes at froyo_buf and returns the answer's address
// and length; 0 where n is not what the buffer holds. The answer stays until the next call.
//
//go:wasmexport froyo_call
func exportCall(n int32) int64 {
	if n <= 0 || int(n) > len(instance.in) || instance.set == nil {
		return 0
	}
	instance.answer = handle(instance.set, instance.in[:n], &instance.mark)
	return int64(address(unsafe.Pointer(&instance.answer[0])))<<32 | int64(len(instance.answer))
}

// exportMark returns the address of the number of the request at work, which
// the host reads when the instance has trapped.
//
//go:wasmexport froyo_mark
func exportMark() uint32 { return address(unsafe.Pointer(&instance.mark)) }

func address(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }
