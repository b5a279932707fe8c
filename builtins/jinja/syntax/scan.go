package syntax

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner splits a template into tokens. Delimiters are looked for in the text; what stands between them is read by
// scanTag.
type scanner struct {
	src    string // with \n as the only newline
	opts   Options
	tokens []token
	pos    int
	open   []byte // closing brackets that are expected
	lines  []int  // offsets at which lines begin
	raw    bool   // the backslashes of texts stay
	// lineStart is whether what was scanned last ended a line.
	lineStart bool
}

// scan returns the tokens of a template, the last of which is eof.
func scan(source string, o Options) (*scanner, error) {
	source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n")
	if !o.KeepTrailingNewline {
		source = strings.TrimSuffix(source, "\n")
	}
	s := &scanner{src: source, opts: o, lines: []int{0}, lineStart: true}
	for i := range len(source) {
		if source[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	for s.pos < len(s.src) {
		if err := s.scanText(); err != nil {
			return nil, err
		}
	}
	s.emit(eof, "", len(s.src))
	return s, nil
}

// place returns where an offset is.
func (s *scanner) place(at int) Pos {
	line := sort.SearchInts(s.lines, at+1)
	return Pos{Line: line, Col: utf8.RuneCountInString(s.src[s.lines[line-1]:at]) + 1}
}

func (s *scanner) emit(k kind, value string, at int) {
	s.tokens = append(s.tokens, token{kind: k, value: value, at: at})
}

func (s *scanner) fail(at int, format string, args ...any) error {
	return &Error{Pos: s.place(at), Message: fmt.Sprintf(format, args...)}
}

// opening is a delimiter that ends text.
type opening struct {
	kind kind // blockBegin, variableBegin; eof for a comment
	text string
}

// scanText reads text up to the next delimiter, and what that begins.
func (s *scanner) scanText() error {
	begin, at := s.nextOpening()
	if at < 0 {
		s.text(s.src[s.pos:], s.pos)
		s.pos = len(s.src)
		return nil
	}
	body, after, sign := s.src[s.pos:at], at+len(begin.text), byte(0)
	if after < len(s.src) && (s.src[after] == '-' || s.src[after] == '+') {
		sign = s.src[after]
	}
	s.text(s.stripped(body, sign, begin.kind == variableBegin), s.pos)
	if begin.kind == blockBegin {
		if n := s.rawBegin(at); n > 0 {
			return s.scanRaw(at, n)
		}
	}
	if sign != 0 {
		after++
	}
	s.pos = after
	switch begin.kind {
	case blockBegin:
		s.emit(blockBegin, "", at)
		return s.scanTag(at, blockEnd)
	case variableBegin:
		s.emit(variableBegin, "", at)
		return s.scanTag(at, variableEnd)
	}
	return s.scanComment(at)
}

// text emits text, if there is some.
func (s *scanner) text(value string, at int) {
	if value != "" {
		s.emit(data, s.newlines(value), at)
	}
}

// newlines gives text the newlines that the template writes.
func (s *scanner) newlines(value string) string {
	if s.opts.Newline == "\n" {
		return value
	}
	return strings.ReplaceAll(value, "\n", s.opts.Newline)
}

// nextOpening returns the next delimiter and its offset, or -1. Of two that begin at one place the longer counts.
func (s *scanner) nextOpening() (opening, int) {
	all := []opening{{variableBegin, s.opts.VariableStart}, {eof, s.opts.CommentStart}, {blockBegin, s.opts.BlockStart}}
	best, at := opening{}, -1
	for _, o := range all {
		i := strings.Index(s.src[s.pos:], o.text)
		if i < 0 {
			continue
		}
		i += s.pos
		if at < 0 || i < at || i == at && len(o.text) > len(best.text) {
			best, at = o, i
		}
	}
	return best, at
}

// stripped takes off the end of text what the delimiter after it takes: with "-" all white space, with lstrip_blocks
// the blanks of its line.
func (s *scanner) stripped(body string, sign byte, variable bool) string {
	if sign == '-' {
		return strings.TrimRightFunc(body, unicode.IsSpace)
	}
	if sign == '+' || !s.opts.LstripBlocks || variable {
		return body
	}
	line := strings.LastIndexByte(body, '\n') + 1
	if (line > 0 || s.lineStart) && strings.TrimFunc(body[line:], unicode.IsSpace) == "" {
		return body[:line]
	}
	return body
}

// rawBegin returns the length of the tag that begins a raw block at an offset, or 0.
func (s *scanner) rawBegin(at int) int {
	rest := s.src[at+len(s.opts.BlockStart):]
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
	rest, ok := strings.CutPrefix(rest, "raw")
	if !ok {
		return 0
	}
	rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
	if after, ok := strings.CutPrefix(rest, "-"+s.opts.BlockEnd); ok {
		rest = strings.TrimLeftFunc(after, unicode.IsSpace)
	} else if rest, ok = strings.CutPrefix(rest, s.opts.BlockEnd); !ok {
		return 0
	}
	return len(s.src) - at - len(rest)
}

// scanRaw reads a raw block whose first tag is n bytes long.
func (s *scanner) scanRaw(at, n int) error {
	s.lineStart = s.src[at+n-1] == '\n'
	for from := at + n; ; {
		i := strings.Index(s.src[from:], s.opts.BlockStart)
		if i < 0 {
			return s.fail(at, "the raw block has no end")
		}
		tag := from + i
		from = tag + len(s.opts.BlockStart)
		rest, sign := s.src[from:], byte(0)
		if rest != "" && (rest[0] == '-' || rest[0] == '+') {
			sign, rest = rest[0], rest[1:]
		}
		rest, ok := strings.CutPrefix(strings.TrimLeftFunc(rest, unicode.IsSpace), "endraw")
		if !ok {
			continue
		}
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		end := s.blockEnd(len(s.src) - len(rest))
		if end == 0 {
			continue
		}
		s.text(s.stripped(s.src[at+n:tag], sign, false), at+n)
		s.moveTo(len(s.src) - len(rest) + end)
		return nil
	}
}

// moveTo goes on after what was read.
func (s *scanner) moveTo(pos int) {
	s.lineStart = pos > 0 && s.src[pos-1] == '\n'
	s.pos = pos
}

// blockEnd returns the length of what ends a tag at an offset, with the white space that it takes, or 0.
func (s *scanner) blockEnd(at int) int { return s.closing(at, s.opts.BlockEnd, true) }

// closing returns the length of a closing delimiter at an offset, with its sign and the white space that it takes.
func (s *scanner) closing(at int, end string, trims bool) int {
	rest := s.src[at:]
	if trims && strings.HasPrefix(rest, "+"+end) {
		return 1 + len(end)
	}
	if after, ok := strings.CutPrefix(rest, "-"+end); ok {
		return len(rest) - len(strings.TrimLeftFunc(after, unicode.IsSpace))
	}
	after, ok := strings.CutPrefix(rest, end)
	if !ok {
		return 0
	}
	if trims && s.opts.TrimBlocks && strings.HasPrefix(after, "\n") {
		return len(end) + 1
	}
	return len(end)
}

// scanComment passes over a comment that began at an offset.
func (s *scanner) scanComment(at int) error {
	for i := s.pos; i < len(s.src); i++ {
		if n := s.closing(i, s.opts.CommentEnd, true); n > 0 {
			s.moveTo(i + n)
			return nil
		}
	}
	return s.fail(at, "the comment has no end")
}

// scanTag reads what stands between delimiters, up to the closing one.
func (s *scanner) scanTag(at int, end kind) error {
	closer, trims := s.opts.BlockEnd, true
	if end == variableEnd {
		closer, trims = s.opts.VariableEnd, false
	}
	s.raw = s.opts.RawTexts && end == variableEnd
	s.open = s.open[:0]
	for s.pos < len(s.src) {
		if len(s.open) == 0 {
			if n := s.closing(s.pos, closer, trims); n > 0 {
				s.emit(end, "", s.pos)
				s.moveTo(s.pos + n)
				return nil
			}
		}
		if err := s.scanToken(); err != nil {
			return err
		}
	}
	if len(s.open) > 0 {
		return s.fail(at, "the tag that begins here has no end: %q is missing", string(s.open[len(s.open)-1]))
	}
	return s.fail(at, "the tag that begins here has no end: %q is missing", closer)
}

// scanToken reads one element of an expression.
func (s *scanner) scanToken() error {
	rest, at := s.src[s.pos:], s.pos
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case unicode.IsSpace(r):
		s.pos += size
		return nil
	case r == '\'' || r == '"':
		return s.scanString(at)
	case r >= '0' && r <= '9':
		k, n := number(rest, at > 0 && s.src[at-1] == '.')
		s.emit(k, strings.ReplaceAll(rest[:n], "_", ""), at)
		s.pos += n
		return nil
	case isWord(r):
		n := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
		if n < 0 {
			n = len(rest)
		}
		if unicode.IsDigit(r) {
			return s.fail(at, "%q is no name", rest[:n])
		}
		s.emit(name, rest[:n], at)
		s.pos += n
		return nil
	}
	for _, n := range []int{2, 1} {
		if len(rest) >= n && operators[rest[:n]] {
			s.pos += n
			s.emit(operator, rest[:n], at)
			return s.balance(rest[:n], at)
		}
	}
	return s.fail(at, "unexpected character %q", r)
}

// operators are the elements that are neither names nor values.
var operators = map[string]bool{
	"+": true, "-": true, "/": true, "//": true, "*": true, "%": true, "**": true, "~": true, "[": true, "]": true, "(": true,
	")": true, "{": true, "}": true, "==": true, "!=": true, ">": true, ">=": true, "<": true, "<=": true, "=": true, ".": true,
	":": true, "|": true, ",": true, ";": true,
}

// balance keeps the brackets that are open.
func (s *scanner) balance(op string, at int) error {
	switch op {
	case "{":
		s.open = append(s.open, '}')
	case "(":
		s.open = append(s.open, ')')
	case "[":
		s.open = append(s.open, ']')
	case "}", ")", "]":
		if len(s.open) == 0 {
			return s.fail(at, "unexpected %q", op)
		}
		if want := s.open[len(s.open)-1]; want != op[0] {
			return s.fail(at, "unexpected %q, expected %q", op, string(want))
		}
		s.open = s.open[:len(s.open)-1]
	}
	return nil
}

func (s *scanner) scanString(at int) error {
	quote := s.src[at]
	for i := at + 1; i < len(s.src); i++ {
		switch s.src[i] {
		case '\\':
			i++
		case quote:
			value, err := s.newlines(s.src[at+1:i]), error(nil)
			switch {
			case !s.raw:
				value, err = unescape(value)
			case strings.Contains(value, `\`+string(quote)):
				err = fmt.Errorf("a backslash stands before %c, which Ansible does not read in a variable", quote)
			}
			if err != nil {
				return s.fail(at, "%s", err)
			}
			s.emit(text, value, at)
			s.pos = i + 1
			return nil
		}
	}
	return s.fail(at, "the string has no end")
}

// isWord reports whether a character may stand in a name.
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}
