package pymethod

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyformat"
)

// stringMethods are the methods of str.
var stringMethods map[string]Method

func init() { // format() reads methods
	stringMethods = map[string]Method{
		"capitalize": plainText(Capitalize), "casefold": plainText(func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "ß", "ss") }), "lower": plainText(strings.ToLower),
		"upper": plainText(Upper), "swapcase": plainText(swapcase), "title": plainText(Title),
		"isalnum": every(isAlnum), "isalpha": every(unicode.IsLetter), "isdigit": every(unicode.IsDigit),
		"isdecimal": every(unicode.IsDigit), "isnumeric": every(unicode.IsNumber), "isspace": every(py.IsSpace),
		"isascii": is(py.ASCII), "isidentifier": is(isIdentifier), "isprintable": is(isPrintable),
		"islower": is(isLower), "isupper": is(isUpper), "istitle": is(isTitle),
		"strip": stripping(true, true), "lstrip": stripping(true, false), "rstrip": stripping(false, true),
		"center": padding("center"), "ljust": padding("ljust"), "rjust": padding("rjust"), "zfill": method1("width", zfill),
		"count": searching("count"), "find": searching("find"), "rfind": searching("rfind"),
		"index": searching("index"), "rindex": searching("rindex"),
		"startswith": affix(strings.HasPrefix), "endswith": affix(strings.HasSuffix),
		"removeprefix": method1("prefix", removeAffix(strings.TrimPrefix)), "removesuffix": method1("suffix", removeAffix(strings.TrimSuffix)),
		"partition": method1("sep", partition(false)), "rpartition": method1("sep", partition(true)),
		"split": splitting(false), "rsplit": splitting(true), "splitlines": method1("keepends=False", splitlines),
		"replace": withParams("replace", "old, new, count=-1", replace), "expandtabs": method1("tabsize=8", expandtabs),
		"join": method1("iterable", joining), "translate": method1("table", translate), "encode": withParams("encode", "encoding='utf-8', errors='strict'", encode),
		"format": func(on py.Value, a py.Args) (py.Value, error) {
			s, err := pyformat.Format(string(on.(starlark.String)), a)
			return starlark.String(s), err
		},
		"format_map": method1("mapping", func(s string, b py.Bound) (py.Value, error) {
			out, err := pyformat.FormatMap(s, b.Values[0])
			return starlark.String(out), err
		}),
	}
}

// plainText is a method without arguments that makes another text.
func plainText(f func(string) string) Method {
	return withParams("method", "", func(s string, _ py.Bound) (py.Value, error) { return starlark.String(f(s)), nil })
}

// withParams is a method of a string with parameters.
func withParams(name, params string, f func(s string, b py.Bound) (py.Value, error)) Method {
	sig := py.Params(params)
	return func(on py.Value, a py.Args) (py.Value, error) {
		b, err := sig.Bind(name, a)
		if err != nil {
			return nil, err
		}
		if err := py.Defined(b.Values...); err != nil {
			return nil, err
		}
		return f(string(on.(starlark.String)), b)
	}
}

func method1(params string, f func(s string, b py.Bound) (py.Value, error)) Method {
	return withParams("method", params, f)
}

func is(f func(string) bool) Method {
	return withParams("method", "", func(s string, _ py.Bound) (py.Value, error) { return starlark.Bool(f(s)), nil })
}

// every asks each character of a text that has some.
func every(f func(rune) bool) Method {
	return is(func(s string) bool {
		return s != "" && strings.IndexFunc(s, func(r rune) bool { return !f(r) }) < 0
	})
}

func isAlnum(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)) {
			return false
		}
	}
	return s != ""
}

func isPrintable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func isLower(s string) bool {
	return strings.IndexFunc(s, unicode.IsLower) >= 0 && strings.IndexFunc(s, func(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) }) < 0
}

func isUpper(s string) bool {
	return strings.IndexFunc(s, unicode.IsUpper) >= 0 && strings.IndexFunc(s, func(r rune) bool { return unicode.IsLower(r) || unicode.IsTitle(r) }) < 0
}

func cased(r rune) bool { return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) }

func isTitle(s string) bool {
	found, before := false, false
	for _, r := range s {
		switch {
		case unicode.IsUpper(r) || unicode.IsTitle(r):
			if before {
				return false
			}
			found, before = true, true
		case unicode.IsLower(r):
			if !before {
				return false
			}
		default:
			before = false
		}
	}
	return found
}

// Upper is a text in capitals. The letters that become several are those of the Latin script that operators meet.
func Upper(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "ß", "SS") }

// Capitalize makes the first letter large and the others small.
func Capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return titled(s[:n]) + strings.ToLower(s[n:])
}

func titled(s string) string {
	if s == "ß" {
		return "Ss"
	}
	return strings.ToTitle(s)
}

// Title makes the first letter of each word large.
func Title(s string) string {
	var b strings.Builder
	before := false
	for _, r := range s {
		if before {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteString(titled(string(r)))
		}
		before = cased(r)
	}
	return b.String()
}

func swapcase(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteString(Upper(string(r)))
		}
	}
	return b.String()
}

func stripping(left, right bool) Method {
	return method1("chars=None", func(s string, b py.Bound) (py.Value, error) {
		takes := py.IsSpace
		if b.Values[0] != starlark.None {
			chars, err := b.Text(0)
			if err != nil {
				return nil, err
			}
			takes = func(r rune) bool { return strings.ContainsRune(chars, r) }
		}
		if left {
			s = strings.TrimLeftFunc(s, takes)
		}
		if right {
			s = strings.TrimRightFunc(s, takes)
		}
		return starlark.String(s), nil
	})
}

func padding(kind string) Method {
	return withParams(kind, "width, fillchar=' '", func(s string, b py.Bound) (py.Value, error) {
		width, err := b.Int(0)
		if err != nil {
			return nil, err
		}
		fill, err := b.Text(1)
		if err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(fill) != 1 {
			return nil, py.Errorf("The fill character must be exactly one character long")
		}
		if err := py.Fits(kind, py.Product(len(fill), width)); err != nil {
			return nil, err
		}
		return starlark.String(py.Pad(s, width, fill, kind)), nil
	})
}

func zfill(s string, b py.Bound) (py.Value, error) {
	width, err := b.Int(0)
	if err != nil {
		return nil, err
	}
	if err := py.Fits("zfill", int64(width)); err != nil {
		return nil, err
	}
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	return starlark.String(sign + py.Pad(s, width-len(sign), "0", "rjust")), nil
}

// searching is count, find, index and their kin, which look at a part of the text.
func searching(kind string) Method {
	return withParams(kind, "sub, start=None, end=None", func(s string, b py.Bound) (py.Value, error) {
		sub, err := b.Text(0)
		if err != nil {
			return nil, err
		}
		part, from, inside, err := section(s, b, 1)
		if err != nil {
			return nil, err
		}
		if kind == "count" {
			if !inside {
				return starlark.MakeInt(0), nil
			}
			return starlark.MakeInt(strings.Count(part, sub)), nil
		}
		i := strings.Index(part, sub)
		if kind[0] == 'r' {
			i = strings.LastIndex(part, sub)
		}
		if !inside {
			i = -1
		}
		if i >= 0 {
			i = from + utf8.RuneCountInString(part[:i])
		} else if strings.HasSuffix(kind, "index") {
			return nil, py.Errorf("substring not found")
		}
		return starlark.MakeInt(i), nil
	})
}

// section is the part of a text between two characters; inside is false where it begins behind the end.
func section(s string, b py.Bound, i int) (part string, from int, inside bool, err error) {
	if b.Values[i] == starlark.None && b.Values[i+1] == starlark.None {
		return s, 0, true, nil
	}
	n := utf8.RuneCountInString(s)
	from, to, err := py.Limits(b.Values[i], b.Values[i+1], 1, n)
	if err != nil {
		return "", 0, false, err
	}
	if start, ok := py.Int(b.Values[i]); ok && start > n {
		return "", 0, false, nil
	}
	v, err := py.SliceOf(starlark.String(s), starlark.MakeInt(from), starlark.MakeInt(to), nil)
	out, _ := v.(starlark.String)
	return string(out), from, from <= to, err
}

func affix(has func(s, affix string) bool) Method {
	return method1("affix, start=None, end=None", func(s string, b py.Bound) (py.Value, error) {
		part, _, inside, err := section(s, b, 1)
		if err != nil {
			return nil, err
		}
		affixes, ok := b.Values[0].(starlark.Tuple)
		if !ok {
			affixes = starlark.Tuple{b.Values[0]}
		}
		for _, a := range affixes {
			text, ok := a.(starlark.String)
			if !ok {
				return nil, py.Errorf("expected str or a tuple of str, not %s", py.TypeName(a))
			}
			if inside && has(part, string(text)) {
				return starlark.True, nil
			}
		}
		return starlark.False, nil
	})
}

func removeAffix(trim func(s, affix string) string) func(string, py.Bound) (py.Value, error) {
	return func(s string, b py.Bound) (py.Value, error) {
		a, err := b.Text(0)
		return starlark.String(trim(s, a)), err
	}
}

func partition(last bool) func(string, py.Bound) (py.Value, error) {
	return func(s string, b py.Bound) (py.Value, error) {
		sep, err := b.Text(0)
		if err != nil {
			return nil, err
		}
		if sep == "" {
			return nil, py.Errorf("empty separator")
		}
		i := strings.Index(s, sep)
		if last {
			i = strings.LastIndex(s, sep)
		}
		parts := [3]string{s, "", ""}
		switch {
		case i >= 0:
			parts = [3]string{s[:i], sep, s[i+len(sep):]}
		case last:
			parts = [3]string{"", "", s}
		}
		return starlark.Tuple{starlark.String(parts[0]), starlark.String(parts[1]), starlark.String(parts[2])}, nil
	}
}

func replace(s string, b py.Bound) (py.Value, error) {
	from, err := b.Text(0)
	if err != nil {
		return nil, err
	}
	to, err := b.Text(1)
	if err != nil {
		return nil, err
	}
	n, err := b.Int(2)
	if err != nil {
		return nil, err
	}
	return Replace(s, from, to, n)
}

// Replace replaces the first n places, or all if n is negative.
func Replace(s, from, to string, n int) (py.Value, error) {
	if grows := len(to) - len(from); grows > 0 {
		if err := py.Fits("replace", int64(len(s))+py.Product(grows, strings.Count(s, from))); err != nil {
			return nil, err
		}
	}
	return starlark.String(strings.Replace(s, from, to, n)), nil
}

func joining(s string, b py.Bound) (py.Value, error) {
	items, err := py.Elements(b.Values[0])
	if err != nil {
		return nil, py.Errorf("can only join an iterable")
	}
	parts := make([]string, len(items))
	size := int64(0)
	for i, item := range items {
		part, ok := item.(starlark.String)
		if !ok {
			if err := py.Defined(item); err != nil {
				return nil, err
			}
			return nil, py.Errorf("sequence item %d: expected str instance, %s found", i, py.TypeName(item))
		}
		parts[i] = string(part)
		size += int64(len(part) + len(s))
	}
	if err := py.Fits("join", size); err != nil {
		return nil, err
	}
	return starlark.String(strings.Join(parts, s)), nil
}

func encode(s string, b py.Bound) (py.Value, error) {
	encoding, err := b.Text(0)
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(encoding)) {
	case "utf8":
		return starlark.Bytes(s), nil
	case "ascii", "usascii":
		if py.ASCII(s) {
			return starlark.Bytes(s), nil
		}
		return nil, py.Errorf("'ascii' codec can't encode the text: it has other characters")
	}
	return nil, py.Errorf("the encoding %s is not supported; utf-8 and ascii are", encoding)
}

// translate replaces characters by what a dict has for their code points: a text, a code point, or nothing for None.
func translate(s string, b py.Bound) (py.Value, error) {
	d, ok := b.Values[0].(*starlark.Dict)
	if !ok {
		return nil, py.Errorf("translate() takes a dict, not %s", py.TypeName(b.Values[0]))
	}
	var out strings.Builder
	for _, r := range s {
		v, found, err := py.Lookup(d, starlark.MakeInt(int(r)))
		if err != nil {
			return nil, err
		}
		switch n := v.(type) {
		case starlark.NoneType:
		case starlark.String:
			out.WriteString(string(n))
		default:
			if !found {
				out.WriteRune(r)
				break
			}
			code, ok := py.Int(v)
			if !ok || !utf8.ValidRune(rune(code)) || code > utf8.MaxRune {
				return nil, py.Errorf("character mapping must return integer, None or str")
			}
			out.WriteRune(rune(code))
		}
		if err := py.Fits("translate()", int64(out.Len())); err != nil {
			return nil, err
		}
	}
	return starlark.String(out.String()), nil
}
