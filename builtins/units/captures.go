package units

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/engine/diag"
)

// captured is a lambda of a unit, with the variables that it captured as they
// were when the unit was declared.
type captured struct {
	handle *Handle
	lambda Lambda
	vars   []*capture.Var
}

func (s *Set) capture(h *Handle, lambdas []Lambda) {
	for _, l := range lambdas {
		l.Func.SetUnit(h.unit.ID)
		vars := capture.Reach(l.Func.Value(), s.scope.Env().Globals, notInto)
		s.captures = append(s.captures, &captured{handle: h, lambda: l, vars: vars})
	}
}

// notInto ends the walk at values of ours that hold no others.
func notInto(v starlark.Value) bool {
	switch v.(type) {
	case *Handle, *hostapi.Host:
		return false
	}
	return true
}

// settle checks one lambda at the end of the evaluation and adds its edges.
func (s *Set) settle(c *captured) {
	for _, v := range c.vars {
		if v.Changed() {
			s.scope.Report(loopTrap(c, v))
			return
		}
	}
	vars := capture.Reach(c.lambda.Func.Value(), s.scope.Env().Globals, func(v starlark.Value) bool {
		h, isUnit := v.(*Handle)
		if isUnit && !h.failed {
			s.addEdge(c, h)
		}
		return notInto(v)
	})
	for _, v := range vars {
		if v.Value == nil {
			s.scope.Report((&diag.Error{
				Summary: fmt.Sprintf("%q is captured by a lambda of %s, but never assigned", v.Name, c.handle),
				Pos:     eval.Place(v.Pos()), Unit: c.handle.String(),
			}).WithHint("assign it before the function returns"))
		}
	}
	if err := capture.Freeze(c.lambda.Func.Value()); err != nil {
		found := s.scope.Env().Diagnose(err, s.scope.HostName())
		if found.Pos == (diag.Pos{}) {
			found.Pos, found.Unit = c.lambda.Func.Pos(), c.handle.String()
		}
		s.scope.Report(found)
	}
}

// loopTrap is the error for a variable that changes behind a lambda's back.
func loopTrap(c *captured, v *capture.Var) *diag.Error {
	err := &diag.Error{
		Summary: fmt.Sprintf("%q is assigned again after the lambda of %s captured it", v.Name, c.handle),
		Pos:     eval.Place(v.Pos()), Unit: c.handle.String(),
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
func (s *Set) addEdge(c *captured, to *Handle) {
	if to.unit.ID.Host != c.handle.unit.ID.Host {
		s.scope.Report(&diag.Error{ // nothing that hosts share can hold a unit
			Summary: fmt.Sprintf("a lambda of %s reads %s, which belongs to another host", c.handle, to.unit.ID),
			Pos:     c.lambda.Func.Pos(), Unit: c.handle.String(),
		})
		return
	}
	if !slices.Contains(c.handle.unit.Require, to.unit.ID) {
		c.handle.unit.Require = append(c.handle.unit.Require, to.unit.ID)
	}
}
