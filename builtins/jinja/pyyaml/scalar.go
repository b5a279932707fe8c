package pyyaml

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// analysis is how a scalar may be written.
type analysis struct {
	multiline, flowPlain, blockPlain, single bool
}

func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// printable is what libyaml writes as it is; characters beyond the first 65536 are not among it.
func printable(r rune) bool {
	return r == '\n' || r >= ' ' && r <= '~' || r >= 0xa0 && r < 0xd800 || r >= 0xe000 && r <= 0xfffd && r != 0xfeff
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == 0 || isBreak(r) }

// analyze looks at a scalar's text.
func (e *emitter) analyze(text string) analysis {
	if text == "" {
		return analysis{blockPlain: true, single: true}
	}
	runes := []rune(text)
	var block, flow, breaks, special bool
	var leading, trailing, breakSpace, spaceBreak bool
	if strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
		block, flow = true, true
	}
	preceded := true
	previousSpace, previousBreak := false, false
	for i, r := range runes {
		followed := i+1 == len(runes) || isBlank(runes[i+1])
		switch {
		case i == 0 && strings.ContainsRune("#,[]{}&*!|>'\"%@`", r), i == 0 && r == '-' && followed, i > 0 && r == '#' && preceded:
			flow, block = true, true
		case i == 0 && (r == '?' || r == ':'), i > 0 && r == ':':
			flow, block = true, block || followed
		case i > 0 && strings.ContainsRune(",?[]{}", r):
			flow = true
		}
		if !printable(r) || e.opts.Escape && r >= utf8.RuneSelf {
			special = true
		}
		switch {
		case r == ' ':
			leading, trailing = leading || i == 0, trailing || i == len(runes)-1
			breakSpace = breakSpace || previousBreak
			previousSpace, previousBreak = true, false
		case isBreak(r):
			breaks = true
			leading, trailing = leading || i == 0, trailing || i == len(runes)-1
			spaceBreak = spaceBreak || previousSpace
			previousSpace, previousBreak = false, true
		default:
			previousSpace, previousBreak = false, false
		}
		preceded = isBlank(r)
	}
	plain := !leading && !trailing && !breakSpace && !spaceBreak && !special && !breaks
	return analysis{
		multiline: breaks, flowPlain: plain && !flow, blockPlain: plain && !block, single: !breakSpace && !spaceBreak && !special,
	}
}

// scalar writes a scalar in the first style that can hold it: plain, in single quotes, in double quotes.
func (e *emitter) scalar(n *node, key bool) {
	a := e.analyze(n.text)
	plain := n.plain && (e.flow > 0 && a.flowPlain || e.flow == 0 && a.blockPlain) && (n.text != "" || e.flow == 0 && !key)
	switch {
	case key && a.multiline:
		e.double(n.text, !key)
	case plain:
		e.plain(n.text, !key)
	case a.single:
		e.single(n.text, !key)
	default:
		e.double(n.text, !key)
	}
}

func (e *emitter) plain(text string, breaks bool) {
	if !e.whitespace && (text != "" || e.flow > 0) {
		e.put(" ")
	}
	spaces := false
	for i, r := range text {
		if r == ' ' {
			if breaks && !spaces && e.column > e.opts.Width && !strings.HasPrefix(text[i+1:], " ") {
				e.writeIndent()
			} else {
				e.put(" ")
			}
			spaces = true
			continue
		}
		e.put(string(r))
		e.indention, spaces = false, false
	}
	e.whitespace, e.indention = false, false
}

func (e *emitter) single(text string, mayBreak bool) {
	e.indicator("'", true, false, false)
	spaces, breaks := false, false
	for i, r := range text {
		switch {
		case r == ' ':
			if mayBreak && !spaces && e.column > e.opts.Width && i > 0 && i < len(text)-1 && !strings.HasPrefix(text[i+1:], " ") {
				e.writeIndent()
			} else {
				e.put(" ")
			}
			spaces = true
		case isBreak(r):
			if !breaks && r == '\n' {
				e.lineBreak()
			}
			if r == '\n' {
				e.lineBreak()
			} else {
				e.b.WriteRune(r)
				e.column = 0
			}
			e.indention, breaks = true, true
		default:
			if breaks {
				e.writeIndent()
			}
			if r == '\'' {
				e.put("'")
			}
			e.put(string(r))
			e.indention, spaces, breaks = false, false, false
		}
	}
	if breaks {
		e.writeIndent()
	}
	e.indicator("'", false, false, false)
	e.whitespace, e.indention = false, false
}

// escapes of double quotes.
var escapes = map[rune]string{
	0: "0", '\a': "a", '\b': "b", '\t': "t", '\n': "n", '\v': "v", '\f': "f", '\r': "r", 0x1b: "e", '"': `"`, '\\': `\`,
	0x85: "N", 0xa0: "_", 0x2028: "L", 0x2029: "P",
}

func (e *emitter) double(text string, breaks bool) {
	e.indicator(`"`, true, false, false)
	spaces := false
	for i, r := range text {
		switch {
		case !printable(r) || e.opts.Escape && r >= utf8.RuneSelf || isBreak(r) || r == '"' || r == '\\':
			if short, ok := escapes[r]; ok {
				e.put(`\` + short)
			} else {
				e.put(longEscape(r))
			}
			spaces = false
		case r == ' ':
			if breaks && !spaces && e.column > e.opts.Width && i > 0 && i < len(text)-1 {
				e.writeIndent()
				if strings.HasPrefix(text[i+1:], " ") {
					e.put(`\`)
				}
			} else {
				e.put(" ")
			}
			spaces = true
		default:
			e.put(string(r))
			spaces = false
		}
	}
	e.indicator(`"`, false, false, false)
	e.whitespace, e.indention = false, false
}

func longEscape(r rune) string {
	switch {
	case r <= 0xff:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}
