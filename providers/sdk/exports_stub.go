//go:build !wasip1

package sdk

// Serve does nothing outside WebAssembly; tests use Handle.
func Serve(*Set) {}
