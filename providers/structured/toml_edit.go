package structured

import (
	"slices"
	"strings"
)

func (tomlFormat) replace(doc string, way []step, value *node) string {
	old := way[len(way)-1].entry().value
	if old.from == old.to { // tables with headings: which is refused
		return doc
	}
	return splice(doc, old.from, old.to, tomlText(value))
}

func (f tomlFormat) add(doc string, root *node, way []step, in *node, key string, value *node) string {
	eol := endOfLine(doc)
	var path []string
	for _, s := range way {
		path = append(path, s.entry().key)
	}
	switch {
	case in.inline && in.form.table == nil:
		pair := tomlKey(key) + " = " + tomlText(value)
		if len(in.entries) == 0 {
			return splice(doc, in.from, in.to, "{ "+pair+" }")
		}
		end := in.entries[len(in.entries)-1].to
		return splice(doc, end, end, ", "+pair)
	case in.form.table == nil:
		return doc
	case in.form.table.base != nil:
		dotted := tomlKeys(append(slices.Clone(in.form.table.prefix), key))
		if in.form.table.base.inline {
			return doc
		}
		return insertLine(doc, in.form.table.past, dotted+" = "+tomlText(value), eol)
	case value.kind == mapping && len(value.entries) > 0 || value.kind == mapping && in.form.table.past == 0 && in != root, !in.form.table.headed:
		at := len(doc)
		for _, b := range root.form.table.blocks {
			if len(path) > 0 && len(b.keys) >= len(path) && slices.Equal(b.keys[:len(path)], path) {
				at = b.to
			}
		}
		added := tomlTables(append(path, key), value, eol)
		if !in.form.table.headed && value.kind != mapping {
			added = "[" + tomlKeys(path) + "]" + eol + tomlKey(key) + " = " + tomlText(value) + eol
		}
		return insertBlock(doc, at, added, eol)
	case in == root && in.form.table.past == 0:
		at := 0
		if blocks := root.form.table.blocks; len(blocks) > 0 {
			at = commentsAbove(doc, blocks[0].from)
			return splice(doc, at, at, tomlKey(key)+" = "+tomlText(value)+eol+eol)
		}
		return insertLine(doc, len(doc), tomlKey(key)+" = "+tomlText(value), eol)
	}
	return insertLine(doc, in.form.table.past, indentationOf(doc, in)+tomlKey(key)+" = "+tomlText(value), eol)
}

// indentationOf is the blanks before the last key of a table.
func indentationOf(doc string, in *node) string {
	for _, e := range slices.Backward(in.entries) {
		if e.value.from < e.value.to {
			return indentation(doc[lineStart(doc, e.from):e.from])
		}
	}
	return ""
}

// insertLine puts a line in at a place where one begins, or behind a text that does not end with its line.
func insertLine(doc string, at int, line, eol string) string {
	if at > 0 && doc[at-1] != '\n' {
		return splice(doc, at, at, eol+line+eol)
	}
	return splice(doc, at, at, line+eol)
}

// insertBlock puts lines in with blank ones around them.
func insertBlock(doc string, at int, lines, eol string) string {
	before := strings.TrimRight(doc[:at], " \t\r\n")
	if before == "" {
		return lines + doc[at:]
	}
	rest := strings.TrimLeft(doc[at:], "\r\n")
	if rest != "" {
		lines += eol
	}
	return before + eol + eol + lines + rest
}

func (f tomlFormat) cut(doc string, root *node, way []step) string {
	s := way[len(way)-1]
	e := s.entry()
	switch {
	case s.in.inline && s.in.form.table == nil:
		return cutInline(doc, s)
	case e.value.from < e.value.to:
		return splice(doc, lineStart(doc, e.from), pastLine(doc, e.to), "")
	case e.value.kind == mapping && e.value.form.table.base != nil:
		return cutDotted(doc, e.value)
	}
	var path []string
	for _, s := range way {
		path = append(path, s.entry().key)
	}
	for _, b := range slices.Backward(root.form.table.blocks) {
		if len(b.keys) >= len(path) && slices.Equal(b.keys[:len(path)], path) {
			doc = splice(doc, b.from, b.to, "")
		}
	}
	return doc
}

// cutInline takes an entry out of a table in braces, with a comma beside it.
func cutInline(doc string, s step) string {
	e := s.entry()
	switch {
	case s.at > 0:
		return splice(doc, s.in.entries[s.at-1].to, e.to, "")
	case len(s.in.entries) > 1:
		return splice(doc, e.from, s.in.entries[1].from, "")
	}
	return splice(doc, s.in.from, s.in.to, "{}")
}

// cutDotted takes out all lines whose keys begin with what leads to a table.
func cutDotted(doc string, n *node) string {
	for _, e := range slices.Backward(n.entries) {
		if e.value.from == e.value.to {
			doc = cutDotted(doc, e.value)
			continue
		}
		doc = splice(doc, lineStart(doc, e.from), pastLine(doc, e.to), "")
	}
	return doc
}

// tomlTables writes a table with its heading, and those in it below.
func tomlTables(path []string, n *node, eol string) string {
	var own, below strings.Builder
	tables := 0
	for _, e := range n.entries {
		if e.value.kind == mapping && len(e.value.entries) > 0 {
			tables++
			below.WriteString(eol + tomlTables(append(slices.Clone(path), e.key), e.value, eol))
			continue
		}
		own.WriteString(tomlKey(e.key) + " = " + tomlText(e.value) + eol)
	}
	if own.Len() == 0 && tables > 0 {
		return strings.TrimPrefix(below.String(), eol)
	}
	return "[" + tomlKeys(path) + "]" + eol + own.String() + below.String()
}

// tomlText writes a value.
func tomlText(n *node) string {
	var parts []string
	switch n.kind {
	case text:
		return quoteTOML(n.says)
	case list:
		for _, item := range n.items {
			parts = append(parts, tomlText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case mapping:
		for _, e := range n.entries {
			parts = append(parts, tomlKey(e.key)+" = "+tomlText(e.value))
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return n.says
}

// quoteTOML writes a string as TOML has it, which knows JSON's escapes.
func quoteTOML(s string) string { return quoteJSON(s) }

func tomlKey(key string) string {
	if key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == "" {
		return key
	}
	return quoteTOML(key)
}

func tomlKeys(keys []string) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, tomlKey(key))
	}
	return strings.Join(parts, ".")
}

// settled leaves out tables without keys: one that only headings or keys with dots lead to is gone with its last key.
func (f tomlFormat) settled(n *node) *node {
	if n.kind != mapping {
		return n
	}
	out := &node{kind: mapping}
	for _, e := range n.entries {
		if e.value = f.settled(e.value); !isEmpty(e.value) {
			out.entries = append(out.entries, e)
		}
	}
	return out
}
