package pyformat

import (
	"math/big"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// percentArgs are what a % format takes its values from.
type percentArgs struct {
	mapping py.Value // for %(name)s; nil where there is none
	items   []py.Value
	next    int
	named   bool
}

// Percent is format % value.
func Percent(format string, v py.Value) (string, error) {
	args := percentArgs{items: []py.Value{v}}
	switch t := v.(type) {
	case starlark.Tuple:
		args.items = t
	case *starlark.Dict:
		args.mapping = t
	}
	var b strings.Builder
	rest := format
	for {
		text, after, found := strings.Cut(rest, "%")
		b.WriteString(text)
		if !found {
			break
		}
		n, err := args.one(&b, after)
		if err != nil {
			return "", err
		}
		if err := py.Fits("%", int64(b.Len())); err != nil {
			return "", err
		}
		rest = after[n:]
	}
	isList := false // what has elements counts as a mapping, but has no names
	switch v.(type) {
	case *starlark.List, *py.Range, *py.Undefined:
		isList = true
	}
	if args.next < len(args.items) && !args.named && args.mapping == nil && (!isList || args.next == 0) {
		if isList {
			return b.String(), nil
		}
		return "", py.Errorf("not all arguments converted during string formatting")
	}
	return b.String(), nil
}

func (a *percentArgs) take() (py.Value, error) {
	if a.next >= len(a.items) {
		return nil, py.Errorf("not enough arguments for format string")
	}
	a.next++
	return a.items[a.next-1], nil
}

// one formats one value, whose format begins behind the percent sign, and returns the format's length.
func (a *percentArgs) one(b *strings.Builder, s string) (int, error) {
	i := 0
	var value py.Value
	if strings.HasPrefix(s, "(") {
		end, depth := 1, 1
		for ; end < len(s) && depth > 0; end++ {
			switch s[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		if depth > 0 {
			return 0, py.Errorf("incomplete format key")
		}
		if a.mapping == nil {
			return 0, py.Errorf("format requires a mapping")
		}
		key := s[1 : end-1]
		v, found, err := py.Lookup(a.mapping.(*starlark.Dict), starlark.String(key))
		if err != nil {
			return 0, err
		}
		if !found {
			return 0, py.Errorf("there is no key %s", py.Quoted(key))
		}
		value, a.named = v, true
		i = end
	}
	f := spec{width: -1, precision: -1, sign: '-'}
	for ; i < len(s) && strings.IndexByte("#0- +", s[i]) >= 0; i++ {
		switch s[i] {
		case '#':
			f.alternate = true
		case '0':
			f.zero = true
		case '-':
			f.align = '<'
		case ' ':
			if f.sign != '+' {
				f.sign = ' '
			}
		case '+':
			f.sign = '+'
		}
	}
	var err error
	if f.width, i, err = a.number(s, i); err != nil {
		return 0, err
	}
	if f.width < -1 {
		f.align, f.width = '<', -f.width
	}
	if i < len(s) && s[i] == '.' {
		if f.precision, i, err = a.number(s, i+1); err != nil {
			return 0, err
		}
		f.precision = max(f.precision, 0)
	}
	for i < len(s) && strings.IndexByte("hlL", s[i]) >= 0 {
		i++
	}
	if i >= len(s) {
		return 0, py.Errorf("incomplete format")
	}
	verb, size := utf8.DecodeRuneInString(s[i:])
	if verb == '%' {
		b.WriteByte('%')
		return i + size, nil
	}
	if value == nil {
		if value, err = a.take(); err != nil {
			return 0, err
		}
	}
	out, err := f.percent(verb, value)
	b.WriteString(out)
	return i + size, err
}

// number reads a width or a precision, which may be a * that takes a value.
func (a *percentArgs) number(s string, i int) (int, int, error) {
	if i < len(s) && s[i] == '*' {
		v, err := a.take()
		if err != nil {
			return 0, 0, err
		}
		n, ok := py.Int(v)
		if !ok {
			return 0, 0, py.Errorf("* wants int")
		}
		return n, i + 1, py.Fits("%", int64(max(n, -n)))
	}
	n, end := digits(s, i)
	return n, end, py.Fits("%", int64(n))
}

// digits reads a number at an offset; without one it is -1.
func digits(s string, i int) (n, end int) {
	n = -1
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = min(max(n, 0)*10+int(s[i]-'0'), py.MaxText+1)
	}
	return n, i
}

// percent formats a value by a verb of the % operator.
func (f spec) percent(verb rune, v py.Value) (string, error) {
	if err := py.Defined(v); err != nil {
		return "", err
	}
	switch verb {
	case 's', 'r', 'a':
		text, err := py.Str(v)
		if verb != 's' {
			text, err = py.Repr(v)
		}
		if err != nil {
			return "", err
		}
		if f.precision >= 0 {
			text = firstRunes(text, f.precision)
		}
		f.zero = false
		return f.pad(text, "", '>'), nil
	case 'c':
		text, ok := v.(starlark.String)
		if ok && utf8.RuneCountInString(string(text)) == 1 {
			f.zero = false
			return f.pad(string(text), "", '>'), nil
		}
		if n, ok := py.Int(v); ok && n >= 0 && n <= utf8.MaxRune {
			return f.pad(string(rune(n)), "", '>'), nil
		}
		return "", py.Errorf("%%c requires int or char")
	case 'd', 'i', 'u', 'o', 'x', 'X':
		n, ok := py.Number(v)
		if !ok {
			if verb == 'd' || verb == 'i' || verb == 'u' {
				return "", py.Errorf("%%%c format: a real number is required, not %s", verb, py.TypeName(v))
			}
			return "", py.Errorf("%%%c format: an integer is required, not %s", verb, py.TypeName(v))
		}
		whole, isInt := n.(starlark.Int)
		if !isInt {
			if verb == 'o' || verb == 'x' || verb == 'X' {
				return "", py.Errorf("%%%c format: an integer is required, not float", verb)
			}
			var err error
			if whole, err = Truncate(float64(n.(starlark.Float))); err != nil {
				return "", err
			}
		}
		if verb == 'i' || verb == 'u' {
			verb = 'd'
		}
		return f.whole(whole.BigInt(), verb), nil
	case 'e', 'E', 'f', 'F', 'g', 'G':
		n, ok := py.Number(v)
		if !ok {
			return "", py.Errorf("must be real number, not %s", py.TypeName(v))
		}
		x, err := py.ToFloat(n)
		if err != nil {
			return "", err
		}
		return f.real(x, verb), nil
	}
	return "", py.Errorf("unsupported format character '%c'", verb)
}

// whole formats a whole number for %, where a precision is the least number of digits.
func (f spec) whole(n *big.Int, verb rune) string {
	sign, text := f.signOf(n.Sign() < 0), new(big.Int).Abs(n).Text(map[rune]int{'d': 10, 'o': 8, 'x': 16, 'X': 16}[verb])
	text = py.Pad(text, f.precision, "0", "rjust")
	if f.alternate && verb != 'd' {
		sign += "0" + string(verb|0x20)
	}
	if verb == 'X' {
		sign, text = strings.ToUpper(sign), strings.ToUpper(text)
	}
	return f.pad(text, sign, '>')
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
