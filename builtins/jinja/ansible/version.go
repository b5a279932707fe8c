package ansible

import (
	"math/big"
	"regexp"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// versionOperators are the operators of the test version, with all their spellings.
var versionOperators = map[string]string{
	"==": "==", "=": "==", "eq": "==", "<": "<", "lt": "<", "<=": "<=", "le": "<=", ">": ">", "gt": ">", ">=": ">=", "ge": ">=",
	"!=": "!=", "<>": "!=", "ne": "!=",
}

func versionTest(c *call) (bool, error) {
	a, err := str(c)
	if err != nil {
		return false, err
	}
	b, err := py.Str(c.Values[0])
	if err != nil {
		return false, err
	}
	given, err := py.Str(c.Values[1])
	if err != nil {
		return false, err
	}
	op, ok := versionOperators[given]
	if !ok {
		return false, py.Errorf("the operator is eq, ne, lt, le, gt or ge, not %s", given)
	}
	if yes, err := py.Truth(c.Value); err != nil || !yes {
		return false, py.Errorf("the version is empty")
	}
	if yes, err := py.Truth(c.Values[0]); err != nil || !yes {
		return false, py.Errorf("the version to compare with is empty")
	}
	kind := "loose"
	strict, err := flag(c.Values[2])
	if err != nil {
		return false, err
	}
	if c.Values[3] != starlark.None {
		if c.Values[2] != starlark.None {
			return false, py.Errorf("strict and version_type exclude each other")
		}
		if kind, err = c.Text(3); err != nil {
			return false, err
		}
	}
	if strict {
		kind = "strict"
	}
	cmp, err := compareVersions(kind, a, b)
	if err != nil {
		return false, err
	}
	return py.Compare(op, starlark.MakeInt(cmp), starlark.MakeInt(0))
}

func compareVersions(kind, a, b string) (int, error) {
	switch kind {
	case "loose":
		return compareLoose(loose(a), loose(b))
	case "strict":
		return compareParsed(a, b, strictVersion)
	case "semver", "semantic":
		return compareParsed(a, b, semVersion)
	}
	return 0, py.Errorf("version_type is loose, strict, semver or semantic, not %s", kind)
}

var looseParts = regexp.MustCompile(`\d+|[a-z]+|\.`)

// loose takes a version apart: numbers, and all that is between them.
func loose(s string) []any {
	var out []any
	add := func(part string) {
		if part == "" || part == "." {
			return
		}
		if n, ok := new(big.Int).SetString(part, 10); ok {
			out = append(out, n)
			return
		}
		out = append(out, part)
	}
	last := 0
	for _, at := range looseParts.FindAllStringIndex(s, -1) {
		add(s[last:at[0]])
		add(s[at[0]:at[1]])
		last = at[1]
	}
	add(s[last:])
	return out
}

func compareLoose(a, b []any) (int, error) {
	for i := range min(len(a), len(b)) {
		x, xNumber := a[i].(*big.Int)
		y, yNumber := b[i].(*big.Int)
		switch {
		case xNumber && yNumber:
			if c := x.Cmp(y); c != 0 {
				return c, nil
			}
		case xNumber != yNumber:
			return 0, py.Errorf("the versions cannot be compared: one has a number where the other has letters")
		default:
			if c := strings.Compare(a[i].(string), b[i].(string)); c != 0 {
				return c, nil
			}
		}
	}
	return len(a) - len(b), nil
}

// parsed is a version with a part that makes it less, such as rc1.
type parsed struct {
	numbers []*big.Int
	before  []string
}

func compareParsed(a, b string, parse func(string) (parsed, error)) (int, error) {
	x, err := parse(a)
	if err != nil {
		return 0, err
	}
	y, err := parse(b)
	if err != nil {
		return 0, err
	}
	for i := range min(len(x.numbers), len(y.numbers)) {
		if c := x.numbers[i].Cmp(y.numbers[i]); c != 0 {
			return c, nil
		}
	}
	switch {
	case len(x.before) == 0 && len(y.before) == 0:
		return 0, nil
	case len(x.before) == 0:
		return 1, nil
	case len(y.before) == 0:
		return -1, nil
	}
	for i := range min(len(x.before), len(y.before)) {
		if c := comparePart(x.before[i], y.before[i]); c != 0 {
			return c, nil
		}
	}
	return len(x.before) - len(y.before), nil
}

// comparePart compares identifiers: numbers by what they count, and less than others.
func comparePart(a, b string) int {
	x, xNumber := new(big.Int).SetString(a, 10)
	y, yNumber := new(big.Int).SetString(b, 10)
	switch {
	case xNumber && yNumber:
		return x.Cmp(y)
	case xNumber:
		return -1
	case yNumber:
		return 1
	}
	return strings.Compare(a, b)
}

func numbersOf(parts ...string) []*big.Int {
	out := make([]*big.Int, len(parts))
	for i, p := range parts {
		out[i], _ = new(big.Int).SetString("0"+p, 10)
	}
	return out
}

var strictForm = regexp.MustCompile(`^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$`)

func strictVersion(s string) (parsed, error) {
	m := strictForm.FindStringSubmatch(s)
	if m == nil {
		return parsed{}, py.Errorf("invalid version number '%s'", s)
	}
	p := parsed{numbers: numbersOf(m[1:4]...)}
	if m[4] != "" {
		p.before = []string{m[4], m[5]}
	}
	return p, nil
}

var semForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$`)

func semVersion(s string) (parsed, error) {
	m := semForm.FindStringSubmatch(s)
	if m == nil {
		return parsed{}, py.Errorf("invalid semantic version '%s'", s)
	}
	p := parsed{numbers: numbersOf(m[1:4]...)}
	if m[4] != "" {
		p.before = strings.Split(m[4], ".")
	}
	return p, nil
}
