package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"

	"github.com/openfroyo/froyo/engine/cuefile"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/engine/secret"
)

// judge checks the values of a call, each for itself and, as far as CUE knows, together.
type judge struct{ c *call }

// values checks the values given: by their shapes where these are sure, else by
// CUE. It returns, by field, the values that CUE alone could fill in.
func (j judge) values() map[int][]byte {
	var uncertain []int
	for i := range j.c.slots {
		if j.judged(i) && j.c.t.Rules[i].Shape.Accept(j.value(i)) != shape.Yes {
			uncertain = append(uncertain, i)
		}
	}
	if j.c.t.Plain && len(uncertain) == 0 {
		return nil
	}
	data, complete := j.data()
	whole := j.c.t.Value.Unify(encode(data))
	err := whole.Validate(cue.Concrete(complete))
	if err == nil {
		return j.presets(whole)
	}
	before := len(j.c.problems)
	for _, i := range uncertain {
		j.field(i)
	}
	switch {
	case len(j.c.problems) > before:
	case j.anySecret(): // CUE's words would hold the values
		j.c.problems = append(j.c.problems, Problem{Message: "the arguments do not fit together; how is sensitive"})
	default:
		j.c.problems = append(j.c.problems, j.fold(err)...)
	}
	return nil
}

// judged reports whether CUE can be asked about field i: its value is there, as plain data.
func (j judge) judged(i int) bool {
	s := &j.c.slots[i]
	return s.state == given && !s.wrong && !isBlob(s.value)
}

// value is what is judged of field i: of a secret what it is, not the marker that stands for it.
func (j judge) value(i int) any {
	v := j.c.slots[i].value
	if j.secret(i) {
		return secret.ResolveValue(v)
	}
	return v
}

// secret reports whether the value of field i must not be shown.
func (j judge) secret(i int) bool { return secret.Any() && secret.MarkedValue(j.c.slots[i].value) }

func (j judge) anySecret() bool {
	for i := range j.c.slots {
		if j.secret(i) {
			return true
		}
	}
	return false
}

// data gathers what CUE is asked about, and reports whether it is all that the type requires.
func (j judge) data() (map[string]any, bool) {
	data, complete := make(map[string]any, len(j.c.slots)), true
	for i, f := range j.c.t.Fields {
		switch {
		case j.judged(i):
			data[f.Name] = j.value(i)
		case j.c.slots[i].state != absent || f.Required:
			complete = false
		}
	}
	return data, complete
}

// encode makes plain data a CUE value. It is never parsed as CUE, and lives in
// a context of its own, because contexts keep what they have seen.
func encode(v any) cue.Value { return cuecontext.New().Encode(v) }

// field asks CUE about one field and puts its refusal into words.
func (j judge) field(i int) {
	r, v := &j.c.t.Rules[i], j.value(i)
	err := r.Value.Unify(encode(v)).Validate()
	if err == nil {
		return
	}
	if j.secret(i) {
		j.c.wrong(i, Problem{Message: j.c.t.Fields[i].Name + ": want " + cmp.Or(r.Expect, "another value") + ", got a sensitive value that is not that"})
		return
	}
	if r.Shape.Accept(v) == shape.No {
		j.c.wrong(i, j.c.explain(i))
		return
	}
	for _, p := range j.fold(err) {
		j.c.wrong(i, p)
	}
}

// presets returns the values that a type whose fields hang together fills in.
func (j judge) presets(whole cue.Value) map[int][]byte {
	if j.c.t.Plain {
		return nil
	}
	out := map[int][]byte{}
	for i, f := range j.c.t.Fields {
		v, _ := whole.LookupPath(cue.MakePath(cue.Str(f.Name))).Default()
		if j.c.slots[i].state != absent || !v.Exists() || v.Validate(cue.Concrete(true)) != nil {
			continue
		}
		_, text, err := schema.Plain(v)
		if err != nil {
			j.c.wrong(i, Problem{Message: f.Name + ": " + oneLine(err.Error())})
			continue
		}
		out[i] = text
	}
	return out
}

// maxReasons bounds how many of CUE's reasons one problem shows.
const maxReasons = 3

// fold puts CUE's own errors into one problem for each place. It serves where
// the constraint is one that only CUE understands; error("...") in a
// definition arrives here as it was written.
func (j judge) fold(err error) []Problem {
	var out []Problem
	reasons := map[string][]string{}
	for _, e := range errors.Errors(err) {
		field, at := j.place(e.Path())
		format, args := e.Msg()
		reason := cuefile.PlainWords(oneLine(fmt.Sprintf(format, args...)))
		if strings.HasSuffix(reason, "errors in empty disjunction:") || slices.Contains(reasons[at], reason) {
			continue
		}
		if reasons[at] == nil {
			out = append(out, Problem{Field: field, Message: at})
		}
		reasons[at] = append(reasons[at], reason)
	}
	for i := range out {
		said := reasons[out[i].Message]
		if len(said) > maxReasons {
			said = append(said[:maxReasons:maxReasons], fmt.Sprintf("and %d more", len(said)-maxReasons))
		}
		text := strings.Join(said, "; ")
		if out[i].Message != "" {
			text = out[i].Message + ": " + text
		}
		out[i].Message = text
	}
	return out
}

// place turns a path in CUE into a field and the place within it: env, env["A"].
func (j judge) place(path []string) (field, at string) {
	path = path[min(len(j.c.t.Value.Path().Selectors()), len(path)):]
	if len(path) == 0 {
		return "", ""
	}
	if j.c.t.Index(path[0]) < 0 {
		return "", ""
	}
	at = path[0]
	for _, part := range path[1:] {
		if strings.Trim(part, "0123456789") == "" {
			at += "[" + part + "]"
		} else {
			at += "[" + shape.Brief(strings.Trim(part, `"`)) + "]"
		}
	}
	return path[0], at
}
