package lookup

import (
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyre"
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
	f := &ini{call: c, sections: map[string]*settings{}, exact: boolean(o["case_sensitive"]), bare: boolean(o["allow_no_value"])}
	if err := f.read(text); err != nil {
		return nil, err
	}
	of := f.sections[section]
	if of == nil && section != "DEFAULT" {
		return nil, failf("the file has no section %q", section)
	}
	all := merged(f.sections["DEFAULT"], of)
	if boolean(o["re"]) {
		return f.matching(key, all)
	}
	v, ok := all.values[f.name(key)]
	if !ok {
		return opened([]value{o["default"]}), nil
	}
	if v == nil {
		return nil, nil
	}
	s, err := f.filled(*v, all, 1)
	return []value{starlark.String(s)}, err
}

// settings are those of a section, in order; a value is nil where a key has none.
type settings struct {
	names  []string
	values map[string]*string
}

func (s *settings) set(name string, v *string) {
	if _, ok := s.values[name]; !ok {
		s.names = append(s.names, name)
	}
	s.values[name] = v
}

func merged(parts ...*settings) *settings {
	out := &settings{values: map[string]*string{}}
	for _, p := range parts {
		if p == nil {
			continue
		}
		for _, name := range p.names {
			out.set(name, p.values[name])
		}
	}
	return out
}

// ini reads INI files as Python's ConfigParser does.
type ini struct {
	call        *call
	sections    map[string]*settings
	exact, bare bool // letters' case counts; keys may have no value
}

func (f *ini) name(key string) string {
	if f.exact {
		return key
	}
	return strings.ToLower(key)
}

func (f *ini) read(text string) error {
	var (
		in     *settings
		key    string // of the value that may go on, "" where there is none
		indent int
	)
	for line := range strings.SplitSeq(text, "\n") {
		if err := f.call.run.Step(1); err != nil {
			return err
		}
		content := strings.TrimFunc(line, isSpace)
		isComment := strings.HasPrefix(content, "#") || strings.HasPrefix(content, ";")
		if content == "" || isComment {
			if !isComment && in != nil && key != "" && in.values[key] != nil {
				*in.values[key] += "\n"
			}
			continue
		}
		at := strings.IndexFunc(line, func(r rune) bool { return !isSpace(r) })
		if in != nil && key != "" && at > indent {
			if in.values[key] == nil {
				return failf("a line goes on a key without a value: %q", content)
			}
			*in.values[key] += "\n" + content
			continue
		}
		indent = at
		if end := strings.LastIndexByte(content, ']'); content[0] == '[' && end > 1 {
			var err error
			if in, err = f.section(content[1:end]); err != nil {
				return err
			}
			key = ""
			continue
		}
		if in == nil {
			return failf("the line %q stands before any section", content)
		}
		var err error
		if key, err = f.option(in, content); err != nil {
			return err
		}
	}
	for _, s := range f.sections {
		for _, v := range s.values {
			if v != nil {
				*v = strings.TrimRightFunc(*v, isSpace)
			}
		}
	}
	return nil
}

func (f *ini) section(name string) (*settings, error) {
	in, ok := f.sections[name]
	if ok && name != "DEFAULT" {
		return nil, failf("the section %q is there twice", name)
	}
	if !ok {
		in = &settings{values: map[string]*string{}}
		f.sections[name] = in
	}
	return in, nil
}

func (f *ini) option(in *settings, line string) (string, error) {
	i := strings.IndexAny(line, "=:")
	if i < 0 && !f.bare {
		return "", failf("the line %q has no value", line)
	}
	name := line
	var v *string
	if i >= 0 {
		name = line[:i]
		s := strings.TrimFunc(line[i+1:], isSpace)
		v = &s
	}
	name = f.name(strings.TrimRightFunc(name, isSpace))
	if name == "" {
		return "", failf("the line %q has no key", line)
	}
	if _, ok := in.values[name]; ok {
		return "", failf("the key %q is there twice", name)
	}
	in.set(name, v)
	return name, nil
}

// matchLimit is how long one match of a pattern may take.
const matchLimit = 2 * time.Second

// maxFilled is how deep values may refer to each other.
const maxFilled = 10

// filled replaces %(name)s in a value by other values.
func (f *ini) filled(s string, all *settings, depth int) (string, error) {
	if depth > maxFilled {
		return "", failf("values refer to each other more than %d levels deep", maxFilled)
	}
	var b strings.Builder
	for s != "" {
		if err := f.call.run.Step(1); err != nil {
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
		v := all.values[f.name(s[1:end])]
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
func (f *ini) matching(pattern string, all *settings) ([]value, error) {
	p, err := pyre.Compile(pattern, pyre.Flags{}, matchLimit)
	if err != nil {
		return nil, failure{py.Errorf("%s", err)}
	}
	var out []value
	for _, name := range all.names {
		v := all.values[name]
		if v == nil {
			return nil, failf("the key %q has no value", name)
		}
		s, err := f.filled(*v, all, 1)
		if err != nil {
			return nil, err
		}
		m, err := p.At(name)
		if err != nil {
			return nil, py.Errorf("%s", err)
		}
		if m != nil {
			out = append(out, starlark.String(s))
		}
	}
	return out, nil
}
