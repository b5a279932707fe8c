package queue

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// What bounds the texts of an item, and its ID, in which they are escaped.
const (
	maxText = 4 << 10
	maxID   = 31 << 10
)

// ID names a host's work in a batch: RUN/BATCH/PLAY/HOST, in which names are
// escaped so that it is printable and stands for one item only. In it, as
// wherever they are shown, batches count from 1.
func ID(run string, batch int, play, host string) string {
	return strings.Join([]string{url.PathEscape(run), strconv.Itoa(batch + 1), url.PathEscape(play), url.PathEscape(host)}, "/")
}

// Check says what makes an item one that no queue takes.
func (i *Item) Check() error {
	texts := []struct {
		name, text string
		needed     bool
		limit      int
	}{
		{"ID", i.ID, true, maxID},
		{"run", i.Run, true, maxText},
		{"host", i.Host, true, maxText},
		{"workspace", i.Workspace, false, maxText},
		{"play", i.Play, false, maxText},
	}
	for _, t := range texts {
		switch {
		case t.needed && t.text == "":
			return fmt.Errorf("the item %q has no %s", i.ID, t.name)
		case len(t.text) > t.limit:
			return fmt.Errorf("the %s of an item is longer than %d bytes: %.40q", t.name, t.limit, t.text)
		case !utf8.ValidString(t.text):
			return fmt.Errorf("the %s of an item is not UTF-8: %.40q", t.name, t.text)
		}
	}
	if i.Batch < 0 {
		return fmt.Errorf("the item %q is of batch %d", i.ID, i.Batch)
	}
	return nil
}

// CheckClaim says what is wrong with a worker or the length of its claim.
func CheckClaim(worker string, ttl time.Duration) error {
	switch {
	case worker == "":
		return fmt.Errorf("the worker has no name")
	case len(worker) > maxText || !utf8.ValidString(worker):
		return fmt.Errorf("the worker's name is longer than %d bytes or not UTF-8: %.40q", maxText, worker)
	case ttl < time.Microsecond || ttl > MaxTTL:
		return fmt.Errorf("a claim of %v: want more than nothing, and no more than %v", ttl, MaxTTL)
	}
	return nil
}

// Wants reports whether the filter picks an item.
func (f *Filter) Wants(i *Item) bool {
	return (f.Workspace == "" || f.Workspace == i.Workspace) && (f.Run == "" || f.Run == i.Run) &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, i.ID))
}

// Claimed reports whether a worker has the item just now.
func (i *Item) Claimed(now time.Time) bool { return i.Worker != "" && now.Before(i.Until) }

// Outcome is what became of an item that was to be delivered.
type Outcome int

// The outcomes. All but Kept change the item.
const (
	Kept      Outcome = iota // claimed or dead-lettered before
	Shortened                // claimed, and no longer for longer than the claim's TTL
	Abandoned                // dead-lettered just now
	Delivered
)

// Deliver gives the item to a worker, where no worker has it.
func (i *Item) Deliver(worker string, now time.Time, ttl time.Duration) Outcome {
	now = now.UTC().Truncate(time.Microsecond)
	switch {
	case i.DeadLettered:
		return Kept
	case i.Claimed(now):
		// More than the TTL is left: the clock was set back since.
		if bound := now.Add(i.TTL); i.Until.After(bound) {
			i.Until = bound
			return Shortened
		}
		return Kept
	case i.Attempts >= MaxAttempts:
		i.DeadLettered = true
		i.Reason = fmt.Sprintf("delivered %d times and never done, the last time to %s", i.Attempts, i.Worker)
		i.free()
		return Abandoned
	}
	i.Attempts++
	i.Worker = worker
	i.Extend(now, ttl)
	return Delivered
}

// Extend has the claim end a TTL from now.
func (i *Item) Extend(now time.Time, ttl time.Duration) {
	i.TTL = ttl.Truncate(time.Microsecond)
	i.Until = now.UTC().Truncate(time.Microsecond).Add(i.TTL)
}

// Release takes the item from its worker as if it had never had it.
func (i *Item) Release() {
	i.Attempts--
	i.free()
}

func (i *Item) free() { i.Worker, i.Until, i.TTL = "", time.Time{}, 0 }
