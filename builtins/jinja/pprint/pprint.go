// Package pprint writes values as Python's pprint does: what does not fit into 80 columns has an element a line.
//
// It imports package function and what that imports only.
package pprint

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

type value = py.Value

// Filters returns the filter pprint.
func Filters() []*function.Func {
	return []*function.Func{
		function.New("pprint", "", "The value as Python prints it, with an element a line where it does not fit into 80 columns.", func(c *function.Call) (value, error) {
			s, err := Format(c.Value, c.Run.Step)
			return starlark.String(s), err
		}),
	}
}

const (
	width      = 80
	maxNesting = 500
)

// Format writes a value. step counts what is gone through.
func Format(v value, step func(n int) error) (string, error) {
	p := &printer{step: step}
	err := p.format(v, 0, 0, 0)
	return p.b.String(), err
}

type printer struct {
	b    strings.Builder
	step func(n int) error
}

// format writes a value behind indent columns; behind it there is room to leave for allowance more.
func (p *printer) format(v value, indent, allowance, level int) error {
	if level > maxNesting {
		return py.Errorf("a value is nested more than %d levels deep, or holds itself", maxNesting)
	}
	text, err := p.oneLine(v, level)
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(text) <= width-indent-allowance {
		return p.write(text)
	}
	switch v := v.(type) {
	case starlark.String:
		return p.text(string(v), indent, allowance, level+1)
	case *starlark.List:
		items, err := py.Elements(v)
		if err != nil {
			return err
		}
		return p.items("[", items, "]", indent, allowance, level+1)
	case starlark.Tuple:
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		return p.items("(", v, end, indent, allowance, level+1)
	case *starlark.Dict:
		return p.dict(v, indent, allowance, level+1)
	}
	return p.write(text)
}

func (p *printer) write(s string) error {
	p.b.WriteString(s)
	return py.Fits("pprint", int64(p.b.Len()))
}

func (p *printer) items(open string, items []value, end string, indent, allowance, level int) error {
	indent++
	allowance += len(end)
	if err := p.write(open); err != nil {
		return err
	}
	for i, item := range items {
		left := 1
		if i == len(items)-1 {
			left = allowance
		}
		if err := p.format(item, indent, left, level); err != nil {
			return err
		}
		if i < len(items)-1 {
			p.b.WriteString(",\n" + strings.Repeat(" ", indent))
		}
	}
	return p.write(end)
}

func (p *printer) dict(d *starlark.Dict, indent, allowance, level int) error {
	items, err := ordered(d)
	if err != nil {
		return err
	}
	indent++
	p.b.WriteString("{")
	for i, item := range items {
		key, err := p.oneLine(item[0], level)
		if err != nil {
			return err
		}
		if err := p.write(key + ": "); err != nil {
			return err
		}
		left := 1
		if i == len(items)-1 {
			left = allowance + 1
		}
		if err := p.format(item[1], indent+utf8.RuneCountInString(key)+2, left, level); err != nil {
			return err
		}
		if i < len(items)-1 {
			p.b.WriteString(",\n" + strings.Repeat(" ", indent))
		}
	}
	return p.write("}")
}

// text writes a text in parts, each on a line of its own.
func (p *printer) text(s string, indent, allowance, level int) error {
	if s == "" {
		return p.write("''")
	}
	if level == 1 {
		indent++
		allowance++
	}
	var parts []string
	room := width - indent
	lines := pymethod.Lines(s, true)
	for i, line := range lines {
		last := i == len(lines)-1
		whole := room
		if last {
			whole -= allowance
		}
		if quoted := py.Quoted(line); utf8.RuneCountInString(quoted) <= whole {
			parts = append(parts, quoted)
			continue
		}
		atEnd := 0
		if last {
			atEnd = allowance
		}
		parts = append(parts, filled(line, room, atEnd)...)
	}
	if err := p.step(len(parts)); err != nil {
		return err
	}
	if len(parts) == 1 {
		return p.write(py.Quoted(lines[len(lines)-1]))
	}
	if level == 1 {
		p.b.WriteString("(")
	}
	if err := p.write(strings.Join(parts, "\n"+strings.Repeat(" ", indent))); err != nil {
		return err
	}
	if level == 1 {
		p.b.WriteString(")")
	}
	return nil
}

// filled breaks a line behind white space, so that each part fits; the last one leaves room at the end.
func filled(line string, room, atEnd int) []string {
	var parts []string
	current := ""
	all := words(line)
	for i, word := range all {
		if i == len(all)-1 {
			room -= atEnd
		}
		if utf8.RuneCountInString(py.Quoted(current+word)) > room {
			if current != "" {
				parts = append(parts, py.Quoted(current))
			}
			current = word
		} else {
			current += word
		}
	}
	if current != "" {
		parts = append(parts, py.Quoted(current))
	}
	return parts
}

// words takes a line apart into words, each with the white space behind it.
func words(line string) []string {
	var out []string
	for line != "" {
		n := strings.IndexFunc(line, py.IsSpace)
		if n < 0 {
			return append(out, line)
		}
		n += len(line[n:]) - len(strings.TrimLeftFunc(line[n:], py.IsSpace))
		out = append(out, line[:n])
		line = line[n:]
	}
	return out
}

// oneLine is a value on one line, dicts in the order of their keys.
func (p *printer) oneLine(v value, level int) (string, error) {
	if err := p.step(1); err != nil {
		return "", err
	}
	if level > maxNesting {
		return "", py.Errorf("a value is nested more than %d levels deep, or holds itself", maxNesting)
	}
	open, end, items := "", "", []value(nil)
	switch v := v.(type) {
	case *starlark.List:
		var err error
		if items, err = py.Elements(v); err != nil {
			return "", err
		}
		open, end = "[", "]"
	case starlark.Tuple:
		open, end, items = "(", ")", v
		if len(v) == 1 {
			end = ",)"
		}
	case *starlark.Dict:
		return p.dictLine(v, level)
	default:
		return py.Repr(v)
	}
	parts := make([]string, len(items))
	size := 0
	for i, item := range items {
		var err error
		if parts[i], err = p.oneLine(item, level+1); err != nil {
			return "", err
		}
		if size += len(parts[i]); size > py.MaxText {
			return "", py.Fits("pprint", int64(size))
		}
	}
	return open + strings.Join(parts, ", ") + end, nil
}

func (p *printer) dictLine(d *starlark.Dict, level int) (string, error) {
	items, err := ordered(d)
	if err != nil {
		return "", err
	}
	parts := make([]string, len(items))
	size := 0
	for i, item := range items {
		k, err := p.oneLine(item[0], level+1)
		if err != nil {
			return "", err
		}
		v, err := p.oneLine(item[1], level+1)
		if err != nil {
			return "", err
		}
		parts[i] = k + ": " + v
		if size += len(parts[i]); size > py.MaxText {
			return "", py.Fits("pprint", int64(size))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}", nil
}

// ordered are the elements of a dict by their keys; keys that do not compare are ordered by the names of their types.
func ordered(d *starlark.Dict) ([]starlark.Tuple, error) {
	items := d.Items()
	var failed error
	less := func(a, b value) bool {
		yes, err := py.Compare("<", a, b)
		if err == nil {
			return yes
		}
		if _, mismatch := err.(*py.Error); !mismatch { //nolint:errorlint // Compare does not wrap it
			failed = err
		}
		return py.TypeName(a) < py.TypeName(b)
	}
	slices.SortStableFunc(items, func(a, b starlark.Tuple) int {
		switch {
		case less(a[0], b[0]):
			return -1
		case less(b[0], a[0]):
			return 1
		}
		return 0
	})
	return items, failed
}
