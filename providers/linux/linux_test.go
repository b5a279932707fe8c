package linux_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/linux"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Content as references, in Go and as units have it.
var (
	oldBlob = op.NewBlob([]byte("old\n"))
	newBlob = op.NewBlob([]byte("new\n"))
	oldRef  = reference(oldBlob)
	newRef  = reference(newBlob)
	noRef   = reference(op.NewBlob(nil))
)

func reference(b *op.Blob) string { return `{"sum":"` + b.Sum + `","size":` + itoa(b.Size) + `}` }

func itoa(n int64) string {
	out, _ := json.Marshal(n)
	return string(out)
}

// host is a target with some files.
func host(files map[string]*providertest.Node) *providertest.Memory {
	all := map[string]*providertest.Node{
		"/etc":     {Type: op.TypeDir, Mode: 0o755},
		"/etc/dir": {Type: op.TypeDir, Mode: 0o750, Owner: "app"},
	}
	for path, n := range files {
		copied := *n
		all[path] = &copied
	}
	return &providertest.Memory{Files: all, Users: map[string]uint32{"app": 1000, "web": 33}, Programs: map[string]func(*op.Exec) op.Result{}}
}

func kit(t *testing.T, m *providertest.Memory) *providertest.Kit {
	t.Helper()
	return providertest.New(t, providertest.Native(linux.Types()), m)
}

// diffs gives differences as short text: "mode: "0600" → "0644"".
func diffs(c abi.Change) []string {
	var lines []string
	for _, d := range c.Diffs {
		after := string(d.After)
		if d.Unknown {
			after = "?"
		}
		lines = append(lines, d.Field+": "+string(d.Before)+" → "+after)
	}
	return lines
}

// effects gives effects as JSON.
func effects(t *testing.T, c abi.Change) []string {
	t.Helper()
	var lines []string
	for _, e := range c.Effects {
		out, err := codec.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(out))
	}
	return lines
}

// want is a change in the short form.
type want struct {
	action  abi.Action
	reason  string
	diffs   []string
	effects []string
}

func check(t *testing.T, c abi.Change, w want) {
	t.Helper()
	if c.Action != w.action || c.Reason != w.reason {
		t.Errorf("got %q because of %q, want %q because of %q", c.Action, c.Reason, w.action, w.reason)
	}
	if diff := cmp.Diff(w.diffs, diffs(c)); diff != "" {
		t.Errorf("diffs: %s", diff)
	}
	var compact []string
	for _, e := range w.effects {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(e)); err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		compact = append(compact, b.String())
	}
	if diff := cmp.Diff(compact, effects(t, c)); diff != "" {
		t.Errorf("effects: %s", diff)
	}
}

// failure checks an error's message and hint.
func failure(t *testing.T, err *abi.Error, class op.Class, message, hint string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if err.Class != class || err.Message != message || err.Hint != hint {
		t.Errorf("got %s %q hint %q\nwant %s %q hint %q", err.Class, err.Message, err.Hint, class, message, hint)
	}
}
