package schema

import "github.com/openfroyo/froyo/engine/hostpath"

// Spell returns a value of the field in the one spelling that it has: paths on
// hosts have several.
func (f *Field) Spell(v any) any {
	if text, ok := v.(string); ok && f.Path {
		return hostpath.Clean(text)
	}
	return v
}

// KeyIsPath reports whether units of the type are told apart by a path on the host.
func (t *Type) KeyIsPath() bool { return t.Fields[t.Index(t.Key)].Path && len(t.KeyWith) == 0 }
