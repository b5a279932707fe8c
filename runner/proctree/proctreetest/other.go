//go:build !linux

package proctreetest

// Enter does nothing: only Linux has PID namespaces.
func Enter() {}

// Thread does nothing: tests that run on this machine wait for each other.
func Thread() (end func(), err error) { return func() {}, nil }
