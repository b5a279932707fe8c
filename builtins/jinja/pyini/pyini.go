// Package pyini reads INI files as Python's ConfigParser does.
//
// It imports package py only.
package pyini

import (
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Section are the keys of a section, in order; a value is nil where a key has none.
type Section struct {
	Names  []string
	Values map[string]*string
}

func (s *Section) set(name string, v *string) {
	if _, ok := s.Values[name]; !ok {
		s.Names = append(s.Names, name)
	}
	s.Values[name] = v
}

// Merged are the keys of several sections; a later one counts. Sections may be nil.
func Merged(parts ...*Section) *Section {
	out := &Section{Values: map[string]*string{}}
	for _, p := range parts {
		if p == nil {
			continue
		}
		for _, name := range p.Names {
			out.set(name, p.Values[name])
		}
	}
	return out
}

// File is a file that was read.
type File struct {
	o        Options
	Names    []string // of the sections, in order; DEFAULT is not among them
	Sections map[string]*Section
}

// Options are how a file is read.
type Options struct {
	Exact, Bare bool              // letters' case counts; keys may have no value
	Step        func(n int) error // counts lines
}

// Read reads a file.
func Read(text string, o Options) (*File, error) {
	f := &File{o: o, Sections: map[string]*Section{}}
	return f, f.read(text)
}

// Key is a key as the file has it.
func (f *File) Key(key string) string {
	if f.o.Exact {
		return key
	}
	return strings.ToLower(key)
}

func (f *File) read(text string) error {
	var (
		in     *Section
		key    string // of the value that may go on, "" where there is none
		indent int
	)
	for line := range strings.SplitSeq(text, "\n") {
		if err := f.o.Step(1); err != nil {
			return err
		}
		content := strings.TrimFunc(line, py.IsSpace)
		isComment := strings.HasPrefix(content, "#") || strings.HasPrefix(content, ";")
		if content == "" || isComment {
			if !isComment && in != nil && key != "" && in.Values[key] != nil {
				*in.Values[key] += "\n"
			}
			continue
		}
		at := strings.IndexFunc(line, func(r rune) bool { return !py.IsSpace(r) })
		if in != nil && key != "" && at > indent {
			if in.Values[key] == nil {
				return py.Errorf("a line goes on a key without a value: %q", content)
			}
			*in.Values[key] += "\n" + content
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
			return py.Errorf("the line %q stands before any section", content)
		}
		var err error
		if key, err = f.option(in, content); err != nil {
			return err
		}
	}
	for _, s := range f.Sections {
		for _, v := range s.Values {
			if v != nil {
				*v = strings.TrimRightFunc(*v, py.IsSpace)
			}
		}
	}
	return nil
}

func (f *File) section(name string) (*Section, error) {
	in, ok := f.Sections[name]
	if ok && name != "DEFAULT" {
		return nil, py.Errorf("the section %q is there twice", name)
	}
	if !ok {
		in = &Section{Values: map[string]*string{}}
		f.Sections[name] = in
		if name != "DEFAULT" {
			f.Names = append(f.Names, name)
		}
	}
	return in, nil
}

func (f *File) option(in *Section, line string) (string, error) {
	i := strings.IndexAny(line, "=:")
	if i < 0 && !f.o.Bare {
		return "", py.Errorf("the line %q has no value", line)
	}
	name := line
	var v *string
	if i >= 0 {
		name = line[:i]
		s := strings.TrimFunc(line[i+1:], py.IsSpace)
		v = &s
	}
	name = f.Key(strings.TrimRightFunc(name, py.IsSpace))
	if name == "" {
		return "", py.Errorf("the line %q has no key", line)
	}
	if _, ok := in.Values[name]; ok {
		return "", py.Errorf("the key %q is there twice", name)
	}
	in.set(name, v)
	return name, nil
}
