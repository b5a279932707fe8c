package complete

import (
	"strings"
)

// bashWords takes a command line apart as a shell does. The last word is the
// one to complete, and empty after a blank; raw is how it is typed.
func bashWords(line string) (words []string, raw string) {
	var word strings.Builder
	begin, inWord := 0, false
	quote := rune(0)
	escaped := false
	for i, r := range line {
		if !inWord && r != ' ' && r != '\t' {
			begin, inWord = i, true
		}
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote == 0 && (r == ' ' || r == '\t'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
		}
	}
	if inWord {
		raw = line[begin:]
	}
	return append(words, word.String()), raw
}

// bashValue writes a word as bash wants it: quoted unless a quote is open, and
// without what stands before the last character where bash takes words apart.
func bashValue(value, raw, breaks string) string {
	if strings.HasPrefix(raw, "'") || strings.HasPrefix(raw, `"`) {
		return value
	}
	quoted := quoteForShell(value)
	breaks = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\"'\\", r) {
			return -1
		}
		return r
	}, breaks)
	i := strings.LastIndexAny(raw, breaks)
	if i < 0 || !strings.HasPrefix(quoted, raw[:i+1]) {
		return quoted
	}
	return quoted[i+1:]
}

// quoteForShell puts a backslash before all that means something to a shell.
func quoteForShell(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(" \t\"'\\$`&|;<>()*?[]#!{}", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
