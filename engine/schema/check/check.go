// Package check checks the arguments that runbooks give to resource types, and
// the outputs that providers give back, against the types' CUE definitions.
//
// Most arguments are plain cases, which a few Go checks compiled from the same
// definitions accept in microseconds. Whatever they are not sure of, and every
// refusal, goes to CUE, which has the last word on what is accepted.
//
// It imports CUE, engine/cuefile, engine/schema, engine/schema/shape, engine/secret, engine/diag, engine/hostpath, runner/op and runner/codec.
package check

import (
	"maps"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Checker checks calls and remembers the answers, so that arguments that many
// hosts share are checked once. The zero value is ready. It is safe for
// concurrent use and must not be copied.
type Checker struct {
	caches sync.Map // *cache by *schema.Type
}

func (k *Checker) cache(t *schema.Type) *cache {
	c, ok := k.caches.Load(t)
	if !ok {
		c, _ = k.caches.LoadOrStore(t, &cache{})
	}
	return c.(*cache)
}

// Checked is a call whose arguments are right.
type Checked struct {
	// Args is canonical JSON: names sorted, defaults filled in, blobs replaced by
	// {"size","sum"}. Fields known later and the names of source files are absent.
	// Equal calls share it: it must not be changed.
	Args codec.Raw
	// Blobs holds the content that Args refers to, by digest.
	Blobs map[string]*op.Blob
}

// Problem is something wrong with a call, in words for the operator.
type Problem struct {
	Field   string // the argument, "" where several are at fault
	Message string // stands alone and names the argument
	Hint    string
}

// Check completes and checks the arguments of a call of a type. Values are plain data
// (nil, bool, int64, float64, string, []any, map[string]any); nil means "not
// given". later names the arguments that are given as functions.
//
// For a source field the caller puts the file's content, as an *op.Blob, into
// the blob field that SourceInto names; the source argument may stay beside
// it. A blob field given as text is made into a blob here.
//
// It returns all problems of the call at once, or the checked arguments.
func (k *Checker) Check(t *schema.Type, args map[string]any, later []string) (*Checked, []Problem) {
	c := &call{t: t, slots: make([]slot, len(t.Fields))}
	c.take(args)
	c.takeLater(later)
	if c.odd || len(c.problems) > 0 {
		a := c.answer()
		return c.checked(a), a.problems
	}
	key := c.digest()
	seen := k.cache(t)
	a, ok := seen.get(key)
	if !ok {
		a = c.answer()
		seen.put(key, a)
	}
	return c.checked(a), slices.Clone(a.problems)
}

// Resolve checks a call again when the values of its later arguments are
// known: checked is what Check returned for it, values holds what the
// functions gave, by field. A field with a default that is still not among
// them, such as a function of the result, stays open.
func (k *Checker) Resolve(t *schema.Type, checked *Checked, values map[string]any) (*Checked, []Problem) {
	var args map[string]any
	if err := codec.Unmarshal(checked.Args, &args); err != nil {
		return nil, []Problem{{Message: "the arguments of " + t.Name + " are no JSON: " + err.Error()}}
	}
	var later []string
	for _, f := range t.Fields {
		if _, ok := values[f.Name]; ok {
			continue
		}
		if _, ok := args[f.Name]; !ok && f.HasDefault && (f.Later || f.Result) {
			later = append(later, f.Name)
		}
		if ref, ok := args[f.Name].(map[string]any); ok && f.Blob {
			args[f.Name] = checked.blob(ref)
		}
	}
	maps.Copy(args, values)
	return k.Check(t, args, later)
}

// blob returns the blob that a reference in Args means.
func (c *Checked) blob(ref map[string]any) *op.Blob {
	sum, _ := ref["sum"].(string)
	if b := c.Blobs[sum]; b != nil {
		return b
	}
	size, _ := ref["size"].(int64)
	return &op.Blob{Sum: sum, Size: size}
}
