package jinja

import (
	"reflect"
	"runtime"
	"strings"

	structures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// checked wraps an expression into the filter of a name.
func checked(e nodes.Expression, name string) nodes.Expression {
	if f, ok := e.(*nodes.FilteredExpression); ok && len(f.Filters) > 0 && f.Filters[0].Name == name {
		return e
	}
	if e == nil || reflect.ValueOf(e).IsNil() {
		return e
	}
	return &nodes.FilteredExpression{Expression: e, Filters: []*nodes.FilterCall{{Token: e.Position(), Name: name}}}
}

// secure wraps every printed expression, condition and loop below a node.
func secure(root any) { (&walk{seen: map[any]bool{}}).value(reflect.ValueOf(root)) }

type walk struct{ seen map[any]bool }

func (w *walk) value(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // others hold no nodes
	case reflect.Interface:
		w.value(v.Elem())
	case reflect.Pointer:
		w.pointer(v)
	case reflect.Slice:
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			w.value(v.MapIndex(key))
		}
	case reflect.Struct:
		for _, f := range v.Fields() {
			w.value(f)
		}
	}
}

// pointer goes below a node that was not met before. Fields of gonja's tags are
// unexported: their nodes are reached by their addresses.
func (w *walk) pointer(v reflect.Value) {
	t := v.Type()
	if v.IsNil() || !isNode(t.Elem()) || w.seen[v.Pointer()] {
		return
	}
	w.seen[v.Pointer()] = true
	p := v.UnsafePointer()
	switch t {
	case reflect.TypeFor[*nodes.Output]():
		n := (*nodes.Output)(p)
		n.Expression, n.Condition, n.Alternative = checked(n.Expression, checkName), checked(n.Condition, checkName), checked(n.Alternative, checkName)
	case reflect.TypeFor[*nodes.BinaryExpression]():
		n := (*nodes.BinaryExpression)(p)
		if n.Operator.Token.Type == tokens.Multiply {
			n.Left, n.Right = checked(n.Left, leftName), checked(n.Right, rightName)
		} else {
			n.Left, n.Right = checked(n.Left, sideName), checked(n.Right, sideName)
		}
	case reflect.TypeFor[*structures.ForControlStructure]():
		loop := (*structures.ForControlStructure)(p)
		loop.IfCondition = checked(loop.IfCondition, checkName)
		addTick(loop.BodyWrapper)
	}
	w.value(v.Elem())
}

func isNode(t reflect.Type) bool {
	path := t.PkgPath()
	return strings.HasSuffix(path, "gonja/v2/nodes") || strings.HasSuffix(path, "gonja/v2/builtins/control_structures")
}

// tick is the first step of a loop's body.
type tick struct {
	at   *tokens.Token
	size int // bytes of text in the body
}

func addTick(w *nodes.Wrapper) {
	if w == nil {
		return
	}
	size := 1
	for _, n := range w.Nodes {
		switch n := n.(type) {
		case *nodes.Data:
			size += len(n.Data.Val)
		case *nodes.ControlStructureBlock:
			if _, done := n.ControlStructure.(*tick); done {
				return
			}
		}
	}
	first := &nodes.ControlStructureBlock{Location: w.Location, Name: "tick", ControlStructure: &tick{at: w.Location, size: size}}
	w.Nodes = append([]nodes.Node{first}, w.Nodes...)
}

// Position implements gonja's node.
func (t *tick) Position() *tokens.Token { return t.at }

func (t *tick) String() string { return "tick" }

// Execute implements gonja's control structure. How deep a loop is within
// itself only the stack tells: gonja renders all in the context of the outermost.
func (t *tick) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	st := stateOf(r.Environment.Context)
	if err := st.step(t.size); err != nil {
		st.note(err)
		return err
	}
	if st.ticks++; st.ticks%16 == 0 && runtime.Callers(maxFrames, st.caller[:]) > 0 {
		err := stop("loops call themselves too often within each other")
		st.note(err)
		return err
	}
	return nil
}

// securing makes a tag's parser secure what it parsed.
func securing(inner parser.ControlStructureParser) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		cs, err := inner(p, args)
		if err == nil {
			secure(cs)
			if p.Template != nil {
				secure(p.Template.Parent)
			}
		}
		return cs, err
	}
}
