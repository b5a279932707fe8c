package ansible

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyformat"
	"github.com/openfroyo/froyo/builtins/jinja/pymath"
)

func numbers() []*function.Func {
	return []*function.Func{
		function.New("log", "base=None", "The logarithm to a base; without one the natural.", logarithm),
		function.New("pow", "y", "The number to the power of another, as a number with a fraction.", func(c *call) (value, error) {
			x, y, err := two(c)
			if err != nil {
				return nil, err
			}
			return power(x, y)
		}),
		function.New("root", "base=2", "The square root, or another.", func(c *call) (value, error) {
			x, base, err := two(c)
			switch {
			case err != nil:
				return nil, err
			case base == 2 && x < 0:
				return nil, py.Errorf("math domain error")
			case base == 2:
				return starlark.Float(math.Sqrt(x)), nil
			case base == 0:
				return nil, py.Errorf("float division by zero")
			}
			return power(x, 1/base)
		}),
		function.New("human_readable", "isbits=False, unit=None", "A number of bytes, or bits, with a unit.", humanReadable),
		function.New("human_to_bytes", "default_unit=None, isbits=False", "The bytes, or bits, that a text with a unit says.", humanToBytes),
	}
}

// number is a value as a float; texts are none.
func number(v value) (float64, error) {
	if _, isNumber := py.Number(v); !isNumber {
		return 0, py.Errorf("must be real number, not %s", py.TypeName(v))
	}
	f, ok := filter.Float(v)
	if !ok {
		return 0, py.Errorf("int too large to convert to float")
	}
	return f, nil
}

func two(c *call) (x, y float64, err error) {
	if x, err = number(c.Value); err == nil {
		y, err = number(c.Values[0])
	}
	return x, y, err
}

func power(x, y float64) (value, error) {
	out := pymath.Pow(x, y)
	switch {
	case math.IsNaN(out) && !math.IsNaN(x) && !math.IsNaN(y), x == 0 && y < 0:
		return nil, py.Errorf("math domain error")
	case math.IsInf(out, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0):
		return nil, py.Errorf("math range error")
	}
	return starlark.Float(out), nil
}

func logarithm(c *call) (value, error) {
	x, err := number(c.Value)
	if err != nil {
		return nil, err
	}
	if x <= 0 {
		return nil, py.Errorf("math domain error")
	}
	base := math.E
	if c.Given[0] {
		if base, err = number(c.Values[0]); err != nil {
			return nil, err
		}
	}
	switch {
	case base == 10:
		return starlark.Float(pymath.Log10(x)), nil
	case base <= 0:
		return nil, py.Errorf("math domain error")
	case base == 1:
		return nil, py.Errorf("float division by zero")
	}
	return starlark.Float(pymath.Log(x) / pymath.Log(base)), nil
}

// units are the prefixes of sizes, from the greatest.
const units = "YZEPTGMKB"

func unitOf(c byte) (float64, bool) {
	i := strings.IndexByte(units, c)
	if i < 0 {
		return 0, false
	}
	return math.Ldexp(1, 10*(len(units)-1-i)), true
}

func humanReadable(c *call) (value, error) {
	size, err := number(c.Value)
	if err != nil {
		return nil, err
	}
	bits, err := flag(c.Values[0])
	if err != nil {
		return nil, err
	}
	base := "Bytes"
	if bits {
		base = "bits"
	}
	unit, hasUnit := c.Values[1].(starlark.String)
	suffix, limit := "B", 1.0
	for i := range len(units) {
		suffix = units[i : i+1]
		limit, _ = unitOf(units[i])
		if hasUnit && strings.ToUpper(string(unit)) == suffix || !hasUnit && size >= limit {
			break
		}
	}
	if suffix += base[:1]; limit == 1 {
		suffix = base
	}
	return starlark.String(fmt.Sprintf("%.2f %s", size/limit, suffix)), nil
}

var sized = regexp.MustCompile(`^\s*(\d*\.?\d*)\s*([A-Za-z]+)?`)

func humanToBytes(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	m := sized.FindStringSubmatch(s)
	n, ok := filter.ParseFloat(m[1])
	if !ok {
		return nil, py.Errorf("%q is no size", s)
	}
	unit := m[2]
	if unit == "" && c.Values[0] != starlark.None {
		if unit, err = c.Text(0); err != nil {
			return nil, err
		}
	}
	if unit == "" {
		return pyformat.Truncate(math.RoundToEven(n))
	}
	limit, ok := unitOf(strings.ToUpper(unit)[0])
	if !ok {
		return nil, py.Errorf("%q has an unknown unit; the units are %s", s, strings.Join(strings.Split(units, ""), ", "))
	}
	bits, err := flag(c.Values[1])
	if err != nil {
		return nil, err
	}
	letter, name := byte('B'), "byte"
	if bits {
		letter, name = 'b', "bit"
	}
	if len(unit) > 1 && !strings.Contains(strings.ToLower(unit), name) && unit[1] != letter {
		return nil, py.Errorf("%q is no size in %ss: expected %c%c", s, name, strings.ToUpper(unit)[0], letter)
	}
	return pyformat.Truncate(math.RoundToEven(n * limit))
}
