package sqlite

import (
	"errors"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/blob"
)

// code returns SQLite's primary result code, or 0 where the error is not SQLite's.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// explain says what an error means for the state in path.
func explain(err error, path string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*diag.Error](err); ok {
		return err
	}
	if kind := kind(err); kind != nil {
		return state.Fault(kind, path, err)
	}
	return &diag.Error{Summary: "state in " + path + ": " + err.Error(), Cause: err}
}

// kind finds the sentinel that an error amounts to, or nil.
func kind(err error) error {
	for _, kind := range []error{state.ErrNewer, state.ErrCorrupt} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	switch code(err) {
	case sqlite3.SQLITE_FULL:
		return state.ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return state.ErrReadOnly
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return state.ErrCorrupt
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return state.ErrBusy
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return state.ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return state.ErrReadOnly
	case errors.Is(err, blob.ErrDamaged):
		return state.ErrCorrupt
	}
	return nil
}
