package filter

import (
	"strings"
	"unicode"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

// Tests returns the tests of Jinja.
func Tests() []*function.Func {
	var out []*function.Func
	// asks is a test that takes an undefined value, too.
	asks := func(name, doc string, f func(v value) bool) {
		t := function.New(name, "", doc, func(c *call) (value, error) { return starlark.Bool(f(c.Value)), nil })
		t.Undefined = true
		out = append(out, t)
	}
	isUndefined := func(v value) bool { _, ok := v.(*py.Undefined); return ok }
	asks("defined", "The value is there.", func(v value) bool { return !isUndefined(v) })
	asks("undefined", "The value is not there.", isUndefined)
	asks("none", "The value is None.", func(v value) bool { return v == starlark.None })
	asks("true", "The value is True.", func(v value) bool { return v == starlark.True })
	asks("false", "The value is False.", func(v value) bool { return v == starlark.False })
	asks("boolean", "The value is True or False.", func(v value) bool { _, ok := v.(starlark.Bool); return ok })
	asks("integer", "The value is a whole number.", func(v value) bool { _, ok := v.(starlark.Int); return ok })
	asks("float", "The value is a number with a fraction.", func(v value) bool { _, ok := v.(starlark.Float); return ok })
	asks("number", "The value is a number.", func(v value) bool { _, ok := py.Number(v); return ok })
	asks("string", "The value is a text.", func(v value) bool { _, ok := v.(starlark.String); return ok })
	asks("mapping", "The value is a dict.", isMapping)
	asks("sequence", "The value is a list or text: it has a length and elements.", func(v value) bool {
		_, isText := v.(starlark.String)
		return isText || isMapping(v) || py.IsSequence(v)
	})
	asks("callable", "The value can be called.", func(v value) bool { _, ok := v.(py.Callable); return ok || isUndefined(v) })
	same := function.NewTest("sameas", "other", "The value is the very same as another.", sameAs)
	same.Undefined, same.UndefinedArgs = true, true
	out = append(out,
		function.NewTest("iterable", "", "The value has elements.", func(c *call) (bool, error) {
			_, err := py.Iterate(c.Value)
			return err == nil, nil
		}),
		function.NewTest("odd", "", "The number is odd.", parity(1)),
		function.NewTest("even", "", "The number is even.", parity(0)),
		function.NewTest("divisibleby", "num", "The number can be divided by another.", func(c *call) (bool, error) {
			rest, err := py.Binary("%", c.Value, c.Values[0])
			if err != nil {
				return false, err
			}
			return py.Equal(rest, starlark.MakeInt(0))
		}),
		function.NewTest("lower", "", "The text has small letters only.", cased("islower")),
		function.NewTest("upper", "", "The text has capitals only.", cased("isupper")),
		function.NewTest("escaped", "", "The text is marked as escaped; none is.", func(*call) (bool, error) { return false, nil }),
		same,
		function.NewTest("filter", "", "There is a filter of that name.", func(c *call) (bool, error) {
			return named(c, "filter", c.Run.Filter)
		}),
		function.NewTest("test", "", "There is a test of that name.", func(c *call) (bool, error) {
			return named(c, "test", c.Run.Test)
		}),
	)
	for op, names := range map[string][]string{
		"==": {"eq", "equalto", "=="}, "!=": {"ne", "!="}, "<": {"lt", "lessthan", "<"}, "<=": {"le", "<="},
		">": {"gt", "greaterthan", ">"}, ">=": {"ge", ">="}, "in": {"in"},
	} {
		for _, name := range names {
			out = append(out, function.NewTest(name, "other", "The comparison "+op+" of both values.", func(c *call) (bool, error) {
				return py.Compare(op, c.Value, c.Values[0])
			}))
		}
	}
	return out
}

// named is whether there is a function of a name. As in Ansible, a name that nothing has is an error.
func named(c *call, what string, find func(name string) *function.Func) (bool, error) {
	s, ok := c.Value.(starlark.String)
	if !ok {
		return false, py.Errorf("the name of a %s is a text, not %s", what, py.TypeName(c.Value))
	}
	if find(string(s)) == nil {
		return false, py.Errorf("there is no %s %q", what, string(s))
	}
	return true, nil
}

func isMapping(v value) bool {
	switch v.(type) {
	case *starlark.Dict:
		return true
	}
	_, ok := v.(starlark.IterableMapping)
	return ok
}

func parity(rest int) func(c *call) (bool, error) {
	return func(c *call) (bool, error) {
		got, err := py.Binary("%", c.Value, starlark.MakeInt(2))
		if err != nil {
			return false, err
		}
		return py.Equal(got, starlark.MakeInt(rest))
	}
}

func cased(method string) func(c *call) (bool, error) {
	return func(c *call) (bool, error) {
		s, err := str(c)
		if err != nil || strings.IndexFunc(s, unicode.IsLetter) < 0 {
			return false, err
		}
		v, _, err := pymethod.CallMethod(starlark.String(s), method, py.Args{})
		return v == starlark.True, err
	}
}

func sameAs(c *call) (bool, error) {
	a, b := c.Value, c.Values[0]
	if py.TypeName(a) != py.TypeName(b) {
		return false, nil
	}
	switch a.(type) {
	case *starlark.List, *starlark.Dict:
		return a == b, nil
	}
	return py.Equal(a, b)
}
