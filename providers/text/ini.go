package text

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Ini is an option of an INI file, or a section. Its fields are described in ini.cue.
type Ini struct {
	textfile.Edit
	Section              string `json:"section"`
	Option               string `json:"option"`
	Value                any    `json:"value"`
	State                string `json:"state"`
	Exclusive            bool   `json:"exclusive"`
	NoExtraSpaces        bool   `json:"no_extra_spaces"`
	AllowNoValue         bool   `json:"allow_no_value"`
	ModifyInactiveOption bool   `json:"modify_inactive_option"`
}

// Read implements sdk.Resource.
func (i Ini) Read(t *sdk.T) textfile.State { return i.Edit.Read(t) }

// Plan implements sdk.Resource.
func (i Ini) Plan(t *sdk.T, now textfile.State) {
	if i.Unknown(t, "value") {
		return
	}
	values, given := i.values()
	switch {
	case i.State != absent && !given && !i.AllowNoValue:
		t.Fail(op.Permanent, "the option "+i.Option+" has no value", "", `give value = "..."; for an option without one: allow_no_value = True`)
	case i.Option == "" && i.Section == "":
		t.Fail(op.Permanent, "neither a section nor an option is named", "", "give section, option, or both")
	}
	i.Edit.Plan(t, now, i.State == absent, func(text string) string {
		f := iniFile{lines: textfile.Lines(text)}
		f.end = endOf(f.lines)
		switch {
		case i.State != absent:
			f.set(i, values)
		case i.Option == "":
			f.removeSection(i.Section)
		default:
			f.remove(i, values, given)
		}
		return strings.Join(f.lines, "")
	})
}

// Potential implements sdk.HasPotential.
func (i Ini) Potential(t *sdk.T) { i.Edit.Potential(t) }

// values are those that the option shall have; one that is empty is no value.
func (i Ini) values() (values []string, given bool) {
	switch v := i.Value.(type) {
	case string:
		return []string{v}, true
	case []any:
		for _, e := range v {
			text, _ := e.(string)
			values = append(values, text)
		}
		return values, len(values) > 0
	}
	return []string{""}, false
}

// line writes an option as the unit wants it, behind an indentation.
func (i Ini) line(indent, value, end string) string {
	switch {
	case value == "" && i.AllowNoValue:
		return indent + i.Option + end
	case i.NoExtraSpaces:
		return indent + i.Option + "=" + value + end
	case value == "":
		return indent + i.Option + " =" + end
	}
	return indent + i.Option + " = " + value + end
}

// iniFile is a file as its lines.
type iniFile struct {
	lines []string
	end   string
}

// section finds the lines of a section, without its heading; those before the first for no name. ok is false where
// there is no such section.
func (f *iniFile) section(name string) (from, to int, ok bool) {
	ok = name == ""
	for n, line := range f.lines {
		heading, is := headingOf(line)
		switch {
		case !is:
		case ok:
			return from, n, true
		case heading == name:
			from, ok = n+1, true
		}
	}
	return from, len(f.lines), ok
}

// headingOf is the name of the section that begins with a line.
func headingOf(line string) (string, bool) {
	text := strings.TrimSpace(line)
	if !strings.HasPrefix(text, "[") {
		return "", false
	}
	end := strings.LastIndexByte(text, ']')
	if end < 0 {
		return "", false
	}
	return strings.TrimSpace(text[1:end]), true
}

// option is a line that sets an option, or would if it were no comment.
type option struct {
	at            int
	indent, value string
	hasValue      bool
	comment       bool
	more          int // lines behind it that its value goes on in
}

// options finds the lines of an option between two places.
func (f *iniFile) options(name string, from, to int) []option {
	var all []option
	for n := from; n < to; n++ {
		o, ok := optionOf(f.lines[n], name)
		if !ok {
			continue
		}
		o.at = n
		for !o.comment && n+1 < to && continues(f.lines[n+1], o.indent) {
			n++
			o.more++
		}
		all = append(all, o)
	}
	return all
}

func optionOf(line, name string) (option, bool) {
	text := textfile.Bare(line)
	rest := strings.TrimLeft(text, " \t")
	o := option{indent: text[:len(text)-len(rest)]}
	if after := strings.TrimLeft(rest, "#;"); after != rest {
		o.comment, rest = true, strings.TrimLeft(after, " \t")
	}
	rest, is := strings.CutPrefix(rest, name)
	rest = strings.TrimLeft(rest, " \t")
	if !is || rest != "" && rest[0] != '=' {
		return o, false
	}
	if o.hasValue = rest != ""; o.hasValue {
		o.value = strings.TrimSpace(rest[1:])
	}
	// A comment that is the name alone may be a sentence.
	return o, o.hasValue || !o.comment
}

// continues reports whether a line is a further line of the value of an option with an indentation.
func continues(line, indent string) bool {
	text := textfile.Bare(line)
	rest := strings.TrimLeft(text, " \t")
	return rest != "" && len(text)-len(rest) > len(indent) && !strings.ContainsAny(rest[:1], "#;[") && !strings.Contains(rest, "=")
}

// set gives the option its values.
func (f *iniFile) set(i Ini, values []string) {
	from, to, ok := f.section(i.Section)
	if !ok {
		f.close(len(f.lines))
		f.lines = append(f.lines, "["+i.Section+"]"+f.end)
		from, to = len(f.lines), len(f.lines)
	}
	all := f.options(i.Option, from, to)
	var free []option // lines whose values are not wanted
	missing := slices.Clone(values)
	for _, o := range all {
		if o.comment {
			continue
		}
		n := slices.IndexFunc(missing, func(v string) bool { return v == o.value && o.more == 0 && o.hasValue == (v != "" || !i.AllowNoValue) })
		if n < 0 {
			free = append(free, o)
			continue
		}
		missing = slices.Delete(missing, n, n+1)
	}
	single := len(values) == 1 && !isList(i.Value)
	if !i.Exclusive && !single {
		free = nil
	}
	if len(free) == 0 && i.ModifyInactiveOption && !slices.ContainsFunc(all, func(o option) bool { return !o.comment }) {
		free = all[:min(len(all), len(missing))]
	}
	f.fill(i, missing, free, from, to)
}

func isList(v any) bool {
	_, is := v.([]any)
	return is
}

// fill writes values into lines that are free, removes those that are left, and adds what is missing.
func (f *iniFile) fill(i Ini, missing []string, free []option, from, to int) {
	used := min(len(free), len(missing))
	var added []string
	for _, v := range missing[used:] {
		indent := ""
		if len(free) > 0 {
			indent = free[0].indent
		}
		added = append(added, i.line(indent, v, f.end))
	}
	if len(added) > 0 {
		at := f.after(from, to)
		if used > 0 {
			at = free[used-1].at + 1 + free[used-1].more
		}
		f.close(at)
		f.lines = slices.Insert(f.lines, at, added...)
	}
	for n, o := range slices.Backward(free) {
		if n >= used {
			f.lines = slices.Delete(f.lines, o.at, o.at+1+o.more)
			continue
		}
		f.lines[o.at] = i.line(o.indent, missing[n], f.end)
		f.lines = slices.Delete(f.lines, o.at+1, o.at+1+o.more)
	}
}

// after is where an option is added: behind the last line of the section that is no comment and not empty.
func (f *iniFile) after(from, to int) int {
	for at := to; at > from; at-- {
		if text := strings.TrimSpace(f.lines[at-1]); text != "" && !strings.ContainsAny(text[:1], "#;") {
			return at
		}
	}
	return from
}

// close gives the line before a place its end.
func (f *iniFile) close(at int) {
	if at > 0 && !strings.HasSuffix(f.lines[at-1], "\n") {
		f.lines[at-1] += f.end
	}
}

// remove removes the option, where values are given only lines with those.
func (f *iniFile) remove(i Ini, values []string, given bool) {
	from, to, ok := f.section(i.Section)
	if !ok {
		return
	}
	for _, o := range slices.Backward(f.options(i.Option, from, to)) {
		if !o.comment && (!given || slices.Contains(values, o.value)) {
			f.lines = slices.Delete(f.lines, o.at, o.at+1+o.more)
		}
	}
}

// removeSection removes all of a section with its heading.
func (f *iniFile) removeSection(name string) {
	for {
		from, to, ok := f.section(name)
		if !ok {
			return
		}
		f.lines = slices.Delete(f.lines, from-1, to)
	}
}
