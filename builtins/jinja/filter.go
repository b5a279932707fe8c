package jinja

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // names a content, protects nothing
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	gonja "github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
	"gopkg.in/yaml.v2"
)

// filter is a filter of ours: the value and positional arguments in plain form.
type filter func(in any, args []any) (any, error)

// filters are gonja's, without those that are not deterministic, with those
// that operators know from Ansible.
func filters() *exec.FilterSet {
	set := exec.NewFilterSet(map[string]exec.FilterFunction{}).Update(gonja.Filters)
	all := map[string]exec.FilterFunction{}
	for name, f := range ansibleFilters() {
		all[name] = adapt(f)
	}
	all["random"] = adapt(func(any, []any) (any, error) {
		return nil, errors.New("random is left out: a template must give the same text each time")
	})
	all["items"] = sortedItems
	set.Update(exec.NewFilterSet(all))
	wrapped := map[string]exec.FilterFunction{checkName: check, sideName: operand, leftName: left, rightName: right}
	for _, name := range namesOf(set) {
		if f, ok := set.Get(name); ok {
			wrapped[name] = wrapFilter(name, f)
		}
	}
	return exec.NewFilterSet(wrapped)
}

// tests are gonja's, whose errors count.
func tests() *exec.TestSet {
	wrapped := map[string]exec.TestFunction{}
	for _, name := range namesOf(gonja.Tests) {
		if test, ok := gonja.Tests.Get(name); ok {
			wrapped[name] = wrapTest(test)
		}
	}
	return exec.NewTestSet(wrapped)
}

func ansibleFilters() map[string]filter {
	return map[string]filter{
		"to_json":       func(in any, _ []any) (any, error) { return toJSON(in, "") },
		"tojson":        func(in any, _ []any) (any, error) { return toJSON(in, "") },
		"to_nice_json":  func(in any, _ []any) (any, error) { return toJSON(in, "    ") },
		"to_yaml":       toYAML,
		"to_nice_yaml":  toYAML,
		"b64encode":     onText(func(s string) (any, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
		"b64decode":     onText(b64decode),
		"quote":         onText(func(s string) (any, error) { return quote(s), nil }),
		"basename":      onText(func(s string) (any, error) { return path.Base(s), nil }),
		"dirname":       onText(func(s string) (any, error) { return path.Dir(s), nil }),
		"bool":          toBool,
		"ternary":       ternary,
		"hash":          hashText,
		"regex_replace": regexReplace,
	}
}

// adapt makes a gonja filter of ours. Errors of the value pass through.
func adapt(f filter) exec.FilterFunction {
	return func(_ *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		if in.IsError() {
			return in
		}
		args := make([]any, len(params.Args))
		for i, a := range params.Args {
			args[i] = a.ToGoSimpleType(false)
		}
		if len(params.KwArgs) > 0 {
			names := slices.Sorted(maps.Keys(params.KwArgs))
			return exec.AsValue(fmt.Errorf("the filter takes no argument %q", names[0]))
		}
		value := in.ToGoSimpleType(false)
		if err, ok := value.(error); ok {
			return exec.AsValue(err)
		}
		out, err := f(value, args)
		if err != nil {
			return exec.AsValue(err)
		}
		return exec.AsValue(out)
	}
}

func sortedItems(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	dict, ok := in.ToGoSimpleType(false).(map[string]any)
	if !ok {
		return exec.AsValue(errors.New("items needs a dict"))
	}
	pairs := make([]any, 0, len(dict))
	for _, key := range slices.Sorted(maps.Keys(dict)) {
		pairs = append(pairs, []any{key, dict[key]})
	}
	return exec.AsValue(pairs)
}

func onText(f func(string) (any, error)) filter {
	return func(in any, _ []any) (any, error) {
		text, ok := in.(string)
		if !ok {
			text = exec.AsValue(in).String()
		}
		return f(text)
	}
}

func toJSON(in any, indent string) (any, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(in); err != nil {
		return nil, err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

func toYAML(in any, _ []any) (any, error) {
	out, err := yaml.Marshal(in)
	return string(out), err
}

func b64decode(s string) (any, error) {
	out, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(out) {
		return nil, errors.New("the decoded bytes are not UTF-8 text")
	}
	return string(out), nil
}

// safeWord matches what a shell takes as it is.
var safeWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_-]+$`)

func quote(s string) string {
	if safeWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}

func toBool(in any, _ []any) (any, error) {
	switch v := in.(type) {
	case bool:
		return v, nil
	case int:
		return v == 1, nil
	case string:
		return slices.Contains([]string{"yes", "on", "1", "true", "y", "t"}, strings.ToLower(v)), nil
	}
	return false, nil
}

func ternary(in any, args []any) (any, error) {
	if len(args) != 2 {
		return nil, errors.New("ternary takes two arguments: for true and for false")
	}
	if exec.AsValue(in).IsTrue() {
		return args[0], nil
	}
	return args[1], nil
}

func hashText(in any, args []any) (any, error) {
	name := "sha1"
	if len(args) > 0 {
		name = fmt.Sprint(args[0])
	}
	text := []byte(exec.AsValue(in).String())
	switch name {
	case "md5":
		sum := md5.Sum(text) //nolint:gosec // names a content, protects nothing
		return hex.EncodeToString(sum[:]), nil
	case "sha1":
		sum := sha1.Sum(text) //nolint:gosec // as above
		return hex.EncodeToString(sum[:]), nil
	case "sha256":
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:]), nil
	case "sha512":
		sum := sha512.Sum512(text)
		return hex.EncodeToString(sum[:]), nil
	}
	return nil, fmt.Errorf("there is no hash %q; there are md5, sha1, sha256, sha512", name)
}

// backreference is Python's way to name a group in a replacement.
var backreference = regexp.MustCompile(`\\(?:g<(\w+)>|(\d+))`)

func regexReplace(in any, args []any) (any, error) {
	if len(args) != 2 {
		return nil, errors.New("regex_replace takes a pattern and a replacement")
	}
	pattern, err := regexp.Compile(fmt.Sprint(args[0]))
	if err != nil {
		return nil, err
	}
	replacement := strings.ReplaceAll(fmt.Sprint(args[1]), "$", "$$")
	replacement = backreference.ReplaceAllString(replacement, "$${$1$2}")
	return pattern.ReplaceAllString(exec.AsValue(in).String(), replacement), nil
}
