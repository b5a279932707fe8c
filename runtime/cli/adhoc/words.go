package adhoc

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
)

// words are what stands behind the name of what is to be done: values, and name=value.
type words struct {
	plain []string
	named []argument
}

type argument struct{ name, value string }

// split tells values from name=value. What stands before a "=" is a name if it could be one in a runbook, so that URLs, paths
// and commands with blanks are values.
func split(given []string) (w words, err error) {
	for _, word := range given {
		name, value, ok := strings.Cut(word, "=")
		if !ok || !isName(name) {
			w.plain = append(w.plain, word)
			continue
		}
		if slices.ContainsFunc(w.named, func(a argument) bool { return a.name == name }) {
			return w, &diag.Error{Summary: fmt.Sprintf("%s is given twice", name)}
		}
		w.named = append(w.named, argument{name, value})
	}
	return w, nil
}

func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// common are the arguments of all types that a command line can give, with their kinds. The others are about other units.
var common = map[string]string{
	"become": "bool", "ignore_failure": "bool", "run_as": "string", "run_once": "bool", "sensitive": "bool", "tags": "list of strings",
	"throttle": "int", "timeout": "string",
}

// Arguments are the arguments of a type that a command line can give, with their kinds.
func Arguments(t *schema.Type) map[string]string {
	all := maps.Clone(common)
	for i := range t.Fields {
		all[t.Fields[i].Name] = t.Fields[i].Kind
	}
	return all
}

// callOf is a call of a resource type, as a runbook has it.
func callOf(t *schema.Type, w words) (string, error) {
	if len(w.plain) > 1 {
		return "", (&diag.Error{Summary: fmt.Sprintf("%s takes one value without a name, its %s, and there are %d", t.Name, t.Key, len(w.plain))}).
			WithHint("a value with blanks stands in quotes, and other arguments are name=value: froyo docs %s", t.Name)
	}
	if len(w.plain) == 1 {
		w.named = append([]argument{{t.Key, w.plain[0]}}, w.named...)
	}
	kinds := Arguments(t)
	if err := refuseSecrets(t, w); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(t.Name + "(")
	for i, a := range w.named {
		kind, known := kinds[a.name]
		if !known {
			return "", noArgument(t, a, kinds)
		}
		if i > 0 && a.name == t.Key && len(w.plain) > 0 {
			return "", &diag.Error{Summary: fmt.Sprintf("%s of %s is given twice: %q and %s=%s", t.Key, t.Name, w.plain[0], a.name, a.value)}
		}
		v, err := literal(kind, a.value)
		if err != nil {
			return "", &diag.Error{Summary: fmt.Sprintf("%s of %s: %v", a.name, t.Name, err)}
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 0 && len(w.plain) > 0 {
			b.WriteString(v)
		} else {
			b.WriteString(a.name + " = " + v)
		}
	}
	return b.String() + ")", nil
}

// refuseSecrets refuses values that are not to be seen: a command line is, here and in plans and records.
func refuseSecrets(t *schema.Type, w words) error {
	const by = "do it by a runbook that takes it from a variable, which is given by -e @FILE: %s = sensitive(vars.NAME)"
	for _, a := range w.named {
		if isSecret(t, a.name, w.named) {
			return (&diag.Error{Summary: fmt.Sprintf("%s of %s is a secret, and every user of this machine can read a command line", a.name, t.Name)}).WithHint(by, a.name)
		}
		if v, _ := literalOf("bool", a.value); a.name == "sensitive" && v == "True" && t.Index(a.name) < 0 {
			return (&diag.Error{Summary: "sensitive hides what every user of this machine can read: a command line"}).WithHint(by, t.Key)
		}
	}
	return nil
}

// isSecret reports whether an argument is a secret, with what else is given.
func isSecret(t *schema.Type, name string, given []argument) bool {
	n := t.Index(name)
	if n < 0 || !t.Rules[n].Secret {
		return false
	}
	return !slices.ContainsFunc(t.Rules[n].SecretIf, func(c schema.Condition) bool {
		return !slices.ContainsFunc(given, func(a argument) bool { return a.name == c.Field && slices.Contains(c.Values, a.value) })
	})
}

// noArgument does not repeat the value: it may be that of a secret whose name is written wrong.
func noArgument(t *schema.Type, a argument, kinds map[string]string) error {
	err := &diag.Error{Summary: fmt.Sprintf("%s has no argument %s", t.Name, a.name)}
	near := cmp.Or(t.Called(a.name), diag.Nearest(a.name, slices.Sorted(maps.Keys(kinds))))
	if near != "" && a.name != strings.ToUpper(a.name) { // as variables of the environment are
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("froyo docs %s lists them; a value that has a \"=\" stands in quotes behind its name: froyo run %s %s='NAME=VALUE ...'", t.Name, t.Name, t.Key)
}

// literal writes a word of the command line as a runbook has a value of one of the kinds "string", "bool", "int", "list of strings",
// "object" and the like; a value that may be several of them is the first that it can be.
func literal(kind, text string) (string, error) {
	if kind == "host" {
		if text == "host" {
			return text, nil
		}
		return "hosts(" + quoted(text) + ")[0]", nil
	}
	var wrong error
	for _, one := range inOrder(kind, strings.HasPrefix(strings.TrimSpace(text), "[")) {
		v, err := literalOf(one, text)
		if err == nil {
			return v, nil
		}
		wrong = err
	}
	return "", fmt.Errorf("got %q, want %w", text, wrong)
}

// inOrder splits a kind such as "string or list of strings" into those that it consists of, strings behind what has a form: every
// text is one. A list has one where it begins with a bracket.
func inOrder(kind string, bracket bool) []string {
	kinds := strings.Split(strings.ReplaceAll(kind, ", ", " or "), " or ")
	place := func(kind string) int {
		switch {
		case kind == "string" || kind == "bytes":
			return 1
		case strings.HasPrefix(kind, "list") && !bracket:
			return 2
		}
		return 0
	}
	slices.SortStableFunc(kinds, func(a, b string) int { return place(a) - place(b) })
	return kinds
}

func literalOf(kind, text string) (string, error) {
	switch kind {
	case "string", "bytes":
		return quoted(text), nil
	case "bool":
		switch strings.ToLower(text) {
		case "yes", "true", "on":
			return "True", nil
		case "no", "false", "off":
			return "False", nil
		}
		return "", errors.New("yes or no")
	case "int":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		return "", errors.New("a whole number")
	case "number", "float":
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return starlark.Float(n).String(), nil
		}
		return "", errors.New("a number")
	}
	of, list := strings.CutPrefix(kind, "list of ")
	if !list && kind != "list" {
		v, err := fromJSON(text)
		switch {
		case err == nil:
			return v, nil
		case errors.Is(err, errRange):
			return "", err
		}
		return "", fmt.Errorf("%s as JSON, such as '{\"a\": \"b\"}'", aKind(kind))
	}
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		v, err := fromJSON(text)
		switch {
		case errors.Is(err, errRange):
			return "", err
		case err != nil:
			return "", errors.New("a list: a,b or as JSON '[\"a\", \"b\"]'")
		}
		return v, nil
	}
	if kind == "list" { // of what, is not said
		return "", errors.New("a list as JSON, such as '[{\"a\": \"b\"}]'")
	}
	return listOf(strings.TrimSuffix(of, "s"), text)
}

func aKind(kind string) string {
	if kind == "object" {
		return "an object"
	}
	return "a value"
}

// listOf is a list that is written with commas.
func listOf(kind, text string) (string, error) {
	var parts []string
	if text != "" {
		parts = strings.Split(text, ",")
	}
	for i, part := range parts {
		v, err := literal(kind, part)
		if err != nil {
			return "", fmt.Errorf("a list such as a,b, of which each is %w", errors.Unwrap(err))
		}
		parts[i] = v
	}
	return "[" + strings.Join(parts, ", ") + "]", nil
}

func quoted(text string) string { return starlark.String(text).String() }

// fromJSON writes a value that is JSON as a runbook has it.
func fromJSON(text string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("more than one value")
	}
	return plainLiteral(v)
}

// errRange is what is wanted instead of 1e400.
var errRange = errors.New("numbers that are not that large")

func plainLiteral(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "None", nil
	case bool:
		return starlark.Bool(v).String(), nil
	case json.Number:
		if n, err := v.Float64(); err != nil || math.IsInf(n, 0) {
			return "", errRange
		}
		return v.String(), nil
	case string:
		return quoted(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			var err error
			if parts[i], err = plainLiteral(e); err != nil {
				return "", err
			}
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	}
	var parts []string
	object := v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, err := plainLiteral(object[name])
		if err != nil {
			return "", err
		}
		parts = append(parts, quoted(name)+": "+value)
	}
	return "{" + strings.Join(parts, ", ") + "}", nil
}
