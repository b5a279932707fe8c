// Package guard puts functions of ours in the place of what Starlark does by
// itself with values: operators, comparisons, indexes, and methods of its types.
//
// It does so for two reasons. A result may be far larger than its source text,
// so that its size is looked at first (see package bounds). And text made with %
// or format() may hold the marker of a secret, about which Starlark would give
// an answer that is wrong in silence.
//
// Rewrite turns a parsed file into calls of names that no file can spell;
// Predeclared has the functions of these names, and those of Starlark's own
// builtins that are replaced. It imports the Starlark library, and of the
// language only what knows nothing of hosts.
package guard

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/engine/diag"
)

// The names of the functions that Rewrite calls. Beside them, an operator and a
// method have functions of their own: "+"(x, y) for x + y, "+="(x, y) for what
// x += y adds, ".join"(x, ...) for x.join(...).
const (
	textName   = ".text"   // .text(x) is x, with the type of text that holds secrets
	keyName    = ".key"    // .key(x) is the same, and fails where x cannot be a key
	inName     = ".in"     // x in y
	equalName  = ".equal"  // x == y
	notName    = ".not"    // not x
	joinedName = ".joined" // x.join(y), of text that may hold secrets
	attrName   = "."       // .(x, "name") is x.name, where that is not called
)

// IsName reports whether a file can spell a predeclared name.
func IsName(name string) bool {
	return name != "" && !strings.ContainsAny(name[:1], ".+*%<|")
}

// fn is a builtin's implementation.
type fn = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// Predeclared returns the functions of the names that Rewrite puts into a file,
// and those of Starlark's builtins whose result may be too large.
func Predeclared() starlark.StringDict {
	names := bounds.Universe()
	add := func(name, shown string, f fn) { names[name] = starlark.NewBuiltin(shown, f) }
	for name := range bounds.Operators {
		add(name, name, operate)
		add(name+"=", name+"=", augment)
	}
	for _, name := range bounds.Methods() {
		add("."+name, "."+name, callMethod)
	}
	add(attrName, attrName, attr)
	add(textName, "text", text)
	add(keyName, "key", key)
	add(inName, "in", in)
	add(equalName, "==", equal)
	add(notName, "not", not)
	add(joinedName, "join", joined)
	return names
}

// operate is x + y: +(x, y).
func operate(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if err := bounds.Binary(b.Name(), args[0], args[1]); err != nil {
		return nil, err
	}
	return starlark.Binary(bounds.Operators[b.Name()], args[0], args[1])
}

// augment is the right side of x += y: x += +=(x, y). It gives y back. An empty
// tuple stands for an x that is not known.
func augment(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return bounds.InPlace(b.Name(), args[0], args[1])
}

// callMethod is x.join(...): .join(x, ...).
func callMethod(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	fn, err := bounds.Attr(args[0], b.Name()[1:])
	if err != nil {
		return nil, err
	}
	return starlark.Call(thread, fn, args[1:], kw)
}

// attr is x.name where it is not called: .(x, "name"). Of a dict it is the value
// of that key, unless dicts have a method of that name.
func attr(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	name := string(args[1].(starlark.String))
	dict, ok := args[0].(*starlark.Dict)
	if !ok || slices.Contains(dict.AttrNames(), name) {
		v, err := bounds.Attr(args[0], name)
		if _, missing := errors.AsType[starlark.NoSuchAttrError](err); missing {
			return nil, misspelt(err, args[0], name)
		}
		return v, err
	}
	v, found, err := dict.Get(args[1])
	if err != nil || found {
		return v, err
	}
	names := dict.AttrNames()
	for _, key := range dict.Keys() {
		if text, ok := starlark.AsString(key); ok {
			names = append(names, text)
		}
	}
	missing := &diag.Error{Summary: fmt.Sprintf("dict has no key or method %q", name)}
	if near := diag.Nearest(name, names); near != "" {
		return nil, missing.WithHint("did you mean .%s?", near)
	}
	return nil, missing.WithHint("d.get(%q, default) gives a default", name)
}

// misspelt adds the nearest name to an error, as Starlark does.
func misspelt(err error, x starlark.Value, name string) error {
	if x, ok := x.(starlark.HasAttrs); ok {
		if near := diag.Nearest(name, x.AttrNames()); near != "" {
			return fmt.Errorf("%w (did you mean .%s?)", err, near)
		}
	}
	return err
}

// call is the call of a function by its name, at a place.
func call(name string, pos syntax.Position, args ...syntax.Expr) *syntax.CallExpr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: pos, Name: name}, Lparen: pos, Args: args, Rparen: pos}
}
