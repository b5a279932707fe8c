package pyformat

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// spec is how one value is formatted: [[fill]align][sign][#][0][width][,][.precision][type].
type spec struct {
	fill      string
	align     byte // 0, or one of < > = ^
	sign      byte // - + or blank
	alternate bool
	zero      bool
	width     int // -1 where it is not given
	group     byte
	precision int // -1 where it is not given
	verb      rune
}

// parseSpec reads a format specification.
func parseSpec(s string) (spec, error) {
	f := spec{sign: '-', width: -1, precision: -1}
	if r, n := utf8.DecodeRuneInString(s); n > 0 && len(s) > n && strings.IndexByte("<>=^", s[n]) >= 0 {
		f.fill, f.align, s = string(r), s[n], s[n+1:]
	} else if s != "" && strings.IndexByte("<>=^", s[0]) >= 0 {
		f.align, s = s[0], s[1:]
	}
	take := func(set string) byte {
		if s == "" || strings.IndexByte(set, s[0]) < 0 {
			return 0
		}
		c := s[0]
		s = s[1:]
		return c
	}
	if c := take("+- "); c != 0 {
		f.sign = c
	}
	f.alternate = take("#") != 0
	f.zero = take("0") != 0
	n := 0
	f.width, n = digits(s, 0)
	s = s[n:]
	f.group = take(",_")
	if take(".") != 0 {
		if f.precision, n = digits(s, 0); f.precision < 0 {
			return f, py.Errorf("Format specifier missing precision")
		}
		s = s[n:]
	}
	if err := py.Fits("format", int64(max(f.width, f.precision))); err != nil {
		return f, err
	}
	verb, n := utf8.DecodeRuneInString(s)
	if n < len(s) {
		return f, py.Errorf("Invalid format specifier")
	}
	if n > 0 {
		f.verb = verb
	}
	return f, nil
}

// format formats a value as format() does.
func (f spec) format(v py.Value) (string, error) {
	switch v := v.(type) {
	case *py.Undefined:
		return "", v
	case starlark.String:
		return f.text(string(v))
	case starlark.Bool:
		if f == (spec{sign: '-', width: -1, precision: -1}) {
			return py.Repr(v)
		}
		n, _ := py.Number(v)
		return f.integer(n.(starlark.Int))
	case starlark.Int:
		return f.integer(v)
	case starlark.Float:
		return f.floating(float64(v))
	}
	if f != (spec{sign: '-', width: -1, precision: -1}) {
		return "", py.Errorf("unsupported format string passed to %s.__format__", py.TypeName(v))
	}
	return py.Str(v)
}

func (f spec) text(s string) (string, error) {
	switch {
	case f.verb != 0 && f.verb != 's':
		return "", f.unknown("str")
	case f.sign != '-' || f.alternate || f.group != 0 || f.align == '=':
		return "", py.Errorf("the format has what only numbers have")
	}
	if f.precision >= 0 {
		s = firstRunes(s, f.precision)
	}
	if f.zero && f.fill == "" {
		f.fill = "0"
	}
	f.zero = false
	return f.pad(s, "", '<'), nil
}

func (f spec) unknown(of string) error {
	return py.Errorf("Unknown format code '%c' for object of type '%s'", f.verb, of)
}

func (f spec) integer(n starlark.Int) (string, error) {
	base := 10
	prefix := ""
	switch f.verb {
	case 0, 'd', 'n':
	case 'b':
		base, prefix = 2, "0b"
	case 'o':
		base, prefix = 8, "0o"
	case 'x', 'X':
		base, prefix = 16, "0"+string(f.verb)
	case 'c':
		i, ok := py.Int(n)
		if !ok || i < 0 || i > utf8.MaxRune {
			return "", py.Errorf("%%c arg not in range(0x110000)")
		}
		return f.pad(string(rune(i)), "", '<'), nil
	case 'e', 'E', 'f', 'F', 'g', 'G', '%':
		x, err := py.ToFloat(n)
		if err != nil {
			return "", err
		}
		return f.floating(x)
	default:
		return "", f.unknown("int")
	}
	if f.precision >= 0 {
		return "", py.Errorf("Precision not allowed in integer format specifier")
	}
	text := new(big.Int).Abs(n.BigInt()).Text(base)
	if f.verb == 'X' {
		text = strings.ToUpper(text)
	}
	sign := f.signOf(n.Sign() < 0)
	if f.alternate {
		sign += prefix
	}
	every := 3
	if base != 10 {
		every = 4
	}
	return f.pad(grouping(text, f.group, every), sign, '>'), nil
}

func (f spec) floating(x float64) (string, error) {
	switch f.verb {
	case 'e', 'E', 'f', 'F', 'g', 'G', '%', 'n':
		return f.real(x, f.verb), nil
	case 0:
		if f.precision < 0 {
			text := py.FloatText(math.Abs(x))
			return f.padReal(text, x), nil
		}
		text := general(math.Abs(x), max(f.precision, 1), f.alternate, true)
		return f.padReal(text, x), nil
	}
	return "", f.unknown("float")
}

// real formats a number with a fraction or an exponent.
func (f spec) real(x float64, verb rune) string {
	precision := f.precision
	if precision < 0 {
		precision = 6
	}
	a := math.Abs(x)
	var text string
	switch {
	case math.IsInf(a, 0):
		text = "inf"
	case math.IsNaN(a):
		text = "nan"
	case verb == '%':
		text = strconv.FormatFloat(a*100, 'f', precision, 64)
	case verb == 'f' || verb == 'F':
		text = strconv.FormatFloat(a, 'f', precision, 64)
	case verb == 'e' || verb == 'E':
		text = strconv.FormatFloat(a, 'e', precision, 64)
	default:
		text = general(a, max(precision, 1), f.alternate, false)
	}
	if verb == '%' {
		text += "%"
	}
	if verb == 'F' || verb == 'E' || verb == 'G' {
		text = strings.ToUpper(text)
	}
	return f.padReal(text, x)
}

func (f spec) padReal(text string, x float64) string {
	if f.group != 0 {
		whole, rest := text, ""
		if i := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			whole, rest = text[:i], text[i:]
		}
		text = grouping(whole, f.group, 3) + rest
	}
	return f.pad(text, f.signOf(math.Signbit(x) && !math.IsNaN(x)), '>')
}

// general is %g: an exponent where it is shorter. keepPoint keeps one digit behind the point, as str() does.
func general(a float64, precision int, alternate, keepPoint bool) string {
	s := strconv.FormatFloat(a, 'e', precision-1, 64)
	mantissa, exp, _ := strings.Cut(s, "e")
	n, _ := strconv.Atoi(exp)
	if limit := precision; n >= -4 && (n < limit && !keepPoint || n < limit-1 && keepPoint || keepPoint && n < limit && limit == 1 && n == 0) {
		s = strconv.FormatFloat(a, 'f', max(precision-1-n, 0), 64)
		if !alternate {
			s = trimZeros(s)
		}
		if keepPoint && !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	if !alternate {
		mantissa = trimZeros(mantissa)
	}
	return mantissa + "e" + exp
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func (f spec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case f.sign == '-':
		return ""
	}
	return string(f.sign)
}

// grouping puts a separator between groups of digits.
func grouping(s string, sep byte, every int) string {
	if sep == 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && (len(s)-i)%every == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// pad brings a text with a sign before it to the width.
func (f spec) pad(text, sign string, otherwise byte) string {
	fill, align := f.fill, f.align
	if fill == "" {
		fill = " "
		if f.zero && (align == 0 || align == '=') {
			fill, align = "0", '='
		}
	}
	if align == 0 {
		align = otherwise
		if f.zero {
			align = '='
		}
	}
	n := f.width - utf8.RuneCountInString(text) - len(sign)
	if n <= 0 {
		return sign + text
	}
	if align == '=' && fill == "0" && f.group != 0 {
		return f.zeros(text, sign)
	}
	switch align {
	case '<':
		return sign + text + strings.Repeat(fill, n)
	case '^':
		return strings.Repeat(fill, n/2) + sign + text + strings.Repeat(fill, n-n/2)
	case '=':
		return sign + strings.Repeat(fill, n) + text
	}
	return strings.Repeat(fill, n) + sign + text
}

// zeros fills with zeros that are grouped, too.
func (f spec) zeros(text, sign string) string {
	whole, rest := text, ""
	if i := strings.IndexAny(text, ".e"); i >= 0 {
		whole, rest = text[:i], text[i:]
	}
	digits := strings.ReplaceAll(whole, string(f.group), "")
	for utf8.RuneCountInString(grouping(digits, f.group, 3))+len(sign)+len(rest) < f.width {
		digits = "0" + digits
	}
	return sign + grouping(digits, f.group, 3) + rest
}

// Truncate is a float without its fraction.
func Truncate(f float64) (starlark.Int, error) {
	switch {
	case math.IsInf(f, 0):
		return starlark.Int{}, py.Errorf("cannot convert float infinity to integer")
	case math.IsNaN(f):
		return starlark.Int{}, py.Errorf("cannot convert float NaN to integer")
	}
	n, _ := new(big.Float).SetFloat64(math.Trunc(f)).Int(nil)
	return starlark.MakeBigInt(n), nil
}
