package perform

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// Stop is why an op is given up. As the cause of the context that Perform was
// given it becomes the answer: transient, with the code, and the op's title
// before the reason.
type Stop struct{ Code, Why string }

func (s *Stop) Error() string { return s.Why }

// kinds classes the errors of the kernel that have a code of their own; all
// others are permanent.
var kinds = [...]struct {
	errno syscall.Errno
	class op.Class
	code  string
}{
	{syscall.ENOENT, op.Permanent, "enoent"},
	{syscall.EACCES, op.Permanent, "eacces"},
	{syscall.EPERM, op.Permanent, "eperm"},
	{syscall.EROFS, op.Permanent, "erofs"},
	{syscall.ENOSPC, op.Permanent, "enospc"},
	{syscall.EDQUOT, op.Permanent, "edquot"},
	{syscall.EIO, op.Permanent, "eio"},
	{syscall.ENAMETOOLONG, op.Permanent, "enametoolong"},
	{syscall.ENOEXEC, op.Permanent, "enoexec"},
	{syscall.EOPNOTSUPP, op.Permanent, "eopnotsupp"},
	{syscall.E2BIG, op.Permanent, "e2big"},
	{syscall.EEXIST, op.Conflict, "eexist"},
	{syscall.ENOTDIR, op.Conflict, "enotdir"},
	{syscall.EISDIR, op.Conflict, "eisdir"},
	{syscall.ENOTEMPTY, op.Conflict, "enotempty"},
	{syscall.ELOOP, op.Conflict, "eloop"},
	{syscall.EBUSY, op.Transient, "ebusy"},
	{syscall.ETXTBSY, op.Transient, "etxtbsy"},
	{syscall.EAGAIN, op.Transient, "eagain"},
	{syscall.ENOMEM, op.Transient, "enomem"},
	{syscall.EMFILE, op.Transient, "emfile"},
	{syscall.ENFILE, op.Transient, "enfile"},
	{syscall.ESTALE, op.Transient, "estale"},
	{syscall.ECONNREFUSED, op.Transient, "econnrefused"},
	{syscall.ECONNRESET, op.Transient, "econnreset"},
	{syscall.EPIPE, op.Transient, "epipe"},
	{syscall.ETIMEDOUT, op.Transient, "etimedout"},
	{syscall.EHOSTUNREACH, op.Transient, "ehostunreach"},
	{syscall.ENETUNREACH, op.Transient, "enetunreach"},
}

// Fault makes an error an answer: doing says what was being done, for errors
// that do not say it themselves.
func Fault(doing string, err error) *op.Error {
	if e, ok := errors.AsType[*op.Error](err); ok {
		return e
	}
	if s, ok := errors.AsType[*Stop](err); ok {
		return &op.Error{Class: op.Transient, Code: s.Code, Message: Bounded(doing + " " + s.Why)}
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		e := &op.Error{Class: op.Permanent, Message: Bounded(doing + ": " + errno.Error())}
		for _, k := range kinds {
			if k.errno == errno {
				e.Class, e.Code = k.class, k.code
			}
		}
		return e
	}
	return &op.Error{Class: op.Permanent, Message: Bounded(doing + ": " + err.Error())}
}

// Conflict is a target that is not as the op needs it.
func Conflict(code, message string) *op.Error {
	return &op.Error{Class: op.Conflict, Code: code, Message: Bounded(message)}
}

// Refuse is an op that cannot be done as asked.
func Refuse(code, message string) *op.Error {
	return &op.Error{Class: op.Permanent, Code: code, Message: Bounded(message)}
}

// Stopped returns why ctx is done, or nil where it is not.
func Stopped(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

// panicked makes a panic an error that says where it was.
func panicked(r any) error {
	text := "the runner has a defect"
	switch r := r.(type) {
	case error:
		text += ": " + r.Error()
	case string:
		text += ": " + r
	}
	for skip := 3; skip < 12; skip++ {
		_, file, line, ok := runtime.Caller(skip)
		if ok && strings.Contains(file, "/runner/") {
			return errors.New(text + " (" + file[strings.LastIndexByte(file, '/')+1:] + ":" + strconv.Itoa(line) + ")")
		}
	}
	return errors.New(text)
}

// Bounds of the text of an error, and of the op in it.
const (
	maxMessage = 4 << 10
	maxTitle   = 160
)

// Title names an op in a message.
func Title(o op.Op) string {
	s := o.String()
	if len(s) > maxTitle {
		s = Clean(s[:maxTitle]) + "..."
	}
	return s
}

// Doing says what an op does, for a sentence: "writing /etc/motd".
func Doing(o op.Op) string {
	if text := o.Doing(); text != "" {
		return Bounded(text)
	}
	return Title(o)
}

// Bounded makes text fit for an answer: not too long, and valid UTF-8, without
// which the two ends would not agree on a result's digest.
func Bounded(s string) string {
	if len(s) > maxMessage {
		s = s[:maxMessage] + "..."
	}
	return Clean(s)
}

// Clean replaces bytes that are not UTF-8 by U+FFFD.
func Clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// IsAbsent reports whether an error says that nothing is there.
func IsAbsent(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR)
}

// IsCode reports whether err is an op's error with one of the codes.
func IsCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*op.Error](err)
	return ok && slices.Contains(codes, e.Code)
}

// Wrap is Fault for errors that may be none.
func Wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return Fault(doing, err)
}
