package structured

import (
	"slices"
	"strconv"
	"strings"
)

// yamlStyle is how a YAML document is written.
type yamlStyle struct {
	eol    string
	indent int // of a mapping in a mapping
	dash   int // of a list in a mapping
}

func yamlStyleOf(doc string, root *node) yamlStyle {
	s := yamlStyle{eol: endOfLine(doc), indent: 2, dash: -1}
	var look func(n *node)
	found := false
	look = func(n *node) {
		for i, e := range n.entries {
			v := e.value
			if i >= n.form.own || n.inline || v.inline || v.form.alias {
				continue
			}
			if in := v.form.column - n.form.column; v.kind == mapping && len(v.entries) > 0 && !found && in > 0 {
				s.indent, found = in, true
			} else if v.kind == list && len(v.items) > 0 && s.dash < 0 && in >= 0 {
				s.dash = in
			}
			look(v)
		}
	}
	look(root)
	if s.dash < 0 {
		s.dash = s.indent
	}
	return s
}

// colon is the place behind the colon of an entry's key.
func colon(doc string, e entry) int {
	at := e.from
	if at < len(doc) && (doc[at] == '"' || doc[at] == '\'') {
		at = quotedEnd(doc, at)
	}
	for ; at < len(doc); at++ {
		if doc[at] == ':' && (at+1 == len(doc) || strings.IndexByte(" \t\r\n,}]", doc[at+1]) >= 0 || at > e.from && (doc[at-1] == '"' || doc[at-1] == '\'')) {
			return at + 1
		}
	}
	return len(doc)
}

// quotedEnd is the place behind the closing quote of what begins with one.
func quotedEnd(doc string, at int) int {
	quote := doc[at]
	for at++; at < len(doc); at++ {
		switch {
		case doc[at] == '\\' && quote == '"':
			at++
		case doc[at] == quote && quote == '\'' && at+1 < len(doc) && doc[at+1] == quote:
			at++
		case doc[at] == quote:
			return at + 1
		}
	}
	return len(doc)
}

// extent is where the lines of an entry of a block mapping end: those of its value with it, but not blank lines and
// comments that are rather about what follows.
func extent(doc string, way []step) int {
	s := way[len(way)-1]
	end := len(doc)
	for _, w := range slices.Backward(way) {
		if next := w.at + 1; next < w.in.form.own {
			end = lineStart(doc, w.in.entries[next].from)
			break
		}
	}
	key := s.entry().from
	column := key - lineStart(doc, key)
	last := pastLine(doc, key) // the key's own line at least
	literal := strings.IndexByte("|>", s.entry().value.form.quote) >= 0 && s.entry().value.form.quote != 0
	for at := last; at < end; {
		past := pastLine(doc, at)
		line := doc[at:past]
		bare := strings.TrimSpace(line)
		in := len(indentation(line))
		switch {
		case bare == "..." || bare == "---":
			return last
		case bare == "":
		case strings.HasPrefix(bare, "#") && (in <= column || !literal && !deeperFollows(doc, past, end, column)):
		default:
			last = past
		}
		at = past
	}
	return last
}

// deeperFollows reports whether before an end comes a line of content.
func deeperFollows(doc string, at, end, column int) bool {
	for at < end {
		past := pastLine(doc, at)
		line := doc[at:past]
		if bare := strings.TrimSpace(line); bare != "" && !strings.HasPrefix(bare, "#") {
			return len(indentation(line)) > column || strings.HasPrefix(bare, "-")
		}
		at = past
	}
	return false
}

// valueEnd is where a value that begins in the rest of the key's line ends in it, and whether it ends there at all.
func valueEnd(doc string, e entry, from int) (end int, single bool) {
	eol := from + len(strings.TrimRight(doc[from:lineEnd(doc, from)], "\r"))
	at := from
	for at < eol && (doc[at] == ' ' || doc[at] == '\t') {
		at++
	}
	for at < eol && (doc[at] == '&' || doc[at] == '!') { // anchors and tags
		for at < eol && doc[at] != ' ' {
			at++
		}
		for at < eol && doc[at] == ' ' {
			at++
		}
	}
	switch {
	case at == eol || doc[at] == '#':
		return from, e.value.kind == null
	case doc[at] == '"' || doc[at] == '\'':
		end = quotedEnd(doc, at)
	case e.value.inline && !e.value.form.alias:
		end = flowEnd(doc, at)
	default:
		end = eol
		if comment := strings.Index(doc[at:eol], " #"); comment >= 0 {
			end = at + len(strings.TrimRight(doc[at:at+comment], " \t"))
		}
		return end, e.value.form.quote != '|' && e.value.form.quote != '>'
	}
	return end, end <= eol
}

// flowEnd is the place behind the bracket that closes the one at a place.
func flowEnd(doc string, at int) int {
	depth := 0
	for at < len(doc) {
		switch c := doc[at]; c {
		case '"', '\'':
			if strings.IndexByte(" \t\n[{,:", doc[at-1]) >= 0 {
				at = quotedEnd(doc, at)
				continue
			}
		case '#':
			if doc[at-1] == ' ' || doc[at-1] == '\n' {
				at = lineEnd(doc, at)
				continue
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return at + 1
			}
		}
		at++
	}
	return at
}

// flowOf is the outermost value on the way that is written in brackets: it is written anew as a whole, since all that
// its lines say of their form is lost in it anyway. -1 where none is.
func flowOf(way []step) int {
	for n, s := range way {
		if s.in.inline {
			return n
		}
	}
	return -1
}

func (f yamlFormat) replace(doc string, way []step, value *node) string {
	if n := flowOf(way); n >= 0 {
		return f.inFlow(doc, way, n, func(keys []string, flow *node) *node { return set(flow, keys, value) })
	}
	e := way[len(way)-1].entry()
	from := colon(doc, e)
	s := yamlStyleOf(doc, way[0].in)
	column := e.from - lineStart(doc, e.from)
	end, single := valueEnd(doc, e, from)
	past := extent(doc, way)
	if past > pastLine(doc, e.from) && e.value.kind != null {
		if inner, ok := valueEnd(doc, e, from); !ok || inner == from || e.value.form.quote == 0 && !e.value.inline {
			single = false
		}
	}
	written := s.value(value, column, e.value.form.quote)
	if single {
		if strings.Contains(written, "\n") {
			head, rest, _ := strings.Cut(written, s.eol) // a comment stays in the key's line
			eol := end + len(strings.TrimRight(doc[end:lineEnd(doc, end)], "\r"))
			return splice(doc, from, eol, head+strings.TrimRight(doc[end:eol], " \t")+s.eol+rest)
		}
		return splice(doc, from, end, written)
	}
	comment := ""
	if rest := strings.TrimSpace(doc[from:lineEnd(doc, from)]); strings.HasPrefix(rest, "#") {
		comment = " " + rest
	}
	head, rest, several := strings.Cut(written, s.eol)
	if several {
		return splice(doc, from, past, head+comment+s.eol+rest+s.eol)
	}
	return splice(doc, from, past, head+comment+s.eol)
}

// inFlow edits a value in brackets by writing it anew. The last step of all leads to what is edited.
func (f yamlFormat) inFlow(doc string, way []step, outermost int, edit func(keys []string, flow *node) *node) string {
	flow := way[outermost].in
	var keys []string
	for _, s := range way[outermost:] {
		keys = append(keys, s.entry().key)
	}
	return splice(doc, flow.from, flowEnd(doc, flow.from), flowText(edit(keys, flow)))
}

func (f yamlFormat) add(doc string, root *node, way []step, in *node, key string, value *node) string {
	s := yamlStyleOf(doc, root)
	switch {
	case in.inline && len(in.entries) > 0 || flowOf(way) >= 0:
		flow := in
		keys := []string{key}
		if n := flowOf(way); n >= 0 {
			flow = way[n].in
			keys = nil
			for _, step := range way[n:] {
				keys = append(keys, step.entry().key)
			}
			keys = append(keys, key)
		}
		return splice(doc, flow.from, flowEnd(doc, flow.from), flowText(set(flow, keys, value)))
	case len(way) == 0 && in.inline: // {} is all there is
		return splice(doc, in.from, flowEnd(doc, in.from), s.block(wrap([]string{key}, value), 0))
	case len(in.entries) == 0 && len(way) > 0:
		return f.replace(doc, way, wrap([]string{key}, value))
	case len(in.entries) == 0: // nothing but comments
		at := len(doc)
		if end := strings.LastIndex("\n"+doc, "\n..."); end >= 0 {
			at = end
		}
		if at > 0 && doc[at-1] != '\n' {
			return splice(doc, at, at, s.eol+s.block(wrap([]string{key}, value), 0)+s.eol)
		}
		return splice(doc, at, at, s.block(wrap([]string{key}, value), 0)+s.eol)
	case in.form.own == 0:
		return doc // all is merged in: which is refused
	}
	at := extent(doc, append(way, step{in, in.form.own - 1}))
	first := in.entries[0].from
	added := s.block(wrap([]string{key}, value), first-lineStart(doc, first))
	if at > 0 && doc[at-1] != '\n' {
		added = s.eol + added
	}
	return splice(doc, at, at, added+s.eol)
}

func (f yamlFormat) cut(doc string, _ *node, way []step) string {
	if n := flowOf(way); n >= 0 {
		return f.inFlow(doc, way, n, func(keys []string, flow *node) *node { return remove(flow, keys) })
	}
	s := way[len(way)-1]
	if len(s.in.entries) == 1 && len(way) > 1 {
		return f.replace(doc, way[:len(way)-1], &node{kind: mapping})
	}
	return splice(doc, lineStart(doc, s.entry().from), extent(doc, way), "")
}

// value writes what stands behind a key's colon, in a mapping with as many blanks before its keys.
func (s yamlStyle) value(n *node, column int, quote byte) string {
	switch {
	case n.kind == mapping && len(n.entries) > 0:
		return s.eol + s.block(n, column+s.indent)
	case n.kind == list && len(n.items) > 0:
		return s.eol + s.list(n, column+s.dash)
	case n.kind == text && isBlock(n.says):
		return " " + s.literal(n.says, column+s.indent)
	}
	return " " + scalarText(n, quote)
}

// block writes a mapping in lines, the last one without its end.
func (s yamlStyle) block(n *node, column int) string {
	var lines []string
	for _, e := range n.entries {
		lines = append(lines, strings.Repeat(" ", column)+plainOrQuoted(e.key, 0)+":"+s.value(e.value, column, 0))
	}
	return strings.Join(lines, s.eol)
}

func (s yamlStyle) list(n *node, column int) string {
	blanks := strings.Repeat(" ", column)
	var lines []string
	for _, item := range n.items {
		switch {
		case item.kind == mapping && len(item.entries) > 0:
			lines = append(lines, blanks+"- "+strings.TrimLeft(s.block(item, column+2), " "))
		case item.kind == list && len(item.items) > 0:
			lines = append(lines, blanks+"- "+flowText(item))
		case item.kind == text && isBlock(item.says):
			lines = append(lines, blanks+"- "+s.literal(item.says, column+2))
		default:
			lines = append(lines, blanks+"- "+scalarText(item, 0))
		}
	}
	return strings.Join(lines, s.eol)
}

// isBlock reports whether a text is better written as lines.
func isBlock(says string) bool {
	if !strings.Contains(strings.TrimRight(says, "\n"), "\n") || strings.ContainsAny(says[:1], " \t\n") {
		return false
	}
	return !strings.HasSuffix(says, "\n\n") && strings.IndexFunc(says, func(r rune) bool {
		return r < ' ' && r != '\n' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == '\ufeff'
	}) < 0
}

func (s yamlStyle) literal(says string, column int) string {
	head := "|"
	if !strings.HasSuffix(says, "\n") {
		head = "|-"
	}
	lines := []string{head}
	for line := range strings.SplitSeq(strings.TrimSuffix(says, "\n"), "\n") {
		if line != "" {
			line = strings.Repeat(" ", column) + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, s.eol)
}

// scalarText writes a value in one line; quote is that of the text that it replaces.
func scalarText(n *node, quote byte) string {
	switch n.kind {
	case text:
		return plainOrQuoted(n.says, quote)
	case null:
		return "null"
	case list, mapping:
		return flowText(n)
	}
	return n.says
}

// flowText writes a value in brackets.
func flowText(n *node) string {
	var parts []string
	switch n.kind {
	case list:
		for _, item := range n.items {
			parts = append(parts, flowText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case mapping:
		for _, e := range n.entries {
			parts = append(parts, plainOrQuoted(e.key, 0)+": "+flowText(e.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return scalarText(n, n.form.quote)
}

// plainOrQuoted writes a text, plain where any reader of YAML takes that for a text.
func plainOrQuoted(s string, quote byte) string {
	if quote == '\'' && !strings.ContainsAny(s, "\n\r\t") && printable(s) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	if quote != '"' && isPlain(s) {
		return s
	}
	return quoteJSON(s)
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r <= 0xa0 || r == 0x2028 || r == 0x2029 || r == '\ufeff'
	}) < 0
}

// isPlain reports whether a text needs no quotes: it begins with a letter, / or _, has no sign that means something,
// and is no word or number of any version of YAML.
func isPlain(s string) bool {
	if s == "" || !printable(s) || strings.ContainsAny(s, "#,[]{}&*!|>'\"%@`\\") || strings.Contains(s, ": ") || strings.HasSuffix(s, ":") || strings.TrimSpace(s) != s {
		return false
	}
	if c := s[0]; c != '/' && c != '_' && c != '.' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c < 0x80 {
		return false
	}
	switch lower := strings.ToLower(s); lower {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".nan", ".inf", "...":
		return false
	default:
		return !likeNumber(lower)
	}
}

// likeNumber reports whether some reader could take a text for a number, a time or a date.
func likeNumber(s string) bool {
	if s[0] != '.' && (s[0] < '0' || s[0] > '9') {
		return false
	}
	if _, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64); err == nil {
		return true
	}
	return strings.Trim(s, "0123456789.:-_tz e+") == "" && strings.Count(s, ".") < 3 || strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0o") || strings.HasPrefix(s, "0b")
}
