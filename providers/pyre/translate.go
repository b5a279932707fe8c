package pyre

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// translator writes a Python pattern as regexp2 reads it: groups with names become numbered ones, since regexp2 counts
// those with names last.
type translator struct {
	in    []rune
	pos   int
	out   strings.Builder
	names map[string]int
	count int
	open  int
}

// translate returns a pattern for regexp2 and the numbers of its named groups. Where whole is set, it matches up to the
// end of the text.
func translate(pattern string, whole bool) (string, map[string]int, int, error) {
	t := &translator{in: []rune(pattern), names: map[string]int{}}
	if whole {
		if beginsWithFlags(pattern) {
			if err := t.flags(); err != nil {
				return "", nil, 0, err
			}
		}
		t.out.WriteString("(?:")
	}
	for t.pos < len(t.in) {
		if err := t.one(); err != nil {
			return "", nil, 0, err
		}
	}
	if t.open > 0 {
		return "", nil, 0, fmt.Errorf("missing ), unterminated subpattern")
	}
	if whole {
		t.out.WriteString(`)\z`)
	}
	return t.out.String(), t.names, t.count, nil
}

// beginsWithFlags reports whether flags of the whole pattern stand first: "(?im)".
func beginsWithFlags(pattern string) bool {
	rest, is := strings.CutPrefix(pattern, "(?")
	flags, _, closed := strings.Cut(rest, ")")
	return is && closed && flags != "" && strings.Trim(flags, "aiLmsux") == ""
}

func (t *translator) rest() string { return string(t.in[t.pos:]) }

func (t *translator) has(prefix string) bool { return strings.HasPrefix(t.rest(), prefix) }

// one translates what begins at the present place.
func (t *translator) one() error {
	switch c := t.in[t.pos]; c {
	case '\\':
		return t.escape(false)
	case '[':
		return t.class()
	case '(':
		return t.group()
	case ')':
		if t.open--; t.open < 0 {
			return fmt.Errorf("unbalanced parenthesis at position %d", t.pos)
		}
	case '{':
		if t.has("{,") { // {,n} is {0,n}
			if end := strings.IndexByte(t.rest(), '}'); end > 2 && digitsOnly(t.rest()[2:end]) {
				t.out.WriteString("{0")
				t.pos++
				return nil
			}
		}
	}
	t.out.WriteRune(t.in[t.pos])
	t.pos++
	return nil
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// group translates what an opening parenthesis begins.
func (t *translator) group() error {
	at := t.pos
	if !t.has("(?") {
		t.count++
		t.open++
		t.out.WriteByte('(')
		t.pos++
		return nil
	}
	switch {
	case t.has("(?P<"):
		name, err := t.upTo("(?P<", '>')
		if err != nil {
			return err
		}
		if _, twice := t.names[name]; twice {
			return fmt.Errorf("redefinition of group name %q", name)
		}
		t.count++
		t.open++
		t.names[name] = t.count
		t.out.WriteByte('(')
	case t.has("(?P="):
		name, err := t.upTo("(?P=", ')')
		if err != nil {
			return err
		}
		n, ok := t.names[name]
		if !ok {
			return fmt.Errorf("unknown group name %q", name)
		}
		fmt.Fprintf(&t.out, "(?:\\%d)", n)
	case t.has("(?("):
		name, err := t.upTo("(?(", ')')
		if err != nil {
			return err
		}
		n, ok := t.names[name]
		if !ok {
			if n, err = strconv.Atoi(name); err != nil {
				return fmt.Errorf("unknown group name %q", name)
			}
		}
		t.open++
		fmt.Fprintf(&t.out, "(?(%d)", n)
	case t.has("(?#"):
		if _, err := t.upTo("(?#", ')'); err != nil {
			return fmt.Errorf("missing ), unterminated comment")
		}
	case t.has("(?:"), t.has("(?="), t.has("(?!"), t.has("(?>"):
		t.open++
		t.out.WriteString(string(t.in[at : at+3]))
		t.pos += 3
	case t.has("(?<="), t.has("(?<!"):
		t.open++
		t.out.WriteString(string(t.in[at : at+4]))
		t.pos += 4
	default:
		return t.flags()
	}
	return nil
}

// flags translates (?i) and (?i:...).
func (t *translator) flags() error {
	text := t.rest()
	end := strings.IndexAny(text, ":)")
	if end < 3 || strings.Trim(text[2:end], "aiLmsux-") != "" {
		return fmt.Errorf("unknown extension %s at position %d", firstRunes(text, 3), t.pos)
	}
	flags := strings.NewReplacer("a", "", "u", "", "L", "").Replace(text[2:end])
	if text[end] == ':' {
		t.open++
	} else if t.pos > 0 {
		return fmt.Errorf("global flags not at the start of the expression at position %d", t.pos)
	}
	t.pos += end + 1
	switch {
	case text[end] == ':' && flags == "":
		t.out.WriteString("(?:")
	case flags != "":
		t.out.WriteString("(?" + flags + text[end:end+1])
	}
	return nil
}

func firstRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// upTo takes what stands between a prefix and a character.
func (t *translator) upTo(prefix string, end rune) (string, error) {
	from := t.pos + len(prefix)
	for i := from; i < len(t.in); i++ {
		if t.in[i] == end {
			t.pos = i + 1
			return string(t.in[from:i]), nil
		}
	}
	return "", fmt.Errorf("missing %c, unterminated name", end)
}

// escape translates a backslash and what follows.
func (t *translator) escape(inClass bool) error {
	if t.pos+1 >= len(t.in) {
		return fmt.Errorf("bad escape (end of pattern) at position %d", t.pos)
	}
	c := t.in[t.pos+1]
	t.pos += 2
	switch {
	case c == 'Z' && !inClass:
		t.out.WriteString(`\z`)
	case strings.ContainsRune("dDwWsS", c), strings.ContainsRune("AbB", c) && !inClass, strings.ContainsRune("abfnrtv", c):
		t.out.WriteRune('\\')
		t.out.WriteRune(c)
	case c == 'x' || c == 'u' || c == 'U':
		return t.hex(c)
	case c == '0' || c >= '1' && c <= '9':
		return t.number(c, inClass)
	case c < 128 && unicode.IsLetter(c):
		return fmt.Errorf(`bad escape \%c at position %d`, c, t.pos-2)
	default:
		t.literal(c)
	}
	return nil
}

// literal writes a character that means itself.
func (t *translator) literal(c rune) {
	if c == ' ' || c == '#' {
		fmt.Fprintf(&t.out, `\u%04x`, c)
		return
	}
	if c < 128 && !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c > ' ' {
		t.out.WriteRune('\\')
	}
	t.out.WriteRune(c)
}

func (t *translator) hex(c rune) error {
	n := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c]
	if t.pos+n > len(t.in) {
		return fmt.Errorf(`incomplete escape \%c`, c)
	}
	code, err := strconv.ParseUint(string(t.in[t.pos:t.pos+n]), 16, 32)
	if err != nil || code > unicode.MaxRune {
		return fmt.Errorf(`incomplete escape \%c%s`, c, string(t.in[t.pos:t.pos+n]))
	}
	t.pos += n
	t.literal(rune(code))
	return nil
}

// number translates \1, \12 and octal escapes.
func (t *translator) number(c rune, inClass bool) error {
	digits := string(c)
	for len(digits) < 3 && t.pos < len(t.in) && t.in[t.pos] >= '0' && t.in[t.pos] <= '9' {
		digits += string(t.in[t.pos])
		t.pos++
	}
	octal := strings.Trim(digits, "01234567") == ""
	if c == '0' || octal && len(digits) == 3 || inClass {
		for c == '0' && !octal { // \08 is \0 and 8
			digits = digits[:len(digits)-1]
			t.pos--
			octal = strings.Trim(digits, "01234567") == ""
		}
		code, err := strconv.ParseUint(digits, 8, 16)
		if err != nil || code > 0o377 {
			return fmt.Errorf(`octal escape value \%s outside of range 0-0o377`, digits)
		}
		t.literal(rune(code))
		return nil
	}
	if len(digits) == 3 {
		digits = digits[:2]
		t.pos--
	}
	n, _ := strconv.Atoi(digits)
	if n > t.count {
		return fmt.Errorf("invalid group reference %d", n)
	}
	fmt.Fprintf(&t.out, `(?:\%d)`, n)
	return nil
}

// class translates a set of characters.
func (t *translator) class() error {
	at := t.pos
	t.out.WriteByte('[')
	t.pos++
	if t.pos < len(t.in) && t.in[t.pos] == '^' {
		t.out.WriteByte('^')
		t.pos++
	}
	for first := true; ; first = false {
		if t.pos >= len(t.in) {
			return fmt.Errorf("unterminated character set at position %d", at)
		}
		switch c := t.in[t.pos]; {
		case c == ']' && !first:
			t.out.WriteByte(']')
			t.pos++
			return nil
		case c == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
			continue
		case c == '[' || c == ']':
			t.out.WriteRune('\\')
		}
		t.out.WriteRune(t.in[t.pos])
		t.pos++
	}
}
