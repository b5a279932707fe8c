// Package units holds the units that one evaluation declares: what a runbook has
// of each, two equal declarations as one, and the edges that lambdas make.
package units

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

const setKey = "froyo.units"

// Set is the units that an evaluation has declared so far. It belongs to the
// goroutine of the evaluation.
type Set struct {
	scope    *eval.Scope
	plays    *play.Collector
	order    []*Handle
	handles  map[unit.ID]*Handle
	captures []*captured
	topLevel []diag.Frame // resources at the top level of the main file
}

// Collect begins to collect the units that the thread of an evaluation declares.
func Collect(s *eval.Scope, plays *play.Collector) *Set {
	set := &Set{scope: s, plays: plays, handles: map[unit.ID]*Handle{}}
	s.Thread().SetLocal(setKey, set)
	return set
}

// Of returns the units of a thread; lambdas have none.
func Of(thread *starlark.Thread) *Set { return thread.Local(setKey).(*Set) }

// Scope returns the evaluation.
func (s *Set) Scope() *eval.Scope { return s.scope }

// Plays returns what the evaluation declares of plays.
func (s *Set) Plays() *play.Collector { return s.plays }

// TopLevel returns where the main file called resources outside of functions.
func (s *Set) TopLevel() []diag.Frame { return s.topLevel }

// AtTopLevel notes that the main file called a resource while it was loaded.
func (s *Set) AtTopLevel(call diag.Frame) { s.topLevel = append(s.topLevel, call) }

// Failed returns what stands for a unit whose declaration has errors, which were reported.
func Failed(u *unit.Unit, t *schema.Type) *Handle { return &Handle{unit: u, typ: t, failed: true} }

// Add registers a unit, or joins it with an equal one. Two units of one name that differ are an error.
func (s *Set) Add(u *unit.Unit, t *schema.Type, lambdas []Lambda) *Handle {
	h := &Handle{unit: u, typ: t, lambdas: lambdas, scope: s.scope}
	old := s.handles[u.ID]
	if old == nil {
		h.index = s.scope.CountUnit()
		u.Index = h.index
		s.handles[u.ID] = h
		s.order = append(s.order, h)
		s.plays.Add(u)
		s.capture(h, lambdas)
		return h
	}
	if what := old.differs(h); what != "" {
		hint := "declare it once, or give both the same arguments"
		if alias := t.KeyAlias; alias != "" {
			hint = "declare it once, give both the same arguments, or give one another " + alias
		}
		s.scope.Report(&diag.Error{
			Summary: fmt.Sprintf("%s is declared twice, with different %s; first at %s", u.ID.Local(), what, old.unit.Pos),
			Hint:    hint,
			Pos:     u.Pos, Stack: u.Stack, Unit: u.ID.Local(),
		})
		return old
	}
	old.join(u)
	s.capture(old, lambdas)
	return old
}

// Finish checks what only the whole evaluation shows: variables that changed
// after a lambda had captured them, and the edges of lambdas. It freezes what lambdas hold.
func (s *Set) Finish() {
	for _, c := range s.captures {
		s.settle(c)
	}
	s.checkEdges()
	s.checkEdits()
}

// List unpacks an argument that is a unit, or a list of units; lists may be nested.
func List(v starlark.Value) ([]*Handle, error) {
	switch v := v.(type) {
	case *Handle:
		return []*Handle{v}, nil
	case *starlark.List, starlark.Tuple, *starlark.Set:
		var all []*Handle
		iter := v.(starlark.Iterable).Iterate()
		defer iter.Done()
		var e starlark.Value
		for iter.Next(&e) {
			some, err := List(e)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	case starlark.String:
		return nil, fmt.Errorf("got the string %s, want a unit: the value that the resource's call returned", v)
	}
	return nil, fmt.Errorf("got %s, want a unit or a list of units", v.Type())
}

// IDs gives the names of units of the host that is evaluated; those of other hosts are errors.
func (s *Set) IDs(what string, handles []*Handle, fail func(*diag.Error)) []unit.ID {
	var ids []unit.ID
	for _, h := range handles {
		if h.unit.ID.Host != s.scope.HostName() {
			fail(&diag.Error{Summary: fmt.Sprintf("%s: %s belongs to another host", what, h.unit.ID)}) // nothing that hosts share can hold a unit
			continue
		}
		if !h.failed {
			ids = append(ids, h.unit.ID)
		}
	}
	return ids
}
