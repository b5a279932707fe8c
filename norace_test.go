//go:build !race

package main

// race is whether this test looks for races, and so does froyo in its scripts.
const race = false
