package units

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

// Handle is a unit as the runbook holds it. Its attributes are the unit's
// results, which are known only after it was executed.
type Handle struct {
	unit    *unit.Unit
	typ     *schema.Type
	scope   *eval.Scope // nil where it failed
	index   int         // place in script order
	lambdas []Lambda
	failed  bool // its declaration had errors; it stands in so that others are found
}

// Lambda is code of a unit that runs when the unit is executed.
type Lambda struct {
	Arg  string // the argument that it was given as
	Func *lambda.Func
}

var (
	_ starlark.HasAttrs = (*Handle)(nil)
	_ plain.Plainer     = (*Handle)(nil)
)

// statuses are the attributes that every unit has.
var statuses = []string{"changed", "failed", "skipped"}

// ID returns which unit it is.
func (h *Handle) ID() unit.ID { return h.unit.ID }

// Failed reports whether its declaration had errors.
func (h *Handle) Failed() bool { return h.failed }

func (h *Handle) String() string        { return h.unit.ID.Local() }
func (h *Handle) Type() string          { return "unit" }
func (h *Handle) Freeze()               {}
func (h *Handle) Truth() starlark.Bool  { return true }
func (h *Handle) Hash() (uint32, error) { return starlark.String(h.unit.ID.Local()).Hash() }

// AttrNames lists the results that the unit offers.
func (h *Handle) AttrNames() []string {
	names := slices.Clone(statuses)
	for i := range h.typ.Outputs {
		if name := h.typ.Outputs[i].Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Attr returns a result, or the error that it is not known yet.
func (h *Handle) Attr(name string) (starlark.Value, error) {
	if !slices.Contains(h.AttrNames(), name) {
		return nil, nil
	}
	out := h.outcome()
	if out == nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s of %s is known only after apply", name, h), Cause: unit.ErrPending}).
			WithHint("use it inside a lambda: when = lambda: ..., or later(lambda: ...)")
	}
	switch name {
	case "changed":
		return starlark.Bool(out.Status == unit.Changed), nil
	case "failed":
		return starlark.Bool(out.Status == unit.Failed), nil
	case "skipped":
		return starlark.Bool(out.Status == unit.Skipped), nil
	}
	value, err := result.New(h.String(), h.typ.Outputs, out.Outputs).Get(name)
	if err == nil && value == nil {
		err = h.noResult(name, out)
	}
	return value, err
}

// outcome is how the unit ended, nil where that is not known.
func (h *Handle) outcome() *unit.Outcome {
	if h.failed {
		return nil
	}
	return h.scope.Outcomes().Of(h.unit)
}

func (h *Handle) noResult(name string, out *unit.Outcome) error {
	err := &diag.Error{Summary: fmt.Sprintf("%s has no %s: it ended as %q", h, name, out.Status)}
	if out.Unkept {
		err.Summary = fmt.Sprintf("%s of %s is not known any more: it is sensitive, so it was not kept when the run was broken off", name, h)
		return err.WithHint("apply again, which runs %s once more", h)
	}
	if out.Status == unit.Skipped {
		err.Summary = fmt.Sprintf("%s has no %s: it was skipped", h, name)
		return err.WithHint("ask first: X if not unit.skipped else Y")
	}
	return err
}

// Plain implements plain.Plainer: a unit is not a value.
func (h *Handle) Plain() (any, error) {
	return nil, (&diag.Error{Summary: fmt.Sprintf("%s is a unit, not a value", h)}).
		WithHint("its results are attributes, known after apply: later(lambda: unit.changed)")
}
