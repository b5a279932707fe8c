package structured

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// TOMLFile is values of a TOML document. Its fields are described in toml_file.cue.
type TOMLFile struct{ edits }

// Read implements sdk.Resource.
func (f TOMLFile) Read(t *sdk.T) textfile.State { return f.Edit.Read(t) }

// Plan implements sdk.Resource.
func (f TOMLFile) Plan(t *sdk.T, now textfile.State) { f.plan(t, now, tomlFormat{}) }

// Potential implements sdk.HasPotential.
func (f TOMLFile) Potential(t *sdk.T) { f.Edit.Potential(t) }

// tomlFormat is TOML.
type tomlFormat struct{}

func (tomlFormat) name() string { return "TOML" }

func (f tomlFormat) lacks(n *node) string {
	if n.kind == null {
		return "null (None)"
	}
	for _, item := range n.items {
		if what := f.lacks(item); what != "" {
			return what
		}
	}
	for _, e := range n.entries {
		if what := f.lacks(e.value); what != "" {
			return what
		}
	}
	return ""
}

// table is what TOML knows of a mapping.
type table struct {
	headed bool     // it has a heading of its own; the root needs none
	past   int      // the line behind its heading and its own keys
	base   *node    // of one that keys with dots brought: the table in which they stand
	prefix []string // and what leads to it there
	blocks []block  // of the root: the parts of the document that begin with a heading
}

// block is a heading with what stands below it, up to the comments of the next one.
type block struct {
	keys     []string
	from, to int
}

func (tomlFormat) parse(doc string) (*node, *fault) {
	root := &node{kind: mapping, form: form{table: &table{headed: true}}}
	r := tomlReader{doc: doc, root: root, in: root}
	r.parser.Reset([]byte(doc))
	for r.bad == nil && r.parser.NextExpression() {
		r.expression(r.parser.Expression())
	}
	if err := r.parser.Error(); err != nil && r.bad == nil {
		r.bad = &fault{text: "it is no TOML: " + err.Error()}
		if at, ok := errors.AsType[*unstable.ParserError](err); ok {
			r.bad = &fault{1 + bytes.Count(r.parser.Data()[:r.parser.Range(at.Highlight).Offset], []byte{'\n'}), "it is no TOML: " + at.Message}
		}
	}
	blocks := root.form.table.blocks
	for i := range blocks {
		blocks[i].to = len(doc)
		if i+1 < len(blocks) {
			blocks[i].to = commentsAbove(doc, blocks[i+1].from)
		}
	}
	return root, r.bad
}

// commentsAbove is where the comments begin that stand right above a line.
func commentsAbove(doc string, at int) int {
	for at > 0 {
		before := lineStart(doc, at-1)
		if !strings.HasPrefix(strings.TrimSpace(doc[before:at]), "#") {
			break
		}
		at = before
	}
	return at
}

// tomlReader builds the tree of a document.
type tomlReader struct {
	doc    string
	parser unstable.Parser
	root   *node
	in     *node // the table whose keys follow
	bad    *fault
}

func (r *tomlReader) fail(at int, text string) { // the first one counts
	if r.bad == nil {
		r.bad = &fault{1 + strings.Count(r.doc[:at], "\n"), text}
	}
}

func keysOf(n *unstable.Node) (keys []string, from int) {
	for it := n.Key(); it.Next(); {
		if len(keys) == 0 {
			from = int(it.Node().Raw.Offset)
		}
		keys = append(keys, string(it.Node().Data))
	}
	return keys, from
}

func (r *tomlReader) expression(n *unstable.Node) {
	if n.Kind == unstable.KeyValue {
		r.keyValue(r.in, n, 0)
		return
	}
	keys, at := keysOf(n)
	from := lineStart(r.doc, at)
	r.root.form.table.blocks = append(r.root.form.table.blocks, block{keys: keys, from: from})
	parent := r.root
	for _, key := range keys[:len(keys)-1] {
		if parent = r.child(parent, key, from); parent == nil {
			r.fail(at, "the heading leads through the key "+strconv.Quote(key)+", which is no table")
			return
		}
	}
	key := keys[len(keys)-1]
	there := parent.get(key)
	if n.Kind == unstable.ArrayTable {
		if there == nil {
			there = &node{kind: list, from: from, to: from}
			parent.entries = append(parent.entries, entry{key: key, from: from, to: from, value: there})
		}
		if there.kind != list || there.inline {
			r.fail(at, "the key "+strconv.Quote(key)+" is no list of tables, as the heading has it")
			return
		}
		r.in = &node{kind: mapping, form: form{table: &table{headed: true}}}
		there.items = append(there.items, r.in)
		return
	}
	if there != nil && (there.kind != mapping || there.inline || there.form.table.headed || there.form.table.base != nil) {
		r.fail(at, "the key "+strconv.Quote(key)+" stands there twice")
		return
	}
	r.in = r.child(parent, key, from)
	r.in.form.table.headed, r.in.form.table.past = true, pastLine(r.doc, at)
}

// child is a table in a table, which is made where it is not there; of a list the last one. nil is no table.
func (r *tomlReader) child(parent *node, key string, from int) *node {
	there := parent.get(key)
	switch {
	case there == nil:
		there = &node{kind: mapping, form: form{table: &table{}}}
		parent.entries = append(parent.entries, entry{key: key, from: from, to: from, value: there})
	case there.kind == list && !there.inline && len(there.items) > 0:
		return there.items[len(there.items)-1]
	case there.kind != mapping || there.inline:
		return nil
	}
	return there
}

// keyValue puts a key with its value into a table.
func (r *tomlReader) keyValue(in *node, n *unstable.Node, depth int) {
	keys, _ := keysOf(n)
	from, to := int(n.Raw.Offset), int(n.Raw.Offset+n.Raw.Length)
	base := in
	for i, key := range keys[:len(keys)-1] {
		next := in.get(key)
		if next == nil {
			next = &node{kind: mapping, form: form{table: &table{base: base, prefix: keys[:i+1]}}, inline: base.inline}
			in.entries = append(in.entries, entry{key: key, from: from, to: to, value: next})
		}
		if next.kind != mapping || next.form.table == nil || next.form.table.headed {
			r.fail(from, "the key "+strconv.Quote(key)+" is no table that keys with dots could be in")
			return
		}
		next.form.table.past = pastLine(r.doc, to)
		in = next
	}
	key := keys[len(keys)-1]
	if in.find(key) >= 0 {
		r.fail(from, "the key "+strconv.Quote(key)+" stands there twice")
		return
	}
	if base.form.table != nil {
		base.form.table.past = pastLine(r.doc, to)
	}
	value := r.value(n.Value(), depth)
	value.from, value.to = r.valueStart(n, from, to), to
	in.entries = append(in.entries, entry{key: key, from: from, to: to, value: value})
}

// valueStart is where the value of an expression begins: behind the equals sign that follows its last key.
func (r *tomlReader) valueStart(n *unstable.Node, from, to int) int {
	at := from
	for it := n.Key(); it.Next(); {
		at = int(it.Node().Raw.Offset + it.Node().Raw.Length)
	}
	at += strings.IndexByte(r.doc[at:to], '=') + 1
	for at < to && (r.doc[at] == ' ' || r.doc[at] == '\t') {
		at++
	}
	return at
}

func (r *tomlReader) value(n *unstable.Node, depth int) *node {
	if depth > maxDepth {
		r.fail(0, "values are nested more than "+strconv.Itoa(maxDepth)+" deep")
		return &node{kind: null}
	}
	switch n.Kind {
	case unstable.String:
		return &node{kind: text, says: string(n.Data)}
	case unstable.Bool:
		return &node{kind: boolean, says: string(n.Data)}
	case unstable.Integer, unstable.Float:
		return &node{kind: number, says: string(n.Data)}
	case unstable.Array:
		out := &node{kind: list, inline: true}
		for it := n.Children(); it.Next(); {
			if it.Node().Kind != unstable.Comment {
				out.items = append(out.items, r.value(it.Node(), depth+1))
			}
		}
		return out
	case unstable.InlineTable:
		out := &node{kind: mapping, inline: true}
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				r.keyValue(out, it.Node(), depth+1)
			}
		}
		return out
	}
	return &node{kind: other, says: string(n.Data)}
}
