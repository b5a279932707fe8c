package jinja

import (
	"fmt"

	gonja "github.com/nikolalohinski/gonja/v2/builtins"
	structures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// controlStructures are gonja's, with macros and blocks guarded: one that
// renders itself without end must not exhaust the process's stack.
func controlStructures() *exec.ControlStructureSet {
	set := exec.NewControlStructureSet(map[string]parser.ControlStructureParser{}).Update(gonja.ControlStructures)
	set.Replace("include", parseInclude) //nolint:errcheck // it exists
	for _, name := range namesOf(set) {
		if inner, ok := set.Get(name); ok {
			set.Replace(name, securing(inner)) //nolint:errcheck // it exists
		}
	}
	for _, name := range []string{"macro", "block"} {
		inner, ok := set.Get(name)
		if !ok {
			continue
		}
		set.Replace(name, func(p, args *parser.Parser) (nodes.ControlStructure, error) { //nolint:errcheck // it exists
			cs, err := inner(p, args)
			if macro, ok := cs.(*structures.MacroControlStructure); ok && err == nil {
				protect(macro.Wrapper)
			}
			if err == nil {
				for _, block := range p.Template.Blocks {
					protect(block)
				}
			}
			return cs, err
		})
	}
	return set
}

// guard counts how deep a rendering is within macros and blocks.
type guard struct {
	at    *tokens.Token
	enter bool
}

func protect(w *nodes.Wrapper) {
	if len(w.Nodes) > 0 {
		if first, ok := w.Nodes[0].(*nodes.ControlStructureBlock); ok {
			if _, done := first.ControlStructure.(*guard); done {
				return
			}
		}
	}
	step := func(enter bool) nodes.Node {
		return &nodes.ControlStructureBlock{
			Location: w.Location, Name: "guard",
			ControlStructure: &guard{at: w.Location, enter: enter},
		}
	}
	w.Nodes = append(append([]nodes.Node{step(true)}, w.Nodes...), step(false))
}

// Position implements gonja's node.
func (g *guard) Position() *tokens.Token { return g.at }

func (g *guard) String() string { return "guard" }

// Execute implements gonja's control structure.
func (g *guard) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	st := stateOf(r.Environment.Context)
	if err := st.step(0); err != nil && g.enter {
		st.note(err)
		return err
	}
	switch {
	case !g.enter:
		st.depth--
	case st.depth >= maxDepth:
		err := stop(fmt.Sprintf("macros or blocks call each other more than %d levels deep", maxDepth))
		st.note(err)
		return err
	default:
		st.depth++
	}
	return nil
}
