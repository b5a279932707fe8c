// Package yamlfault says in plain words what is wrong with a YAML text.
//
// It imports the YAML library alone.
package yamlfault

import (
	"errors"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong, at a line that counts from 1, 0 where that is not known.
type Fault struct {
	Line int
	Text string
}

// Of takes an error of the YAML library apart.
func Of(err error) []Fault {
	texts := []string{err.Error()}
	if several, ok := errors.AsType[*yaml.TypeError](err); ok {
		texts = several.Errors
	}
	faults := make([]Fault, len(texts))
	for i, text := range texts {
		text = strings.TrimPrefix(strings.ReplaceAll(text, "\n", " "), "yaml: ")
		if rest, found := strings.CutPrefix(text, "line "); found {
			number, after, colon := strings.Cut(rest, ": ")
			if n, err := strconv.Atoi(number); err == nil && colon {
				faults[i].Line, text = n, after
			}
		}
		faults[i].Text = plain(text)
	}
	return faults
}

// words are what the library says, by how it begins, and what that means for who wrote the text.
var words = []struct{ says, means string }{
	{"did not find expected node content", "a value is missing, or a bracket is not closed"},
	{"did not find expected ',' or ']'", "a list in brackets lacks a comma, or its ]"},
	{"did not find expected ',' or '}'", "a mapping in braces lacks a comma, or its }"},
	{"did not find expected key", "the indentation does not fit to the lines above, or a quote is not closed"},
	{"did not find expected '-' indicator", "the indentation does not fit to the list above"},
	{"did not find expected alphabetic or numeric character", "an alias (*) or anchor (&) has no name: quote a value that begins so"},
	{"did not find expected", "the text is not complete, or a quote or bracket is not closed"},
	{"could not find expected ':'", "a line has no colon behind its name, or a quote is not closed"},
	{"mapping values are not allowed in this context", "a colon stands where none can be: quote the value, and check the indentation"},
	{"block sequence entries are not allowed in this context", "a list begins where none can be: put it below its name"},
	{"found character that cannot start any token", "a value begins with a tab, @ or `: quote it, and indent by blanks"},
	{"found a tab character", "a tab stands in the indentation: indent by blanks"},
	{"found unexpected end of stream", "a quote is not closed"},
	{"found unknown escape character", `a text in double quotes has a \ that means nothing: double it, or use single quotes`},
	{"found undefined tag handle", "a value begins with !: quote it"},
	{"control characters are not allowed", "there is a control character"},
	{"invalid map key", "the name of a field is a list or a mapping"},
}

func plain(text string) string {
	for _, w := range words {
		if strings.HasPrefix(text, w.says) {
			return w.means
		}
	}
	return text
}
