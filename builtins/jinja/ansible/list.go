package ansible

import (
	"math/big"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func lists() []*function.Func {
	return []*function.Func{
		function.New("flatten", "levels=None, skip_nulls=True", "A list with the elements of the lists in it.", func(c *call) (value, error) {
			items, err := elements(c, c.Value)
			if err != nil {
				return nil, err
			}
			levels := -1
			if c.Values[0] != starlark.None {
				if levels, err = c.Int(0); err != nil {
					return nil, err
				}
				levels = max(levels, 0)
			}
			skip, err := flag(c.Values[1])
			if err != nil {
				return nil, err
			}
			out, err := flatten(items, levels, skip)
			if err != nil {
				return nil, err
			}
			return list(out), c.Run.Step(len(out))
		}),
		function.New("zip", "*lists, strict=False", "The first elements together, the second ones, and so on.", zip(false)),
		lazy(function.New("zip_longest", "*lists, fillvalue=None", "As zip, up to the end of the longest list.", zip(true))),
		function.New("product", "*lists, repeat=1", "Each combination of elements of the lists.", product),
		function.New("permutations", "r=None", "Each order of r elements.", arrangements(true)),
		function.New("combinations", "r", "Each choice of r elements.", arrangements(false)),
	}
}

// flatten is a list with the elements of the lists in it; levels is how many levels, negative for all.
func flatten(items []value, levels int, skip bool) ([]value, error) {
	var out []value
	var add func(items []value, levels, depth int) error
	add = func(items []value, levels, depth int) error {
		if depth > maxNesting {
			return errNesting
		}
		for _, item := range items {
			if skip && (item == starlark.None || item == starlark.String("None") || item == starlark.String("null")) {
				continue
			}
			if !py.IsSequence(item) || levels == 0 {
				out = append(out, item)
				continue
			}
			inner, err := py.Elements(item)
			if err != nil {
				return err
			}
			if err := add(inner, levels-1, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return out, add(items, levels, 0)
}

// pools are the elements of the value and of the lists behind it.
func pools(c *call) ([][]value, error) {
	var out [][]value
	for _, v := range append([]value{c.Value}, c.Rest...) {
		items, err := elements(c, v)
		if err != nil {
			return nil, err
		}
		out = append(out, items)
	}
	return out, nil
}

func zip(longest bool) func(c *call) (value, error) {
	return func(c *call) (value, error) {
		all, err := pools(c)
		if err != nil {
			return nil, err
		}
		fill := c.Values[0]
		n := len(all[0])
		for _, items := range all {
			if longest {
				n = max(n, len(items))
			} else {
				n = min(n, len(items))
			}
		}
		out := make([]value, n)
		for i := range out {
			t := make(starlark.Tuple, len(all))
			for j, items := range all {
				if t[j] = fill; i < len(items) {
					t[j] = items[i]
				}
			}
			out[i] = t
		}
		return list(out), nil
	}
}

func product(c *call) (value, error) {
	all, err := pools(c)
	if err != nil {
		return nil, err
	}
	times, ok := py.Int(c.Values[0])
	if !ok || times < 0 || times > 20 {
		return nil, py.Errorf("repeat is a number from 0 to 20")
	}
	all = slices.Repeat(all, times)
	n := big.NewInt(1)
	for _, items := range all {
		n.Mul(n, big.NewInt(int64(len(items))))
	}
	if err := affordable(c, n); err != nil {
		return nil, err
	}
	out := []value{starlark.Tuple{}}
	for _, items := range all {
		var next []value
		for _, t := range out {
			for _, item := range items {
				next = append(next, append(slices.Clone(t.(starlark.Tuple)), item))
			}
		}
		out = next
	}
	return list(out), nil
}

// affordable counts the steps of n elements before they are made.
func affordable(c *call, n *big.Int) error {
	if !n.IsInt64() || n.Int64() > 1_000_000 {
		return py.Errorf("the result would have %s elements; the limit is 1000000", n)
	}
	return c.Run.Step(int(n.Int64()))
}

// arrangements are the permutations or combinations of r elements, in the order of their positions.
func arrangements(ordered bool) func(c *call) (value, error) {
	return func(c *call) (value, error) {
		items, err := elements(c, c.Value)
		if err != nil {
			return nil, err
		}
		r := len(items)
		if c.Values[0] != starlark.None {
			if r, err = c.Int(0); err != nil {
				return nil, err
			}
		}
		if r < 0 {
			return nil, py.Errorf("r must be non-negative")
		}
		if r > len(items) {
			return list(nil), nil
		}
		n := new(big.Int).Binomial(int64(len(items)), int64(r))
		if ordered {
			n.Mul(n, new(big.Int).MulRange(1, int64(r)))
		}
		if err := affordable(c, n); err != nil {
			return nil, err
		}
		var out []value
		used := make([]bool, len(items))
		var pick func(t starlark.Tuple, from int)
		pick = func(t starlark.Tuple, from int) {
			if len(t) == r {
				out = append(out, slices.Clone(t))
				return
			}
			for i := from; i < len(items); i++ {
				if used[i] {
					continue
				}
				used[i] = true
				next := i + 1
				if ordered {
					next = 0
				}
				pick(append(t, items[i]), next)
				used[i] = false
			}
		}
		pick(make(starlark.Tuple, 0, r), 0)
		return list(out), nil
	}
}

// What Ansible makes of sets has no order of its own in Python. Here elements stay in the order in which they come.
func sets() []*function.Func {
	return []*function.Func{
		function.New("union", "other", "The elements of both lists, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			if _, err := py.Binary("+", c.Value, c.Values[0]); err != nil {
				return nil, err
			}
			return distinct(c, append(slices.Clip(a), b...), nil, false)
		}),
		function.New("intersect", "other", "The elements that are in both lists, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			return distinct(c, a, newIndex(c, b).within(c.Values[0]), true)
		}),
		function.New("difference", "other", "The elements that are not in the other list, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			return distinct(c, a, newIndex(c, b).within(c.Values[0]), false)
		}),
		function.New("symmetric_difference", "other", "The elements that are in one of the lists only, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			if _, err := py.Binary("+", c.Value, c.Values[0]); err != nil {
				return nil, err
			}
			x, err := distinct(c, a, newIndex(c, b), false)
			if err != nil {
				return nil, err
			}
			y, err := distinct(c, b, newIndex(c, a), false)
			if err != nil {
				return nil, err
			}
			return py.Binary("+", x, y)
		}),
	}
}

// operands are the elements of two lists. Of two values that have hashes Ansible makes sets, whose order is no order.
func operands(c *call) (a, b []value, err error) {
	if py.Hashable(c.Value) == nil && py.Hashable(c.Values[0]) == nil {
		return nil, nil, py.Errorf("the result would have no order: give lists, not %s", py.TypeName(c.Value))
	}
	if a, err = elements(c, c.Value); err == nil {
		b, err = elements(c, c.Values[0])
	}
	return a, b, err
}

// index finds values; what cannot be a key is looked for one by one.
type index struct {
	text value // in which elements are looked for, if that is a text
	step func(n int) error
	keys *starlark.Dict
	rest []value
}

func newIndex(c *call, items []value) *index {
	x := &index{step: c.Run.Step, keys: starlark.NewDict(len(items))}
	for _, item := range items {
		x.add(item)
	}
	return x
}

// within looks for elements in a value as Python's in does: a text has its parts, not its characters alone.
func (x *index) within(v value) *index {
	if s, ok := v.(starlark.String); ok {
		x.text = s
	}
	return x
}

func (x *index) add(v value) {
	if py.Hashable(v) != nil || x.keys.SetKey(v, starlark.None) != nil {
		x.rest = append(x.rest, v)
	}
}

func (x *index) has(v value) (bool, error) {
	if x.text != nil {
		return py.Contains(x.text, v)
	}
	if py.Hashable(v) == nil {
		if _, found, err := py.Lookup(x.keys, v); err != nil || found {
			return found, err
		}
	}
	if err := x.step(len(x.rest)); err != nil {
		return false, err
	}
	return py.Member(x.rest, v)
}

// Distinct are elements, each once.
func Distinct(c *function.Call, items []value) ([]value, error) { return chosen(c, items, nil, false) }

// Among are the elements that are among others, or are not, each once.
func Among(c *function.Call, items, others []value, in bool) ([]value, error) {
	return chosen(c, items, newIndex(c, others), in)
}

func distinct(c *call, items []value, other *index, in bool) (value, error) {
	out, err := chosen(c, items, other, in)
	return list(out), err
}

// chosen are elements, each once, that are in another set or are not.
func chosen(c *call, items []value, other *index, in bool) ([]value, error) {
	seen := newIndex(c, nil)
	var out []value
	for _, item := range items {
		if other != nil {
			found, err := other.has(item)
			if err != nil {
				return nil, err
			}
			if found != in {
				continue
			}
		}
		had, err := seen.has(item)
		if err != nil {
			return nil, err
		}
		if !had {
			seen.add(item)
			out = append(out, item)
		}
	}
	return out, nil
}
