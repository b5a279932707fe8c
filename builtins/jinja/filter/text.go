package filter

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyformat"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

func texts() []*function.Func {
	return []*function.Func{
		function.NewText("upper", "The text in capitals.", pymethod.Upper),
		function.NewText("lower", "The text in small letters.", strings.ToLower),
		function.NewText("capitalize", "The first letter large, all others small.", pymethod.Capitalize),
		function.NewText("title", "The first letter of each word large, all others small.", title),
		function.NewText("string", "The value as text.", func(s string) string { return s }),
		function.New("trim", "chars=None", "The text without white space, or other characters, at both ends.", func(c *call) (value, error) {
			s, err := str(c)
			if err != nil {
				return nil, err
			}
			v, _, err := pymethod.CallMethod(starlark.String(s), "strip", py.Args{Positional: c.Values})
			return v, err
		}),
		function.New("center", "width=80", "The text in the middle of so many characters.", func(c *call) (value, error) {
			s, err := str(c)
			if err != nil {
				return nil, err
			}
			v, _, err := pymethod.CallMethod(starlark.String(s), "center", py.Args{Positional: c.Values})
			return v, err
		}),
		function.New("replace", "old, new, count=None", "The text with one part replaced by another, everywhere or the first times.", replace),
		function.New("indent", "width=4, first=False, blank=False", "Lines moved to the right: all but the first, and blank ones, unless told.", indent),
		function.New("truncate", "length=255, killwords=False, end='...', leeway=None", "The beginning of a long text.", truncate),
		function.New("wordwrap", "width=79, break_long_words=True, wrapstring=None, break_on_hyphens=True", "Lines of at most so many characters.", wordwrap),
		function.New("wordcount", "", "How many words there are.", func(c *call) (value, error) {
			s, err := str(c)
			return starlark.MakeInt(len(strings.FieldsFunc(s, func(r rune) bool { return !word(r) }))), err
		}),
		lazy(function.New("format", "*args, **kwargs", "The text as a printf format with the arguments filled in.", format)),
	}
}

// splitWords takes a text apart at what comes before words.
var splitWords = regexp.MustCompile(`[-\s({\[<]+`)

func title(s string) string {
	var b strings.Builder
	one := func(part string) {
		if part != "" {
			_, n := utf8.DecodeRuneInString(part)
			b.WriteString(pymethod.Upper(part[:n]) + strings.ToLower(part[n:]))
		}
	}
	last := 0
	for _, at := range splitWords.FindAllStringIndex(s, -1) {
		one(s[last:at[0]])
		one(s[at[0]:at[1]])
		last = at[1]
	}
	one(s[last:])
	return b.String()
}

func replace(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	from, err := py.Str(c.Values[0])
	if err != nil {
		return nil, err
	}
	to, err := py.Str(c.Values[1])
	if err != nil {
		return nil, err
	}
	n := -1
	if c.Values[2] != starlark.None {
		if n, err = c.Int(2); err != nil {
			return nil, err
		}
	}
	return pymethod.Replace(s, from, to, n)
}

func indent(c *call) (value, error) {
	given, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected str, not %s", py.TypeName(c.Value))
	}
	s := string(given)
	by, isText := c.Values[0].(starlark.String)
	if !isText {
		width, err := c.Int(0)
		if err != nil {
			return nil, err
		}
		if err := py.Fits("indent", int64(width)*int64(1+strings.Count(s, "\n"))); err != nil {
			return nil, err
		}
		by = starlark.String(strings.Repeat(" ", max(width, 0)))
	}
	first, err := flag(c.Values[1])
	if err != nil {
		return nil, err
	}
	blank, err := flag(c.Values[2])
	if err != nil {
		return nil, err
	}
	lines := pymethod.Lines(s+"\n", false)
	for i, line := range lines {
		if i > 0 && (blank || line != "") {
			lines[i] = string(by) + line
		}
	}
	out := strings.Join(lines, "\n")
	if first {
		out = string(by) + out
	}
	return starlark.String(out), nil
}

func truncate(c *call) (value, error) {
	length, err := c.Int(0)
	if err != nil {
		return nil, err
	}
	kill, err := flag(c.Values[1])
	if err != nil {
		return nil, err
	}
	end, err := c.Text(2)
	if err != nil {
		return nil, err
	}
	leeway := 5
	if c.Values[3] != starlark.None {
		if leeway, err = c.Int(3); err != nil {
			return nil, err
		}
	}
	n := utf8.RuneCountInString(end)
	if length < n {
		return nil, py.Errorf("expected length >= %d, got %d", n, length)
	}
	if leeway < 0 {
		return nil, py.Errorf("expected leeway >= 0, got %d", leeway)
	}
	if size, sized := py.Len(c.Value); sized && size <= length+leeway { // of a list, too, as in Jinja
		return c.Value, nil
	}
	s, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected str, not %s", py.TypeName(c.Value))
	}
	head := string([]rune(string(s))[:length-n])
	if i := strings.LastIndexByte(head, ' '); i >= 0 && !kill {
		head = head[:i]
	}
	return starlark.String(head + end), nil
}

func format(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	if len(c.Rest) > 0 && len(c.More) > 0 {
		return nil, py.Errorf("can't handle positional and keyword arguments at the same time")
	}
	var with value = starlark.Tuple(c.Rest)
	if len(c.More) > 0 {
		d := starlark.NewDict(len(c.More))
		for _, arg := range c.More {
			if err := d.SetKey(starlark.String(arg.Name), arg.Value); err != nil {
				return nil, err
			}
		}
		with = d
	}
	out, err := pyformat.Percent(s, with)
	return starlark.String(out), err
}
