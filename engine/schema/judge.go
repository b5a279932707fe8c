package schema

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"

	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/runner/codec"
)

// judge checks the values given: by their shapes where these are sure, else by
// CUE. It returns, by field, the values that CUE alone could fill in.
func (c *call) judge() map[int][]byte {
	var doubtful []int
	for i := range c.slots {
		if c.judged(i) && c.t.rules[i].shape.Accept(c.slots[i].value) != shape.Yes {
			doubtful = append(doubtful, i)
		}
	}
	if c.t.plain && len(doubtful) == 0 {
		return nil
	}
	data, complete := c.data()
	whole := c.t.value.Unify(encode(data))
	err := whole.Validate(cue.Concrete(complete))
	if err == nil {
		return c.presets(whole)
	}
	before := len(c.problems)
	for _, i := range doubtful {
		c.judgeField(i)
	}
	if len(c.problems) == before {
		c.problems = append(c.problems, c.fold(err)...)
	}
	return nil
}

// judged reports whether CUE can be asked about field i: its value is there, as plain data.
func (c *call) judged(i int) bool {
	s := &c.slots[i]
	return s.state == given && !s.wrong && !isBlob(s.value)
}

// data gathers what CUE is asked about, and reports whether it is all that the type requires.
func (c *call) data() (map[string]any, bool) {
	data, complete := make(map[string]any, len(c.slots)), true
	for i, f := range c.t.Fields {
		switch {
		case c.judged(i):
			data[f.Name] = c.slots[i].value
		case c.slots[i].state != absent || f.Required:
			complete = false
		}
	}
	return data, complete
}

// encode makes plain data a CUE value. It is never parsed as CUE, and lives in
// a context of its own, because contexts keep what they have seen.
func encode(v any) cue.Value { return cuecontext.New().Encode(v) }

// judgeField asks CUE about one field and puts its refusal into words.
func (c *call) judgeField(i int) {
	r, v := &c.t.rules[i], c.slots[i].value
	err := r.value.Unify(encode(v)).Validate()
	if err == nil {
		return
	}
	if r.shape.Accept(v) == shape.No {
		c.wrong(i, c.explain(i))
		return
	}
	for _, p := range c.fold(err) {
		c.wrong(i, p)
	}
}

// presets returns the values that a type whose fields hang together fills in.
func (c *call) presets(whole cue.Value) map[int][]byte {
	if c.t.plain {
		return nil
	}
	out := map[int][]byte{}
	for i, f := range c.t.Fields {
		v, _ := whole.LookupPath(cue.MakePath(cue.Str(f.Name))).Default()
		if c.slots[i].state != absent || !v.Exists() || v.Validate(cue.Concrete(true)) != nil {
			continue
		}
		_, text, err := plainOf(v)
		if err != nil {
			c.wrong(i, Problem{Message: f.Name + ": " + oneLine(err.Error())})
			continue
		}
		out[i] = text
	}
	return out
}

// plainOf returns a concrete value as plain data and as canonical JSON.
func plainOf(v cue.Value) (plain any, text []byte, err error) {
	if text, err = v.MarshalJSON(); err != nil {
		return nil, nil, err
	}
	if err = codec.Unmarshal(text, &plain); err != nil {
		return nil, nil, err
	}
	text, err = codec.Append(nil, plain)
	return plain, text, err
}

// maxReasons bounds how many of CUE's reasons one problem shows.
const maxReasons = 3

// fold puts CUE's own errors into one problem for each place. It serves where
// the constraint is one that only CUE understands; error("...") in a
// definition arrives here as it was written.
func (c *call) fold(err error) []Problem {
	var out []Problem
	reasons := map[string][]string{}
	for _, e := range errors.Errors(err) {
		field, at := c.place(e.Path())
		format, args := e.Msg()
		reason := oneLine(fmt.Sprintf(format, args...))
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
func (c *call) place(path []string) (field, at string) {
	path = path[min(len(c.t.value.Path().Selectors()), len(path)):]
	if len(path) == 0 {
		return "", ""
	}
	if _, ok := c.t.index[path[0]]; !ok {
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
