package filter

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func selections() []*function.Func {
	out := []*function.Func{
		function.New("map", "*args, **kwargs", "Each element through another filter, or an attribute of each.", mapped),
		function.New("select", "*args, **kwargs", "The elements that pass a test, or are true.", selecting(true, false)),
		function.New("reject", "*args, **kwargs", "The elements that do not pass a test, or are false.", selecting(false, false)),
		function.New("selectattr", "*args, **kwargs", "The elements whose attribute passes a test, or is true.", selecting(true, true)),
		function.New("rejectattr", "*args, **kwargs", "The elements whose attribute does not pass a test, or is false.", selecting(false, true)),
	}
	for _, f := range out {
		f.UndefinedArgs = true
	}
	return out
}

// some are the elements of a value; one that counts as false has none.
func some(c *call) ([]value, error) {
	if yes, err := py.Truth(c.Value); err != nil || !yes {
		return nil, err
	}
	return elements(c)
}

func mapped(c *call) (value, error) {
	items, err := some(c)
	if err != nil || len(items) == 0 {
		return list(nil), err
	}
	get, err := mapping(c)
	if err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	for i, item := range items {
		if out[i], err = get(item); err != nil {
			return nil, err
		}
	}
	return list(out), nil
}

// mapping is what map does with an element.
func mapping(c *call) (getter, error) {
	if len(c.Rest) == 0 {
		var name, otherwise value
		for _, arg := range c.More {
			switch arg.Name {
			case "attribute":
				name = arg.Value
			case "default":
				otherwise = arg.Value
			default:
				return nil, py.Errorf("unexpected argument '%s'", arg.Name)
			}
		}
		if name == nil {
			return nil, py.Errorf("map needs a filter, or attribute=...")
		}
		return attribute(name, otherwise), nil
	}
	name, ok := c.Rest[0].(starlark.String)
	if !ok {
		return nil, py.Errorf("map needs the name of a filter, not %s", py.TypeName(c.Rest[0]))
	}
	f := c.Run.Filter(string(name))
	if f == nil {
		return nil, py.Errorf("there is no filter %q", string(name))
	}
	args := py.Args{Positional: c.Rest[1:], Named: c.More}
	return func(item value) (value, error) { return f.Filter(c.Run, item, args) }, nil
}

func selecting(keep, byAttribute bool) func(c *call) (value, error) {
	return func(c *call) (value, error) {
		items, err := some(c)
		if err != nil || len(items) == 0 {
			return list(nil), err
		}
		args := c.Rest
		get := attribute(starlark.None, nil)
		if byAttribute {
			if len(args) == 0 {
				return nil, py.Errorf("it needs the name of an attribute")
			}
			get, args = attribute(args[0], nil), args[1:]
		}
		passes, err := condition(c, args)
		if err != nil {
			return nil, err
		}
		var out []value
		for _, item := range items {
			v, err := get(item)
			if err != nil {
				return nil, err
			}
			yes, err := passes(v)
			if err != nil {
				return nil, err
			}
			if yes == keep {
				out = append(out, item)
			}
		}
		return list(out), nil
	}
}

// condition is the test that arguments name, or truth.
func condition(c *call, args []value) (func(v value) (bool, error), error) {
	if len(args) == 0 {
		return py.Truth, nil
	}
	name, ok := args[0].(starlark.String)
	if !ok {
		return nil, py.Errorf("it needs the name of a test, not %s", py.TypeName(args[0]))
	}
	f := c.Run.Test(string(name))
	if f == nil {
		return nil, py.Errorf("there is no test %q", string(name))
	}
	given := py.Args{Positional: args[1:], Named: c.More}
	return func(v value) (bool, error) {
		out, err := f.Apply(c.Run, v, given)
		if err != nil {
			return false, err
		}
		return py.Truth(out)
	}, nil
}
