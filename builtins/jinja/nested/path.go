package nested

import (
	"fmt"
	"regexp"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// getPath follows a path that is written as in a template.
func getPath(c *call) (value, error) {
	path, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse("{{ "+path+" }}", syntax.Default())
	if err != nil || len(tree.Body) != 1 {
		return nil, py.Errorf("%q is no path such as a.b[0]['c']", path)
	}
	out, ok := tree.Body[0].(*syntax.Print)
	if !ok {
		return nil, py.Errorf("%q is no path such as a.b[0]['c']", path)
	}
	if _, ok := c.Value.(*starlark.Dict); !ok {
		return nil, py.Errorf("expected a dict, not %s", py.TypeName(c.Value))
	}
	v, err := follow(c.Value, out.X, path)
	if err != nil {
		return nil, err
	}
	s := ""
	if v != starlark.None {
		if s, err = py.Str(v); err != nil {
			return nil, err
		}
	}
	return listed(str(s), c.Values[1])
}

// follow is what an expression of a path stands for.
func follow(root value, x syntax.Expr, path string) (value, error) {
	switch x := x.(type) {
	case *syntax.Name:
		return pymethod.Subscript(root, str(x.Name))
	case *syntax.Attr:
		v, err := follow(root, x.X, path)
		if err != nil {
			return nil, err
		}
		return pymethod.Attr(v, x.Name)
	case *syntax.Index:
		key, ok := x.Key.(*syntax.Literal)
		if !ok {
			break
		}
		v, err := follow(root, x.X, path)
		if err != nil {
			return nil, err
		}
		return pymethod.Subscript(v, key.Value)
	}
	return nil, py.Errorf("%q is no path such as a.b[0]['c']", path)
}

func toPaths(c *call) (value, error) {
	v := c.Value
	if some, err := py.Truth(c.Values[0]); err != nil {
		return nil, err
	} else if some {
		d := starlark.NewDict(1)
		if err := py.SetKey(d, c.Values[0], v); err != nil {
			return nil, err
		}
		v = d
	}
	p := &paths{c, starlark.NewDict(0)}
	if n, isEmpty := py.Len(v); isEmpty && n == 0 && (py.IsSequence(v) || isDict(v)) {
		return listed(v, c.Values[1])
	}
	if err := p.add(v, "", 0); err != nil {
		return nil, err
	}
	return listed(p.out, c.Values[1])
}

func isDict(v value) bool {
	_, ok := v.(*starlark.Dict)
	return ok
}

// paths collects the paths of a value.
type paths struct {
	c   *call
	out *starlark.Dict
}

var identifier = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (p *paths) add(v value, name string, depth int) error {
	if depth > maxNesting {
		return errNesting
	}
	if err := p.c.Run.Step(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case *starlark.Dict:
		for _, item := range v.Items() {
			key, err := py.Str(item[0])
			if err != nil {
				return err
			}
			at := key
			switch {
			case name == "":
			case identifier.MatchString(key):
				at = name + "." + key
			default:
				at = name + "['" + key + "']"
			}
			if err := p.add(item[1], at, depth+1); err != nil {
				return err
			}
		}
		if v.Len() > 0 {
			return nil
		}
	case *starlark.List:
		for i := range v.Len() {
			if err := p.add(v.Index(i), fmt.Sprintf("%s[%d]", name, i), depth+1); err != nil {
				return err
			}
		}
		if v.Len() > 0 {
			return nil
		}
	}
	return p.out.SetKey(str(name), v)
}
