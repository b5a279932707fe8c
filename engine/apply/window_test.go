package apply

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/runner/target"
)

// TestWindowCuts: what the end of a window has cut off says so, and how to give it more; what failed before, or lost its connection, says
// that.
func TestWindowCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &window{armed: guard.NewWindow(nil, time.Minute)}
		failed := errors.New("killed after 45s")
		if err := w.cut(failed); !errors.Is(err, failed) || err.Error() != failed.Error() {
			t.Errorf("within it: %v", err)
		}
		time.Sleep(45 * time.Second)
		err := w.cut(failed)
		if d := diag.Of(err); d.Summary != "the window of 1m0s of its guard was over before it had ended" || d.Detail != failed.Error() || d.Hint != "give it more: --guard-window 5m" {
			t.Errorf("%+v", d)
		}
		if !errors.Is(err, failed) {
			t.Errorf("the cause is lost: %v", err)
		}
		lost := error(&target.Error{Host: "h1", Message: "no route"})
		if err := w.cut(lost); err != lost { //nolint:errorlint // the same
			t.Errorf("a lost connection: %v", err)
		}
		if err := w.bound(&target.Step{}); diag.Of(err).Summary != "the window of 1m0s of its guard was over before it had begun" || w.cut(err) != err { //nolint:errorlint // the same
			t.Errorf("%v", err)
		}
	})
}
