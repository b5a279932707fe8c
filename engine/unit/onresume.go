package unit

// OnResume is what becomes of a unit of which nobody knows whether it did its work.
type OnResume string

// What can become of it.
const (
	Fail     OnResume = "fail"  // it fails, so that somebody looks
	Rerun    OnResume = "rerun" // it runs again
	PassOver OnResume = "skip"  // it counts as skipped, and its host goes on
)
