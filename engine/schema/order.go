package schema

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/unit"
)

// Claim is what a field's value says of the place of its unit among others: the
// unit owns or needs the thing of that name.
type Claim struct {
	Namespace string // unit.PathNamespace for paths
	Owns      bool
	// Edits says that the unit owns a part of a file only.
	Edits bool
	// In is the directory that holds the file of that name, "" where the value is a path. {field} in it is the value of
	// another field.
	In string
	// Unless names a field where the value claims nothing if that one is given.
	Unless string
	// Suffix is what a name may end with and means the same without; Prefix is what the file's name has before it.
	Suffix, Prefix string
}

// claimOf reads how a field claims what it names: (owns), (needs), or nothing.
func claimOf(a *cue.Attribute, from int, namespace string) (*Claim, error) {
	c := &Claim{Namespace: namespace}
	said := false
	for arg := range a.Args(from) {
		switch {
		case arg.Key == "" && arg.AsString() == "": // @path()
		case arg.Key == "suffix":
			c.Suffix = arg.AsString()
		case arg.Key == "prefix" && namespace == unit.PathNamespace:
			c.Prefix = arg.AsString()
		case arg.Key == "in" && namespace == unit.PathNamespace:
			c.In = arg.AsString()
		case arg.Key == "unless":
			c.Unless = arg.AsString()
		case !said && arg.AsString() == "edits" && namespace == unit.PathNamespace:
			said, c.Owns, c.Edits = true, true, true
		case said || arg.AsString() != "owns" && arg.AsString() != "needs":
			return nil, fmt.Errorf("want owns or needs, got (%s)", a.Contents())
		default:
			said, c.Owns = true, arg.AsString() == "owns"
		}
	}
	if !said {
		return nil, nil
	}
	return c, nil
}

// identity reads (namespace, owns), (namespace, needs, suffix=".x").
func identity(a *cue.Attribute) (*Claim, error) {
	namespace, err := a.String(0)
	if err != nil || namespace == "" || namespace == unit.PathNamespace || strings.Contains(namespace, "=") {
		return nil, fmt.Errorf("want the namespace of what the field names, got (%s)", a.Contents())
	}
	c, err := claimOf(a, 1, namespace)
	if err == nil && c == nil {
		err = fmt.Errorf("want owns or needs, got (%s)", a.Contents())
	}
	return c, err
}

// readOrder reads the attributes of a definition that order and guard its units.
func (t *Type) readOrder() error {
	for _, a := range t.Value.Attributes(cue.DeclAttr) {
		switch a.Name() {
		case "transaction":
			name, err := a.String(0)
			if err == nil && name == "" {
				err = errors.New("want the name of the transaction")
			}
			if err != nil {
				return fmt.Errorf("@transaction: %w", err)
			}
			t.transaction = name
		case "lockout":
			if err := t.readLockout(&a); err != nil {
				return fmt.Errorf("@lockout: %w", err)
			}
		case "systems":
			text, err := a.String(0)
			if err == nil && text == "" {
				err = errors.New("want on which systems the type works")
			}
			if err != nil {
				return fmt.Errorf("@systems: %w", err)
			}
			t.Systems = text
		case "irreversible":
			text, err := a.String(0)
			if err == nil && text == "" {
				err = errors.New("want what of it cannot be undone")
			}
			if err != nil {
				return fmt.Errorf("@irreversible: %w", err)
			}
			t.Irreversible = text
		case "brings":
			var err error
			if t.brings, err = kinds(&a); err != nil {
				return fmt.Errorf("@brings: %w", err)
			}
		case "called":
			if err := t.readWords(&a); err != nil {
				return fmt.Errorf("@called: %w", err)
			}
		default:
			if near := diag.Nearest(a.Name(), []string{"transaction", "lockout", "systems", "irreversible", "brings", "called"}); near != "" {
				return fmt.Errorf("@%s: no such attribute, did you mean @%s", a.Name(), near)
			}
		}
	}
	return nil
}

// kinds reads (user, group), or () for none, which is not nil.
func kinds(a *cue.Attribute) ([]string, error) {
	list := []string{}
	for arg := range a.Args(0) {
		switch kind := arg.AsString(); {
		case arg.Key != "":
			return nil, fmt.Errorf("want kinds of things, got (%s)", a.Contents())
		case kind != "":
			list = append(list, kind)
		}
	}
	return list, nil
}

// bringing are the kinds of things that a unit of these arguments may bring, nil where the type does not say.
func (t *Type) bringing(args map[string]any) []string {
	if t.brings == nil {
		return nil
	}
	kinds := slices.Clone(t.brings)
	for i := range t.Rules {
		if len(t.Rules[i].Brings) == 0 {
			continue
		}
		if value, given := args[t.Fields[i].Name]; given && value != nil && value != false {
			kinds = append(kinds, t.Rules[i].Brings...)
		}
	}
	return kinds
}

// readWords reads (word="how it is written here"); there may be several.
func (t *Type) readWords(a *cue.Attribute) error {
	if t.Words == nil {
		t.Words = map[string]string{}
	}
	for arg := range a.Args(0) {
		if arg.Key == "" || !strings.HasPrefix(arg.AsString(), t.Name+"(") {
			return fmt.Errorf("want word=%q, got (%s)", t.Name+"(...)", a.Contents())
		}
		t.Words[arg.Key] = arg.AsString()
	}
	return nil
}

// Order says what the arguments of a call, those given, claim on the host. What
// is known only later claims nothing.
func (t *Type) Order(args map[string]any) unit.Order {
	o := unit.Order{Transaction: t.transaction, Brings: t.bringing(args)}
	if key, is := args[t.Key].(string); is && t.Fields[t.Index(t.Key)].Path {
		o.Path = hostpath.Clean(key)
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		value := f.given(args)
		for _, c := range f.Claims {
			c, holds := t.fill(*c, args)
			switch v := value.(type) {
			case string:
				if holds {
					o.Claims = c.of(o.Claims, v)
				}
			case []any:
				for _, e := range v {
					if text, ok := e.(string); ok && holds {
						o.Claims = c.of(o.Claims, text)
					}
				}
			}
		}
	}
	o.Lockout = t.lockout.of(args, o.Claims)
	o.Alone = t.lockout.alone || o.Lockout != (unit.Lockout{})
	if t.replaced(args) {
		for i := range o.Claims {
			o.Claims[i].Whole = o.Claims[i].Owns && o.Claims[i].Namespace == unit.PathNamespace && !o.Claims[i].Edits
		}
	}
	return o
}

// replaced reports whether a unit of these arguments is all that decides what is at its path.
func (t *Type) replaced(args map[string]any) bool {
	for i := range t.Rules {
		values := t.Rules[i].Replaces
		if values == nil {
			continue
		}
		value := t.Fields[i].given(args)
		text, _ := value.(string)
		if value != nil && (len(values) == 0 || slices.Contains(values, text)) {
			return true
		}
	}
	return false
}

// given is the value of a field in a call, or its default.
func (f *Field) given(args map[string]any) any {
	if value := args[f.Name]; value != nil {
		return value
	}
	return f.Default
}

// fill is a claim with the arguments of a unit filled in, and whether it holds with them.
func (t *Type) fill(c Claim, args map[string]any) (Claim, bool) {
	if c.Unless != "" && args[c.Unless] != nil {
		return c, false
	}
	for {
		before, rest, found := strings.Cut(c.In, "{")
		field, behind, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return c, true
		}
		i := t.Index(field)
		if i < 0 {
			return c, false
		}
		value, is := t.Fields[i].given(args).(string)
		if !is {
			return c, false
		}
		without := []string{"{", "", "}", "", "/", ""} // a name is one part of a path
		if before == "" && path.IsAbs(value) {
			value, without = path.Clean(value), without[:4]
		}
		c.In = before + strings.NewReplacer(without...).Replace(value) + behind
	}
}

// of appends the claim on what a text names, if it names anything.
func (c Claim) of(claims []unit.Claim, name string) []unit.Claim {
	switch {
	case name == "":
		return claims
	case c.In != "":
		name = path.Join(c.In, c.Prefix+name) + c.Suffix
		if !path.IsAbs(name) {
			return claims
		}
	case c.Namespace == unit.PathNamespace:
		if !path.IsAbs(name) {
			return claims
		}
		name = path.Clean(name)
	}
	if c.In == "" {
		name = strings.TrimSuffix(name, c.Suffix)
	}
	if name == "" {
		return claims
	}
	return append(claims, unit.Claim{Namespace: c.Namespace, Name: name, Owns: c.Owns, Edits: c.Edits})
}
