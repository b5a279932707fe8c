package structured

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// JSONFile is values of a JSON document. Its fields are described in json_file.cue.
type JSONFile struct{ edits }

// Read implements sdk.Resource.
func (j JSONFile) Read(t *sdk.T) textfile.State { return j.Edit.Read(t) }

// Plan implements sdk.Resource.
func (j JSONFile) Plan(t *sdk.T, now textfile.State) { j.plan(t, now, jsonFormat{}) }

// Potential implements sdk.HasPotential.
func (j JSONFile) Potential(t *sdk.T) { j.Edit.Potential(t) }

// maxDepth is how deeply values may be nested.
const maxDepth = 200

// jsonFormat is JSON, and JSON with comments and commas behind the last value, as editors' settings are.
type jsonFormat struct{}

func (jsonFormat) name() string          { return "JSON" }
func (jsonFormat) lacks(*node) string    { return "" }
func (jsonFormat) settled(n *node) *node { return n }

func (jsonFormat) parse(doc string) (*node, *fault) {
	p := jsonParser{doc: doc}
	p.blank()
	if p.at == len(doc) && p.bad == nil {
		return &node{kind: mapping, from: len(doc), to: len(doc)}, nil
	}
	n := p.value(0)
	if p.blank(); p.bad == nil && p.at < len(doc) {
		p.fail("there is something behind the end of the document")
	}
	return n, p.bad
}

// jsonParser reads one document.
type jsonParser struct {
	doc string
	at  int
	bad *fault
}

func (p *jsonParser) fail(text string) *node {
	if p.bad == nil {
		p.bad = &fault{1 + strings.Count(p.doc[:min(p.at, len(p.doc))], "\n"), text}
	}
	p.at = len(p.doc)
	return &node{kind: null}
}

// blank goes past white space and comments.
func (p *jsonParser) blank() {
	for p.at < len(p.doc) {
		rest := p.doc[p.at:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			p.at++
		case p.at == 0 && strings.HasPrefix(rest, "\ufeff"):
			p.at += len("\ufeff")
		case strings.HasPrefix(rest, "//"):
			p.at = lineEnd(p.doc, p.at)
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				p.fail("a comment has no end")
				return
			}
			p.at += end + 2
		default:
			return
		}
	}
}

func (p *jsonParser) peek() byte {
	if p.at < len(p.doc) {
		return p.doc[p.at]
	}
	return 0
}

func (p *jsonParser) value(depth int) *node {
	if depth > maxDepth {
		return p.fail("values are nested more than " + strconv.Itoa(maxDepth) + " deep")
	}
	from := p.at
	var n *node
	switch c := p.peek(); {
	case c == '{':
		n = p.object(depth)
	case c == '[':
		n = p.array(depth)
	case c == '"':
		n = &node{kind: text, says: p.str()}
	case c == '-' || c >= '0' && c <= '9':
		n = p.number()
	default:
		n = p.word()
	}
	n.from, n.to = from, p.at
	return n
}

func (p *jsonParser) object(depth int) *node {
	n := &node{kind: mapping, inline: true}
	seen := map[string]bool{}
	for p.at++; ; {
		p.blank()
		switch {
		case p.peek() == '}':
			p.at++
			return n
		case p.peek() != '"':
			return p.fail("want a key in double quotes, or }")
		}
		e := entry{from: p.at}
		e.key = p.str()
		e.to = p.at
		if seen[e.key] && p.bad == nil {
			return p.fail("the key " + strconv.Quote(e.key) + " stands there twice")
		}
		seen[e.key] = true
		p.blank()
		if p.peek() != ':' {
			return p.fail("want a colon behind the key " + strconv.Quote(e.key))
		}
		p.at++
		p.blank()
		e.value = p.value(depth + 1)
		n.entries = append(n.entries, e)
		p.blank()
		switch p.peek() {
		case ',':
			p.at++
		case '}':
		default:
			return p.fail("want a comma or } behind the value of " + strconv.Quote(e.key))
		}
	}
}

func (p *jsonParser) array(depth int) *node {
	n := &node{kind: list, inline: true}
	for p.at++; ; {
		p.blank()
		if p.peek() == ']' {
			p.at++
			return n
		}
		n.items = append(n.items, p.value(depth+1))
		p.blank()
		switch p.peek() {
		case ',':
			p.at++
		case ']':
		default:
			return p.fail("want a comma or ] behind a value")
		}
	}
}

func (p *jsonParser) number() *node {
	from := p.at
	for p.at < len(p.doc) && strings.IndexByte("+-.eE0123456789", p.doc[p.at]) >= 0 {
		p.at++
	}
	says := p.doc[from:p.at]
	digits := strings.TrimPrefix(says, "-")
	if _, err := strconv.ParseFloat(says, 64); digits == "" || digits[0] < '0' || digits[0] > '9' || len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' ||
		says[len(says)-1] == '.' || err != nil && !strings.Contains(err.Error(), "range") {
		p.at = from
		return p.fail("want a number, got " + strconv.Quote(says))
	}
	return &node{kind: number, says: says}
}

func (p *jsonParser) word() *node {
	for word, k := range map[string]kind{"true": boolean, "false": boolean, "null": null} {
		if strings.HasPrefix(p.doc[p.at:], word) {
			p.at += len(word)
			if k == null {
				word = ""
			}
			return &node{kind: k, says: word}
		}
	}
	return p.fail("want a value")
}

// str reads a string from its opening quote to behind its closing one.
func (p *jsonParser) str() string {
	var b strings.Builder
	for p.at++; p.at < len(p.doc); {
		c := p.doc[p.at]
		switch {
		case c == '"':
			p.at++
			return b.String()
		case c < ' ':
			p.fail("a string has no end in its line")
			return ""
		case c != '\\':
			b.WriteByte(c)
			p.at++
		default:
			p.escape(&b)
		}
	}
	p.fail("a string has no end")
	return ""
}

func (p *jsonParser) escape(b *strings.Builder) {
	if p.at+1 >= len(p.doc) {
		p.fail("a string has no end")
		return
	}
	c := p.doc[p.at+1]
	if at := strings.IndexByte(`"\/bfnrt`, c); at >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[at])
		p.at += 2
		return
	}
	r, ok := p.unit()
	if !ok {
		p.fail("\\" + string(rune(c)) + " is no escape")
		return
	}
	if utf16.IsSurrogate(r) {
		if low, ok := p.unit(); ok {
			r = utf16.DecodeRune(r, low)
		} else {
			r = utf8.RuneError
		}
	}
	b.WriteRune(r)
}

// unit reads \uXXXX.
func (p *jsonParser) unit() (rune, bool) {
	if p.at+6 > len(p.doc) || p.doc[p.at:p.at+2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(p.doc[p.at+2:p.at+6], 16, 16)
	if err != nil {
		return 0, false
	}
	p.at += 6
	return rune(n), true
}
