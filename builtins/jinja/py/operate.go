package py

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/pymath"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// Binary answers one of the operators + - * / // % **, where % of a text is not among them.
func Binary(op string, a, b Value) (Value, error) {
	if err := Defined(a, b); err != nil {
		return nil, err
	}
	x, xNumber := Number(a)
	y, yNumber := Number(b)
	if xNumber && yNumber {
		return arithmetic(op, x, y)
	}
	switch {
	case op == "+":
		if v, err := add(a, b); v != nil || err != nil {
			return v, err
		}
	case op == "*" && xNumber:
		if v, err := repeat(b, x); v != nil || err != nil {
			return v, err
		}
	case op == "*" && yNumber:
		if v, err := repeat(a, y); v != nil || err != nil {
			return v, err
		}
	case op == "-":
		if v := difference(a, b); v != nil {
			return v, nil
		}
	}
	if v, err := operate(op, a, b); v != nil || err != nil {
		return v, err
	}
	if op == "**" {
		op = "** or pow()"
	}
	return nil, Errorf("unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(a), TypeName(b))
}

// operator is a value with operations of its own. Operate returns nil where there is no such one.
type operator interface {
	Operate(op string, other Value, reflected bool) (Value, error)
}

func operate(op string, a, b Value) (Value, error) {
	if x, ok := a.(operator); ok {
		if v, err := x.Operate(op, b, false); v != nil || err != nil {
			return v, err
		}
	}
	if y, ok := b.(operator); ok {
		return y.Operate(op, a, true)
	}
	return nil, nil
}

// difference is what dict views have as sets.
func difference(a, b Value) Value {
	x, ok := a.(*View)
	y, err := Elements(b)
	if !ok || err != nil || x.Name == "dict_values" {
		return nil
	}
	out := new(starlark.Set)
	for _, v := range x.Items {
		if in, err := member(y, v); err == nil && !in {
			if out.Insert(v) != nil {
				return nil
			}
		}
	}
	return out
}

func add(a, b Value) (Value, error) {
	switch a := a.(type) {
	case starlark.String:
		if b, ok := b.(starlark.String); ok {
			if err := Fits("+", int64(len(a)+len(b))); err != nil {
				return nil, err
			}
			return a + b, nil
		}
		return nil, Errorf(`can only concatenate str (not "%s") to str`, TypeName(b))
	case *starlark.List:
		b, ok := b.(*starlark.List)
		if !ok {
			return nil, nil
		}
		x, _ := Elements(a)
		y, _ := Elements(b)
		return starlark.NewList(append(x, y...)), FitsList(int64(len(x) + len(y)))
	case starlark.Tuple:
		if b, ok := b.(starlark.Tuple); ok {
			return append(slices.Clip(a), b...), nil
		}
	}
	return nil, nil
}

// repeat is a text or list, n times.
func repeat(v, count Value) (Value, error) {
	n, ok := Int(count)
	if !ok {
		if _, whole := count.(starlark.Int); whole {
			return nil, Errorf("cannot fit 'int' into an index-sized integer")
		}
		return nil, nil
	}
	n = max(n, 0)
	switch v := v.(type) {
	case starlark.String:
		if err := Fits("*", Product(len(v), n)); err != nil {
			return nil, err
		}
		return starlark.String(strings.Repeat(string(v), n)), nil
	case *starlark.List:
		items, _ := Elements(v)
		out, err := repeated(items, n)
		return starlark.NewList(out), err
	case starlark.Tuple:
		out, err := repeated(v, n)
		return starlark.Tuple(out), err
	}
	return nil, nil
}

func Product(a, b int) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return int64(a * b)
}

func repeated(items []Value, n int) ([]Value, error) {
	if err := FitsList(Product(len(items), n)); err != nil {
		return nil, err
	}
	out := make([]Value, 0, len(items)*n)
	for range n {
		out = append(out, items...)
	}
	return out, nil
}

// arithmetic combines two numbers.
func arithmetic(op string, a, b Value) (Value, error) {
	x, xInt := a.(starlark.Int)
	y, yInt := b.(starlark.Int)
	if xInt && yInt {
		return integers(op, x, y)
	}
	f, err := ToFloat(a)
	if err != nil {
		return nil, err
	}
	g, err := ToFloat(b)
	if err != nil {
		return nil, err
	}
	return floats(op, f, g)
}

// ToFloat is a number as a float.
func ToFloat(v Value) (float64, error) {
	if i, ok := v.(starlark.Int); ok {
		f, _ := new(big.Float).SetInt(i.BigInt()).Float64()
		if math.IsInf(f, 0) {
			return 0, Errorf("int too large to convert to float")
		}
		return f, nil
	}
	return float64(v.(starlark.Float)), nil
}

func integers(op string, a, b starlark.Int) (Value, error) {
	switch op {
	case "+":
		return a.Add(b), nil
	case "-":
		return a.Sub(b), nil
	case "*":
		if bits(a)+bits(b) > bounds.MaxIntBits {
			return nil, Errorf("the number would have more than %d bits", bounds.MaxIntBits)
		}
		return a.Mul(b), nil
	case "**":
		return power(a, b)
	}
	if b.Sign() == 0 {
		return nil, Errorf("%s", map[string]string{"/": "division by zero", "//": "integer division or modulo by zero", "%": "integer modulo by zero"}[op])
	}
	switch op {
	case "/":
		f, _ := new(big.Rat).SetFrac(a.BigInt(), b.BigInt()).Float64()
		if math.IsInf(f, 0) {
			return nil, Errorf("integer division result too large for a float")
		}
		return starlark.Float(f), nil
	case "//":
		return a.Div(b), nil
	}
	return a.Mod(b), nil
}

func bits(i starlark.Int) int {
	if small, ok := i.Int64(); ok && small > math.MinInt32 && small < math.MaxInt32 {
		return 32
	}
	return i.BigInt().BitLen()
}

func power(a, b starlark.Int) (Value, error) {
	if b.Sign() < 0 {
		if a.Sign() == 0 {
			return nil, Errorf("0.0 cannot be raised to a negative power")
		}
		x, err := ToFloat(a)
		if err != nil {
			return nil, err
		}
		y, err := ToFloat(b)
		return starlark.Float(pymath.Pow(x, y)), err
	}
	base := a.BigInt()
	n, ok := b.Int64()
	if base.CmpAbs(big.NewInt(1)) > 0 && (!ok || Product(base.BitLen(), int(n)) > bounds.MaxIntBits) {
		return nil, Errorf("the number would have more than %d bits", bounds.MaxIntBits)
	}
	return starlark.MakeBigInt(new(big.Int).Exp(base, b.BigInt(), nil)), nil
}

func floats(op string, a, b float64) (Value, error) {
	switch op {
	case "+":
		return starlark.Float(a + b), nil
	case "-":
		return starlark.Float(a - b), nil
	case "*":
		return starlark.Float(a * b), nil
	case "**":
		return floatPower(a, b)
	}
	if b == 0 {
		return nil, Errorf("%s", map[string]string{"/": "float division by zero", "//": "float floor division by zero", "%": "float modulo"}[op])
	}
	if op == "/" {
		return starlark.Float(a / b), nil
	}
	mod := math.Mod(a, b)
	if mod != 0 && (mod < 0) != (b < 0) {
		mod += b
	}
	if op == "%" {
		if mod == 0 {
			mod = math.Copysign(0, b)
		}
		return starlark.Float(mod), nil
	}
	div := (a - mod) / b
	floor := math.Floor(div)
	if div-floor > 0.5 {
		floor++
	}
	return starlark.Float(floor), nil
}

func floatPower(a, b float64) (Value, error) {
	if a == 0 && b < 0 {
		return nil, Errorf("0.0 cannot be raised to a negative power")
	}
	if a < 0 && b != math.Trunc(b) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return nil, Errorf("the result is a complex number")
	}
	f := pymath.Pow(a, b)
	if math.IsInf(f, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return nil, Errorf("(34, 'Numerical result out of range')")
	}
	return starlark.Float(f), nil
}

// Unary answers -x and +x.
func Unary(op string, v Value) (Value, error) {
	if err := Defined(v); err != nil {
		return nil, err
	}
	n, ok := Number(v)
	if !ok {
		return nil, Errorf("bad operand type for unary %s: '%s'", op, TypeName(v))
	}
	if op == "+" {
		return n, nil
	}
	if f, ok := n.(starlark.Float); ok {
		return -f, nil
	}
	return starlark.MakeInt(0).Sub(n.(starlark.Int)), nil
}
