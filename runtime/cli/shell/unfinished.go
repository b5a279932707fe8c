package shell

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// unfinished reports whether a command goes on in the next line: in quotes, behind a backslash, or in a here-document.
func unfinished(text string) bool { return missing(text) != "" }

// check refuses an entry that hosts would take for another one: of which the end is missing, or that has bytes which are no text.
func check(entry string) error {
	if at := wording.NotText(entry); at >= 0 {
		return (&diag.Error{Summary: fmt.Sprintf("%q has a byte at %d that is not UTF-8 text", entry, at+1)}).
			WithHint(`printf on the hosts makes such a byte: "$(printf '\351')"`)
	}
	if end := missing(entry); end != "" {
		return &diag.Error{Summary: "the command is not whole, and not run: the input ends before " + end}
	}
	return nil
}

// lexer reads a command of sh as far as is needed to know where it ends.
type lexer struct {
	text  string
	at    int
	start bool       // of a word
	sums  int        // brackets that are open in $(( )), where << shifts
	here  []document // that begin behind this line
}

// document is a here-document.
type document struct {
	end    string // the line that ends it
	tabs   bool   // before which tabs may stand
	quoted bool   // and in which a backslash means nothing
}

// missing says what a command lacks, "" where it is whole.
func missing(text string) string {
	l := &lexer{text: text, start: true}
	for l.at < len(l.text) {
		if lacks := l.next(); lacks != "" {
			return lacks
		}
	}
	if len(l.here) > 0 {
		return fmt.Sprintf("the line %q", l.here[0].end)
	}
	return ""
}

// next passes over what begins here, and says what that lacks.
func (l *lexer) next() string {
	rest, start := l.text[l.at:], l.start
	l.start = strings.IndexByte(" \t\n;&|()<>", rest[0]) >= 0
	switch {
	case rest[0] == '\\':
		if len(rest) == 1 {
			return "the line behind the backslash"
		}
		l.at += 2
		l.start = start && rest[1] == '\n'
	case rest[0] == '\'' || rest[0] == '"':
		n := quotedLength(rest)
		if n < 0 {
			return fmt.Sprintf("the closing %c", rest[0])
		}
		l.at += n
	case rest[0] == '#' && start && l.sums == 0:
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			l.at += n
		} else {
			l.at = len(l.text)
		}
		l.start = true
	case rest[0] == '\n':
		l.at++
		return l.documents()
	case l.sums == 0 && strings.HasPrefix(rest, "$(("):
		l.at += 3
		l.sums = 2
	case l.sums > 0:
		l.at++
		l.sums += strings.Count(rest[:1], "(") - strings.Count(rest[:1], ")")
	case strings.HasPrefix(rest, "<<<"):
		l.at += 3
	case strings.HasPrefix(rest, "<<"):
		l.at += 2
		l.document()
	default:
		l.at++
	}
	return ""
}

// quotedLength is how long a text in quotes is, -1 where it does not end.
func quotedLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return i + 1
		case text[i] == '\\' && text[0] == '"':
			i++
		}
	}
	return -1
}

// document notes the here-document that is asked for.
func (l *lexer) document() {
	var d document
	if strings.HasPrefix(l.text[l.at:], "-") {
		d.tabs = true
		l.at++
	}
	l.at += len(l.text[l.at:]) - len(strings.TrimLeft(l.text[l.at:], " \t"))
	from := l.at
	for l.at < len(l.text) && strings.IndexByte(" \t\n;&|()<>", l.text[l.at]) < 0 {
		rest, n := l.text[l.at:], 1
		switch rest[0] {
		case '\\':
			d.quoted = true
			d.end += rest[1:min(2, len(rest))]
			n = min(2, len(rest))
		case '\'', '"':
			d.quoted = true
			if n = quotedLength(rest); n < 0 {
				return // the quotes are missing first
			}
			d.end += rest[1 : n-1]
		default:
			d.end += rest[:1]
		}
		l.at += n
	}
	l.start = false
	if l.at > from {
		l.here = append(l.here, d)
	}
}

// documents passes over the here-documents that begin at this line.
func (l *lexer) documents() string {
	for _, d := range l.here {
		for joined := false; ; {
			if l.at >= len(l.text) {
				return fmt.Sprintf("the line %q", d.end)
			}
			line, _, _ := strings.Cut(l.text[l.at:], "\n")
			l.at = min(l.at+len(line)+1, len(l.text))
			if d.tabs {
				line = strings.TrimLeft(line, "\t")
			}
			if line == d.end && !joined {
				break
			}
			joined = !d.quoted && (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
		}
	}
	l.here = nil
	return ""
}
