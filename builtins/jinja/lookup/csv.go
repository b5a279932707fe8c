package lookup

import (
	"errors"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pycsv"
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
	r := pycsv.NewReader(text, delimiter, false)
	for r.More() {
		if err := c.run.Step(1); err != nil {
			return nil, err
		}
		row, err := r.Row()
		if err != nil {
			if errors.Is(err, pycsv.ErrLineEnd) { // which Ansible reads
				return nil, err
			}
			return nil, failing(err)
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
