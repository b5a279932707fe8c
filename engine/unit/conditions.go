package unit

import (
	"context"

	"github.com/openfroyo/froyo/engine/diag"
)

// Conditions decide whether a unit acts, and whether it has changed something.
type Conditions struct {
	// When decides when the unit is executed whether it acts; nil is always.
	When Lambda
	// OnChange lists units of which one must have changed for this one to act; empty is always.
	OnChange []ID
	// ChangedWhen decides from the result whether the unit changed something; nil leaves it to the provider.
	ChangedWhen Lambda
}

// Const is a condition that is decided while planning: when = False.
type Const struct {
	Value any
	At    diag.Pos
}

var _ Lambda = Const{}

// Eval returns the value.
func (c Const) Eval(context.Context, Outcomes, any) (any, error) { return c.Value, nil }

// Pos is where the value was given.
func (c Const) Pos() diag.Pos { return c.At }

// TypeName names the type of plain data as runbooks do.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a string"
	case []any:
		return "a list"
	}
	return "a dict"
}
