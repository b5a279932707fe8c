package hosttime_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hosttime"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// slow takes a time for each call, or as long as its step may take, as runners do.
type slow struct{ each time.Duration }

func (s slow) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	results := make([]op.Result, len(steps))
	for i, step := range steps {
		time.Sleep(min(s.each, step.Timeout))
		if step.Timeout < s.each {
			results[i].Error = &op.Error{Class: op.Transient, Code: "timeout", Message: "it took too long"}
		}
	}
	return results, nil
}

func (s slow) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	results, err := s.Do(ctx, steps)
	outcomes := make([]target.Outcome, len(steps))
	for i, r := range results {
		outcomes[i] = target.Outcome{Ran: true, Result: r}
	}
	return outcomes, err
}

func TestTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timed := hosttime.Wrap(slow{4 * time.Second}, "h1", 10*time.Second)
		timed.Restart()
		one := []target.Step{{}}
		for range 2 {
			if results, err := timed.Do(t.Context(), one); err != nil || results[0].Error != nil {
				t.Fatalf("got %+v, %v within its time", results, err)
			}
			time.Sleep(time.Hour) // which it waits for others
		}
		began := time.Now()
		outcomes, err := timed.Run(t.Context(), one)
		if err != nil || outcomes[0].Result.Error == nil || !strings.Contains(outcomes[0].Result.Error.Message, "it took too long: the time of the host is up (--host-timeout 10s)") {
			t.Errorf("got %+v, %v at the end of its time", outcomes, err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %s, want what was left", took)
		}
		if _, err := timed.Do(t.Context(), one); diag.CodeOf(err) != diag.Failed || !strings.Contains(err.Error(), "h1: its time is up (--host-timeout 10s)") {
			t.Errorf("got %v behind its time", err)
		}
		timed.Restart()
		if _, err := timed.Do(t.Context(), one); err != nil {
			t.Errorf("got %v in the next stage", err)
		}
	})
}

// TestOwnTimeout: what a unit's own timeout ended is not put down to the host's.
func TestOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timed := hosttime.Wrap(slow{4 * time.Second}, "h1", 10*time.Second)
		timed.Restart()
		results, err := timed.Do(t.Context(), []target.Step{{Timeout: time.Second}})
		if err != nil || results[0].Error == nil || results[0].Error.Message != "it took too long" {
			t.Errorf("got %+v, %v", results, err)
		}
	})
}

// TestSideBySide: ops at the same time spend it once.
func TestSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timed := hosttime.Wrap(slow{4 * time.Second}, "h1", 10*time.Second)
		timed.Restart()
		for range 2 {
			done := make(chan error)
			for range 5 {
				go func() {
					_, err := timed.Do(context.Background(), []target.Step{{}})
					done <- err
				}()
			}
			for range 5 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
	})
}
