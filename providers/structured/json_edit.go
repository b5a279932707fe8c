package structured

import (
	"strings"
	"unicode/utf8"
)

// style is how a JSON document is written.
type style struct {
	indent, eol string
	compact     bool // all in one line
}

// styleOf looks at how a document is written: its first indented line tells.
func styleOf(doc string) style {
	s := style{indent: "  ", eol: endOfLine(doc), compact: strings.TrimSpace(doc) != "" && !strings.Contains(strings.TrimSpace(doc), "\n")}
	if trimmed := strings.TrimSpace(doc); trimmed == "{}" || trimmed == "" {
		s.compact = false
	}
	for line := range strings.Lines(doc) {
		if in := indentation(line); in != "" && strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "*") {
			s.indent = in
			break
		}
	}
	return s
}

func (jsonFormat) replace(doc string, way []step, value *node) string {
	e := way[len(way)-1].entry()
	s := styleOf(doc)
	return splice(doc, e.value.from, e.value.to, s.json(value, indentation(doc[lineStart(doc, e.from):e.from])))
}

func (jsonFormat) add(doc string, _ *node, way []step, in *node, key string, value *node) string {
	s := styleOf(doc)
	if in.from == in.to { // an empty document
		return doc + s.json(wrap([]string{key}, value), "") + s.eol
	}
	if len(in.entries) == 0 {
		outer := indentation(doc[lineStart(doc, in.from):in.from])
		inside := strings.TrimSpace(doc[in.from+1 : in.to-1])
		if inside == "" {
			return splice(doc, in.from, in.to, s.json(wrap([]string{key}, value), outer))
		}
		return splice(doc, in.from+1, in.from+1, s.eol+outer+s.indent+quoteJSON(key)+": "+s.json(value, outer+s.indent)) // before a comment
	}
	last := in.entries[len(in.entries)-1]
	before := doc[in.from:last.from]
	if len(in.entries) > 1 {
		before = doc[in.entries[len(in.entries)-2].value.to:last.from]
	}
	if !strings.Contains(before, "\n") { // it stands in one line
		between := before[strings.IndexByte(before, ',')+1:]
		if len(in.entries) == 1 {
			between = " "
			if s.compact && !strings.Contains(doc, ": ") && !strings.Contains(doc, ", ") {
				between = ""
			}
		}
		return splice(doc, last.value.to, last.value.to, ","+between+s.pair(key, value))
	}
	outer := indentation(doc[lineStart(doc, last.from):last.from])
	added := s.eol + outer + quoteJSON(key) + ": " + s.json(value, outer)
	if comma := commaBehind(doc, last.value.to); comma > 0 { // the last value has one, too
		end := max(comma, commentEnd(doc, comma))
		return splice(doc, end, end, added+",")
	}
	end := commentEnd(doc, last.value.to)
	return splice(splice(doc, end, end, added), last.value.to, last.value.to, ",")
}

func (s style) pair(key string, value *node) string {
	if s.compact {
		return quoteJSON(key) + ":" + s.json(value, "")
	}
	return quoteJSON(key) + ": " + style{compact: true}.json(value, "")
}

// commaBehind is the place behind a comma that follows, 0 where none does.
func commaBehind(doc string, at int) int {
	p := jsonParser{doc: doc, at: at}
	if p.blank(); p.peek() == ',' {
		return p.at + 1
	}
	return 0
}

// commentEnd is where a comment in the rest of a line ends: what is added to the line goes behind it.
func commentEnd(doc string, at int) int {
	end := lineEnd(doc, at)
	rest := strings.TrimSpace(doc[at:end])
	if strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "/*") && strings.HasSuffix(rest, "*/") {
		return at + len(strings.TrimRight(doc[at:end], " \t\r"))
	}
	return at
}

func (jsonFormat) cut(doc string, _ *node, way []step) string {
	s := way[len(way)-1]
	e := s.entry()
	end := e.value.to
	from := e.from
	comma := commaBehind(doc, end)
	if comma > 0 {
		end = comma
	} else if s.at > 0 { // the last: the comma before it goes
		before := s.in.entries[s.at-1].value.to
		at := before + strings.IndexByte(doc[before:from], ',')
		if next := commaBehind(doc, before); next > 0 {
			at = next - 1
		}
		doc = splice(doc, at, at+1, "")
		from, end = from-1, end-1
	}
	start, past := lineStart(doc, from), lineEnd(doc, end)
	alone := strings.TrimSpace(doc[start:from]) == "" && (strings.TrimSpace(doc[end:past]) == "" || commentEnd(doc, end) > end)
	switch {
	case alone:
		return splice(doc, start, min(past+1, len(doc)), "")
	case comma > 0:
		for end < len(doc) && doc[end] == ' ' {
			end++
		}
	default:
		for from > 0 && doc[from-1] == ' ' {
			from--
		}
	}
	return splice(doc, from, end, "")
}

// json writes a value; its first line stands behind something in a line with an indentation.
func (s style) json(n *node, outer string) string {
	var b strings.Builder
	s.append(&b, n, outer)
	return b.String()
}

func (s style) append(b *strings.Builder, n *node, outer string) {
	switch n.kind {
	case text, other:
		b.WriteString(quoteJSON(n.says))
	case null:
		b.WriteString("null")
	case list:
		s.parts(b, '[', ']', outer, len(n.items), func(i int, inner string) { s.append(b, n.items[i], inner) })
	case mapping:
		s.parts(b, '{', '}', outer, len(n.entries), func(i int, inner string) {
			b.WriteString(quoteJSON(n.entries[i].key))
			b.WriteByte(':')
			if !s.compact {
				b.WriteByte(' ')
			}
			s.append(b, n.entries[i].value, inner)
		})
	default:
		b.WriteString(n.says)
	}
}

func (s style) parts(b *strings.Builder, open, end byte, outer string, n int, part func(i int, inner string)) {
	b.WriteByte(open)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if !s.compact {
			b.WriteString(s.eol + outer + s.indent)
		}
		part(i, outer+s.indent)
	}
	if n > 0 && !s.compact {
		b.WriteString(s.eol + outer)
	}
	b.WriteByte(end)
}

// quoteJSON writes a string as JSON has it.
func quoteJSON(s string) string {
	const hex = "0123456789abcdef"
	b := []byte{'"'}
	for _, r := range s {
		switch at := strings.IndexRune("\"\\\b\f\n\r\t", r); {
		case at >= 0:
			b = append(b, '\\', `"\bfnrt`[at])
		case r < ' ' || r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(append(b, '"'))
}
