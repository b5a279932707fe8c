package declared

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"

	"github.com/openfroyo/froyo/engine/cuefile"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
)

// outcome is what the declarations make of values that are set.
type outcome struct {
	values   map[string]any
	problems []problem
}

// problem is a value that is not what its declaration wants.
type problem struct {
	variable string // its name
	path     string // within it: app.workers
	missing  bool   // it is not set at all
	text     string // what is wrong, without whose value it is
	hint     string
	declared diag.Pos
}

// evaluator evaluates declarations with values. It is for one goroutine.
type evaluator struct {
	v     *Variables
	file  *cuefile.File
	ctx   *cue.Context // of values that are set
	count int
	// sensitive means that something sensitive takes part, which a text of CUE's might quote.
	sensitive bool
}

// maxEvaluations is how many evaluations a context of CUE is used for: it keeps what it has seen.
const maxEvaluations = 200

// evaluate puts the values that are set, by name, into the declarations.
func (e *evaluator) evaluate(set map[string]any) (outcome, error) {
	if e.file == nil || e.count == maxEvaluations {
		var err error
		if e.file, err = e.v.file.Again(); err != nil {
			return outcome{}, err
		}
		e.count, e.ctx = 0, cuecontext.New()
	}
	e.count++
	e.sensitive = slices.ContainsFunc(e.v.all, func(d *Variable) bool { return d.Sensitive })
	open, marked := map[string]any{}, map[string]bool{}
	data := map[string]any{}
	for name, value := range set {
		data[name] = e.convert(name, secret.ResolveValue(value))
		if marked[name] = secret.MarkedValue(value); !marked[name] {
			open[name] = data[name]
		}
	}
	e.sensitive = e.sensitive || len(open) < len(data)
	out := outcome{values: map[string]any{}}
	whole := e.file.Value.Unify(e.encode(data))
	without := whole
	if len(open) < len(data) {
		without = e.file.Value.Unify(e.encode(open))
	}
	for _, d := range e.v.all {
		raw, isSet := set[d.Name]
		field := whole.LookupPath(cue.MakePath(cue.Str(d.Name)))
		if !isSet && !field.Exists() {
			if d.Required {
				out.problems = append(out.problems, e.missing(d))
			}
			continue
		}
		value, err := cuefile.Plain(field)
		if bad := field.Validate(cue.Concrete(true)); bad != nil || err != nil {
			out.problems = append(out.problems, e.explain(d, field, data, marked[d.Name], bad, err)...)
			continue
		}
		hidden := marked[d.Name] || d.Sensitive
		if len(open) < len(data) && !hidden {
			hidden = !same(without.LookupPath(cue.MakePath(cue.Str(d.Name))), value)
		}
		out.values[d.Name] = overlay(raw, value, hidden)
	}
	out.problems = causes(e.v, out.problems)
	return out, nil
}

func (e *evaluator) encode(data map[string]any) cue.Value { return e.ctx.Encode(data) }

// same reports whether a field has a value without what is sensitive, too.
func same(v cue.Value, value any) bool {
	if !v.Exists() || v.Validate(cue.Concrete(true)) != nil {
		return false
	}
	other, err := cuefile.Plain(v)
	return err == nil && reflect.DeepEqual(other, value)
}

// overlay keeps what was set where it is sensitive. What is computed beside it is hidden, too.
func overlay(raw, computed any, hidden bool) any {
	switch raw := raw.(type) {
	case nil:
		if hidden {
			return secret.Mark(computed)
		}
	case string:
		if secret.Marked(raw) {
			return raw
		}
	case map[string]any:
		c, ok := computed.(map[string]any)
		if !ok {
			break
		}
		out := make(map[string]any, len(c))
		for name, value := range c {
			out[name] = overlay(raw[name], value, hidden)
		}
		return out
	case []any:
		c, ok := computed.([]any)
		if !ok || len(c) != len(raw) {
			break
		}
		out := make([]any, len(c))
		for i, value := range c {
			out[i] = overlay(raw[i], value, hidden)
		}
		return out
	}
	return computed
}

// field is the declaration of a variable.
func (e *evaluator) field(name string) cue.Value {
	if f := e.file.Value.LookupPath(cue.MakePath(cue.Str(name))); f.Exists() {
		return f
	}
	return e.file.Value.LookupPath(cue.MakePath(cue.Str(name).Optional()))
}

// convert gives a value the type that is declared, where it says the same: the command line
// and many programs have text only.
func (e *evaluator) convert(name string, value any) any {
	field := e.field(name)
	if !field.Exists() {
		return value
	}
	kind := field.IncompleteKind()
	switch v := value.(type) {
	case string:
		if kind&cue.StringKind != 0 && (kind == cue.TopKind || field.Unify(e.ctx.Encode(v)).Err() == nil) {
			return value
		}
		if read, ok := readText(v); ok && field.Unify(e.ctx.Encode(read)).Err() == nil {
			return read
		}
	case int64:
		if kind&cue.IntKind == 0 && kind&cue.FloatKind != 0 {
			return float64(v)
		}
	}
	return value
}

// readText reads a text as JSON.
func readText(text string) (any, bool) {
	var read inventory.Vars
	if err := json.Unmarshal([]byte(`{"v":`+text+`}`), &read); err != nil || len(read) != 1 {
		return nil, false
	}
	return read["v"], true
}

func (e *evaluator) missing(d *Variable) problem {
	x := e.file.Expect(d.Name)
	return problem{variable: d.Name, path: d.Name, missing: true, text: "want " + x.Text, declared: x.Pos}
}

// explain puts into words why a variable is not what is declared.
func (e *evaluator) explain(d *Variable, field cue.Value, data map[string]any, hidden bool, errs ...error) []problem {
	if _, isSet := data[d.Name]; !isSet && field.Err() == nil && d.Required {
		return []problem{e.missing(d)}
	}
	byPath := map[string]problem{}
	for _, err := range errs {
		for _, bad := range cueerrors.Errors(err) {
			p := e.problem(d, bad, data, hidden)
			if first, ok := byPath[p.path]; !ok || p.declared.Line > 0 && first.declared.Line == 0 {
				byPath[p.path] = p
			}
		}
	}
	var all []problem
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		// What is wrong within it is why it is wrong.
		if !slices.ContainsFunc(slices.Collect(maps.Keys(byPath)), func(other string) bool {
			return other != path && strings.HasPrefix(other, path) && strings.ContainsAny(other[len(path):len(path)+1], ".[")
		}) {
			all = append(all, byPath[path])
		}
	}
	return all
}

func (e *evaluator) problem(d *Variable, bad cueerrors.Error, data map[string]any, hidden bool) problem {
	path := bad.Path()
	if len(path) == 0 || unquoted(path[0]) != d.Name {
		path = []string{d.Name}
	}
	for i := range path {
		path[i] = unquoted(path[i])
	}
	x := e.file.ExpectBy(bad)
	p := problem{variable: d.Name, path: spelt(path), declared: x.Pos}
	format, args := bad.Msg()
	text := fmt.Sprintf(format, args...)
	got, isSet := within(data, path)
	switch {
	case strings.Contains(text, "field not allowed"):
		p.text = "no such field is declared"
		p.declared = e.file.Expect(path[:len(path)-1]...).Pos
		if near := diag.Nearest(path[len(path)-1], e.fieldsOf(path[:len(path)-1])); near != "" {
			p.hint = fmt.Sprintf("did you mean %q?", near)
		}
	case !isSet && (strings.Contains(text, "incomplete value") || strings.Contains(text, "required but not present")):
		p.text = "not set; want " + x.Text
	case !isSet:
		p.text = "cannot be computed: " + e.plainText(strings.TrimPrefix(bad.Error(), strings.Join(bad.Path(), ".")+": "))
	case own(text) && x.Text != "":
		p.text = "want " + x.Text + ", got " + shown(got, hidden)
	default: // error("...") of the file
		p.text = e.plainText(text) + ": got " + shown(got, hidden)
	}
	return p
}

// own reports whether a text is CUE's own about a value, which the expression says better.
func own(text string) bool {
	for _, part := range []string{"conflicting values", "invalid value", "incomplete value", "empty disjunction", "list lengths", "mismatched types", "cannot use value", "out of bound"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// plainText is a text of CUE's in a message; it may quote values.
func (e *evaluator) plainText(text string) string {
	if e.sensitive {
		return "an error that is not shown, since it may hold what is sensitive"
	}
	return cuefile.PlainWords(strings.Join(strings.Fields(text), " "))
}

// maxShown bounds how much of a value a message shows.
const maxShown = 60

func shown(v any, hidden bool) string {
	if hidden {
		return secret.Shown
	}
	switch v.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if runes := []rune(string(text)); len(runes) > maxShown {
		return string(runes[:maxShown]) + "..."
	}
	return string(text)
}

// within finds what is set at a path.
func within(data map[string]any, path []string) (any, bool) {
	var at any = data
	for _, name := range path {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[name]
			if !ok {
				return nil, false
			}
			at = next
		case []any:
			i := 0
			if _, err := fmt.Sscanf(name, "%d", &i); err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			at = v[i]
		default:
			return nil, false
		}
	}
	return at, true
}

func (e *evaluator) fieldsOf(path []string) []string {
	v := e.field(path[0])
	for _, name := range path[1:] {
		next := v.LookupPath(cue.MakePath(cue.Str(name)))
		if !next.Exists() {
			next = v.LookupPath(cue.MakePath(cue.Str(name).Optional()))
		}
		v = next
	}
	var names []string
	fields, err := v.Fields(cue.Optional(true))
	for err == nil && fields.Next() {
		names = append(names, fields.Selector().Unquoted())
	}
	return names
}

func unquoted(name string) string { return strings.Trim(name, `"`) }

// spelt writes a path: app.users[0].name.
func spelt(path []string) string {
	var b strings.Builder
	for i, name := range path {
		switch {
		case name != "" && strings.Trim(name, "0123456789") == "" && i > 0:
			b.WriteString("[" + name + "]")
		case i > 0:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}

// causes leaves out what is wrong only because something is that it is computed from.
func causes(v *Variables, problems []problem) []problem {
	wrong := map[string]bool{}
	for _, p := range problems {
		wrong[p.variable] = true
	}
	var kept []problem
	for _, p := range problems {
		follows := slices.ContainsFunc(v.named[p.variable].refs, func(ref string) bool { return wrong[ref] })
		if !follows || !strings.HasPrefix(p.text, "not set") && !strings.HasPrefix(p.text, "cannot be") {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 { // each follows from another
		return problems
	}
	return kept
}
