package collect_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/collect"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// host has one text at every path, and counts what it was asked.
type host struct {
	text  string
	asked int
}

func (h *host) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	results := make([]op.Result, len(steps))
	for i, s := range steps {
		h.asked++
		blob := op.NewBlob([]byte(h.text))
		results[i].Read = &op.ReadResult{Exists: true, Regular: true, Sum: blob.Sum, Size: blob.Size}
		if s.Op.Read != nil && blob.Size <= s.Op.Read.Limit {
			results[i].Read.Content = blob
		}
	}
	return results, nil
}

func (h *host) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	results, err := h.Do(ctx, steps)
	outcomes := make([]target.Outcome, len(results))
	for i, r := range results {
		outcomes[i] = target.Outcome{Result: r, Ran: true}
	}
	return outcomes, err
}

func directory(t *testing.T) (dir string, d *collect.Directory) {
	t.Helper()
	dir = t.TempDir()
	return dir, &collect.Directory{Open: func() (*os.Root, error) { return os.OpenRoot(dir) }}
}

func bring(path, dest, text string, flat bool) target.Step {
	blob := op.NewBlob([]byte(text))
	return target.Step{Op: op.Op{Collect: &op.Collect{Path: path, Dest: dest, Flat: flat, Sum: blob.Sum, Size: blob.Size}}}
}

func asks(path, dest string, flat bool) target.Step {
	return target.Step{Op: op.Op{Collect: &op.Collect{Path: path, Dest: dest, Flat: flat, Query: true}}}
}

func TestCollect(t *testing.T) {
	dir, d := directory(t)
	h := &host{text: "hello\n"}
	c := collect.Wrap(h, "h1", d)
	read := target.Step{Op: op.Op{Read: &op.Read{Path: "/x"}}}
	outcomes, err := c.Run(t.Context(), []target.Step{read, asks("/etc/app.conf", "fetched", false), bring("/etc/app.conf", "fetched", "hello\n", false), read})
	if err != nil || len(outcomes) != 4 || !outcomes[3].Ran || outcomes[1].Result.Read.Exists || !outcomes[2].Result.Done.Changed {
		t.Fatalf("got %+v, %v", outcomes, err)
	}
	at := filepath.Join(dir, "fetched/h1/etc/app.conf")
	text, err := os.ReadFile(at)
	if err != nil || string(text) != "hello\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if info, err := os.Stat(at); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
	results, err := c.Do(t.Context(), []target.Step{read, asks("/etc/app.conf", "fetched", false)})
	if err != nil || results[0].Read.Sum != results[1].Read.Sum || results[1].Read.Size != 6 {
		t.Errorf("got %+v, %v", results, err)
	}
	again := asks("/etc/app.conf", "fetched", false)
	again.Expect = protocol.Digest(op.Result{Read: &op.ReadResult{}})
	outcomes, err = c.Run(t.Context(), []target.Step{again, bring("/etc/app.conf", "fetched", "hello\n", false)})
	if err != nil || !outcomes[0].Mismatch || outcomes[1].Ran {
		t.Errorf("another answer than expected: %+v, %v", outcomes, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "fetched/h1/etc/.froyo*")); left != nil {
		t.Errorf("there is %v", left)
	}
}

// TestRefused holds that nothing is written where it does not belong.
func TestRefused(t *testing.T) {
	out := t.TempDir()
	for _, tt := range []struct {
		name string
		step target.Step
		says string
	}{
		{"up", bring("/x", "../x", "a", true), "no safe name below the workspace"},
		{"up behind", bring("/x", "a/../../x", "a", true), "no safe name below the workspace"},
		{"absolute", bring("/x", out+"/x", "a", true), "no safe name below the workspace"},
		{"hidden", bring("/x", ".froyo/froyo.db", "a", true), "no safe name below the workspace"},
		{"an option", bring("/x", "a/-rf", "a", true), "no safe name below the workspace"},
		{"a line", bring("/x", "a\nb", "a", true), "no safe name below the workspace"},
		{"a name of the host that is an option", bring("/-rf", "a", "a", false), "begins with -"},
		{"a name of the host with a line", bring("/a\nb", "a", "a", false), "a control character"},
		{"a link that leads out", bring("/x", "link/x", "a", true), "path escapes"},
		{"a link in its place", bring("/x", "self", "a", true), "what is there is no file"},
		{"a directory in its place", bring("/x", "full", "a", true), "what is there is no file"},
		{"a file for a directory", bring("/x", "plain/x", "a", true), "what is there is no directory"},
		{"another content", bring("/x", "other", "b", true), "/x is not the file any more"},
		{"a larger one", bring("/x", "other", "", true), "/x is not the file any more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, d := directory(t)
			for name, leads := range map[string]string{"link": out, "self": filepath.Join(out, "x")} {
				if err := os.Symlink(leads, filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.MkdirAll(filepath.Join(dir, "full/y"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			h := &host{text: "a"}
			if tt.name == "a larger one" {
				h.text = strings.Repeat("a", 1<<20)
			}
			outcomes, err := collect.Wrap(h, "h1", d).Run(t.Context(), []target.Step{tt.step})
			said := ""
			if err != nil {
				said = err.Error()
			} else if e := outcomes[0].Result.Error; e != nil {
				said = e.Message
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("got %q, %+v", said, outcomes)
			}
			if left, _ := os.ReadDir(out); len(left) > 0 {
				t.Errorf("outside there is %v", left)
			}
			if _, err := os.Lstat(filepath.Join(dir, "other")); err == nil {
				t.Error("it was written")
			}
		})
	}
	_, d := directory(t)
	outcomes, err := collect.Wrap(&host{text: "a"}, "../../h", d).Run(t.Context(), []target.Step{bring("/x", "a", "a", false)})
	if err != nil || outcomes[0].Result.Error == nil {
		t.Errorf("a host whose name leads elsewhere: %+v, %v", outcomes, err)
	}
	outcomes, err = collect.Wrap(&host{text: "a"}, "h", &collect.Directory{}).Run(t.Context(), []target.Step{bring("/x", "a", "a", false)})
	if err != nil || outcomes[0].Result.Error == nil || !strings.Contains(outcomes[0].Result.Error.Message, "takes no files") {
		t.Errorf("without a directory: %+v, %v", outcomes, err)
	}
}

// TestOnePlace holds that no file overwrites that of another host, or of another path.
func TestOnePlace(t *testing.T) {
	_, d := directory(t)
	for _, tt := range []struct {
		host, path string
		well       bool
	}{{"h1", "/x", true}, {"h2", "/x", false}, {"h1", "/y", false}, {"h1", "/x", true}} {
		results, err := collect.Wrap(&host{text: "a"}, tt.host, d).Do(t.Context(), []target.Step{asks(tt.path, "a", true)})
		if err != nil || (results[0].Error == nil) != tt.well {
			t.Errorf("%s of %s: %+v, %v", tt.path, tt.host, results, err)
		}
	}
}
