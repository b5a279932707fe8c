package plan_test

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
)

// TestKeysTellTurnsApart: a handler that ran once must not vouch for the turn in
// which its run was broken off. A store keeps microseconds.
func TestKeysTellTurnsApart(t *testing.T) {
	u := enginetest.Set("h1", "/a", "1")
	at := time.Unix(1, 1234567)
	key := plan.Key("20261125-210900-abcdef", u, at, 0)
	if err := op.CheckKey(key); err != nil {
		t.Error(err)
	}
	if key != plan.Key("20261125-210900-abcdef", u, at.Truncate(time.Microsecond).UTC(), 0) {
		t.Error("a turn has another key once it was kept")
	}
	if key == plan.Key("20261125-210900-abcdef", u, at.Add(time.Microsecond), 0) {
		t.Error("two turns have one key")
	}
}
