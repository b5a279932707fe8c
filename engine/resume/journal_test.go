package resume_test

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/runner/op"
)

// TestKeysTellExecutionsApart: a handler that ran once must not vouch for the
// execution at which its run was interrupted. A store keeps microseconds.
func TestKeysTellExecutionsApart(t *testing.T) {
	u := enginetest.Set("h1", "/a", "1")
	at := time.Unix(1, 1234567)
	key := resume.Key("20261125-210900-abcdef", u, at, 0)
	if err := op.CheckKey(key); err != nil {
		t.Error(err)
	}
	if key != resume.Key("20261125-210900-abcdef", u, at.Truncate(time.Microsecond).UTC(), 0) {
		t.Error("an execution has another key once it was kept")
	}
	if key == resume.Key("20261125-210900-abcdef", u, at.Add(time.Microsecond), 0) {
		t.Error("two executions have one key")
	}
}

// TestKeysOfDelegates: what two hosts delegate to a third one is told apart in its journal.
func TestKeysOfDelegates(t *testing.T) {
	a, b := enginetest.Set("h1", "/a", "1"), enginetest.Set("h2", "/a", "1")
	a.ID.Delegate, b.ID.Delegate = "lb1", "lb1"
	if resume.Key("r1", a, time.Time{}, 0) == resume.Key("r1", b, time.Time{}, 0) {
		t.Error("units of two hosts have one key")
	}
}
