package eval

import (
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

// Select returns the hosts of the inventory that a selector matches; what names
// it in messages. unknown tells of a name that the inventory does not have,
// which is no error by itself.
func (e *Env) Select(what, selector string) (found []*inventory.Host, unknown *diag.Error, err error) {
	if e.Inventory == nil {
		return nil, nil, nil
	}
	found, cause := e.Inventory.Select(selector)
	if cause == nil {
		return found, nil, nil
	}
	told := selectorError(what, cause)
	if _, ok := errors.AsType[*inventory.UnknownName](cause); ok {
		return found, told, nil
	}
	return nil, nil, told
}

// selectorError puts a name in front of what is wrong with a selector.
func selectorError(what string, err error) *diag.Error {
	out := &diag.Error{Summary: fmt.Sprintf("%s: %v", what, err), Cause: err}
	if cause, ok := errors.AsType[*diag.Error](err); ok {
		out.Summary, out.Detail, out.Hint = what+": "+cause.Summary, cause.Detail, cause.Hint
	}
	return out
}
