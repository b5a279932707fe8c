package packages

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// free waits until no process holds a lock, where that can be seen.
func (t *transaction) free(ctx context.Context) error {
	for t.m.is.Holder != nil && t.m.host.Sudo == nil {
		holder := t.m.is.Holder()
		if holder == "" {
			break
		}
		if err := t.patience.wait(ctx, holder, t.m.is.Unlock, lockLook); err != nil {
			return err
		}
	}
	return nil
}

// patience is how long a transaction waits for locks, and for whom it did.
type patience struct {
	note   func(string)
	limit  time.Duration
	waited time.Duration
	holder string // the last one
}

// How long locks are waited for where nothing is said, and how often it is tried, or looked.
const (
	defaultPatience = 2 * time.Minute
	lockPoll        = time.Second
	lockLook        = 200 * time.Millisecond
)

func newPatience(e *op.PkgEnsure, note func(string)) *patience {
	return &patience{note: note, limit: cmp.Or(time.Duration(e.LockMS)*time.Millisecond, defaultPatience)}
}

// wait lets a moment pass, while a process holds a lock.
func (p *patience) wait(ctx context.Context, holder, unlock string, pause time.Duration) error {
	holder = cmp.Or(holder, p.holder, "another process")
	if holder != p.holder {
		p.holder = holder
		p.note("waiting for the package lock held by " + holder)
	}
	left := p.limit - p.waited
	if left <= 0 {
		message := "the package lock is still held by " + holder + " after waiting " + seconds(p.waited)
		if unlock != "" {
			message += "\n" + unlock
		}
		return Fault(op.Transient, "locked", message)
	}
	begin := time.Now()
	timer := time.NewTimer(min(pause, left))
	defer timer.Stop()
	select {
	case <-timer.C:
		p.waited += time.Since(begin)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// summary says for what was waited and how long, "" for not at all.
func (p *patience) summary() string {
	if p.waited == 0 {
		return ""
	}
	return seconds(p.waited) + " for the package lock held by " + p.holder
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(time.Second, d).Round(time.Second)/time.Second), 10) + " s"
}

func itoa(n int) string { return strconv.Itoa(n) }
