package structured

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/providers/yamlfault"
)

// YAMLFile is values of a YAML document. Its fields are described in yaml_file.cue.
type YAMLFile struct{ edits }

// Read implements sdk.Resource.
func (y YAMLFile) Read(t *sdk.T) textfile.State { return y.Edit.Read(t) }

// Plan implements sdk.Resource.
func (y YAMLFile) Plan(t *sdk.T, now textfile.State) { y.plan(t, now, yamlFormat{}) }

// Potential implements sdk.HasPotential.
func (y YAMLFile) Potential(t *sdk.T) { y.Edit.Potential(t) }

// yamlFormat is YAML, one document a file.
type yamlFormat struct{}

func (yamlFormat) name() string          { return "YAML" }
func (yamlFormat) lacks(*node) string    { return "" }
func (yamlFormat) settled(n *node) *node { return n }

func (yamlFormat) parse(doc string) (*node, *fault) {
	if strings.ContainsRune(doc, '\ufeff') {
		return nil, &fault{1, "the file begins with a byte order mark"}
	}
	if line := secondDocument(doc); line > 0 {
		return nil, &fault{line, "the file holds several documents"}
	}
	var first yaml.Node
	if err := yaml.Unmarshal([]byte(doc), &first); err != nil {
		bad := yamlfault.Of(err)[0]
		return nil, &fault{bad.Line, bad.Text}
	}
	if first.Kind == 0 {
		return &node{kind: mapping}, nil
	}
	r := yamlReader{doc: doc, lines: []int{0}}
	for at := range len(doc) {
		if doc[at] == '\n' {
			r.lines = append(r.lines, at+1)
		}
	}
	root := r.node(first.Content[0], 0)
	if root.kind == null && r.bad == nil {
		return &node{kind: mapping}, nil
	}
	return root, r.bad
}

// secondDocument is the line in which a second document begins, 0 where there is none. The marks --- and ... at the
// beginning of a line are marks in quotes and blocks, too. The library's decoder would find it, but reads what it is
// given as a file, which no guest may have.
func secondDocument(doc string) int {
	begun, ended, number := false, false, 0
	for line := range strings.Lines(doc) {
		number++
		bare := strings.TrimRight(line, " \t\r\n")
		mark := bare == "---" || strings.HasPrefix(bare, "--- ") || strings.HasPrefix(bare, "---\t")
		switch {
		case bare == "" || strings.HasPrefix(strings.TrimSpace(bare), "#") || bare[0] == '%' && !begun:
		case ended || mark && begun:
			return number
		case bare == "..." || strings.HasPrefix(bare, "... "):
			ended = true
		default:
			begun = true
		}
	}
	return 0
}

// yamlReader turns the library's nodes into ours.
type yamlReader struct {
	doc   string
	lines []int // where each begins
	nodes int
	bad   *fault
}

// maxNodes is how many values a document may have, those of aliases counted wherever they stand.
const maxNodes = 100_000

// place is the byte at which a node begins.
func (r *yamlReader) place(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(r.lines) {
		return len(r.doc)
	}
	at := r.lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRuneInString(r.doc[at:])
		at += size
	}
	return min(at, len(r.doc))
}

func (r *yamlReader) node(n *yaml.Node, depth int) *node {
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		r.bad = &fault{n.Line, "it has more values than can be edited"}
		return &node{kind: null}
	}
	from := r.place(n)
	out := &node{from: from, to: from, form: form{quote: quoteOf(n), column: n.Column - 1}}
	switch n.Kind {
	case yaml.AliasNode:
		aliased := r.node(n.Alias, depth+1)
		out.kind, out.says, out.items, out.entries = aliased.kind, aliased.says, aliased.items, aliased.entries
		out.form.alias = true
	case yaml.SequenceNode:
		out.kind, out.inline = list, n.Style&yaml.FlowStyle != 0
		for _, item := range n.Content {
			out.items = append(out.items, r.node(item, depth+1))
		}
	case yaml.MappingNode:
		out.kind, out.inline = mapping, n.Style&yaml.FlowStyle != 0
		r.mapping(out, n, depth)
	default:
		out.kind, out.says = scalarOf(n)
	}
	return out
}

// mapping fills in the entries. What a merge key (<<) brings counts where the mapping has no such key itself.
func (r *yamlReader) mapping(out *node, n *yaml.Node, depth int) {
	var merged []*node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merged = append(merged, r.node(value, depth+1))
			continue
		}
		if key.Kind != yaml.ScalarNode {
			r.bad = &fault{key.Line, "it has a key that is no plain text"}
			return
		}
		if out.find(key.Value) >= 0 {
			r.bad = &fault{key.Line, "the key " + strconv.Quote(key.Value) + " stands there twice"}
			return
		}
		from := r.place(key)
		out.entries = append(out.entries, entry{key: key.Value, from: from, to: from, value: r.node(value, depth+1)})
	}
	out.form.own = len(out.entries)
	for _, m := range merged {
		all := []*node{m}
		if m.kind == list {
			all = m.items
		}
		for _, from := range all {
			for _, e := range from.entries {
				if out.find(e.key) < 0 {
					e.merged = true
					out.entries = append(out.entries, e)
				}
			}
		}
	}
}

func quoteOf(n *yaml.Node) byte {
	switch {
	case n.Style&yaml.SingleQuotedStyle != 0:
		return '\''
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return '"'
	case n.Style&yaml.LiteralStyle != 0:
		return '|'
	case n.Style&yaml.FoldedStyle != 0:
		return '>'
	}
	return 0
}

// scalarOf reads a scalar. yes, no, on and off are booleans where they are not quoted, as most programs read them.
func scalarOf(n *yaml.Node) (kind, string) {
	switch n.ShortTag() {
	case "!!null":
		return null, ""
	case "!!bool":
		return boolean, strings.ToLower(n.Value)
	case "!!int", "!!float":
		return number, n.Value
	case "!!str":
		if b := oldBoolean(n.Value); b != "" && quoteOf(n) == 0 && n.Style&yaml.TaggedStyle == 0 {
			return boolean, b
		}
		return text, n.Value
	}
	return other, n.Value
}

// oldBoolean is what YAML 1.1 takes a word for, "" where that is no boolean.
func oldBoolean(word string) string {
	switch word {
	case "yes", "Yes", "YES", "on", "On", "ON":
		return "true"
	case "no", "No", "NO", "off", "Off", "OFF":
		return "false"
	}
	return ""
}
