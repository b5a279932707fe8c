package hostlock

import (
	"errors"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// refusal explains why a host could not be locked.
func refusal(host string, e *op.Error) error {
	if e.Code == op.CodeHeld && e.Holder != nil {
		return Held(host, *e.Holder)
	}
	d := &diag.Error{Summary: "lock the host for this run: " + escape.Text(e.Message), Host: host, Code: diag.Failed, Cause: e}
	return d.WithHint("without its lock another run could change the host at the same time, so nothing was done")
}

// IsLost reports whether an error says that the run lost a host's lock to another run.
func IsLost(err error) bool {
	_, is := errors.AsType[*target.LockLostError](err)
	return is
}

// Lost explains that the run lost a host's lock in the middle.
func Lost(lost *target.LockLostError) *diag.Error {
	d := &diag.Error{Summary: escape.Text(lost.Reason.Message), Host: lost.Host, Code: diag.Failed, Cause: lost}
	if h := lost.Reason.Holder; h != nil {
		d.Summary, d.Code = "the run no longer has the host, which is now being changed by "+holder(*h), diag.Locked
	}
	if lost.Lost != nil {
		d.Detail = lost.Lost.Message
	}
	return d.WithHint("nothing more was done on it, and what was finished stays; find out who took it, then: froyo resume")
}

// Held is the refusal of a host that another run has locked. What the holder says
// is in a command only where no other user than root and the one at work could write it.
func Held(host string, h op.Holder) *diag.Error {
	if len(h.Running) > 0 {
		return resume.StillRunning(host, h.Running)
	}
	d := &diag.Error{Summary: "the host is being changed by " + holder(h), Host: host, Code: diag.Locked}
	switch {
	case h.Trusted && op.IsRun(h.Run):
		return d.WithHint("wait, or: froyo lock break %s", h.Run)
	case h.Trusted:
		return d.WithHint("wait until it has ended; on the host, this finds who has the lock file open: fuser %s", lockFile(h.UID))
	}
	return d.WithHint("wait until it has ended; that user could write anything into the lock, so see on the host who that is: fuser %s", lockFile(h.UID))
}

// lockFile is where the lock of a user is, as runner/lockfile has it, for a shell.
func lockFile(uid int) string {
	if uid == 0 {
		return "/run/froyo/lease"
	}
	return fmt.Sprintf("/tmp/.froyo-%d*.lease", uid)
}

// holder is who has locked a host, as text for the screen.
func holder(h op.Holder) string {
	other := ""
	if !h.Trusted {
		other = fmt.Sprintf("a process of the user with id %d", h.UID)
	}
	switch {
	case h.Run == "" && other == "":
		return "a process that does not say whose it is"
	case h.Run == "":
		return other + ", which does not say whose it is"
	case other != "":
		other += ", which says it is "
	}
	return fmt.Sprintf("%s%s, since %s, run %s", other, short(h.Owner), Since(time.UnixMilli(h.Since), time.Now()), short(h.Run))
}

// maxText bounds what is shown of what a holder says of itself.
const maxText = 100

// short bounds what a holder says of itself, and escapes it.
func short(s string) string {
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText]) + "…"
	}
	return escape.Text(s)
}

// Since is a moment as operators read it: the time, and the day where it is another.
func Since(t, now time.Time) string {
	if t.Local().Format(time.DateOnly) == now.Local().Format(time.DateOnly) {
		return t.Local().Format(time.TimeOnly)
	}
	return t.Local().Format(time.DateTime)
}
