package pyrandom

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type (
	value = py.Value
	call  = function.Call
)

// Filters returns the filters. All want a seed: without one they would give something else each time.
func Filters() []*function.Func {
	return []*function.Func{
		function.New("random", "start=None, step=None, seed=None", "A random element, or a whole number below this one; a seed decides which.", random),
		function.New("shuffle", "seed=None", "The elements in a random order; a seed decides which.", shuffle),
	}
}

// Addresses returns the filter random_mac of the collection community.general.
func Addresses() []*function.Func {
	return []*function.Func{
		function.New("random_mac", "seed=None", "A MAC address that begins so; a seed decides how it goes on.", randomMAC),
	}
}

func noSeed(name string) error {
	return py.Errorf("%s without a seed gives something else each time: write %s(seed=inventory_hostname)", name, name)
}

func random(c *call) (value, error) {
	if c.Values[2] == starlark.None {
		return nil, noSeed("random")
	}
	r, err := New(c.Values[2])
	if err != nil {
		return nil, err
	}
	if end, ok := whole(c.Value); ok {
		return number(c, r, end)
	}
	n, sized := py.Len(c.Value)
	if _, err := py.Iterate(c.Value); err != nil || !sized {
		return nil, py.Errorf("random can only be used on sequences and integers")
	}
	for _, v := range c.Values[:2] {
		if given, err := py.Truth(v); err != nil || given {
			return nil, py.Errorf("start and step can only be used with integer values")
		}
	}
	if n == 0 {
		return nil, py.Errorf("cannot choose from an empty sequence")
	}
	i := starlark.MakeInt(r.Index(n))
	if v, ok := c.Value.(*py.View); ok {
		return nil, py.Errorf("'%s' object is not subscriptable", py.TypeName(v))
	}
	v, found, err := py.Item(c.Value, i)
	if err == nil && !found {
		return nil, py.Errorf("random of a dict looks for the key %s, which is not there: write d | list | random(seed=...)", i)
	}
	return v, err
}

// whole is a whole number.
func whole(v value) (*big.Int, bool) {
	n, ok := py.Number(v)
	if !ok {
		return nil, false
	}
	i, ok := n.(starlark.Int)
	if !ok {
		return nil, false
	}
	return i.BigInt(), true
}

// limit is a start or step: what counts as false is the default, and a float may stand for a whole number.
func limit(v value, otherwise int64) (*big.Int, error) {
	if given, err := py.Truth(v); err != nil || !given {
		return big.NewInt(otherwise), err
	}
	if n, ok := whole(v); ok {
		return n, nil
	}
	if f, ok := v.(starlark.Float); ok && float64(f) == math.Trunc(float64(f)) && !math.IsInf(float64(f), 0) {
		n, _ := big.NewFloat(float64(f)).Int(nil)
		return n, nil
	}
	return nil, py.Errorf("start and step are whole numbers, not %s", py.TypeName(v))
}

func number(c *call, r *Random, end *big.Int) (value, error) {
	start, err := limit(c.Values[0], 0)
	if err != nil {
		return nil, err
	}
	step, err := limit(c.Values[1], 1)
	if err != nil {
		return nil, err
	}
	n, err := r.Range(start, end, step)
	if err != nil {
		return nil, err
	}
	return starlark.MakeBigInt(n), nil
}

func shuffle(c *call) (value, error) {
	if given, err := py.Truth(c.Values[0]); err != nil || !given {
		return nil, noSeed("shuffle")
	}
	if _, err := py.Iterate(c.Value); err != nil {
		return c.Value, nil //nolint:nilerr // Ansible gives back what has no elements
	}
	items, err := c.Elements(c.Value)
	if err != nil {
		return nil, err
	}
	r, err := New(c.Values[0])
	if err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	r.Shuffle(items)
	return starlark.NewList(items), nil
}

var macByte = regexp.MustCompile(`^[a-f0-9]{2}`)

// randomMAC completes the beginning of a MAC address.
func randomMAC(c *call) (value, error) {
	s, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected the beginning of a MAC address as a text, not %s", py.TypeName(c.Value))
	}
	if c.Values[0] == starlark.None {
		return nil, noSeed("random_mac")
	}
	r, err := New(c.Values[0])
	if err != nil {
		return nil, err
	}
	prefix := strings.ToLower(string(s))
	parts := strings.Split(prefix, ":")
	if len(parts) > 5 {
		return nil, py.Errorf("%q has more than 5 parts", s)
	}
	for _, part := range parts {
		if !macByte.MatchString(part) {
			return nil, py.Errorf("%q is not the beginning of a MAC address: %q is no byte in hexadecimal", s, part)
		}
	}
	n, err := r.Range(big.NewInt(1<<36), big.NewInt(1<<40), big.NewInt(1))
	if err != nil {
		return nil, err
	}
	digits := fmt.Sprintf("%x", n)[:min(2*(6-len(parts)), len(fmt.Sprintf("%x", n)))]
	for ; len(digits) >= 2; digits = digits[2:] {
		prefix += ":" + digits[:2]
	}
	return starlark.String(prefix + digits), nil
}
