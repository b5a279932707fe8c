package db

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/openfroyo/froyo/engine/storefault"
)

// resultCode returns SQLite's primary result code, or 0 where the error is not SQLite's.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// Fault finds the kind of fault that an error amounts to, or nil; see storefault.
func Fault(err error) error {
	switch resultCode(err) {
	case sqlite3.SQLITE_FULL:
		return storefault.ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return storefault.ErrReadOnly
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return storefault.ErrCorrupt
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return storefault.ErrBusy
	}
	return storefault.Kind(err)
}
