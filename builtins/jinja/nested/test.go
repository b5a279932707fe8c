package nested

import (
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// tester is a test by its name, which may begin with ! or not.
type tester struct {
	test *function.Func
	not  bool
	args py.Args
}

func newTester(c *call) (*tester, error) {
	name, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	t := &tester{}
	plain := name
	switch {
	case strings.HasPrefix(name, "!"):
		t.not = true
		if plain = strings.TrimLeft(name, "!"); plain == "=" {
			plain = "=="
		}
	case strings.HasPrefix(name, "not "):
		t.not = true
		plain = strings.TrimLeft(name, "not ") // Python's lstrip takes characters, too
	}
	if t.test = c.Run.Test(plain); t.test == nil {
		return nil, py.Errorf("there is no test %q", plain)
	}
	with := c.Values[1]
	if _, isList := with.(*starlark.List); !isList && plain == "in" {
		with = starlark.NewList([]value{with})
	}
	if with != starlark.None {
		t.args.Positional = []value{with}
	}
	return t, nil
}

func (t *tester) passes(c *call, v value) (bool, error) {
	out, err := t.test.Apply(c.Run, v, t.args)
	if err != nil {
		return false, err
	}
	yes, err := py.Truth(out)
	return yes != t.not, err
}
