package bolt

import (
	"context"
	"errors"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/storefault"
)

// explain says what an error means for the queue in path.
func explain(err error, path string) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	if kind := kindOf(err); kind != nil {
		return queue.Faults.Error(kind, path, err)
	}
	return (&diag.Error{Summary: "the queue in " + path + ": " + err.Error(), Cause: err}).
		WithHint("what was queued before is kept")
}

// kindOf finds the kind of fault that an error amounts to, or nil.
func kindOf(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return storefault.ErrBusy
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrIncompatibleValue):
		return storefault.ErrCorrupt
	}
	return storefault.Kind(err)
}
