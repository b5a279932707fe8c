package repl

import (
	"slices"
	"strings"
)

// place is where the cursor stands in what is typed.
type place struct {
	quoted   int      // where the text begins that it is in, behind its quote; -1 for none
	call     string   // the name of the function whose call it is in, "" for none
	argument string   // the name of the argument that it is the value of, "" for none
	given    []string // names of arguments that the call has already
}

// bracket is one that is open.
type bracket struct {
	open  byte
	call  string // the name before it
	given []string
	name  string // of the argument under way
}

// scan reads what stands before the cursor.
func scan(text string) place {
	open := []bracket{{}}
	at := place{quoted: -1}
	for i := 0; i < len(text); {
		top := &open[len(open)-1]
		switch c := text[i]; {
		case c == '#':
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return at // completes nothing within a remark
			}
			i += end
			continue
		case c == '"' || c == '\'':
			begin, end, closed := quoted(text, i)
			if !closed {
				at.quoted = begin
			}
			i = end
			continue
		case strings.IndexByte("([{", c) >= 0:
			b := bracket{open: c}
			if c == '(' {
				b.call = wordBefore(text[:i])
			}
			open = append(open, b)
		case strings.IndexByte(")]}", c) >= 0 && len(open) > 1:
			open = open[:len(open)-1]
		case c == ',':
			top.name = ""
		case c == '=' && isName(text, i):
			top.name = wordBefore(strings.TrimRight(text[:i], " "))
			top.given = append(top.given, top.name)
		}
		i++
	}
	for _, b := range slices.Backward(open) {
		if b.call != "" {
			at.call, at.argument, at.given = b.call, b.name, b.given
			break
		}
		if b.open == '{' {
			break
		}
	}
	return at
}

// isName reports whether the = at i stands behind the name of an argument.
func isName(text string, i int) bool {
	after := i+1 < len(text) && text[i+1] == '='
	return !after && wordBefore(strings.TrimRight(text[:i], " ")) != "" && (i == 0 || strings.IndexByte("=!<>+-*/%|&^", text[i-1]) < 0)
}

// wordBefore is the name at the end of a text.
func wordBefore(text string) string {
	i := len(text)
	for i > 0 && isWord(text[i-1]) {
		i--
	}
	return text[i:]
}

// quoted is where a text in quotes begins and ends.
func quoted(text string, i int) (begin, end int, closed bool) {
	quote := text[i : i+1]
	if three := strings.Repeat(quote, 3); strings.HasPrefix(text[i:], three) {
		quote = three
	}
	begin = i + len(quote)
	for end = begin; end < len(text); end++ {
		switch {
		case text[end] == '\\':
			end++
		case strings.HasPrefix(text[end:], quote):
			return begin, end + len(quote), true
		case text[end] == '\n' && len(quote) == 1:
			return begin, end, true // an error of its own
		}
	}
	return begin, len(text), false
}

// primary is the expression at the end of a text that an attribute is taken of: names, points, calls and indexes.
func primary(text string) string {
	i := len(text)
	for i > 0 {
		switch c := text[i-1]; {
		case isWord(c) || c == '.':
			i--
		case c == ')' || c == ']':
			begin := opening(text[:i])
			if begin < 0 {
				return ""
			}
			i = begin
			if c == ')' && (i == 0 || !isWord(text[i-1])) {
				return text[i:] // (...).name
			}
		default:
			return text[i:]
		}
	}
	return text
}

// opening is where the bracket was opened that is closed at the end of a text, -1 where that is not to be seen.
func opening(text string) int {
	depth, quote := 0, byte(0)
	for i := len(text) - 1; i >= 0; i-- {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.IndexByte(")]}", c) >= 0:
			depth++
		case strings.IndexByte("([{", c) >= 0:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
