package ansible

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Tests returns the tests.
func Tests() []*function.Func {
	version := function.NewTest("version", "version, operator='eq', strict=None, version_type=None", "The version compares so with another: eq, ne, lt, le, gt or ge.", versionTest)
	subset := function.NewTest("subset", "other", "All elements are in another list.", func(c *call) (bool, error) { return within(c, c.Value, c.Values[0]) })
	superset := function.NewTest("superset", "other", "All elements of another list are in this one.", func(c *call) (bool, error) { return within(c, c.Values[0], c.Value) })
	nan := function.NewTest("nan", "", "The value is a float that is no number.", func(c *call) (bool, error) {
		f, ok := c.Value.(starlark.Float)
		return ok && math.IsNaN(float64(f)), nil
	})
	abs := function.NewTest("abs", "", "The path is absolute.", func(c *call) (bool, error) {
		s, ok := c.Value.(starlark.String)
		if !ok {
			return false, py.Errorf("expected a path, not %s", py.TypeName(c.Value))
		}
		return strings.HasPrefix(string(s), "/"), nil
	})
	const params = "pattern='', ignorecase=False, multiline=False"
	out := []*function.Func{
		version, version.Alias("version_compare"), subset, subset.Alias("issubset"), superset, superset.Alias("issuperset"),
		nan, nan.Alias("isnan"), abs, abs.Alias("is_abs"),
		function.NewTest("match", params, "A regular expression matches at the beginning.", func(c *call) (bool, error) { return matches(c, "match") }),
		function.NewTest("search", params, "A regular expression matches somewhere.", func(c *call) (bool, error) { return matches(c, "search") }),
		function.NewTest("regex", params+", match_type='search'", "A regular expression matches.", func(c *call) (bool, error) {
			kind, err := c.Text(3)
			if err != nil {
				return false, err
			}
			return matches(c, kind)
		}),
		function.NewTest("contains", "value", "An element, or a part of a text, is this value.", func(c *call) (bool, error) { return py.Contains(c.Value, c.Values[0]) }),
		function.NewTest("any", "", "Some element is true.", func(c *call) (bool, error) { return anyOf(c, true) }),
		function.NewTest("all", "", "All elements are true.", func(c *call) (bool, error) {
			some, err := anyOf(c, false)
			return !some, err
		}),
		function.NewTest("truthy", "convert_bool=False", "The value is true; with convert_bool, yes and on are, too.", truthy),
		function.NewTest("falsy", "convert_bool=False", "The value is not true.", func(c *call) (bool, error) {
			yes, err := truthy(c)
			return !yes, err
		}),
	}
	return append(append(append(out, results()...), tasks()...), addresses()...)
}

func within(c *call, a, b value) (bool, error) {
	x, err := py.Elements(a)
	if err != nil {
		return false, err
	}
	y, err := py.Elements(b)
	if err != nil {
		return false, err
	}
	for _, v := range y { // sets are made of both
		if err := py.Hashable(v); err != nil {
			return false, err
		}
	}
	index := newIndex(c, y)
	for _, v := range x {
		if err := py.Hashable(v); err != nil {
			return false, err
		}
	}
	for _, v := range x {
		if in, err := index.has(v); err != nil || !in {
			return false, err
		}
	}
	return true, nil
}

func matches(c *call, kind string) (bool, error) {
	s, err := str(c)
	if err != nil {
		return false, err
	}
	if kind != "match" && kind != "fullmatch" && kind != "search" {
		return false, py.Errorf("match_type is match, fullmatch or search, not %s", kind)
	}
	p, err := compile(c, c.Values[0], c.Values[1], c.Values[2], kind == "fullmatch")
	if err != nil {
		return false, err
	}
	find := p.At
	if kind == "search" {
		find = p.Search
	}
	m, err := find(c.Run.Context, s)
	return m != nil, c.Run.Explained(err)
}

// anyOf reports whether some element has a truth.
func anyOf(c *call, truth bool) (bool, error) {
	items, err := elements(c, c.Value)
	if err != nil {
		return false, err
	}
	for _, v := range items {
		if yes, err := py.Truth(v); err != nil || yes == truth {
			return err == nil, err
		}
	}
	return false, nil
}

func truthy(c *call) (bool, error) {
	convert, err := flag(c.Values[0])
	if err != nil {
		return false, err
	}
	v := c.Value
	if convert {
		v = boolean(v)
	}
	return py.Truth(v)
}

// boolean is what Ansible reads as a boolean; anything else stays.
func boolean(v value) value {
	s, ok := v.(starlark.String)
	if !ok {
		if yes, err := py.Equal(v, starlark.MakeInt(1)); err == nil && yes {
			return starlark.True
		}
		return v
	}
	switch strings.ToLower(strings.TrimSpace(string(s))) {
	case "y", "yes", "on", "1", "true", "t", "1.0":
		return starlark.True
	case "n", "no", "off", "0", "false", "f", "0.0":
		return starlark.False
	}
	return v
}

// said is what a result says under a name: as in Ansible the value as it is, which prints so.
func said(name string) func(c *call) (value, error) {
	return func(c *call) (value, error) {
		d, ok := c.Value.(*starlark.Dict)
		if !ok {
			return nil, py.Errorf("expected a result as a dict, not %s", py.TypeName(c.Value))
		}
		v, found, err := d.Get(starlark.String(name))
		if err != nil || found {
			return v, err
		}
		return starlark.False, nil
	}
}

// unsaid is whether a result does not say a name, or that it is not so.
func unsaid(name string) func(c *call) (value, error) {
	return func(c *call) (value, error) {
		v, err := said(name)(c)
		if err != nil {
			return nil, err
		}
		yes, err := py.Truth(v)
		return starlark.Bool(!yes), err
	}
}

// results are tests of what registered tasks give.
func results() []*function.Func {
	var out []*function.Func
	for _, t := range []struct {
		names string
		doc   string
		f     func(c *call) (value, error)
	}{
		{"failed failure", "The result says failed.", said("failed")},
		{"succeeded success successful", "The result does not say failed.", unsaid("failed")},
		{"unreachable", "The result says unreachable.", said("unreachable")},
		{"reachable", "The result does not say unreachable.", unsaid("unreachable")},
		{"changed change", "The result, or one of its results, says changed.", func(c *call) (value, error) {
			yes, err := changed(c)
			return starlark.Bool(yes), err
		}},
		{"skipped skip", "The result says skipped.", said("skipped")},
	} {
		for name := range strings.FieldsSeq(t.names) {
			out = append(out, function.New(name, "", t.doc, t.f))
		}
	}
	return out
}

// changed is whether a result changed something, or, of a loop that does not say, one of its results did.
func changed(c *call) (bool, error) {
	d, ok := c.Value.(*starlark.Dict)
	if !ok {
		return false, py.Errorf("expected a result as a dict, not %s", py.TypeName(c.Value))
	}
	v, found, err := d.Get(starlark.String("changed"))
	if err != nil || found {
		if err != nil {
			return false, err
		}
		return py.Truth(v)
	}
	results, _, err := d.Get(starlark.String("results"))
	each, ok := results.(*starlark.List)
	if err != nil || !ok {
		return false, err
	}
	for i := range each.Len() {
		r, ok := each.Index(i).(*starlark.Dict)
		if !ok && i == 0 {
			return false, nil
		} else if !ok {
			return false, py.Errorf("expected results as dicts, not %s", py.TypeName(each.Index(i)))
		}
		v, found, err := r.Get(starlark.String("changed"))
		if err != nil {
			return false, err
		}
		if found {
			if yes, err := py.Truth(v); err != nil || yes {
				return yes, err
			}
		}
	}
	return false, nil
}

// addresses are tests of URLs.
func addresses() []*function.Func {
	uri := func(c *call) (map[string]value, bool) {
		s, ok := c.Value.(starlark.String)
		if !ok {
			return nil, false
		}
		u, err := splitURL(string(s))
		if err != nil {
			return nil, false
		}
		if schemes := c.Values[0]; schemes != starlark.None {
			in, err := py.Contains(schemes, u["scheme"])
			return u, in && err == nil
		}
		return u, true
	}
	return []*function.Func{
		function.NewTest("uri", "schemes=None", "The text is a URI.", func(c *call) (bool, error) {
			_, ok := uri(c)
			return ok, nil
		}),
		function.NewTest("url", "schemes=None", "The text is a URL: it names a host, or a file.", func(c *call) (bool, error) {
			u, ok := uri(c)
			return ok && (u["netloc"] != starlark.String("") || u["scheme"] == starlark.String("file")), nil
		}),
		function.NewTest("urn", "", "The text is a URN.", func(c *call) (bool, error) {
			s, _ := c.Value.(starlark.String)
			u, err := splitURL(string(s))
			return err == nil && u["scheme"] == starlark.String("urn"), nil
		}),
	}
}

// tasks are tests of tasks that run by themselves. One that does not has started and finished.
func tasks() []*function.Func {
	is := func(name, doc string) *function.Func {
		return function.NewTest(name, "", doc, func(c *call) (bool, error) {
			d, ok := c.Value.(*starlark.Dict)
			if !ok {
				return false, py.Errorf("expected a result as a dict, not %s", py.TypeName(c.Value))
			}
			v, found, err := d.Get(starlark.String(name))
			if err != nil || !found {
				return !found, err
			}
			return py.Equal(v, starlark.MakeInt(1))
		})
	}
	return []*function.Func{
		is("started", "The task has started."), is("finished", "The task has finished."),
		function.NewTest("vault_encrypted", "", "The text is encrypted; none is.", func(*call) (bool, error) { return false, nil }),
	}
}

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

// SortVersions sorts versions as Ansible's test version compares them by itself.
func SortVersions(items []value, down bool) ([]value, error) {
	type version struct {
		text  value
		parts []any
	}
	all := make([]version, len(items))
	for i, item := range items {
		s, ok := item.(starlark.String)
		if !ok {
			return nil, py.Errorf("expected versions as texts, not %s", py.TypeName(item))
		}
		all[i] = version{item, loose(string(s))}
	}
	var failed error
	slices.SortStableFunc(all, func(a, b version) int {
		n, err := compareLoose(a.parts, b.parts)
		if err != nil {
			failed = err
		}
		if down {
			return -n
		}
		return n
	})
	out := make([]value, len(all))
	for i, v := range all {
		out[i] = v.text
	}
	return out, failed
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
