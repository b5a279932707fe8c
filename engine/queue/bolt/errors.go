package bolt

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
)

// explain says what an error means for the queue in path.
func explain(err error, path string) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	if kind := kindOf(err); kind != nil {
		return queue.Fault(kind, path, err)
	}
	return (&diag.Error{Summary: "the queue in " + path + ": " + err.Error(), Cause: err}).
		WithHint("what was queued before is kept")
}

// kindOf finds the sentinel that an error amounts to, or nil.
func kindOf(err error) error {
	for _, kind := range []error{queue.ErrNewer, queue.ErrCorrupt, queue.ErrBusy} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return queue.ErrBusy
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrIncompatibleValue):
		return queue.ErrCorrupt
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return queue.ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return queue.ErrReadOnly
	}
	return nil
}
