package sshconfig

import "strings"

const blank = " \t\r\n"

// cutKeyword splits a line as OpenSSH does: the keyword ends at a blank or at
// one "=". Comments and empty lines have no keyword.
func cutKeyword(line string) (key, rest string) {
	line = strings.Trim(line, blank+"\f")
	if line == "" || line[0] == '#' {
		return "", ""
	}
	end := strings.IndexAny(line, blank+`"=`)
	if end < 0 {
		return strings.ToLower(line), ""
	}
	key, rest = strings.ToLower(line[:end]), line[end:]
	if rest[0] == '"' { // a keyword in quotes: nothing is known by it
		return strings.ToLower(line), ""
	}
	skipped := rest[0] == '='
	rest = strings.TrimLeft(rest[1:], blank)
	if !skipped && strings.HasPrefix(rest, "=") {
		rest = strings.TrimLeft(rest[1:], blank)
	}
	return key, rest
}

// splitWords takes the arguments of a keyword apart: quotes of both kinds,
// backslashes before those and before blanks, and a comment at the end. It is
// false where a quote does not end.
func splitWords(rest string) ([]string, bool) {
	var words []string
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" || rest[0] == '#' {
			return words, true
		}
		word, after, ok := cutWord(rest)
		if !ok {
			return nil, false
		}
		words, rest = append(words, word), after
	}
}

func cutWord(s string) (word, rest string, ok bool) {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (strings.IndexByte(`'"\`, s[i+1]) >= 0 || quote == 0 && s[i+1] == ' '):
			i++
			b.WriteByte(s[i])
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), s[i:], true
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", quote == 0
}

// matches reports whether a name matches a pattern of * and ?.
func matches(pattern, name string) bool {
	star, from := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchesAny reports whether a name matches one of the patterns and none of those behind a "!".
func matchesAny(patterns []string, name string) bool {
	found := false
	for _, p := range patterns {
		p, negated := strings.CutPrefix(p, "!")
		if matches(p, name) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}
