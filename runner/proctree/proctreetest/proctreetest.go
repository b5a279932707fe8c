// Package proctreetest runs tests where they see no processes but their own.
//
// It imports the standard library alone.
package proctreetest

import (
	"os"
	"testing"
)

// Main runs the tests in a PID namespace of their own, and exits: see [Enter].
func Main(m *testing.M) {
	Enter()
	os.Exit(m.Run())
}
