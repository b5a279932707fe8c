package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/testdata/measure/source"
)

// module writes a module and reads it: files by their names, which "-- name --" begins.
func module(t *testing.T, text string) *source.Module {
	t.Helper()
	root := t.TempDir()
	for file := range strings.SplitSeq(strings.TrimPrefix(text, "\n"), "-- ") {
		name, body, ok := strings.Cut(file, " --\n")
		if !ok {
			continue
		}
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := source.Read(root, "example.org/m")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRead(t *testing.T) {
	m := module(t, `
-- a/a.go --
package a

// T is documented.
type T struct{ X, Y int }

func (t *T) A() {}

func Undocumented() {
	println()
}
-- a/more.go --
package a

func (t T) B() {}
-- a/a_test.go --
package a

func (t T) inATest() {}
-- a/testdata/x.go --
package x
-- .hidden/x.go --
package x
`)
	if len(m.Packages) != 1 {
		t.Fatalf("packages: %v", m.Packages)
	}
	a := m.Package("a")
	typ := a.Types["T"]
	got := map[string]int{
		"files": len(a.Files), "functions": len(a.Funcs), "exported": a.Exported, "documented": a.Documented,
		"lines of Undocumented": a.Funcs[1].Lines, "methods": len(typ.Methods), "files of methods": typ.MethodFiles(), "fields": typ.Fields(),
	}
	want := map[string]int{
		"files": 2, "functions": 3, "exported": 4, "documented": 1,
		"lines of Undocumented": 3, "methods": 2, "files of methods": 2, "fields": 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// types are structs of which some are plain data, and some embed others.
const types = `
-- leaf/leaf.go --
package leaf

import "sync"

type Data struct{ When map[string][]int }
type Locked struct{ mu sync.Mutex }
type Conn interface{ Close() error }
-- top/top.go --
package top

import (
	other "example.org/m/leaf"
	"net/http"
	"time"
)

type Plain struct {
	A    string
	When time.Time
	Next *Plain
	Data map[string]*other.Data
}
func (p *Plain) Name() string { return p.A }
func (p Plain) Copied() Plain { p.A = ""; return p }

type Changing struct{ a []int }
func (c *Changing) Set() { c.a[0] = 1 }

type Calls struct{ F func() }
type Waits struct{ C chan int }
type Foreign struct{ Client *http.Client }
type Deep struct{ Parts []map[string]Calls }
type Across struct{ l *other.Locked }

type EmbedsData struct{ other.Data; Plain }
type EmbedsLock struct{ *other.Locked }
type EmbedsConn struct{ other.Conn }
type Counter struct{ n int }
func (c *Counter) Add() { c.n++ }
type EmbedsCounter struct{ Counter }
type Worker struct{ n int }
func (w *Worker) A() { w.n++ }
func (w *Worker) B() {}
func (w *Worker) C() {}
func (w *Worker) D() {}
func (w *Worker) E() {}
type EmbedsWorker struct{ *Worker }
`

func TestMachinery(t *testing.T) {
	m := module(t, types)
	want := map[string]string{
		"Plain":    "",
		"Changing": "its method Set changes it",
		"Calls":    "F: a function",
		"Waits":    "C: a channel",
		"Foreign":  "Client: a http.Client",
		"Deep":     "Parts: F: a function",
		"Across":   "l: mu: a sync.Mutex",
	}
	for name, why := range want {
		if got := m.Machinery(m.Package("top").Types[name]); got != why {
			t.Errorf("%s: %q, want %q", name, got, why)
		}
	}
}

// TestEmbeds: what only has fields may be embedded, and interfaces may.
func TestEmbeds(t *testing.T) {
	m := module(t, types)
	want := map[string]string{"EmbedsData": "", "EmbedsLock": "leaf.Locked", "EmbedsConn": "", "EmbedsCounter": "", "EmbedsWorker": "top.Worker"}
	for name, embedded := range want {
		got := ""
		for _, other := range m.Embeds(m.Package("top").Types[name]) {
			got += other.String()
		}
		if got != embedded {
			t.Errorf("%s embeds %q, want %q", name, got, embedded)
		}
	}
}
