package plan

// For tests: to sign what no document says, and to say what no plan holds.
var (
	Sign  = sign
	Words = (*Step).words
)
