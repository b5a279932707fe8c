package community

import (
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pycsv"
	"github.com/openfroyo/froyo/builtins/jinja/pyini"
)

func files() []*function.Func {
	return []*function.Func{
		function.New("from_csv", "dialect='excel', fieldnames=None, delimiter=None, skipinitialspace=None, strict=None", "The rows of CSV as dicts; the first one has their keys.", fromCSV),
		function.New("from_ini", "", "The sections of an INI file as a dict of dicts.", fromINI),
		function.New("to_ini", "", "A dict of dicts as an INI file.", toINI),
	}
}

func fromCSV(c *call) (value, error) {
	s, err := py.Str(c.Value)
	if err != nil {
		return nil, err
	}
	delimiter, err := delimiterOf(c)
	if err != nil {
		return nil, err
	}
	skip, err := py.Truth(c.Values[3])
	if err != nil {
		return nil, err
	}
	r := pycsv.NewReader(strings.TrimPrefix(s, "\ufeff"), delimiter, skip)
	var names []value
	if c.Values[1] != starlark.None {
		if names, err = c.Elements(c.Values[1]); err != nil {
			return nil, err
		}
	}
	var out []value
	for r.More() {
		row, err := r.Row()
		if err != nil {
			return nil, err
		}
		if err := c.Run.Step(1 + len(row)); err != nil {
			return nil, err
		}
		switch {
		case names == nil:
			if names, err = py.Elements(py.Texts(row)); err != nil {
				return nil, err
			}
		case len(row) > 0:
			d, err := record(names, row)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	return starlark.NewList(out), nil
}

func delimiterOf(c *call) (string, error) {
	dialect, err := c.Text(0)
	if err != nil {
		return "", err
	}
	delimiter, ok := map[string]string{"excel": ",", "excel-tab": "\t", "unix": ","}[dialect]
	if !ok {
		return "", py.Errorf("the dialect is excel, excel-tab or unix, not %s", dialect)
	}
	if c.Values[2] != starlark.None {
		if delimiter, err = c.Text(2); err != nil {
			return "", err
		}
	}
	if utf8.RuneCountInString(delimiter) != 1 || strings.ContainsAny(delimiter, "\"\r\n") {
		return "", py.Errorf("the delimiter is one character")
	}
	if strict, err := py.Truth(c.Values[4]); err != nil || strict {
		if err != nil {
			return "", err
		}
		return "", py.Errorf("strict is not supported; leave it out")
	}
	return delimiter, nil
}

// record is a row as a dict; what is behind the last key is under None, and what is missing is None.
func record(names []value, row []string) (value, error) {
	d := starlark.NewDict(len(names))
	for i, name := range names {
		var v value = starlark.None
		if i < len(row) {
			v = str(row[i])
		}
		if err := put(d, name, v); err != nil {
			return nil, err
		}
	}
	if len(row) > len(names) {
		return d, put(d, starlark.None, py.Texts(row[len(names):]))
	}
	return d, nil
}

func fromINI(c *call) (value, error) {
	s, err := onlyText(c)
	if err != nil {
		return nil, err
	}
	f, err := pyini.Read(s, pyini.Options{Exact: true, Step: c.Run.Step})
	if err != nil {
		return nil, err
	}
	base := f.Sections["DEFAULT"]
	out := starlark.NewDict(len(f.Names))
	for _, name := range f.Names {
		if err := out.SetKey(str(name), section(pyini.Merged(base, f.Sections[name]))); err != nil {
			return nil, err
		}
	}
	if base != nil && len(base.Names) > 0 {
		return out, out.SetKey(str("DEFAULT"), section(base))
	}
	return out, nil
}

func section(s *pyini.Section) value {
	d := starlark.NewDict(len(s.Names))
	for _, name := range s.Names {
		var v value = starlark.None
		if text := s.Values[name]; text != nil {
			v = str(*text)
		}
		_ = d.SetKey(str(name), v) // a text is a key
	}
	return d
}

func toINI(c *call) (value, error) {
	d, ok := c.Value.(*starlark.Dict)
	if !ok || d.Len() == 0 {
		return nil, py.Errorf("expected a dict of dicts that is not empty, not %s", py.TypeName(c.Value))
	}
	parts := map[string]string{}
	var order []string
	for _, item := range d.Items() {
		name, err := py.Str(item[0])
		if err != nil {
			return nil, err
		}
		if _, twice := parts[name]; twice {
			return nil, py.Errorf("the section %q is there twice", name)
		}
		if parts[name], err = iniSection(c, item[1]); err != nil {
			return nil, err
		}
		order = append(order, name)
	}
	var b strings.Builder
	if text := parts["DEFAULT"]; text != "" {
		b.WriteString("[DEFAULT]\n" + text + "\n")
	}
	for _, name := range order {
		if name != "DEFAULT" {
			b.WriteString("[" + name + "]\n" + parts[name] + "\n")
		}
	}
	out := b.String()
	if out == "" {
		return nil, py.Errorf("the dict has no section with a key")
	}
	return str(out[:len(out)-1]), py.Fits("to_ini", int64(len(out)))
}

// iniSection are the lines of a section.
func iniSection(c *call, v value) (string, error) {
	d, ok := v.(*starlark.Dict)
	if !ok {
		return "", py.Errorf("expected a dict of dicts, not of %s", py.TypeName(v))
	}
	if err := c.Run.Step(1 + d.Len()); err != nil {
		return "", err
	}
	seen := map[string]bool{}
	var b strings.Builder
	for _, item := range d.Items() {
		key, err := py.Str(item[0])
		if err != nil {
			return "", err
		}
		if seen[key] {
			return "", py.Errorf("the key %q is there twice", key)
		}
		seen[key] = true
		if item[1] == starlark.None {
			return "", py.Errorf("the key %q has no value", key)
		}
		text, err := py.Str(item[1])
		if err != nil {
			return "", err
		}
		b.WriteString(key + " = " + strings.ReplaceAll(text, "\n", "\n\t") + "\n")
	}
	return b.String(), nil
}
