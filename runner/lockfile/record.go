package lockfile

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// record is what a lock's file says of its holder. Of another user's file it
// may be anything at all.
type record struct {
	op.Holder
	Start string `json:"start"` // when the process began, as the kernel counts
}

// maxRecord bounds what is read of a file.
const maxRecord = 8 << 10

func newRecord(o *op.Lock) record {
	pid := os.Getpid()
	return record{
		Holder: op.Holder{Run: o.Run, Owner: o.Owner, Since: o.Since, PID: pid, Token: o.Token, Name: o.Name},
		Start:  startOf(pid),
	}
}

func (r record) write(f *os.File) error {
	text, err := codec.Marshal(r)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(text, '\n'), 0)
	return err
}

// read reads a record; one that makes no sense is empty, but for whose file it is.
func (l *Lock) read(f *os.File) record {
	r := parse(content(f))
	r.UID, r.Trusted = -1, false
	if info, err := f.Stat(); err == nil {
		r.UID = owner(info)
		r.Trusted = r.UID == 0 || r.UID == l.uid
	}
	return r
}

// content is what a record's file says, or nil where it cannot be read.
func content(f *os.File) []byte {
	text := make([]byte, maxRecord)
	n, err := f.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return text[:n]
}

func parse(text []byte) record {
	var r record
	if codec.Unmarshal(text, &r) != nil {
		return record{}
	}
	for _, s := range []*string{&r.Owner, &r.Run, &r.Name} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	return r
}

// yields reports whether the holder has to make room: it is an earlier attempt
// of the same run, or its lock is to be broken.
func (r record) yields(o *op.Lock) bool {
	if r.Run == "" {
		return false
	}
	return r.Run == o.Run && r.Name == o.Name && r.Token < o.Token || r.Run == o.Break
}

// shares reports whether the holder says that it is the same run, which has the
// machine under another name.
func (r record) shares(o *op.Lock) bool { return r.Run != "" && r.Run == o.Run && r.Name != o.Name }

// is reports whether the record is of the lock that is depended on.
func (r record) is(w *op.Watch) bool {
	return w != nil && r.Run == w.Run && r.Token == w.Token && r.UID == w.UID
}

func (r record) who() string {
	switch {
	case r.Owner == "" && r.UID > 0:
		return "a process of the user with id " + strconv.Itoa(r.UID) + " that does not say whose it is"
	case r.Owner == "":
		return "a process that does not say whose it is"
	case !r.Trusted:
		return "a process of the user with id " + strconv.Itoa(r.UID) + " that says it is " + r.Owner + ", run " + r.Run
	}
	return r.Owner + ", run " + r.Run
}

// refusal is the answer to who cannot have the lock.
func (r record) refusal() error {
	holder := r.Holder
	return &op.Error{
		Class: op.Conflict, Code: op.CodeHeld, Message: "the host is being changed by " + r.who(), Holder: &holder,
	}
}

// twice is the answer to a run that has the machine already, under another name.
func (r record) twice() error {
	holder := r.Holder
	return &op.Error{
		Class: op.Conflict, Code: op.CodeShared, Message: "this run has the host already, as " + r.Name, Holder: &holder,
	}
}

// evict asks the holder of a file to end and waits for it. One that does not
// do so loses the file: what it holds then is no lock any more, which it sees
// before its next change.
func (l *Lock) evict(ctx context.Context, f *os.File, path string, r record) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if r.lives(owner(info)) {
		_ = syscall.Kill(r.PID, syscall.SIGTERM) // it may have ended by itself
	}
	late := time.After(l.grace)
	for !lock(f, syscall.LOCK_EX) {
		select {
		case <-time.After(pace):
			continue
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late:
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errors.New("break the host lock " + path + ": " + err.Error())
		}
		return nil
	}
	return nil
}

// lives reports whether the process of a record is that process still, and the
// file's owner's: no user may have another's process ended by naming it.
func (r record) lives(uid int) bool {
	if r.PID <= 1 || r.Start == "" || startOf(r.PID) != r.Start {
		return false
	}
	info, err := os.Stat("/proc/" + strconv.Itoa(r.PID))
	return err == nil && owner(info) == uid
}

// startOf is when a process began, in the kernel's ticks since boot, or "".
func startOf(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// The name of the program, in parentheses, may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const start = 19 // the 22nd field, three being cut off with the name
	if len(fields) <= start {
		return ""
	}
	return fields[start]
}
