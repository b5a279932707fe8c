package inventory

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// glob matches names: * any text, ? one character, [a-c] and [!a-c] one of
// these, [1-3,10] and [01-18] numbers.
type glob []token

// token is a part of a glob. Exactly one field is set.
type token struct {
	literal string
	any     bool // *
	one     func(rune) bool
	numbers []span
}

// span is the numbers from lo to hi. With a width they have leading zeros up to it.
type span struct{ lo, hi, width int }

// contains reports whether digits is how the span writes one of its numbers.
func (s span) contains(digits string) bool {
	n, err := parseDigits(digits)
	if err != nil || n < s.lo || n > s.hi {
		return false
	}
	return fmt.Sprintf("%0*d", s.width, n) == digits
}

// hasMeta reports whether text is more than a name.
func hasMeta(text string) bool { return strings.ContainsAny(text, "*?[") }

// globError is a mistake in a glob, at a byte of its text.
type globError struct {
	offset int
	msg    string
}

func (e *globError) Error() string { return e.msg }

func compileGlob(text string) (glob, error) {
	var g glob
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '*':
			g = append(g, token{any: true})
			i++
		case '?':
			g = append(g, token{one: func(rune) bool { return true }})
			i++
		case '[':
			length := strings.IndexByte(text[i:], ']')
			if length < 0 {
				return nil, &globError{i, "the bracket is not closed"}
			}
			t, err := compileBracket(text[i+1 : i+length])
			if err != nil {
				return nil, &globError{i, err.Error()}
			}
			g = append(g, t)
			i += length + 1
		case ']':
			return nil, &globError{i, `"]" has no "[" before it`}
		default:
			n := strings.IndexAny(text[i:], "*?[]")
			if n < 0 {
				n = len(text) - i
			}
			g = append(g, token{literal: text[i : i+n]})
			i += n
		}
	}
	return g, nil
}

// compileBracket takes [1-3,10] for numbers, and [abc], [a-c], [!abc] for characters.
func compileBracket(inner string) (token, error) {
	if inner == "" || inner == "!" {
		return token{}, errors.New("the brackets are empty")
	}
	if strings.Contains(inner, ":") {
		return token{}, errors.New("a selector writes ranges as [1-3]")
	}
	if strings.ContainsAny(inner, "-,") {
		if spans, ok := parseSpans(inner); ok {
			return token{numbers: spans}, nil
		}
	}
	if strings.Contains(inner, ",") {
		return token{}, errors.New("want numbers, [1-3,10], or characters, [a-c]")
	}
	set, negate := strings.CutPrefix(inner, "!")
	if lo, hi, ok := badRange([]rune(set)); ok {
		return token{}, fmt.Errorf("the range %c-%c is empty", lo, hi)
	}
	return token{one: func(r rune) bool { return inSet([]rune(set), r) != negate }}, nil
}

func badRange(set []rune) (lo, hi rune, bad bool) {
	for i := 0; i+2 < len(set); i++ {
		if set[i+1] == '-' {
			if set[i] > set[i+2] {
				return set[i], set[i+2], true
			}
			i += 2
		}
	}
	return 0, 0, false
}

func inSet(set []rune, r rune) bool {
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			if set[i] <= r && r <= set[i+2] {
				return true
			}
			i += 2
			continue
		}
		if set[i] == r {
			return true
		}
	}
	return false
}

// parseSpans reads numbers and ranges of them: 1-3,10 or 01-18.
func parseSpans(text string) ([]span, bool) {
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		lo, errFirst := parseDigits(first)
		hi, errLast := parseDigits(last)
		if errFirst != nil || errLast != nil || lo > hi {
			return nil, false
		}
		s := span{lo: lo, hi: hi}
		if len(first) > 1 && first[0] == '0' {
			if s.width = len(first); len(last) != s.width {
				return nil, false
			}
		} else if strconv.Itoa(hi) != last {
			return nil, false
		}
		spans = append(spans, s)
	}
	return spans, true
}

// match follows all ways through name at once, so that no glob is slow.
func (g glob) match(name string) bool {
	at := make([]bool, len(name)+1) // where in name the tokens so far can end
	at[0] = true
	for _, t := range g {
		next := make([]bool, len(name)+1)
		for i, ok := range at {
			if ok {
				t.step(name, i, next)
			}
		}
		at = next
	}
	return at[len(name)]
}

// step marks where in name the token can end if it begins at i.
func (t token) step(name string, i int, next []bool) {
	switch {
	case t.any:
		for ; i <= len(name); i++ {
			next[i] = true
		}
	case t.one != nil:
		if r, size := utf8.DecodeRuneInString(name[i:]); size > 0 && t.one(r) {
			next[i+size] = true
		}
	case t.numbers != nil:
		for n := 1; n <= maxDigits && i+n <= len(name) && name[i+n-1] >= '0' && name[i+n-1] <= '9'; n++ {
			for _, s := range t.numbers {
				if s.contains(name[i : i+n]) {
					next[i+n] = true
				}
			}
		}
	default:
		if strings.HasPrefix(name[i:], t.literal) {
			next[i+len(t.literal)] = true
		}
	}
}

// NameGlob gives what reports whether a host's name is meant by a glob as
// selectors have them: web*, h[1-3,10], db[a-c].
func NameGlob(text string) (func(name string) bool, error) {
	g, err := compileGlob(text)
	if err != nil {
		return nil, err
	}
	return g.match, nil
}
