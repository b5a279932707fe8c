package ansible

import (
	"maps"
	"regexp"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

func texts() []*function.Func {
	return []*function.Func{
		function.New("bool", "", "Whether the value says yes: yes, on, true, 1 and True do.", toBool),
		lazy(function.New("ternary", "true_val, false_val, none_val=None", "One value where this one is true, another where it is false.", ternary)),
		asks(function.New("mandatory", "msg=None", "The value, or an error where it is undefined.", mandatory)),
		asks(function.New("type_debug", "", "The name of the value's type in Python.", func(c *call) (value, error) {
			return starlark.String(py.TypeName(c.Value)), nil
		})),
		function.New("quote", "", "The text as one word for a shell.", func(c *call) (value, error) {
			if c.Value == starlark.None {
				return starlark.String("''"), nil
			}
			s, err := str(c)
			return starlark.String(Quote(s)), err
		}),
		function.New("comment", "style='plain', **kw", "Each line as a comment.", comment),
		function.New("split", "sep=None, maxsplit=-1", "The parts of the text between white space or another separator.", func(c *call) (value, error) {
			s, ok := c.Value.(starlark.String)
			if !ok {
				return nil, py.Errorf("expected str, not %s", py.TypeName(c.Value))
			}
			v, _, err := pymethod.CallMethod(s, "split", py.Args{Positional: c.Values})
			return v, err
		}),
	}
}

func toBool(c *call) (value, error) {
	switch v := c.Value.(type) {
	case starlark.NoneType, starlark.Bool:
		return v, nil
	case starlark.String:
		switch strings.ToLower(string(v)) {
		case "yes", "on", "1", "true":
			return starlark.True, nil
		}
		return starlark.False, nil
	}
	one, err := py.Equal(c.Value, starlark.MakeInt(1))
	return starlark.Bool(one), err
}

func ternary(c *call) (value, error) {
	if c.Value == starlark.None && c.Values[2] != starlark.None {
		return c.Values[2], nil
	}
	yes, err := py.Truth(c.Value)
	if err != nil {
		return nil, err
	}
	if yes {
		return c.Values[0], nil
	}
	return c.Values[1], nil
}

func mandatory(c *call) (value, error) {
	u, missing := c.Value.(*py.Undefined)
	if !missing {
		return c.Value, nil
	}
	if c.Values[0] == starlark.None {
		return nil, py.Errorf("the mandatory variable '%s' is not defined", u.Name)
	}
	msg, err := py.Str(c.Values[0])
	if err != nil {
		return nil, err
	}
	return nil, py.Errorf("%s", msg)
}

// unsafe is what a shell does not take as it is.
var unsafe = regexp.MustCompile(`[^a-zA-Z0-9_@%+=:,./-]`)

// Quote is a text as one word for a shell.
func Quote(s string) string {
	switch {
	case s == "":
		return "''"
	case !unsafe.MatchString(s):
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}

// commentStyles are what stands before and behind comments.
var commentStyles = map[string]map[string]string{
	"plain": {"decoration": "# "}, "erlang": {"decoration": "% "}, "c": {"decoration": "// "},
	"cblock": {"beginning": "/*", "decoration": " * ", "end": " */"},
	"xml":    {"beginning": "<!--", "decoration": " - ", "end": "-->"},
}

// comment follows Ansible's filter in all its options.
func comment(c *call) (value, error) {
	given, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected str, not %s", py.TypeName(c.Value))
	}
	name, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	style, ok := commentStyles[name]
	if !ok {
		return nil, py.Errorf("style is plain, erlang, c, cblock or xml, not %s", name)
	}
	p := map[string]string{"newline": "\n"}
	count := map[string]int{"prefix_count": 1, "postfix_count": 1}
	maps.Copy(p, style)
	decoration := style["decoration"]
	for _, arg := range c.More {
		if arg.Name == "decoration" {
			s, _ := arg.Value.(starlark.String)
			decoration = string(s)
		}
	}
	p["prefix"], p["postfix"] = strings.TrimRight(decoration, " \t\n"), strings.TrimRight(decoration, " \t\n")
	for _, arg := range c.More {
		if _, isCount := count[arg.Name]; isCount {
			n, ok := py.Int(arg.Value)
			if !ok || n > 10_000 {
				return nil, py.Errorf("%s is a number up to 10000", arg.Name)
			}
			count[arg.Name] = n
			continue
		}
		switch arg.Name {
		case "newline", "beginning", "prefix", "decoration", "postfix", "end":
			if p[arg.Name], err = commentPart(arg); err != nil {
				return nil, err
			}
		}
	}
	out := commented(string(given), p, count["prefix_count"], count["postfix_count"])
	return starlark.String(out), py.Fits("comment", int64(len(out)))
}

// commentPart is an argument of comment(): some are formatted, others must be texts.
func commentPart(arg py.NamedArg) (string, error) {
	if s, ok := arg.Value.(starlark.String); ok {
		return string(s), nil
	}
	switch arg.Name {
	case "newline", "decoration", "postfix":
		return "", py.Errorf("%s is a text, not %s", arg.Name, py.TypeName(arg.Value))
	}
	some, err := py.Truth(arg.Value)
	if err != nil || !some {
		return "", err
	}
	return py.Str(arg.Value)
}

func commented(text string, p map[string]string, prefixes, postfixes int) string {
	nl := p["newline"]
	var b strings.Builder
	if p["beginning"] != "" {
		b.WriteString(p["beginning"] + nl)
	}
	if p["prefix"] != "" {
		line := nl
		if p["prefix"] != nl {
			line = p["prefix"] + nl
		}
		b.WriteString(strings.Repeat(line, max(prefixes, 0)))
	}
	body := p["decoration"] + strings.ReplaceAll(text, nl, nl+p["decoration"])
	b.WriteString(strings.ReplaceAll(body, p["decoration"]+nl, strings.TrimRight(p["decoration"], " \t\n")+nl))
	b.WriteString(strings.Repeat(nl+p["postfix"], max(postfixes, 0)))
	if p["end"] != "" {
		b.WriteString(nl + p["end"])
	}
	return b.String()
}
