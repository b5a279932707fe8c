package py

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// Args are the arguments of a call.
type Args struct {
	Positional []Value
	Named      []NamedArg
}

// NamedArg is name=value.
type NamedArg struct {
	Name  string
	Value Value
}

// Signature are the parameters of a function, made by Parse.
type Signature struct {
	text     string
	params   []param
	byPlace  int  // how many of them may be given without a name
	variadic bool // *args
	keywords bool // **kwargs
}

type param struct {
	name     string
	optional bool
	value    Value // the default
}

// Params reads parameters as Python writes them: "value, default=”, boolean=False, *args, **kwargs". Defaults are
// None, True, False, numbers, and texts without quotes. It panics on anything else, since it is given literals.
func Params(text string) Signature {
	s := Signature{text: text}
	if text == "" {
		return s
	}
	onlyNamed := false
	for _, part := range separate(text) {
		switch {
		case part == "*":
			onlyNamed = true
		case strings.HasPrefix(part, "**"):
			s.keywords = true
		case strings.HasPrefix(part, "*"):
			s.variadic = true
		default:
			name, value, optional := strings.Cut(part, "=")
			p := param{name: name, optional: optional}
			if optional {
				p.value = constant(value)
			}
			s.params = append(s.params, p)
			if !s.variadic && !onlyNamed {
				s.byPlace++
			}
		}
	}
	return s
}

// separate splits parameters at commas that no text has within it.
func separate(text string) []string {
	var out []string
	inText, from := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '\'':
			inText = !inText
		case text[i] == ',' && !inText:
			out, from = append(out, strings.TrimSpace(text[from:i])), i+1
		}
	}
	return append(out, strings.TrimSpace(text[from:]))
}

// String returns the parameters as they were given.
func (s Signature) String() string { return s.text }

func constant(text string) Value {
	switch text {
	case "None":
		return starlark.None
	case "True", "False":
		return starlark.Bool(text == "True")
	}
	if strings.HasPrefix(text, "'") {
		return starlark.String(strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(strings.Trim(text, "'")))
	}
	if n, err := strconv.Atoi(text); err == nil {
		return starlark.MakeInt(n)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic("no constant: " + text)
	}
	return starlark.Float(f)
}

// Bound are the arguments of a call by parameter.
type Bound struct {
	Values []Value    // one for each parameter
	Given  []bool     // whether the call gives it
	Rest   []Value    // *args
	More   []NamedArg // **kwargs
}

// Bind assigns arguments to parameters. function is what messages call it.
func (s Signature) Bind(function string, a Args) (Bound, error) {
	b := Bound{Values: make([]Value, len(s.params)), Given: make([]bool, len(s.params))}
	for i, v := range a.Positional {
		if i >= s.byPlace {
			if !s.variadic {
				return b, Errorf("%s() takes %s, got %d", function, s.count(), len(a.Positional))
			}
			b.Rest = a.Positional[i:]
			break
		}
		b.Values[i], b.Given[i] = v, true
	}
	for _, arg := range a.Named {
		i := slices.IndexFunc(s.params, func(p param) bool { return p.name == arg.Name })
		switch {
		case i >= 0 && b.Given[i]:
			return b, Errorf("%s() got the argument '%s' twice", function, arg.Name)
		case i >= 0:
			b.Values[i], b.Given[i] = arg.Value, true
		case s.keywords:
			b.More = append(b.More, arg)
		default:
			if s.text == "" {
				return b, Errorf("%s() takes no argument '%s'", function, arg.Name)
			}
			return b, Errorf("%s() takes no argument '%s'; it has (%s)", function, arg.Name, s.text)
		}
	}
	for i, p := range s.params {
		if b.Given[i] {
			continue
		}
		if !p.optional {
			return b, Errorf("%s() needs the argument '%s'", function, p.name)
		}
		b.Values[i] = p.value
	}
	return b, nil
}

func (s Signature) count() string {
	least := 0
	for _, p := range s.params[:s.byPlace] {
		if !p.optional {
			least++
		}
	}
	switch n := s.byPlace; {
	case n == 0:
		return "no arguments"
	case least == n && n == 1:
		return "one argument"
	case least == n:
		return fmt.Sprintf("%d arguments", n)
	default:
		return fmt.Sprintf("%d to %d arguments", least, n)
	}
}

// Text returns a string argument.
func (b Bound) Text(i int) (string, error) {
	if s, ok := b.Values[i].(starlark.String); ok {
		return string(s), nil
	}
	if err := Defined(b.Values[i]); err != nil {
		return "", err
	}
	return "", Errorf("argument %d must be str, not %s", i+1, TypeName(b.Values[i]))
}

// Int returns a whole number.
func (b Bound) Int(i int) (int, error) {
	if n, ok := Int(b.Values[i]); ok {
		return n, nil
	}
	if err := Defined(b.Values[i]); err != nil {
		return 0, err
	}
	return 0, Errorf("'%s' object cannot be interpreted as an integer", TypeName(b.Values[i]))
}
