package lookup

import (
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

func csvFile(c *call) ([]value, error) {
	o := map[string]value{}
	for i, name := range []string{"col", "default", "delimiter", "file", "encoding"} {
		o[name] = c.args.Values[i]
	}
	var out []value
	for _, term := range c.terms {
		s, ok := term.(starlark.String)
		if !ok {
			return nil, failf("a term is a text, not %s", py.TypeName(term))
		}
		key, err := inline(string(s), func(name, text string) error {
			if o[name] == nil {
				return failf("%s is no option", name)
			}
			o[name] = starlark.String(text)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if key == "" {
			return nil, failf("a term has no key")
		}
		v, err := c.cell(key, o)
		if err != nil {
			return nil, err
		}
		if v == starlark.None {
			continue
		}
		out = append(out, opened([]value{v})...)
	}
	return out, nil
}

// cell is the column of the first line that begins with a key.
func (c *call) cell(key string, o map[string]value) (value, error) {
	if err := onlyUTF8(o["encoding"]); err != nil {
		return nil, err
	}
	delimiter, _ := starlark.AsString(o["delimiter"])
	if delimiter == "TAB" {
		delimiter = "\t"
	}
	if utf8.RuneCountInString(delimiter) != 1 || strings.ContainsAny(delimiter, "\"\r\n") {
		return nil, failf("the delimiter is one character, or TAB")
	}
	col, err := column(o["col"])
	if err != nil {
		return nil, err
	}
	text, err := c.read(o["file"])
	if err != nil {
		return nil, err
	}
	r := csvReader{lines: pymethod.Lines(text, true), delimiter: delimiter}
	for len(r.lines) > 0 {
		if err := c.run.Step(1); err != nil {
			return nil, err
		}
		row, err := r.row()
		if err != nil {
			return nil, err
		}
		if len(row) == 0 || row[0] != key {
			continue
		}
		if col < 0 {
			col += len(row)
		}
		if col < 0 || col >= len(row) {
			return nil, failf("the line of %q has %d columns", key, len(row))
		}
		return starlark.String(row[col]), nil
	}
	return o["default"], nil
}

func column(v value) (int, error) {
	if s, ok := v.(starlark.String); ok {
		n := numbers{}
		if strings.Trim(string(s), "-0123456789") != "" || n.set("start", decimal(string(s))) != nil {
			return 0, failf("the column is a whole number, not %s", s)
		}
		return n.start, nil
	}
	n, ok := py.Int(v)
	if !ok {
		return 0, failf("the column is a whole number, not %s", py.TypeName(v))
	}
	return n, nil
}

// decimal is a number without the zeros before it.
func decimal(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" && t != s {
		return t
	}
	return s
}

// onlyUTF8 refuses other encodings.
func onlyUTF8(v value) error {
	s, _ := starlark.AsString(v)
	switch strings.ToLower(s) {
	case "utf-8", "utf8", "utf_8":
		return nil
	}
	return py.Errorf("the encoding %s is left out; save the file in UTF-8", v)
}

// csvReader reads lines as Python's csv does.
type csvReader struct {
	lines     []string
	delimiter string
}

// row is the next line, which quotes may make longer.
func (r *csvReader) row() ([]string, error) {
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
			case rest[0] == '"' && !begun:
				quoted, begun, any = true, true, true
			case rest[0] == '\r' || rest[0] == '\n':
				return nil, failf("a line end stands within a field without quotes")
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
				return nil, py.Errorf("a line ends with a character that is no newline; save the file with newlines")
			}
			return row, nil
		}
	}
}
