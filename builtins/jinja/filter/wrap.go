package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

func word(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func wordwrap(c *call) (value, error) {
	s, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected str, not %s", py.TypeName(c.Value))
	}
	width, err := c.Int(0)
	if err != nil {
		return nil, err
	}
	lines := pymethod.Lines(string(s), false)
	if width <= 0 && len(lines) > 0 {
		return nil, py.Errorf("invalid width %d (must be > 0)", width)
	}
	long, err := flag(c.Values[1])
	if err != nil {
		return nil, err
	}
	join := "\n"
	if c.Values[2] != starlark.None {
		if join, err = c.Text(2); err != nil {
			return nil, err
		}
	}
	hyphens, err := flag(c.Values[3])
	if err != nil {
		return nil, err
	}
	var out []string
	for _, line := range lines {
		if err := c.Run.Step(1 + len(line)/16); err != nil {
			return nil, err
		}
		wrapped, err := wrap(c, chunks(line, hyphens), width, long, hyphens)
		if err != nil {
			return nil, err
		}
		out = append(out, strings.Join(wrapped, join))
	}
	return starlark.String(strings.Join(out, join)), nil
}

// chunks takes a line apart into blanks and words.
func chunks(line string, hyphens bool) []string {
	var out []string
	for line != "" {
		blank := isBlank(line[0])
		n := strings.IndexFunc(line, func(r rune) bool { return (r < utf8.RuneSelf && isBlank(byte(r))) != blank })
		if n < 0 {
			n = len(line)
		}
		part := line[:n]
		line = line[n:]
		if !hyphens || blank {
			out = append(out, part)
			continue
		}
		out = append(out, broken(part)...)
	}
	return out
}

func isBlank(c byte) bool { return strings.IndexByte("\t\n\v\f\r ", c) >= 0 }

// broken takes a word apart behind its hyphens, and at dashes.
func broken(s string) []string {
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '-' || i == from {
			continue
		}
		if dashes := len(s[i:]) - len(strings.TrimLeft(s[i:], "-")); dashes > 1 {
			if end := i + dashes; end < len(s) && i > from {
				out = append(out, s[from:i], s[i:end])
				from, i = end, end-1
			}
			continue
		}
		before, next := s[from:i], s[i+1:]
		if letterEnd(before) && wordBegin(next) {
			out = append(out, s[from:i+1])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

// letterEnd reports whether a text ends in two letters, or in a letter after a hyphen.
func letterEnd(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	before, m := utf8.DecodeLastRuneInString(s[:len(s)-n])
	return n > 0 && m > 0 && letter(r) && (letter(before) || before == '-')
}

// wordBegin reports whether a text begins with a letter that is followed by a letter, a hyphen or nothing else.
func wordBegin(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	next, m := utf8.DecodeRuneInString(s[n:])
	return n > 0 && letter(r) && m > 0 && (letter(next) || next == '-')
}

func letter(r rune) bool { return r == '_' || unicode.IsLetter(r) }

// wrap fills lines with chunks.
func wrap(c *call, parts []string, width int, long, hyphens bool) ([]string, error) {
	var lines []string
	for len(parts) > 0 {
		var line []string
		n := 0
		if len(lines) > 0 && strings.TrimSpace(parts[0]) == "" {
			parts = parts[1:]
		}
		for len(parts) > 0 {
			w := utf8.RuneCountInString(parts[0])
			if n+w > width {
				break
			}
			line = append(line, parts[0])
			n += w
			parts = parts[1:]
		}
		if err := c.Run.Step(1); err != nil {
			return nil, err
		}
		if len(parts) > 0 && utf8.RuneCountInString(parts[0]) > width {
			if err := c.Run.Step(len(parts[0]) / 16); err != nil { // it is gone through again for each line of it
				return nil, err
			}
			head, tail := cut(parts[0], width, n, len(line) == 0, long, hyphens)
			if head != "" || long { // where nothing fits, Python adds a part without characters, and drops that instead of a blank
				line = append(line, head)
			}
			if tail != parts[0] {
				if parts[0] = tail; tail == "" {
					parts = parts[1:]
				}
			}
		}
		if k := len(line); k > 0 && strings.TrimSpace(line[k-1]) == "" {
			line = line[:k-1]
		}
		if len(line) > 0 {
			lines = append(lines, strings.Join(line, ""))
		}
	}
	return lines, nil
}

// cut breaks a word that is longer than a line.
func cut(s string, width, used int, alone, long, hyphens bool) (head, tail string) {
	left := width - used
	if !long {
		if alone {
			return s, ""
		}
		return "", s
	}
	runes := []rune(s)
	end := left
	if hyphens && len(runes) > left {
		if i := strings.LastIndexByte(string(runes[:left]), '-'); i > 0 && strings.Trim(string(runes[:left])[:i], "-") != "" {
			end = utf8.RuneCountInString(string(runes[:left])[:i]) + 1
		}
	}
	end = min(end, len(runes))
	return string(runes[:end]), string(runes[end:])
}
