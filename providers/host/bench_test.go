package host_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// linux builds the package linux from its sources.
func linux(tb testing.TB) fstest.MapFS { return withGuest(tb, "base") }

// withGuest is that package with a guest of those below ../wasm.
func withGuest(tb testing.TB, name string) fstest.MapFS {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), name+".wasm")
	if err := buildGuest(out, "../wasm/"+name); err != nil {
		tb.Fatal(err)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	manifest, err := os.ReadFile("../linux/manifest.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return pack(string(manifest), module)
}

func buildGuest(out, source string) error {
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, source)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build guest %s: %w\n%s", source, err, text)
	}
	return nil
}

// files makes units of the type file that are as they should be.
func files(n int) []abi.Request {
	requests := make([]abi.Request, n)
	for i := range requests {
		requests[i] = abi.Request{Type: "file", Verb: abi.Read, Unit: fmt.Appendf(nil,
			`{"path":"/etc/app/conf.d/%d.conf","state":"present","content":{"sum":%q,"size":5},"mode":"0644","owner":"root","recurse":false,"backup":false}`,
			i, op.Sum([]byte("hello")))}
	}
	return requests
}

// asWanted performs the reads of files without a target.
func asWanted(_ context.Context, ops [][]op.Op) ([][]op.Result, error) {
	results := make([][]op.Result, len(ops))
	for n := range ops {
		for _, o := range ops[n] {
			var r op.Result
			switch {
			case o.Stat != nil:
				r.Stat = &op.StatResult{Exists: true, Type: op.TypeFile, Mode: 0o644, Owner: "root", Group: "root", Size: 5}
			case o.Read != nil:
				r.Read = &op.ReadResult{Exists: true, Regular: true, Size: 5, Sum: op.Sum([]byte("hello"))}
			default:
				return nil, fmt.Errorf("unexpected %s", o)
			}
			results[n] = append(results[n], r)
		}
	}
	return results, nil
}

// readAndPlan takes units through both verbs and returns the plans.
func readAndPlan(tb testing.TB, m *host.Module, requests []abi.Request) []abi.Reply {
	tb.Helper()
	states, err := m.Run(tb.Context(), requests, asWanted)
	if err != nil {
		tb.Fatal(err)
	}
	plans := make([]abi.Request, len(requests))
	for i, r := range states {
		if r.Error != nil {
			tb.Fatal(r.Error, r.Error.Detail)
		}
		plans[i] = abi.Request{Type: requests[i].Type, Verb: abi.Plan, Unit: requests[i].Unit, Actual: r.Actual}
	}
	replies, err := m.Run(tb.Context(), plans, asWanted)
	if err != nil {
		tb.Fatal(err)
	}
	return replies
}

// TestLinux takes real units through the real guest.
func TestLinux(t *testing.T) {
	m := loadPackage(t, host.Options{CacheDir: cacheDir, Verify: true}, linux(t))
	requests := files(3)
	requests[1].Unit = codec.Raw(`{"path":"/etc/app/conf.d/1.conf","state":"present","mode":"0600","recurse":false,"backup":false}`)
	for i, r := range readAndPlan(t, m, requests) {
		want := abi.None
		if i == 1 {
			want = abi.Update
		}
		if r.Change == nil || r.Change.Action != want {
			t.Errorf("plan %d = %+v, error %v, want %s", i, r.Change, r.Error, want)
		}
	}
}

// BenchmarkReadAndPlan gives the time for one unit at several sizes of batches.
func BenchmarkReadAndPlan(b *testing.B) {
	m := loadPackage(b, host.Options{CacheDir: cacheDir}, linux(b))
	if err := m.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{1, 20, 400, 20_000} {
		b.Run(fmt.Sprintf("units=%d", size), func(b *testing.B) {
			requests := files(size)
			for b.Loop() {
				readAndPlan(b, m, requests)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/unit")
		})
	}
}

// BenchmarkPrepare gives, for each guest, the time from the package's files to a guest that has answered: compiled
// anew, and from the cache. The type need not be the guest's; what it answers then is that.
func BenchmarkPrepare(b *testing.B) {
	guests, err := filepath.Glob("../wasm/*")
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range guests {
		b.Run(filepath.Base(path), func(b *testing.B) { benchmarkPrepare(b, withGuest(b, filepath.Base(path))) })
	}
}

func benchmarkPrepare(b *testing.B, files fstest.MapFS) {
	prepare := func(b *testing.B, dir string) {
		rt, err := host.New(b.Context(), host.Options{CacheDir: dir})
		if err != nil {
			b.Fatal(err)
		}
		defer rt.Close(b.Context())
		m, err := rt.Load(b.Context(), files)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Call(b.Context(), []abi.Request{{Type: "file", Verb: abi.Read, Unit: codec.Raw("{}")}}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			prepare(b, filepath.Join(b.TempDir(), "cache"))
		}
	})
	b.Run("cached", func(b *testing.B) {
		dir := filepath.Join(b.TempDir(), "cache")
		prepare(b, dir)
		for b.Loop() {
			prepare(b, dir)
		}
	})
}
