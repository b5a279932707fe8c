package structured

import (
	"slices"
	"strconv"
	"strings"
)

// kind is what a node is.
type kind byte

const (
	text    kind = iota // a string
	number              // as it is written
	boolean             // "true" or "false"
	null                //
	other               // of TOML: a date or a time, as it is written
	list                //
	mapping             //
)

// node is a value of a document, with its place there. Values of a unit's arguments have no place.
type node struct {
	kind    kind
	says    string // of what is neither list nor mapping
	items   []*node
	entries []entry

	from, to int  // its bytes
	inline   bool // of a list or mapping: in brackets or braces, and not by lines of its own
	form     form // what its format knows of it besides
}

// form is what a format knows of a value.
type form struct {
	quote  byte // of a YAML scalar: ', ", |, > or 0
	column int  // of a YAML value: blanks before it, or before the first key of a mapping
	alias  bool // of YAML: it says what another value says
	own    int  // of a YAML mapping: how many entries are its own
	table  *table
}

// entry is a key of a mapping with its value.
type entry struct {
	key      string
	from, to int // the bytes of the key; of TOML, of the whole of its line's expression
	value    *node
	merged   bool // of YAML: it stands in another mapping, which this one takes over
}

// find is the place of a key in a mapping, -1 where it has none.
func (n *node) find(key string) int {
	return slices.IndexFunc(n.entries, func(e entry) bool { return e.key == key })
}

// get is the value of a key, nil where there is none.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapping {
		return nil
	}
	if at := n.find(key); at >= 0 {
		return n.entries[at].value
	}
	return nil
}

// same reports whether two values mean the same. The order of keys means nothing.
func same(a, b *node) bool {
	switch {
	case a.kind != b.kind:
		return false
	case a.kind == number:
		return sameNumber(a.says, b.says)
	case a.kind == list:
		return slices.EqualFunc(a.items, b.items, same)
	case a.kind != mapping:
		return a.says == b.says
	case len(a.entries) != len(b.entries):
		return false
	}
	for _, e := range a.entries {
		if v := b.get(e.key); v == nil || !same(e.value, v) {
			return false
		}
	}
	return true
}

// sameNumber compares numbers as they are written: 1 and 1.0 differ, since programs tell them apart; 1e3 and 1000.0
// do not. Integers are compared as text, for they may be longer than a float is exact.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	if isInteger(a) || isInteger(b) {
		return false
	}
	x, errX := strconv.ParseFloat(strings.ReplaceAll(a, "_", ""), 64)
	y, errY := strconv.ParseFloat(strings.ReplaceAll(b, "_", ""), 64)
	return errX == nil && errY == nil && x == y
}

func isInteger(s string) bool { return !strings.ContainsAny(s, ".eEnN") }

// wrap is a mapping that leads to a value by keys; without keys it is the value.
func wrap(keys []string, value *node) *node {
	for _, key := range slices.Backward(keys) {
		value = &node{kind: mapping, entries: []entry{{key: key, value: value}}}
	}
	return value
}

// step is one entry on the way from the root to a value.
type step struct {
	in *node // the mapping
	at int   // the entry
}

func (s step) entry() entry { return s.in.entries[s.at] }

// walk follows keys as far as they lead through mappings, and returns the value that they lead to with the keys that
// are left.
func walk(root *node, keys []string) (way []step, reached *node, left []string) {
	reached = root
	for n, key := range keys {
		at := -1
		if reached.kind == mapping {
			at = reached.find(key)
		}
		if at < 0 {
			return way, reached, keys[n:]
		}
		way = append(way, step{reached, at})
		reached = reached.entries[at].value
	}
	return way, reached, nil
}

// leaf is a value that is to be at a place.
type leaf struct {
	keys  []string
	value *node
}

// leaves are the values that a mapping sets in a document which has another one in its place, nil for none. Mappings that
// both have are gone through, so that what else the document has there stays.
func leaves(n, there *node, keys []string) []leaf {
	if n.kind != mapping || len(n.entries) == 0 || there == nil || there.kind != mapping {
		return []leaf{{keys, n}}
	}
	var all []leaf
	for _, e := range n.entries {
		all = append(all, leaves(e.value, there.get(e.key), append(slices.Clone(keys), e.key))...)
	}
	return all
}

// set puts a value into a copy of a tree, without a place: it is what a document has to say after an edit.
func set(root *node, keys []string, value *node) *node {
	if len(keys) == 0 {
		if value.kind == mapping && len(value.entries) == 0 && root != nil && root.kind == mapping {
			return root // it is there, with whatever it has
		}
		return value
	}
	out := &node{kind: mapping}
	if root != nil && root.kind == mapping {
		out.entries = slices.Clone(root.entries)
	}
	if at := out.find(keys[0]); at >= 0 {
		out.entries[at].value = set(out.entries[at].value, keys[1:], value)
		return out
	}
	out.entries = append(out.entries, entry{key: keys[0], value: set(nil, keys[1:], value)})
	return out
}

// remove takes what keys lead to out of a copy of a tree.
func remove(root *node, keys []string) *node {
	at := root.find(keys[0])
	if root.kind != mapping || at < 0 {
		return root
	}
	out := &node{kind: mapping, entries: slices.Clone(root.entries)}
	if len(keys) == 1 {
		out.entries = slices.Delete(out.entries, at, at+1)
		return out
	}
	out.entries[at].value = remove(out.entries[at].value, keys[1:])
	return out
}

// lineStart is where the line of a place begins, lineEnd where it ends, before its line feed.
func lineStart(s string, at int) int { return strings.LastIndexByte(s[:at], '\n') + 1 }

func lineEnd(s string, at int) int {
	if n := strings.IndexByte(s[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(s)
}

// pastLine is where the next line begins.
func pastLine(s string, at int) int { return min(lineEnd(s, at)+1, len(s)) }

// splice replaces bytes of a text.
func splice(s string, from, to int, by string) string { return s[:from] + by + s[to:] }

// endOfLine is how lines of a text end.
func endOfLine(s string) string {
	if n := strings.IndexByte(s, '\n'); n > 0 && s[n-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// indentation is the blanks that a line begins with.
func indentation(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }
