package eval

import (
	"context"
	"io/fs"
	"sync/atomic"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/source"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/op"
)

// Builtin documents one name of the language, and makes its value.
type Builtin struct {
	// Name is as a runbook writes it; methods carry their receiver: host.stat.
	Name    string
	Doc     string
	Example string
	// Params are the arguments of a method, in their order; nil for what is no method.
	Params []Param
	// Make makes the value that every file can use; it is nil for methods.
	Make func(*Env) starlark.Value
}

// Param is an argument of a method.
type Param struct {
	Name string
	// Kind is as those of resource types: "string", "bool", "string or list of strings".
	Kind string
	// Optional is that it need not be given.
	Optional bool
}

// Function makes the value of a builtin that is a function and the same in every program.
func Function(name string, fn func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)) func(*Env) starlark.Value {
	return func(*Env) starlark.Value { return starlark.NewBuiltin(name, fn) }
}

// Secrets gives the secrets that a runbook names. It is safe for concurrent use.
type Secrets interface {
	// Get gives a text that stands for a secret. generate says how it is made where it is not there, "" that it is not.
	Get(ctx context.Context, name, generate string) (string, error)
	// Known reports whether a secret was asked for.
	Known(name string) bool
}

// Print shows a line that a runbook printed; host is "" while files are loaded.
type Print func(pos diag.Pos, host, text string)

// Env is what all evaluations of a program share. Its fields must not change
// once it is in use; it is then safe for concurrent use.
type Env struct {
	FS        fs.FS // the workspace
	Types     []*schema.Type
	Inventory *inventory.Inventory
	// Facts are the namespaces that hosts can tell, and Collect the functions of the workspace that tell some of them, by
	// namespace.
	Facts   *facts.Registry
	Collect map[string]func(ctx context.Context, h *inventory.Host, r Reader) (map[string]any, error)
	Vars    map[string]any
	// Secrets gives the secrets that a runbook names; nil is that there are none.
	Secrets Secrets
	// Declared are the variables that are declared, and whether hosts have values of their own.
	Declared map[string]bool
	Print    Print
	// Seal gives the keyed digest that stands for what must not be shown. Where it is
	// nil, nothing of the evaluation is kept.
	Seal func() (func([]byte) string, error)
	// Start returns where the call begins whose parenthesis is at pos; other places stay as they are.
	Start func(pos diag.Pos) diag.Pos
	// Globals names the globals that a function of the main file uses.
	Globals capture.Globals
	// Thread makes a thread with the program's limits; done must be called after its use.
	Thread func(ctx context.Context, name string) (thread *starlark.Thread, done func())
	// Templates renders files of FS.
	Templates *jinja.Set
	// MaxSteps bounds each evaluation, in steps of Starlark and of templates.
	MaxSteps uint64

	checker  check.Checker
	blobs    source.Blobs
	trees    source.Trees
	handlers atomic.Int64 // declared so far
}

// NextHandler gives a handler its place among all. Files are loaded one after the
// other, and a host's evaluation declares its own in order, so that the order
// is the same whenever a host is evaluated.
func (e *Env) NextHandler() int { return int(e.handlers.Add(1)) }

// Sealer is what Seal gives, or what does where nothing is kept.
func (e *Env) Sealer() (func([]byte) string, error) {
	if e.Seal != nil {
		return e.Seal()
	}
	return secret.Unkept, nil
}

// Outputs describes the results that units of a type offer.
func (e *Env) Outputs(typ string) []schema.Field {
	for _, t := range e.Types {
		if t.Name == typ {
			return t.Outputs
		}
	}
	return nil
}

// Checker checks the arguments of resources.
func (e *Env) Checker() *check.Checker { return &e.checker }

// Source returns the content of a file that goes to hosts as it is, named by
// the file that is being evaluated; of a directory, where tree is not nil, it is the list of its tree. It is read when it is
// sent; here only its digest is computed, once for a program.
func (s *Scope) Source(name string, tree *source.Choice) (*op.Blob, *diag.Error) {
	file, err := source.ResolvePath(Pos(Stack(s.thread)).File, name)
	if err != nil {
		return nil, err
	}
	var blob *op.Blob
	if tree == nil {
		blob, err = s.env.blobs.Get(s.env.FS, file)
	} else {
		blob, err = s.env.trees.Get(s.env.FS, file, *tree)
	}
	if err != nil {
		return nil, err
	}
	s.inputs.File(file, blob.Sum)
	return blob, nil
}
