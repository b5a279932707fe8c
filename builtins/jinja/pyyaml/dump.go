package pyyaml

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Dump writes a value as a YAML document.
func Dump(v py.Value, o Options) (string, error) {
	if o.Indent < 2 || o.Indent > 9 {
		o.Indent = 2
	}
	if o.Width >= 0 && o.Width <= 2*o.Indent {
		o.Width = 80
	} else if o.Width < 0 {
		o.Width = maxText
	}
	r := &represent{opts: o, made: map[any]*node{}}
	n, err := r.node(v, 0)
	if err != nil {
		return "", err
	}
	r.anchors(n)
	e := &emitter{opts: o, indent: -1, whitespace: true, indention: true}
	if o.ExplicitStart {
		e.indicator("---", true, false, false)
		if n.kind != scalar && !n.flow && len(n.items) > 0 {
			e.writeIndent()
		}
	}
	if err := e.node(n, false, false); err != nil {
		return "", err
	}
	e.writeIndent()
	if o.ExplicitEnd {
		e.indicator("...", true, false, false)
		e.writeIndent()
	}
	return e.b.String(), nil
}

// maxText is how many bytes a document may have.
const maxText = 64 << 20

// emitter writes nodes as libyaml does.
type emitter struct {
	b          strings.Builder
	opts       Options
	indent     int // -1 at the top
	column     int
	whitespace bool // the last character was white space
	indention  bool // nothing but indention and indicators is on the line
	flow       int  // levels of collections on one line
}

func (e *emitter) put(s string) {
	e.b.WriteString(s)
	e.column += utf8.RuneCountInString(s)
}

func (e *emitter) lineBreak() {
	e.b.WriteByte('\n')
	e.column = 0
}

func (e *emitter) indicator(s string, needsSpace, isSpace, isIndention bool) {
	if needsSpace && !e.whitespace {
		e.put(" ")
	}
	e.put(s)
	e.whitespace = isSpace
	e.indention = e.indention && isIndention
}

func (e *emitter) writeIndent() {
	indent := max(e.indent, 0)
	if !e.indention || e.column > indent || e.column == indent && !e.whitespace {
		e.lineBreak()
	}
	if e.column < indent {
		e.put(strings.Repeat(" ", indent-e.column))
	}
	e.whitespace, e.indention = true, true
}

// deeper runs what is indented by one more level.
func (e *emitter) deeper(flow, indentless bool, f func() error) error {
	before := e.indent
	switch {
	case e.indent < 0 && flow:
		e.indent = e.opts.Indent
	case e.indent < 0:
		e.indent = 0
	case !indentless:
		e.indent += e.opts.Indent
	}
	err := f()
	e.indent = before
	return err
}

// node writes a node. inMapping is whether it is a key or value, key whether it is a simple key.
func (e *emitter) node(n *node, inMapping, key bool) error {
	if e.b.Len() > maxText {
		return fmt.Errorf("the document has more than %d bytes", maxText)
	}
	if n.alias {
		e.indicator("*"+n.anchor, true, false, false)
		return nil
	}
	if n.anchor != "" {
		n.alias = true
		e.indicator("&"+n.anchor, true, false, false)
	}
	switch {
	case n.kind == scalar:
		return e.deeper(true, false, func() error {
			e.scalar(n, key)
			return nil
		})
	case e.flow > 0 || n.flow || len(n.items) == 0:
		return e.flowCollection(n)
	case n.kind == sequence:
		return e.deeper(false, inMapping && !e.indention, func() error {
			for _, item := range n.items {
				e.writeIndent()
				e.indicator("-", true, false, true)
				if err := e.node(item, false, false); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return e.deeper(false, false, func() error { return e.blockMapping(n) })
}

func (e *emitter) blockMapping(n *node) error {
	for i := 0; i < len(n.items); i += 2 {
		k, v := n.items[i], n.items[i+1]
		e.writeIndent()
		simple := isSimpleKey(k)
		if !simple {
			e.indicator("?", true, false, true)
		}
		if err := e.node(k, true, simple); err != nil {
			return err
		}
		if simple {
			e.indicator(":", false, false, false)
		} else {
			e.writeIndent()
			e.indicator(":", true, false, true)
		}
		if err := e.node(v, true, false); err != nil {
			return err
		}
	}
	return nil
}

func (e *emitter) flowCollection(n *node) error {
	begin, end, step := "[", "]", 1
	if n.kind == mapping {
		begin, end, step = "{", "}", 2
	}
	e.indicator(begin, true, true, false)
	e.flow++
	err := e.deeper(true, false, func() error {
		for i := 0; i < len(n.items); i += step {
			if i > 0 {
				e.indicator(",", false, false, false)
			}
			if e.column > e.opts.Width {
				e.writeIndent()
			}
			if n.kind == sequence {
				if err := e.node(n.items[i], false, false); err != nil {
					return err
				}
				continue
			}
			if err := e.flowPair(n.items[i], n.items[i+1]); err != nil {
				return err
			}
		}
		return nil
	})
	e.flow--
	e.indicator(end, false, false, false)
	return err
}

func (e *emitter) flowPair(k, v *node) error {
	simple := isSimpleKey(k)
	if !simple {
		e.indicator("?", true, false, false)
	}
	if err := e.node(k, true, simple); err != nil {
		return err
	}
	if simple {
		e.indicator(":", false, false, false)
	} else {
		if e.column > e.opts.Width {
			e.writeIndent()
		}
		e.indicator(":", true, false, false)
	}
	return e.node(v, true, false)
}

// isSimpleKey reports whether a key stands on one line before its colon.
func isSimpleKey(n *node) bool {
	length := len(n.anchor)
	switch {
	case n.alias:
	case n.kind == scalar:
		if strings.ContainsAny(n.text, "\n\r\u0085\u2028\u2029") {
			return false
		}
		length += len(n.text)
	case len(n.items) > 0:
		return false
	}
	return length <= 128
}
