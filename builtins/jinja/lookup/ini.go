package lookup

import (
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyini"
	"github.com/openfroyo/froyo/providers/pyre"
)

func iniFile(c *call) ([]value, error) {
	names := []string{"type", "file", "section", "re", "encoding", "default", "case_sensitive", "allow_no_value", "allow_none"}
	o := map[string]value{}
	for i, name := range names {
		o[name] = c.args.Values[i]
	}
	if boolean(o["allow_none"]) {
		o["allow_no_value"] = o["allow_none"]
	}
	var out []value
	for _, term := range c.terms {
		s, ok := term.(starlark.String)
		if !ok {
			return nil, failf("a key is a text, not %s", py.TypeName(term))
		}
		if strings.Contains(string(s), "=") || strings.Contains(strings.TrimSpace(string(s)), " ") {
			return nil, py.Errorf("the key %q has a space or =; give the options by name, as in lookup('ini', 'key', section='main', file='x.ini')", string(s))
		}
		v, err := c.setting(string(s), o)
		if err != nil {
			return nil, err
		}
		out = append(out, v...)
	}
	return out, nil
}

// setting is what an INI file has for a key, or for all keys that a pattern matches.
func (c *call) setting(key string, o map[string]value) ([]value, error) {
	if err := onlyUTF8(o["encoding"]); err != nil {
		return nil, err
	}
	section, ok := starlark.AsString(o["section"])
	if !ok {
		return nil, failf("the section is a text")
	}
	text, err := c.read(o["file"])
	if err != nil {
		return nil, err
	}
	switch o["type"] {
	case starlark.String("ini"):
	case starlark.String("properties"):
		section = "java_properties"
		text = "[" + section + "]\n" + text
	default:
		return nil, py.Errorf("the type is 'ini' or 'properties'")
	}
	file, err := pyini.Read(text, pyini.Options{Exact: boolean(o["case_sensitive"]), Bare: boolean(o["allow_no_value"]), Step: c.run.Step})
	if err != nil {
		return nil, failing(err)
	}
	f := &ini{file, c.run}
	of := f.Sections[section]
	if of == nil && section != "DEFAULT" {
		return nil, failf("the file has no section %q", section)
	}
	all := pyini.Merged(f.Sections["DEFAULT"], of)
	if boolean(o["re"]) {
		return f.matching(key, all)
	}
	v, ok := all.Values[f.Key(key)]
	if !ok {
		return opened([]value{o["default"]}), nil
	}
	if v == nil {
		return nil, nil
	}
	s, err := f.filled(*v, all, 1)
	return []value{starlark.String(s)}, err
}

// ini is an INI file in which keys are looked up.
type ini struct {
	*pyini.File
	run *function.Run
}

// matchLimit is how long one match of a pattern may take.
const matchLimit = 2 * time.Second

// maxFilled is how deep values may refer to each other.
const maxFilled = 10

// filled replaces %(name)s in a value by other values.
func (f *ini) filled(s string, all *pyini.Section, depth int) (string, error) {
	if depth > maxFilled {
		return "", failf("values refer to each other more than %d levels deep", maxFilled)
	}
	var b strings.Builder
	for s != "" {
		if err := f.run.Step(1); err != nil {
			return "", err
		}
		text, rest, found := strings.Cut(s, "%")
		b.WriteString(text)
		if !found {
			break
		}
		s = rest
		if strings.HasPrefix(s, "%") {
			b.WriteByte('%')
			s = s[1:]
			continue
		}
		end := strings.Index(s, ")s")
		if !strings.HasPrefix(s, "(") || end < 2 || strings.Contains(s[1:end], ")") {
			return "", failf("after %% there is to be %% or (name)s, got %q", "%"+s)
		}
		v := all.Values[f.Key(s[1:end])]
		if v == nil {
			return "", failf("a value refers to %q, which is not there", s[1:end])
		}
		s = s[end+2:]
		part := *v
		if strings.Contains(part, "%") {
			var err error
			if part, err = f.filled(part, all, depth+1); err != nil {
				return "", err
			}
		}
		b.WriteString(part)
		if err := py.Fits("ini", int64(b.Len())); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// matching are the values of the keys that a pattern matches at their beginning.
func (f *ini) matching(pattern string, all *pyini.Section) ([]value, error) {
	p, err := pyre.Compile(pattern, pyre.Flags{}, matchLimit)
	if err != nil {
		return nil, failure{py.Errorf("%s", err)}
	}
	var out []value
	for _, name := range all.Names {
		v := all.Values[name]
		if v == nil {
			return nil, failf("the key %q has no value", name)
		}
		s, err := f.filled(*v, all, 1)
		if err != nil {
			return nil, err
		}
		m, err := p.At(f.run.Context, name)
		if err != nil {
			return nil, f.run.Explained(err)
		}
		if m != nil {
			out = append(out, starlark.String(s))
		}
	}
	return out, nil
}
