package ansible

import (
	"regexp"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/providers/pyre"
)

// matchLimit is how long one match may take.
const matchLimit = 2 * time.Second

func expressions() []*function.Func {
	return []*function.Func{
		function.New("regex_replace", "pattern='', replacement='', ignorecase=False, multiline=False", "The text with what a regular expression matches replaced.", regexReplace),
		function.New("regex_findall", "regex, multiline=False, ignorecase=False", "All that a regular expression matches.", regexFindall),
		function.New("regex_search", "regex, *groups, ignorecase=False, multiline=False", "What a regular expression matches first, or its groups; None where it does not match.", regexSearch),
		function.New("regex_escape", "re_type='python'", "The text as a regular expression that matches it.", regexEscape),
	}
}

// compile makes a pattern of an argument. whole is that it matches up to the end of a text.
func compile(c *call, pattern, ignoreCase, multiline value, whole bool) (*pyre.Pattern, error) {
	s, ok := pattern.(starlark.String)
	if !ok {
		return nil, py.Errorf("the regular expression is a text, not %s", py.TypeName(pattern))
	}
	i, err := flag(ignoreCase)
	if err != nil {
		return nil, err
	}
	m, err := flag(multiline)
	if err != nil {
		return nil, err
	}
	p, err := pyre.Compile(string(s), pyre.Flags{IgnoreCase: i, Multiline: m, Whole: whole}, matchLimit)
	return p, c.Run.Explained(err)
}

// maxMatches is how many matches a filter goes through.
const maxMatches = 1_000_000

func regexReplace(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	p, err := compile(c, c.Values[0], c.Values[2], c.Values[3], false)
	if err != nil {
		return nil, err
	}
	with, err := c.Text(1)
	if err != nil {
		return nil, err
	}
	out, err := p.Replace(c.Run.Context, s, with, maxMatches, c.Run.Step)
	return starlark.String(out), c.Run.Explained(err)
}

// group is a group's text, or None.
func group(m *pyre.Match, n int, otherwise value) value {
	if text, ok := m.Group(n); ok {
		return starlark.String(text)
	}
	return otherwise
}

func regexFindall(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	p, err := compile(c, c.Values[0], c.Values[2], c.Values[1], false)
	if err != nil {
		return nil, err
	}
	all, err := p.FindAll(c.Run.Context, s, maxMatches, c.Run.Step)
	if err != nil {
		return nil, c.Run.Explained(err)
	}
	none := starlark.String("")
	out := make([]value, len(all))
	for i, m := range all {
		switch p.Groups() {
		case 0:
			out[i] = group(m, 0, none)
		case 1:
			out[i] = group(m, 1, none)
		default:
			t := make(starlark.Tuple, p.Groups())
			for n := range t {
				t[n] = group(m, n+1, none)
			}
			out[i] = t
		}
	}
	return list(out), nil
}

var groupArg = regexp.MustCompile(`^(?:\\g<(\S+)>|\\(\d+))`)

func regexSearch(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	p, err := compile(c, c.Values[0], c.Values[1], c.Values[2], false)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, arg := range c.Rest {
		text, _ := arg.(starlark.String)
		found := groupArg.FindStringSubmatch(string(text))
		if found == nil {
			return nil, py.Errorf(`expected groups such as '\\1' or '\\g<name>', got %s`, arg)
		}
		names = append(names, found[1]+found[2])
	}
	m, err := p.Search(c.Run.Context, s)
	if err != nil || m == nil {
		return starlark.None, c.Run.Explained(err)
	}
	if len(names) == 0 {
		return group(m, 0, starlark.None), nil
	}
	out := make([]value, len(names))
	for i, name := range names { // a group that is not there is an error only where the pattern matches
		n, err := p.Number(name)
		if err != nil {
			return nil, c.Run.Explained(err)
		}
		out[i] = group(m, n, starlark.None)
	}
	return list(out), nil
}

func regexEscape(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	kind, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "python":
		return starlark.String(pyre.Escape(s)), nil
	case "posix_basic":
		var b strings.Builder
		for _, r := range s {
			if strings.ContainsRune(`].[^$*\`, r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		return starlark.String(b.String()), nil
	}
	return nil, py.Errorf("re_type is python or posix_basic, not %s", kind)
}
