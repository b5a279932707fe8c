package host_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	wt "github.com/openfroyo/froyo/providers/host/wasmtest"
)

// Code for guests made by hand.
var (
	forever = []byte{0x03, 0x40, 0x0c, 0, 0x0b} // a loop that begins again
	outside = []byte{0x41, 0x78}                // an address 8 bytes below 4 GiB
	nowhere = []byte{0x41, 0x00}                // the address 0
)

func TestCallGuestByHand(t *testing.T) {
	tests := []struct {
		name  string
		guest wt.Guest
		want  string
	}{
		{"buffer outside memory", wt.Guest{ABI: 1, Buf: outside}, "gave no buffer within its memory"},
		{"buffer nowhere", wt.Guest{ABI: 1, Buf: nowhere}, "gave no buffer within its memory"},
		{"endless buffer", wt.Guest{ABI: 1, Buf: slices.Concat(forever, []byte{0x00})}, "did not come to an end"},
		{"endless call", wt.Guest{ABI: 1, Call: slices.Concat(forever, []byte{0x00})}, "did not come to an end"},
		{"trap", wt.Guest{ABI: 1, Call: []byte{0x00}}, "crashed: it ended itself"},
		{"division by zero", wt.Guest{ABI: 1, Call: []byte{0x41, 0, 0x41, 0, 0x6e, 0x1a, 0x00}}, "crashed: it divided by zero"},
		{"beyond its memory", wt.Guest{ABI: 1, Call: []byte{0x41, 0x78, 0x28, 2, 0, 0x1a, 0x00}}, "crashed: it reached beyond its memory"},
		{"number too large", wt.Guest{ABI: 1, Call: []byte{0x43, 0, 0, 0x80, 0x7f, 0xa8, 0x1a, 0x00}}, "crashed: a number was too large"},
		{"endless recursion", wt.Guest{ABI: 1, Call: []byte{0x20, 0, 0x10, 2}}, "crashed: its functions called each other without end"},
		{"costly calls of the host", hog(), "did not come to an end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := loadPackage(t, host.Options{}, pack(hostileManifest, test.guest.Binary()))
			replies, err := m.Call(t.Context(), []abi.Request{ask("fine", 0), ask("fine", 1)})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range replies {
				wantError(t, r, test.want)
			}
		})
	}
}

// hog is a guest that has the host fill 64 KiB with random bytes, again and again.
func hog() wt.Guest {
	return wt.Guest{
		ABI:     1,
		Imports: [][]byte{wt.ImportFunc("wasi_snapshot_preview1", "random_get", wt.TypeTwo)},
		Call: []byte{
			0x03, 0x40, // loop
			0x41, 0, 0x41, 0x80, 0x80, 0x04, 0x10, 0, 0x1a, // random_get(0, 65536)
			0x0c, 0, 0x0b, 0x00,
		},
		More: map[byte][]byte{wt.Memories: wt.Section(wt.Memories, []byte{0, 2})},
	}
}

func TestGuestUnusable(t *testing.T) {
	exports := [][]byte{
		wt.Export("froyo_abi", 0, 0), wt.Export("froyo_buf", 0, 1), wt.Export("froyo_mark", 0, 3),
		wt.Export("_initialize", 0, 4), wt.Export("memory", 2, 0),
	}
	tests := []struct {
		name   string
		module []byte
		want   string
	}{
		{"no module", []byte("#!/bin/sh"), "its guest is refused: not a WebAssembly module"},
		{"files", guests["files"], `of "wasi_snapshot_preview1", which a guest may not have`},
		{"another abi", wt.Guest{ABI: 2}.Binary(), "speaks abi 2, this froyo speaks 1"},
		{"a start without end", wt.Guest{ABI: 1, Init: forever}.Binary(), "does not start"},
		{
			"an export that is missing", wt.Guest{ABI: 1, More: map[byte][]byte{wt.Exports: wt.Section(wt.Exports, exports...)}}.Binary(),
			`does not export "froyo_call"`,
		},
		{"an export of another type", wt.Guest{ABI: 1, More: map[byte][]byte{
			wt.Exports: wt.Section(wt.Exports, append(exports, wt.Export("froyo_call", 0, 0))...),
		}}.Binary(), "exports froyo_call as () i32, not (i32) i64"},
		{"code that is not valid", wt.Guest{ABI: 1, Call: []byte{0x41, 0}}.Binary(), "its guest is not valid WebAssembly: invalid function[2]"},
		{"more memory than there is", wt.Guest{ABI: 1, More: map[byte][]byte{
			wt.Memories: wt.Section(wt.Memories, append([]byte{0}, wt.Number(1025)...)),
		}}.Binary(), "its guest is not valid WebAssembly: section memory"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := loadPackage(t, host.Options{CacheDir: cacheDir}, pack(hostileManifest, test.module))
			_, err := m.Call(t.Context(), []abi.Request{ask("fine", 0)})
			if e, ok := errors.AsType[*host.Error](err); !ok || e.Provider != "hostile" || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("err = %v, want %q", err, test.want)
			}
			if _, again := m.Call(t.Context(), []abi.Request{ask("fine", 0)}); again == nil || again.Error() != err.Error() {
				t.Errorf("the second time: %v", again)
			}
		})
	}
}

// notThere is a file system whose plugin is missing for a reason that it knows.
type notThere struct{ fs.FS }

func (n notThere) Open(name string) (fs.File, error) {
	if name == host.PluginFile {
		return nil, &fs.PathError{Op: "open", Path: name, Err: missing{}}
	}
	return n.FS.Open(name)
}

type missing struct{}

func (missing) Error() string { return "not there" }
func (missing) Hint() string  { return "build it" }

func TestGuestMissing(t *testing.T) {
	rt, err := host.New(t.Context(), host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(t.Context())
	m, err := rt.Load(t.Context(), notThere{pack(hostileManifest, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if m.Manifest().Name != "hostile" {
		t.Errorf("manifest = %+v", m.Manifest())
	}
	e, ok := errors.AsType[*host.Error](m.Prepare(t.Context()))
	if !ok || !errors.Is(e, missing{}) || e.Hint() != "build it" {
		t.Errorf("err = %v, want the reason and its hint", e)
	}
}
