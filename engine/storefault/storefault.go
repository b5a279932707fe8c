// Package storefault says what can be wrong with the files in which froyo
// keeps what it needs later: the state and the queue.
//
// It imports engine/diag and engine/wording.
package storefault

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// The kinds of faults. Every error of a store matches at most one.
var (
	ErrNewer    = errors.New("written by a newer froyo")
	ErrCorrupt  = errors.New("damaged")
	ErrReadOnly = errors.New("not writable")
	ErrFull     = errors.New("no space left")
	ErrBusy     = errors.New("in use")
)

// Words are what an operator reads about the faults of one kind of store.
type Words struct {
	Store string // "the queue"
	// The hints, by kind. PATH in Corrupt becomes the file, quoted for a shell.
	Corrupt, ReadOnly, Full, Busy string
}

// sqliteCode is what SQLite's driver puts behind what it says.
var sqliteCode = regexp.MustCompile(`( \(\d+\))?( \(SQLITE_\w+\))?$`)

// Error explains what is wrong with the store at path. kind is one of the
// kinds above; cause, which may be nil, is the evidence.
func (w Words) Error(kind error, path string, cause error) *diag.Error {
	d := &diag.Error{Summary: fmt.Sprintf("%s in %s is %v", w.Store, path, kind), Cause: kind}
	if cause != nil {
		d.Detail, d.Cause = sqliteCode.ReplaceAllString(strings.TrimPrefix(cause.Error(), kind.Error()+": "), ""), fmt.Errorf("%w: %w", kind, cause)
	}
	switch {
	case errors.Is(kind, ErrNewer):
		d.Hint = "use that froyo or a later one; the file has not been touched"
	case errors.Is(kind, ErrCorrupt):
		d.Hint = strings.ReplaceAll(w.Corrupt, "PATH", wording.Quote(path))
	case errors.Is(kind, ErrReadOnly):
		d.Hint = w.ReadOnly
	case errors.Is(kind, ErrFull):
		d.Summary, d.Hint = fmt.Sprintf("%s in %s: %v on its disk", w.Store, path, kind), w.Full
	case errors.Is(kind, ErrBusy):
		d.Summary, d.Hint = fmt.Sprintf("%s in %s is %v by another process", w.Store, path, kind), w.Busy
		d.Code = diag.Locked
	}
	return d
}

// Kind finds the kind that an error of the operating system amounts to, or
// that it wraps already. It is nil where there is none.
func Kind(err error) error {
	for _, kind := range []error{ErrNewer, ErrCorrupt, ErrBusy} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrReadOnly
	}
	return nil
}
