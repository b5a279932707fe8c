package plain

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// Sensitive is text that must not be shown, in whole or in part: it holds
// markers in the place of secrets. It can be put together with other text and
// passed on; what looks into it gives something that is sensitive again, or is refused.
type Sensitive struct{ text string }

var (
	_ starlark.HasBinary  = Sensitive{}
	_ starlark.HasAttrs   = Sensitive{}
	_ starlark.Comparable = Sensitive{}
	_ Plainer             = Sensitive{}
)

// Text gives a text its form in a runbook: one that holds secrets is Sensitive.
func Text(s string) starlark.Value {
	if secret.Marked(s) {
		return Sensitive{s}
	}
	return starlark.String(s)
}

// Typed is Text for a value that may be one, and leaves others as they are.
func Typed(v starlark.Value) starlark.Value {
	if s, ok := v.(starlark.String); ok {
		if !secret.Any() {
			return v
		}
		return Text(string(s))
	}
	return v
}

// Bytes gives bytes their form in a runbook. Those that hold secrets have none, since
// nothing that looks into bytes would know of them.
func Bytes(b []byte) (starlark.Value, error) {
	if secret.Marked(b) {
		return nil, (&diag.Error{Summary: "a sensitive value cannot be taken as bytes"}).WithHint("as text it can be passed on")
	}
	return starlark.Bytes(b), nil
}

// Hidden makes the whole of a text secret, whatever it holds.
func Hidden(s string) starlark.Value { return Text(secret.Add(s)) }

// String is the text with its markers, so that formatting gives text that holds them.
func (s Sensitive) String() string      { return s.text }
func (Sensitive) Type() string          { return "sensitive" }
func (Sensitive) Freeze()               {}
func (Sensitive) Truth() starlark.Bool  { return true } // the empty text is none
func (Sensitive) Hash() (uint32, error) { return 0, refused("a key of a dict, or a member of a set") }

// Plain implements Plainer.
func (s Sensitive) Plain() (any, error) { return s.text, nil }

// refused is the error for what would look into the value.
func refused(what string) error {
	return (&diag.Error{Summary: "a sensitive value cannot be " + what}).
		WithHint("it can be joined to text with +, %% and format(), passed to resources and templates, and compared with another sensitive value")
}

// CompareSameType implements starlark.Comparable: values are compared, not markers.
func (s Sensitive) CompareSameType(op syntax.Token, other starlark.Value, _ int) (bool, error) {
	same := secret.Resolve(s.text) == secret.Resolve(other.(Sensitive).text)
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, refused("put in an order")
}

// Binary implements starlark.HasBinary.
func (s Sensitive) Binary(op syntax.Token, other starlark.Value, side starlark.Side) (starlark.Value, error) {
	switch op {
	case syntax.PLUS:
		var text string
		switch other := other.(type) {
		case starlark.String:
			text = string(other)
		case Sensitive:
			text = other.text
		default:
			return nil, nil // as for any text
		}
		if side == starlark.Left {
			return Text(s.text + text), nil
		}
		return Text(text + s.text), nil
	case syntax.PERCENT:
		if side == starlark.Left {
			v, err := starlark.Binary(op, starlark.String(s.text), other)
			if err != nil {
				return nil, err
			}
			return Text(v.(starlark.String).GoString()), nil
		}
	case syntax.IN:
		if text, ok := other.(starlark.String); ok || side == starlark.Right {
			if part, is := other.(starlark.String); is && side == starlark.Right {
				return starlark.Binary(op, part, starlark.String(secret.Resolve(s.text)))
			}
			return starlark.Binary(op, starlark.String(secret.Resolve(s.text)), starlark.String(secret.Resolve(string(text))))
		}
	}
	return nil, refused("used with " + op.String())
}

// closed are the methods of text that would hand out a secret's characters one by one.
var closed = []string{"elems", "elem_ords", "codepoints", "codepoint_ords"}

// Attr gives the methods of text. What they make of the value is sensitive again.
func (s Sensitive) Attr(name string) (starlark.Value, error) {
	if slices.Contains(closed, name) {
		return nil, refused("taken apart with " + name + "()")
	}
	method, err := starlark.String(secret.Resolve(s.text)).Attr(name)
	if method == nil || err != nil {
		return nil, err
	}
	inner := method.(*starlark.Builtin)
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		return Within(thread, inner, pos, kw, true)
	}), nil
}

// AttrNames implements starlark.HasAttrs.
func (s Sensitive) AttrNames() []string {
	return slices.DeleteFunc(starlark.String("").AttrNames(), func(name string) bool { return slices.Contains(closed, name) })
}

// Within calls a function that looks into its arguments: it gets the values
// themselves, and where it was given a secret, or told that it was, all text
// that it returns is one.
func Within(thread *starlark.Thread, fn *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple, given bool) (starlark.Value, error) {
	open := func(v starlark.Value) starlark.Value {
		opened, had := Open(v)
		given = given || had
		return opened
	}
	args := make(starlark.Tuple, len(pos))
	for i, v := range pos {
		args[i] = open(v)
	}
	named := make([]starlark.Tuple, len(kw))
	for i, pair := range kw {
		named[i] = starlark.Tuple{pair[0], open(pair[1])}
	}
	v, err := fn.CallInternal(thread, args, named)
	if !given {
		return v, err
	}
	if err != nil { // it may quote its arguments
		return nil, fmt.Errorf("%s: cannot work with these arguments, of which some are sensitive", fn.Name())
	}
	return shut(v)
}

// Open gives a value without markers, for who has to look into it, and reports
// whether there were any. Of what it returns nothing may be shown.
func Open(v starlark.Value) (starlark.Value, bool) {
	if !secret.Any() {
		return v, false
	}
	switch v := v.(type) {
	case Sensitive:
		return starlark.String(secret.Resolve(v.text)), true
	case starlark.String:
		if secret.Marked(string(v)) {
			return starlark.String(secret.Resolve(string(v))), true
		}
	case *starlark.Dict:
		return openDict(v)
	case *starlark.List, starlark.Tuple:
		seq := v.(starlark.Indexable)
		found := false
		all := make([]starlark.Value, seq.Len())
		for i := range all {
			var had bool
			all[i], had = Open(seq.Index(i))
			found = found || had
		}
		if !found {
			return v, false
		}
		if _, isTuple := v.(starlark.Tuple); isTuple {
			return starlark.Tuple(all), true
		}
		return starlark.NewList(all), true
	}
	return v, false
}

func openDict(d *starlark.Dict) (starlark.Value, bool) {
	found := false
	opened := starlark.NewDict(d.Len())
	for _, item := range d.Items() {
		k, hadKey := Open(item[0])
		e, had := Open(item[1])
		found = found || had || hadKey
		opened.SetKey(k, e) //nolint:errcheck // keys of a dict can be keys of a dict
	}
	if !found {
		return d, false
	}
	return opened, true
}

// Shut makes all text within a value secret.
func Shut(v starlark.Value) (starlark.Value, error) { return shut(v) }

// shut makes all text within a value secret.
func shut(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float:
		return v, nil
	case starlark.String:
		return Hidden(string(v)), nil
	case *starlark.List, starlark.Tuple:
		seq := v.(starlark.Indexable)
		all := make([]starlark.Value, seq.Len())
		for i := range all {
			var err error
			if all[i], err = shut(seq.Index(i)); err != nil {
				return nil, err
			}
		}
		if _, isTuple := v.(starlark.Tuple); isTuple {
			return starlark.Tuple(all), nil
		}
		return starlark.NewList(all), nil
	case *starlark.Dict:
		out := starlark.NewDict(v.Len())
		for _, item := range v.Items() {
			e, err := shut(item[1])
			if err != nil {
				return nil, err
			}
			if err := out.SetKey(item[0], e); err != nil { // the names of fields are not what is secret
				return nil, err
			}
		}
		return out, nil
	}
	return nil, refused("made a " + v.Type())
}
