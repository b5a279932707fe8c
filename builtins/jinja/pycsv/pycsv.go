// Package pycsv reads CSV as Python's csv does.
package pycsv

import (
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

// ErrLineEnd is a file whose lines do not end with newlines.
var ErrLineEnd = py.Errorf("a line ends with a character that is no newline; save the file with newlines")

// Reader reads rows.
type Reader struct {
	lines     []string
	delimiter string
	skipSpace bool // blanks behind a delimiter do not belong to a field
}

// NewReader makes a reader of a text.
func NewReader(text, delimiter string, skipSpace bool) *Reader {
	return &Reader{lines: pymethod.Lines(text, true), delimiter: delimiter, skipSpace: skipSpace}
}

// More reports whether there are more lines.
func (r *Reader) More() bool { return len(r.lines) > 0 }

// Row is the next line, which quotes may make longer. It is empty for an empty line.
func (r *Reader) Row() ([]string, error) {
	var (
		row    []string
		field  strings.Builder
		quoted bool // within quotes
		begun  bool // the field has begun
		any    bool
	)
	for {
		line := r.lines[0]
		r.lines = r.lines[1:]
		for i := 0; i < len(line); {
			rest := line[i:]
			switch {
			case quoted && strings.HasPrefix(rest, `""`):
				field.WriteByte('"')
				i++
			case quoted && rest[0] == '"':
				quoted = false
			case quoted:
				field.WriteByte(rest[0])
			case rest == "\n" || rest == "\r\n" || rest == "\r":
				if any {
					row = append(row, field.String())
				}
				return row, nil
			case strings.HasPrefix(rest, r.delimiter):
				row, any, begun = append(row, field.String()), true, false
				field.Reset()
				i += len(r.delimiter) - 1
			case r.skipSpace && rest[0] == ' ' && !begun:
				any = true
			case rest[0] == '"' && !begun:
				quoted, begun, any = true, true, true
			case rest[0] == '\r' || rest[0] == '\n':
				return nil, py.Errorf("a line end stands within a field without quotes")
			default:
				field.WriteByte(rest[0])
				begun, any = true, true
			}
			i++
		}
		if len(r.lines) == 0 || !quoted {
			if any {
				row = append(row, field.String())
			}
			if !quoted && len(r.lines) > 0 && any {
				return nil, ErrLineEnd
			}
			return row, nil
		}
	}
}
