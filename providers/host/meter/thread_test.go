package meter_test

import (
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"

	wt "github.com/openfroyo/froyo/providers/host/wasmtest"
)

// trace adds a digit to the number at address 0.
func trace(digit byte) []byte {
	return []byte{0x41, 0, 0x41, 0, 0x28, 2, 0, 0x41, 10, 0x6c, 0x41, digit, 0x6a, 0x36, 2, 0}
}

// goTo sets the local and branches to the loop over a number of labels.
func goTo(stretch, labels byte) []byte { return []byte{0x41, stretch, 0x21, 0, 0x0c, labels} }

// dispatch makes a function of three stretches in the form of Go's compiler
// that begins with the stretch that its parameter says and returns its trace.
func dispatch(table []byte, stretches ...[]byte) []byte {
	code := slices.Concat(
		[]byte{0x41, 0, 0x41, 0, 0x36, 2, 0}, // begin with no trace
		[]byte{0x02, 0x40, 0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e}, table, []byte{0x0b},
		trace(1), stretches[0], []byte{0x0b},
		trace(2), stretches[1], []byte{0x0b},
		trace(3), stretches[2], []byte{0x0b, 0x0b},
	)
	return append(code, 0x41, 0, 0x35, 2, 0) // the trace as an i64
}

// TestMeterThreads holds that branches through a table that are made direct go
// where they did, and that those which repeat code still pay.
func TestMeterThreads(t *testing.T) {
	plain := []byte{2, 0, 1, 2}
	nothing := []byte{}
	tests := []struct {
		name  string
		code  []byte
		want  uint64 // the trace from stretch 0
		steps int64  // from there: one each time the table is gone through
	}{
		{"on to the next", dispatch(plain, nothing, nothing, nothing), 123, 1},
		{"forward", dispatch(plain, goTo(2, 2), nothing, nothing), 13, 1},
		{"forward by the default", dispatch(plain, goTo(50, 2), nothing, nothing), 13, 1},
		{"forward out of a condition", dispatch(plain, slices.Concat([]byte{0x41, 1, 0x04, 0x40}, goTo(2, 3), []byte{0x0b}), nothing, nothing), 13, 1},
		{"backward", dispatch(plain, nothing, slices.Concat(
			[]byte{0x41, 0, 0x28, 2, 0, 0x41, 20, 0x48, 0x04, 0x40}, goTo(0, 2), []byte{0x0b}, // while the trace is below 20
		), nothing), 12123, 2},
		{"backward with a block where one has ended", dispatch(plain, nothing, nothing, slices.Concat(
			[]byte{0x02, 0x40, 0x41, 0, 0x28, 2, 0, 0x41, 0xc8, 1, 0x48, 0x04, 0x40}, goTo(1, 2), []byte{0x0b, 0x0b},
		)), 12323, 2},
		{"out of the loop", dispatch([]byte{2, 0, 1, 4}, goTo(7, 2), nothing, nothing), 1, 2},
		{"a negative number", dispatch(plain, goTo(0x7f, 2), nothing, nothing), 13, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
			defer rt.Close(t.Context())
			guest, err := rt.Instantiate(t.Context(), wt.Guest{Call: test.code}.Binary())
			if err != nil {
				t.Fatal(err)
			}
			m := run(t, call(test.code...))
			for from := range uint64(4) {
				before, err := guest.ExportedFunction("froyo_call").Call(t.Context(), from)
				if err != nil {
					t.Fatal(err)
				}
				after, err := m.call.Call(t.Context(), from)
				if err != nil {
					t.Fatal(err)
				}
				if before[0] != after[0] || from == 0 && after[0] != test.want {
					t.Errorf("from %d: %d became %d, want %d", from, before[0], after[0], test.want)
				}
			}
			steps, err := m.spend(1<<20, 0)
			if err != nil || steps != test.steps {
				t.Errorf("%d steps, %v, want %d", steps, err, test.steps)
			}
		})
	}
}
