// Package function is what filters, tests and global functions of templates are made of: their parameters, and what a
// call may ask of the rendering that it belongs to.
//
// It imports package py, the Starlark library and the standard library only.
package function

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Func is a filter, a test or a global function.
type Func struct {
	Name   string
	Params py.Signature // of a filter or test: behind the value
	Doc    string       // one line for the reference
	// Undefined is whether it takes an undefined value; UndefinedArgs, whether its arguments may be undefined.
	Undefined, UndefinedArgs bool
	Call                     func(c *Call) (py.Value, error)
}

// Call is one call of a Func.
type Call struct {
	Run   *Run
	Value py.Value // what a filter or test is applied to
	py.Bound
}

// Apply calls a filter or test for a value.
func (f *Func) Apply(r *Run, v py.Value, a py.Args) (py.Value, error) {
	if !f.Undefined {
		if err := py.Strict(v); err != nil {
			return nil, err
		}
	}
	b, err := f.Params.Bind(f.Name, a)
	if err != nil {
		return nil, err
	}
	if !f.UndefinedArgs {
		if err := defined(b); err != nil {
			return nil, err
		}
	}
	return f.Call(&Call{Run: r, Value: v, Bound: b})
}

// Filter is Apply for a filter.
func (f *Func) Filter(r *Run, v py.Value, a py.Args) (py.Value, error) {
	out, err := f.Apply(r, v, a)
	switch out.(type) {
	case *py.Range, *py.View: // Ansible makes lists of what filters only go over
		items, err := py.Elements(out)
		return starlark.NewList(items), err
	}
	return out, err
}

func defined(b py.Bound) error {
	if err := py.Strict(b.Values...); err != nil {
		return err
	}
	if err := py.Strict(b.Rest...); err != nil {
		return err
	}
	for _, arg := range b.More {
		if err := py.Strict(arg.Value); err != nil {
			return err
		}
	}
	return nil
}

// Set finds functions by their names.
type Set interface {
	Filter(name string) *Func
	Test(name string) *Func
	Global(name string) py.Value
}

// Run is what one rendering has used of its limits, and what it can call.
type Run struct {
	Set
	Context context.Context //nolint:containedctx // of this one rendering
	Until   time.Time       // when it is ended; zero for never
	Steps   int             // what is left of the steps
	// Files are those of the workspace; nil where there are none.
	Files Workspace
	// Variable returns a variable of the template that is rendered; found is false where there is none.
	Variable func(name string) (v py.Value, found bool, err error)
	over     atomic.Bool // the context is done, or the time is up
}

// Watch lets steps notice that the context is done or that the time is up, until stop is called.
func (r *Run) Watch() (stop func()) {
	end := func() { r.over.Store(true) }
	forget := context.AfterFunc(r.Context, end)
	if r.Until.IsZero() {
		return func() { forget() }
	}
	timer := time.AfterFunc(time.Until(r.Until), end)
	return func() {
		forget()
		timer.Stop()
	}
}

// Limit is a rendering that took too much.
type Limit struct{ Message string }

func (l *Limit) Error() string { return l.Message }

// Step counts steps: elements that are gone through, calls, iterations.
func (r *Run) Step(n int) error {
	if r.Steps -= n; r.Steps < 0 {
		return &Limit{"the template takes more steps than a rendering may"}
	}
	if !r.over.Load() {
		return nil
	}
	return r.Over()
}

// Over is the error of a rendering that is to end.
func (r *Run) Over() error {
	if err := r.Ended(); err != nil {
		return err
	}
	return &Limit{"the rendering takes too long"}
}

// Ended is the error of a rendering whose context is done.
func (r *Run) Ended() error {
	if r.Context.Err() == nil {
		return nil
	}
	return &Limit{fmt.Sprintf("the rendering was ended: %v", context.Cause(r.Context))}
}

// Explained makes any error one of the value at hand, but for that of a limit.
func (r *Run) Explained(err error) error {
	if err == nil {
		return nil
	}
	if ended := r.Ended(); ended != nil {
		return ended
	}
	if _, isLimit := errors.AsType[*Limit](err); isLimit {
		return err
	}
	return py.Errorf("%s", err)
}

// Workspace is the files that lookups may read.
type Workspace interface {
	// Find returns the path, from the root, of the file or directory that a template names, which is looked for in the
	// directory dir (files, templates) of each place, too. ok is false where there is none.
	Find(dir, name string) (path string, ok bool, err error)
	// Read returns a file's text.
	Read(path string) (string, error)
	// Glob returns the paths of the files that match a pattern, in order, from the first place where there are any.
	Glob(dir, pattern string) ([]string, error)
	// Render renders the template at a path with the variables of the rendering and more.
	Render(r *Run, path string, more map[string]py.Value) (string, error)
}
