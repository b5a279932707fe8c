// Package builtins is what the language of runbooks knows beyond Starlark:
// resources made from their schemas, plays, values known only after apply,
// hosts and what can be asked of them, variables and templates.
//
// It stands between runtime/script, which parses and runs files, and the
// engine, whose units it makes. It may import the engine and what lies below.
package builtins

import (
	"context"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/runner/op"
)

// Builtin documents one name of the language.
type Builtin struct {
	// Name is as a runbook writes it; methods carry their receiver: host.stat.
	Name    string
	Doc     string
	Example string

	make func(*Env) starlark.Value // nil for methods
}

// All lists every builtin that is no resource, methods of hosts included.
func All() []Builtin {
	return slices.Concat([]Builtin{
		playDoc(), handlerDoc(), flushDoc(), barrierDoc(), retryDoc(), lifecycleDoc(), delegateDoc(), laterDoc(), templateDoc(), hostsDoc(), varsDoc(), structDoc(), printDoc(),
	}, hostDocs())
}

// Print shows a line that a runbook printed; host is "" while files are loaded.
type Print func(pos diag.Pos, host, text string)

// Env is what all evaluations of a program share. Its fields must not change
// once it is in use; it is then safe for concurrent use.
type Env struct {
	FS        fs.FS // the workspace
	Types     []*schema.Type
	Inventory *inventory.Inventory
	Vars      map[string]any
	UsedVars  func() map[string]any // the variables that the program's files name
	Print     Print
	// Start returns where the call begins whose parenthesis is at pos; other places stay as they are.
	Start func(pos diag.Pos) diag.Pos
	// Globals names the globals that a function of the main file uses.
	Globals capture.Globals
	// Thread makes a thread with the program's limits; done must be called after its use.
	Thread func(ctx context.Context, name string) (thread *starlark.Thread, done func())
	// Templates renders files of FS.
	Templates *jinja.Set

	mu    sync.Mutex
	blobs map[string]*op.Blob // contents of source files, by path

	declared atomic.Int64 // handlers so far
}

// handlers gives a handler its place among all. Files are loaded one after the
// other, and a host's evaluation declares its own in order, so that the order
// is the same whenever a host is evaluated.
func (e *Env) handlers() int { return int(e.declared.Add(1)) }

// Predeclared returns the names that every file can use.
func (e *Env) Predeclared() starlark.StringDict {
	names := starlark.StringDict{}
	for _, b := range All() {
		if b.make != nil {
			names[b.Name] = b.make(e)
		}
	}
	for _, t := range e.Types {
		names[t.Name] = newResource(e, t, nil)
	}
	names.Freeze()
	return names
}
