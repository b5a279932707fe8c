package jinja

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/program"
)

// patience is how long a rendering may go on when it is to end: between two of its steps it may have much to do, such as
// sorting a million elements. Then it is left behind.
const patience = 50 * time.Millisecond

// render runs a program.
func (s *Set) render(r Rendering, p *program.Program, name string) (string, error) {
	if r.Limit == 0 {
		r.Limit = DefaultLimit
	}
	if r.Steps == nil {
		r.Steps, r.MaxSteps = new(uint64), DefaultSteps
	}
	before := int(r.MaxSteps - min(*r.Steps, r.MaxSteps)) //nolint:gosec // far below the limits of both
	run := &function.Run{Set: s.lib, Context: r.Context, Until: time.Now().Add(r.Limit), Steps: before}
	files := &finder{set: s, main: name}
	run.Files = files
	vars := &gate{vars: r.Vars}
	out, err := apart(run, name, func() (string, error) { return p.Render(run, files, vars.variable) })
	if errors.Is(err, errLeftBehind) {
		vars.close()
		err = run.Over()
	} else {
		*r.Steps += uint64(before - run.Steps) //nolint:gosec // it only falls
	}
	if err != nil {
		return "", s.explain(err, r.Vars, name)
	}
	return out, nil
}

// errLeftBehind is a rendering that did not end when it was to.
var errLeftBehind = errors.New("the rendering was left behind")

// apart runs a rendering on a goroutine of its own, and waits for it no longer than it may take.
func apart(run *function.Run, name string, render func() (string, error)) (string, error) {
	type result struct {
		out string
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if failed := recover(); failed != nil {
				r.err = &Error{File: name, Message: fmt.Sprintf("the template engine failed: %v", failed)}
			}
			done <- r
		}()
		r.out, r.err = render()
	}()
	timer := time.NewTimer(time.Until(run.Until))
	defer timer.Stop()
	select {
	case r := <-done:
		return r.out, r.err
	case <-run.Context.Done():
	case <-timer.C:
	}
	timer.Reset(patience)
	select {
	case r := <-done:
		return r.out, r.err
	case <-timer.C:
		return "", errLeftBehind
	}
}

// gate lets one rendering read variables until it is closed: a rendering that was left behind is to read no more.
type gate struct {
	mu     sync.Mutex
	closed bool
	vars   Variables
}

func (g *gate) variable(name string) (starlark.Value, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, false, errLeftBehind
	}
	return g.vars.Variable(name)
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}
