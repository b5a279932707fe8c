package lambda

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/capture"
)

// Equal reports whether two lambdas are the same code over the same values.
func (l *Func) Equal(o *Func) bool { return Same(l.value, o.value) }

// Same reports whether two values are equal, where functions are equal that are
// the same code over the same values.
func Same(a, b starlark.Value) bool {
	if la, ok := a.(*Later); ok {
		lb, ok := b.(*Later)
		return ok && Same(la.fn, lb.fn)
	}
	fa, ok := a.(*starlark.Function)
	if !ok {
		return sameParts(a, b)
	}
	fb, ok := b.(*starlark.Function)
	if !ok || fa.Position() != fb.Position() || fa.NumFreeVars() != fb.NumFreeVars() {
		return false
	}
	if fa == fb {
		return true
	}
	for i := range fa.NumFreeVars() {
		_, va := fa.FreeVar(i)
		_, vb := fb.FreeVar(i)
		if !sameValue(va, vb) {
			return false
		}
	}
	for i := range fa.NumParams() {
		if !sameValue(fa.ParamDefault(i), fb.ParamDefault(i)) {
			return false
		}
	}
	return true
}

// sameParts compares containers by what they hold, and others as the language does.
func sameParts(a, b starlark.Value) bool {
	pa, pb := capture.Parts(a), capture.Parts(b)
	if a.Type() != b.Type() || len(pa) != len(pb) || len(find(a)) == 0 {
		equal, err := starlark.Equal(a, b)
		return err == nil && equal
	}
	for i := range pa {
		if !Same(pa[i], pb[i]) {
			return false
		}
	}
	return true
}

func sameValue(a, b starlark.Value) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return Same(a, b)
}
