// Package pyyaml writes and reads YAML as Ansible does with PyYAML and libyaml: the same styles of scalars, the same line
// breaks, anchors for what appears twice.
package pyyaml

import (
	"regexp"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Options of Dump.
type Options struct {
	Indent        int   // columns of a level, 2 to 9
	Width         int   // columns of a line before text is broken
	FlowStyle     *bool // nil: collections of scalars on one line
	KeepOrder     bool  // keys stay in the order of the dict
	ExplicitStart bool  // --- before the document
	ExplicitEnd   bool  // ... behind it
	Escape        bool  // characters beyond ASCII are escaped
}

type kind uint8

const (
	scalar kind = iota
	sequence
	mapping
)

// node is a value as it is written.
type node struct {
	kind   kind
	text   string // of a scalar
	plain  bool   // whether the scalar means the same without quotes
	flow   bool
	items  []*node // of a mapping: keys and values in turns
	anchor string
	seen   int
	alias  bool // written already
}

// represent makes nodes of values; lists and dicts that appear twice are one node.
type represent struct {
	opts Options
	made map[any]*node
	next int
}

// maxDepth is how deeply values may be nested.
const maxDepth = 300

func (r *represent) node(v py.Value, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, py.Errorf("a value is nested more than %d levels deep", maxDepth)
	}
	switch v := v.(type) {
	case *py.Undefined:
		return nil, v
	case starlark.NoneType:
		return &node{text: "null", plain: true}, nil
	case starlark.Bool:
		if v {
			return &node{text: "true", plain: true}, nil
		}
		return &node{text: "false", plain: true}, nil
	case starlark.Int:
		s, err := py.Repr(v)
		return &node{text: s, plain: true}, err
	case starlark.Float:
		return &node{text: floatText(float64(v)), plain: true}, nil
	case starlark.String:
		return &node{text: string(v), plain: isText(string(v))}, nil
	case *starlark.Dict:
		return r.shared(v, func(n *node) error { return r.mapping(n, v, depth) })
	case *starlark.List:
		return r.shared(v, func(n *node) error { return r.sequence(n, v, depth) })
	}
	if t, ok := v.(starlark.Tuple); ok {
		n := &node{}
		return n, r.sequence(n, t, depth)
	}
	return nil, py.Errorf("a value of type %s cannot be written as YAML", py.TypeName(v))
}

// shared makes the node of a list or dict once.
func (r *represent) shared(key any, fill func(n *node) error) (*node, error) {
	n, ok := r.made[key]
	if !ok {
		n = &node{}
		r.made[key] = n
		return n, fill(n)
	}
	return n, nil
}

func (r *represent) sequence(n *node, v py.Value, depth int) error {
	n.kind, n.flow = sequence, true
	items, err := py.Elements(v)
	if err != nil {
		return err
	}
	for _, item := range items {
		child, err := r.node(item, depth+1)
		if err != nil {
			return err
		}
		n.flow = n.flow && child.kind == scalar
		n.items = append(n.items, child)
	}
	if r.opts.FlowStyle != nil {
		n.flow = *r.opts.FlowStyle
	}
	return nil
}

func (r *represent) mapping(n *node, d *starlark.Dict, depth int) error {
	n.kind, n.flow = mapping, true
	keys := d.Keys()
	if !r.opts.KeepOrder {
		ordered := append([]py.Value(nil), keys...)
		if py.Sort(ordered, false) == nil { // keys that have no order stay as they are
			keys = ordered
		}
	}
	for _, k := range keys {
		v, _, err := d.Get(k)
		if err != nil {
			return err
		}
		for _, part := range []py.Value{k, v} {
			child, err := r.node(part, depth+1)
			if err != nil {
				return err
			}
			n.flow = n.flow && child.kind == scalar
			n.items = append(n.items, child)
		}
	}
	if r.opts.FlowStyle != nil {
		n.flow = *r.opts.FlowStyle
	}
	return nil
}

// anchors names the nodes that appear twice, in the order in which that is seen.
func (r *represent) anchors(n *node) {
	if n.kind == scalar {
		return
	}
	if n.seen++; n.seen > 1 {
		if n.anchor == "" {
			r.next++
			n.anchor = anchorName(r.next)
		}
		return
	}
	for _, item := range n.items {
		r.anchors(item)
	}
}

func anchorName(n int) string {
	digits := []byte("000")
	for i := 2; n > 0 && i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	if n > 0 {
		return "id" + strings.Repeat("9", 3) + string(digits)
	}
	return "id" + string(digits)
}

func floatText(f float64) string {
	s := py.FloatText(f)
	switch s {
	case "inf":
		return ".inf"
	case "-inf":
		return "-.inf"
	case "nan":
		return ".nan"
	}
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

// other is what a plain scalar of YAML 1.1 means besides text.
var other = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF` +
	`|~|null|Null|NULL||<<|=|[!&*]` +
	`|[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
	`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)` +
	`|[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+` +
	`|[0-9]{4}-[0-9]{2}-[0-9]{2}` +
	`|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?)$`)

// isText reports whether a text means text also where it has no quotes.
func isText(s string) bool { return !other.MatchString(s) }
