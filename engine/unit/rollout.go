package unit

// Rollout says how many of the play's hosts execute a unit.
type Rollout struct {
	// Throttle bounds how many hosts execute it at once; 0 does not.
	Throttle int
	// RunOnce has one host of the play execute it for all.
	RunOnce bool
}
