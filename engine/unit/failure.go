package unit

import "time"

// Failure is what makes an execution of a unit a failure, and what is done then.
type Failure struct {
	// Timeout bounds each op of the unit on the host; 0 is the runner's own bound.
	Timeout time.Duration
	// Retry says how often an execution that fails is tried again; nil is never.
	Retry *Retry
	// Handler of the play runs where the unit fails; "" is none.
	Handler string
	// Ignore lets the host go on where the unit fails; by default nothing more is done there.
	Ignore bool
	// OnResume says what becomes of the unit where its run was interrupted while it
	// acted, and nothing on the host tells whether it did its work; "" is Fail.
	OnResume OnResume
}

// Retry says how an execution that fails is tried again.
type Retry struct {
	Attempts int           // of the whole, at least 1
	Delay    time.Duration // before the second attempt
	Backoff  float64       // what each further delay is multiplied by, at least 1
	// Until decides from the result whether the unit is done; nil is once it does not fail.
	Until Lambda
}

// Wait is how long to wait after an attempt, counted from 1. It is bounded by an hour.
func (r *Retry) Wait(attempt int) time.Duration {
	wait := float64(r.Delay)
	for range attempt - 1 {
		wait *= r.Backoff
	}
	return time.Duration(min(wait, float64(time.Hour)))
}

// OnResume is what becomes of a unit whose outcome is unknown.
type OnResume string

// What can become of it.
const (
	Fail     OnResume = "fail"  // it fails, so that an operator looks
	Rerun    OnResume = "rerun" // it runs again
	PassOver OnResume = "skip"  // it counts as skipped, and its host goes on
)
