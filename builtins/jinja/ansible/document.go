package ansible

import (
	"math"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
	"github.com/openfroyo/froyo/builtins/jinja/pyyaml"
	"github.com/openfroyo/froyo/builtins/jinja/yamlload"
)

// ForHTML is the filter of Jinja itself that writes JSON.
func ForHTML() []*function.Func {
	return []*function.Func{function.New("tojson", "indent=None", "The value as JSON that can stand in HTML.", toHTMLJSON)}
}

func documents() []*function.Func {
	const json = "sort_keys=None, ensure_ascii=True, separators=None, vault_to_text=True, preprocess_unsafe=False"
	const yaml = "default_flow_style=None, width=None, sort_keys=True, explicit_start=False, explicit_end=False, allow_unicode=True"
	return []*function.Func{
		function.New("to_json", "indent=None, "+json, "The value as JSON.", func(c *call) (value, error) { return toJSON(c, false) }),
		function.New("to_nice_json", "indent=4, "+json, "The value as JSON, one element a line, keys in order.", func(c *call) (value, error) { return toJSON(c, true) }),
		function.New("from_json", "", "The value that JSON stands for.", func(c *call) (value, error) {
			s, ok := c.Value.(starlark.String)
			if !ok {
				return nil, py.Errorf("expected JSON as a text, not %s", py.TypeName(c.Value))
			}
			return pyjson.Load(string(s))
		}),
		function.New("from_yaml", "", "The value that YAML stands for.", func(c *call) (value, error) {
			s, ok := c.Value.(starlark.String)
			if !ok {
				return c.Value, nil
			}
			return yamlload.Load(string(s), c.Run.Step)
		}),
		function.New("from_yaml_all", "", "The values of the documents of YAML, as a list.", func(c *call) (value, error) {
			s, ok := c.Value.(starlark.String)
			if !ok {
				return c.Value, nil
			}
			docs, err := yamlload.LoadAll(string(s), c.Run.Step)
			return list(docs), err
		}),
		function.New("to_yaml", "indent=2, "+yaml, "The value as YAML.", func(c *call) (value, error) { return toYAML(c, nil) }),
		function.New("to_nice_yaml", "indent=4, "+yaml, "The value as YAML, one element a line.", func(c *call) (value, error) {
			block := false
			return toYAML(c, &block)
		}),
	}
}

// step makes an indention of a number or a text.
func step(v value) (*string, error) {
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.String:
		s := string(v)
		return &s, nil
	}
	n, ok := py.Int(v)
	if !ok || n > 100 {
		return nil, py.Errorf("indent is a number up to 100, or a text")
	}
	s := strings.Repeat(" ", max(n, 0))
	return &s, nil
}

func toJSON(c *call, nice bool) (value, error) {
	o := pyjson.Options{SortKeys: nice}
	var err error
	if o.Indent, err = step(c.Values[0]); err != nil {
		return nil, err
	}
	if c.Values[1] != starlark.None {
		if o.SortKeys, err = flag(c.Values[1]); err != nil {
			return nil, err
		}
	}
	escape, err := flag(c.Values[2])
	if err != nil {
		return nil, err
	}
	o.Unicode = !escape
	if nice {
		o.Item, o.Key = ",", ": "
	}
	if c.Values[3] != starlark.None {
		pair, err := py.Elements(c.Values[3])
		if err != nil || len(pair) != 2 {
			return nil, py.Errorf("separators are two texts")
		}
		o.Item, _ = starlark.AsString(pair[0])
		o.Key, _ = starlark.AsString(pair[1])
	}
	s, err := pyjson.Dump(c.Value, o)
	return starlark.String(s), err
}

func toHTMLJSON(c *call) (value, error) {
	o := pyjson.Options{SortKeys: true}
	var err error
	if o.Indent, err = step(c.Values[0]); err != nil {
		return nil, err
	}
	s, err := pyjson.Dump(c.Value, o)
	return starlark.String(strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s)), err
}

func toYAML(c *call, block *bool) (value, error) {
	o := pyyaml.Options{FlowStyle: block}
	var err error
	if o.Indent, err = c.Int(0); err != nil {
		return nil, err
	}
	if c.Values[1] != starlark.None {
		style, err := flag(c.Values[1])
		if err != nil {
			return nil, err
		}
		o.FlowStyle = &style
	}
	if c.Values[2] != starlark.None {
		if f, isFloat := c.Values[2].(starlark.Float); isFloat && f > 1e6 && (math.IsInf(float64(f), 1) || f <= math.MaxInt32) { // inf is how operators say that no line is broken
			o.Width = -1
		} else if o.Width, err = c.Int(2); err != nil {
			return nil, err
		}
	}
	var flags [4]bool
	for i := range flags {
		if flags[i], err = flag(c.Values[3+i]); err != nil {
			return nil, err
		}
	}
	o.KeepOrder, o.ExplicitStart, o.ExplicitEnd, o.Escape = !flags[0], flags[1], flags[2], !flags[3]
	s, err := pyyaml.Dump(c.Value, o)
	return starlark.String(s), err
}
