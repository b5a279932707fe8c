package layout

import "strings"

// minRoom is how many columns a wrapped text has at least, however narrow the terminal is.
const minRoom = 20

// Wrap breaks a line at its blanks, so that no part is wider than columns. used is how far the first part is from the
// left edge; the others are indented by indent. Where columns is 0, which is no terminal, the line stays whole.
//
// Words, and what is to be copied, are never broken: a command, a call, a unit, a short quotation. What is wider than
// the terminal gets a line of its own. Where not even the first of them fits beside what stands there, the first part is "".
func Wrap(line string, columns, used, indent int) []string {
	if columns <= 0 || used+Width(line) <= columns {
		return []string{line}
	}
	indent = max(0, min(indent, columns-minRoom))
	var lines []string
	current, at := "", used
	for i, p := range pieces(line) {
		blanks, width := p.blanks, Width(p.text)
		if current == "" && i > 0 {
			blanks = 0
		}
		if at+blanks+width > columns && (current != "" || at > indent) {
			lines = append(lines, current)
			current, at, blanks = "", indent, 0
		}
		current += strings.Repeat(" ", blanks) + p.text
		at += blanks + width
	}
	lines = append(lines, current)
	for i := range lines[1:] {
		lines[i+1] = strings.Repeat(" ", indent) + lines[i+1]
	}
	return lines
}

// piece is what stays on one line, with the blanks before it.
type piece struct {
	blanks int
	text   string
}

func pieces(line string) []piece {
	words := split(line)
	var all []piece
	for i := 0; i < len(words); {
		p := words[i]
		next := max(afterCode(words, i), afterCommand(words, i))
		for _, w := range words[i+1 : next] {
			p.text += strings.Repeat(" ", w.blanks) + w.text
		}
		all = append(all, p)
		i = next
	}
	return all
}

func split(line string) []piece {
	var words []piece
	blanks := 0
	for word := range strings.SplitSeq(line, " ") {
		if word == "" {
			blanks++
			continue
		}
		words = append(words, piece{blanks, word})
		blanks = 1
	}
	return words
}

// maxQuotation is how wide a quotation may be that is not broken.
const maxQuotation = 60

// afterCode is where what begins with word i ends: a quotation, or a name with its brackets, such as play("web", do = web)
// or cmd[make it]. A remark (in brackets of its own) is broken as any text.
func afterCode(words []piece, i int) int {
	quoted, depth, width := false, 0, 0
	var closing []rune
	for n, w := range words[i:] {
		before := ' '
		for _, r := range w.text {
			switch {
			case r == '"':
				quoted = !quoted
			case quoted:
			case (r == '(' || r == '[' || r == '{') && (depth > 0 || isName(before)):
				closing, depth = append(closing, brackets[r]), depth+1
			case depth > 0 && r == closing[depth-1]:
				closing, depth = closing[:depth-1], depth-1
			}
			before = r
		}
		width += w.blanks + Width(w.text)
		if !quoted && depth == 0 {
			return i + n + 1
		}
		if depth == 0 && width > maxQuotation {
			return i + 1
		}
	}
	return i + 1 // it does not end
}

var brackets = map[rune]rune{'(': ')', '[': ']', '{': '}'}

func isName(r rune) bool {
	return r == '_' || r == ')' || r == ']' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
