//go:build !wasip1

package sdk

// Serve only checks the sets outside WebAssembly; tests use Handle.
func Serve(sets ...*Set) { union(sets) }
