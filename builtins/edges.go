package builtins

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/engine/diag"
)

// captured is a lambda of a unit, with the variables that it captured as they
// were when the unit was declared.
type captured struct {
	handle *Handle
	lazy   lazy
	vars   []*capture.Var
}

func (s *Scope) capture(h *Handle, lazies []lazy) {
	for _, l := range lazies {
		l.lambda.unit = h.unit.ID
		vars := capture.Reach(l.lambda.value, s.env.Globals, notInto)
		s.captures = append(s.captures, &captured{handle: h, lazy: l, vars: vars})
	}
}

// notInto ends the walk at values of ours that hold no others.
func notInto(v starlark.Value) bool {
	switch v.(type) {
	case *Handle, *Host:
		return false
	}
	return true
}

// settle checks one lambda at the end of the evaluation and adds its edges.
func (s *Scope) settle(c *captured) {
	for _, v := range c.vars {
		if v.Changed() {
			s.report(loopTrap(c, v))
			return
		}
	}
	vars := capture.Reach(c.lazy.lambda.value, s.env.Globals, func(v starlark.Value) bool {
		h, isUnit := v.(*Handle)
		if isUnit && !h.failed {
			s.addEdge(c, h)
		}
		return notInto(v)
	})
	for _, v := range vars {
		if v.Value == nil {
			s.report((&diag.Error{
				Summary: fmt.Sprintf("%q is captured by a lambda of %s, but never assigned", v.Name, c.handle),
				Pos:     Place(v.Pos()), Unit: c.handle.String(),
			}).WithHint("assign it before the function returns"))
		}
	}
	if err := capture.Freeze(c.lazy.lambda.value); err != nil {
		s.report(s.env.Diagnose(err, s.hostName()))
	}
}

// loopTrap is the error for a variable that changes behind a lambda's back.
func loopTrap(c *captured, v *capture.Var) *diag.Error {
	err := &diag.Error{
		Summary: fmt.Sprintf("%q is assigned again after the lambda of %s captured it", v.Name, c.handle),
		Pos:     Place(v.Pos()), Unit: c.handle.String(),
	}
	if v.Func.Name() != "lambda" {
		return err.WithHint("write \"def %s(%s)\" to keep the value it has here", v.Func.Name(), bound(v))
	}
	return err.WithHint("write \"lambda %s: ...\" to keep the value it has here", bound(v))
}

// bound is the parameter list of v's function, with the variable bound to its present value.
func bound(v *capture.Var) string {
	var params []string
	for i := range v.Func.NumParams() {
		name, _ := v.Func.Param(i)
		if v.Func.ParamDefault(i) != nil {
			name += " = " + name
		}
		params = append(params, name)
	}
	return strings.Join(append(params, v.Name+" = "+v.Name), ", ")
}

// addEdge makes the lambda's unit require the one that it reads.
func (s *Scope) addEdge(c *captured, to *Handle) {
	if to.unit.ID.Host != c.handle.unit.ID.Host {
		s.report((&diag.Error{
			Summary: fmt.Sprintf("a lambda of %s reads %s, which belongs to another host", c.handle, to.unit.ID),
			Pos:     c.lazy.lambda.pos, Unit: c.handle.String(),
		}).WithHint("results stay on their host"))
		return
	}
	if !slices.Contains(c.handle.unit.Require, to.unit.ID) {
		c.handle.unit.Require = append(c.handle.unit.Require, to.unit.ID)
	}
}

// checkEdges refuses edges against the script's order, and the cycles among them.
func (s *Scope) checkEdges() {
	for _, h := range s.order {
		for _, id := range h.unit.Require {
			to := s.handles[id]
			if to == nil || to.index < h.index {
				continue
			}
			if path := s.path(to, h, map[*Handle]bool{}); path != nil {
				s.report(cycle(append([]*Handle{h}, path...)))
				return
			}
			s.report((&diag.Error{
				Summary: fmt.Sprintf("%s requires %s, which is declared after it, at %s", h, to, to.unit.Pos),
				Pos:     h.unit.Pos, Stack: h.unit.Stack, Unit: h.String(),
			}).WithHint("units run in the order of the script: declare %s first", to))
		}
	}
}

// path returns the units from one to another along their requirements, or nil.
func (s *Scope) path(from, to *Handle, seen map[*Handle]bool) []*Handle {
	if from == to {
		return []*Handle{from}
	}
	if seen[from] {
		return nil
	}
	seen[from] = true
	for _, id := range from.unit.Require {
		next := s.handles[id]
		if next == nil {
			continue
		}
		if rest := s.path(next, to, seen); rest != nil {
			return append([]*Handle{from}, rest...)
		}
	}
	return nil
}

func cycle(path []*Handle) *diag.Error {
	names := make([]string, len(path))
	places := make([]string, 0, len(path))
	for i, h := range path {
		names[i] = h.String()
		if i < len(path)-1 {
			places = append(places, fmt.Sprintf("%s is declared at %s", h, h.unit.Pos))
		}
	}
	first := path[0].unit
	return (&diag.Error{
		Summary: "units require each other: " + strings.Join(names, " -> "),
		Detail:  strings.Join(places, "\n"),
		Pos:     first.Pos, Stack: first.Stack, Unit: first.ID.Local(),
	}).WithHint("take one of these edges out")
}
