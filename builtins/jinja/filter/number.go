package filter

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyformat"
	"github.com/openfroyo/froyo/builtins/jinja/pymath"
)

func numbers() []*function.Func {
	return []*function.Func{
		function.New("abs", "", "The number without its sign.", func(c *call) (value, error) {
			n, ok := py.Number(c.Value)
			if !ok {
				return nil, py.Errorf("bad operand type for abs(): '%s'", py.TypeName(c.Value))
			}
			if f, isFloat := n.(starlark.Float); isFloat {
				return starlark.Float(math.Abs(float64(f))), nil
			}
			if n.(starlark.Int).Sign() < 0 {
				return py.Unary("-", n)
			}
			return n, nil
		}),
		function.New("int", "default=0, base=10", "The value as a whole number, or the default.", toInt),
		function.New("float", "default=0.0", "The value as a number with a fraction, or the default.", func(c *call) (value, error) {
			if f, ok := Float(c.Value); ok {
				return starlark.Float(f), nil
			}
			return c.Values[0], nil
		}),
		function.New("round", "precision=0, method='common'", "The number rounded: to the nearest (common), up (ceil) or down (floor).", round),
		function.New("filesizeformat", "binary=False", "A number of bytes as text with a unit.", filesize),
	}
}

// Float is what float() makes of a value.
func Float(v value) (float64, bool) {
	if n, ok := py.Number(v); ok {
		if f, isFloat := n.(starlark.Float); isFloat {
			return float64(f), true
		}
		f, _ := new(big.Float).SetInt(n.(starlark.Int).BigInt()).Float64()
		return f, !math.IsInf(f, 0)
	}
	s, ok := v.(starlark.String)
	if !ok {
		return 0, false
	}
	return ParseFloat(string(s))
}

// ParseFloat reads a number as float() does.
func ParseFloat(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if !digitGroups(s) || strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// digitGroups reports whether underscores stand between digits only.
func digitGroups(s string) bool {
	for i := range len(s) {
		if s[i] == '_' && (i == 0 || i+1 == len(s) || !isDigit(s[i-1]) || !isDigit(s[i+1])) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// maxDigits is how many digits Python reads of a number.
const maxDigits = 4300

// ParseInt reads a whole number as int() does.
func ParseInt(s string, base int) (starlark.Int, bool) {
	s = strings.TrimSpace(s)
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	if len(s) > 2 && s[0] == '0' {
		if b := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]; b != 0 && (b == base || base == 0) {
			s, base = strings.TrimPrefix(s[2:], "_"), b
		}
	}
	if base == 0 {
		if base = 10; strings.Trim(s, "0_") != "" && strings.HasPrefix(s, "0") {
			return starlark.Int{}, false
		}
	}
	if s == "" || strings.ContainsAny(s, "+-") || !digitGroups(s) || len(s) > maxDigits {
		return starlark.Int{}, false
	}
	n, ok := new(big.Int).SetString(sign+strings.ReplaceAll(s, "_", ""), base)
	if !ok {
		return starlark.Int{}, false
	}
	return starlark.MakeBigInt(n), true
}

func toInt(c *call) (value, error) {
	base, err := c.Int(1)
	if err != nil {
		return nil, err
	}
	if s, ok := c.Value.(starlark.String); ok && (base == 0 || base >= 2 && base <= 36) {
		if n, ok := ParseInt(string(s), base); ok {
			return n, nil
		}
	} else if n, ok := py.Number(c.Value); ok {
		if i, isInt := n.(starlark.Int); isInt {
			return i, nil
		}
	}
	f, ok := Float(c.Value)
	if !ok {
		return c.Values[0], nil
	}
	if math.IsNaN(f) {
		return c.Values[0], nil
	}
	return pyformat.Truncate(f)
}

func round(c *call) (value, error) {
	if f, ok := c.Value.(starlark.Float); ok && c.Values[0] == starlark.None && c.Values[1] == starlark.String("common") {
		return pyformat.Truncate(math.RoundToEven(float64(f)))
	}
	precision, err := c.Int(0)
	if err != nil {
		return nil, err
	}
	method, err := c.Text(1)
	if err != nil {
		return nil, err
	}
	n, ok := py.Number(c.Value)
	if !ok {
		return nil, py.Errorf("type %s doesn't define __round__ method", py.TypeName(c.Value))
	}
	switch method {
	case "common":
		if i, isInt := n.(starlark.Int); isInt {
			return roundInt(i, precision), nil
		}
		return starlark.Float(Round(float64(n.(starlark.Float)), precision)), nil
	case "ceil", "floor":
		f, ok := Float(n)
		if !ok || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, py.Errorf("cannot convert float to integer")
		}
		by := pymath.Pow(10, float64(precision))
		if method == "ceil" {
			return starlark.Float((math.Ceil(f*by) + 0) / by), nil // Python rounds to an int, which has no -0
		}
		return starlark.Float((math.Floor(f*by) + 0) / by), nil
	}
	return nil, py.Errorf("method must be common, ceil or floor")
}

// Round rounds to a number of digits behind the point, halves to the even digit, as Python does.
func Round(f float64, digits int) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) || digits > 400 {
		return f
	}
	if digits >= 0 {
		out, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
		return out
	}
	if digits < -400 {
		return math.Copysign(0, f)
	}
	by := pymath.Pow(10, float64(-digits))
	return math.RoundToEven(f/by) * by
}

// roundInt rounds a whole number to tens, hundreds and so on.
func roundInt(i starlark.Int, digits int) value {
	if digits >= 0 {
		return i
	}
	by := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(min(-digits, 5000))), nil)
	n := i.BigInt()
	q, r := new(big.Int).DivMod(n, by, new(big.Int))
	switch twice := new(big.Int).Lsh(r, 1).Cmp(by); {
	case twice > 0, twice == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(1))
	}
	return starlark.MakeBigInt(q.Mul(q, by))
}

func filesize(c *call) (value, error) {
	n, ok := Float(c.Value)
	if !ok {
		s, err := py.Repr(c.Value)
		if err != nil {
			return nil, err
		}
		return nil, py.Errorf("could not convert to float: %s", s)
	}
	binary, err := flag(c.Values[0])
	if err != nil {
		return nil, err
	}
	base, infix := 1000.0, "kMGTPEZY"
	suffix := "B"
	if binary {
		base, infix, suffix = 1024, "KMGTPEZY", "iB"
	}
	switch {
	case n == 1:
		return starlark.String("1 Byte"), nil
	case n < base:
		whole, err := pyformat.Truncate(n)
		return starlark.String(whole.String() + " Bytes"), err
	}
	unit := base
	for i, prefix := range infix {
		if unit *= base; n < unit || i == len(infix)-1 {
			return starlark.String(fmt.Sprintf("%.1f %c%s", base*n/unit, prefix, suffix)), nil
		}
	}
	return nil, nil
}
