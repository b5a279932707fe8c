//go:build !wasm

package pyre

import "math"

// How many entries a stack may have, at how many all its memory is reserved at once, how large a text may become, and how many steps are made.
const (
	maxStack  = 8 << 20
	reserving = maxStack
	maxResult = 64 << 20
	maxSteps  = math.MaxInt // the time is limited
)
