package probe_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// guest builds the guest and loads it with the package's own manifest.
func guest(t *testing.T) *host.Module {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the guest")
	}
	binary := filepath.Join(t.TempDir(), "probe.wasm")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", binary, "../wasm/base")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	code, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(manifest.File)
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := host.New(t.Context(), host.Options{Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = runtime.Close(context.WithoutCancel(t.Context())) })
	m, err := runtime.Load(t.Context(), fstest.MapFS{manifest.File: {Data: text}, host.PluginFile: {Data: code}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestGuest works on the package's types through WebAssembly, held to their manifest.
func TestGuest(t *testing.T) {
	m := guest(t)
	network := network()
	perform := func(_ context.Context, ops [][]op.Op) ([][]op.Result, error) {
		results := make([][]op.Result, len(ops))
		for i := range ops {
			for _, o := range ops[i] {
				results[i] = append(results[i], network.Do(o))
			}
		}
		return results, nil
	}
	unit := func(verb abi.Verb, typ, args string) abi.Request {
		r := abi.Request{Type: typ, Verb: verb, Unit: codec.Raw(complete(typ, args))}
		if verb != abi.Read {
			r.Actual = codec.Raw(`{}`)
		}
		return r
	}
	replies, err := m.Run(t.Context(), []abi.Request{
		unit(abi.Read, "probe_http", `"url":"http://web/"`),
		unit(abi.Plan, "probe_http", `"url":"http://web/"`),
		unit(abi.Plan, "probe_tcp", `"address":"db","port":5432`),
	}, perform)
	if err != nil {
		t.Fatal(err)
	}
	if len(network.Probed) != 0 {
		t.Errorf("planning made %v", network.Probed)
	}
	if string(replies[0].Actual) != `{}` {
		t.Errorf("got %+v", replies[0])
	}
	for _, r := range replies[1:] {
		if r.Change == nil || r.Change.Action != abi.Probe || len(r.Change.Effects) != 1 {
			t.Errorf("got %+v, %v", r.Change, r.Error)
		}
	}
	replies, err = m.Run(t.Context(), []abi.Request{
		unit(abi.Apply, "probe_http", `"url":"http://web/"`),
		unit(abi.Apply, "probe_tcp", `"address":"db","port":5432`),
		unit(abi.Apply, "probe_http", `"url":"http://bad/"`),
	}, perform)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range replies {
		if r.Error != nil {
			got = append(got, r.Error.Message)
			continue
		}
		got = append(got, string(r.Outcome.Outputs))
	}
	want := []string{
		`{"changed":false,"status":200,"body":"hello ","attempts":3}`,
		`{"changed":false,"received":"ok","attempts":1}`,
		"status 502, expected 200 (3 attempts in 2s)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(replies[2].Error.Detail, "502 Bad Gateway") {
		t.Errorf("detail %q", replies[2].Error.Detail)
	}
}
