package manifest

import (
	"path"
	"slices"
	"strings"
)

// matchPath matches an absolute path against a pattern: within a segment as
// [path.Match] does, and "**" stands for any number of segments, at the end for
// at least one. "/**" is every path.
func matchPath(pattern, name string) bool {
	if pattern == "/**" {
		return strings.HasPrefix(name, "/")
	}
	if slices.Contains(strings.Split(name, "/"), "..") {
		return false // where it leads depends on the host's links
	}
	return matchSegments(segments(pattern), segments(path.Clean(name)))
}

func segments(name string) []string { return strings.Split(strings.TrimPrefix(name, "/"), "/") }

func matchSegments(pattern, name []string) bool {
	p, n := 0, 0
	star, resume := -1, 0 // the latest "**" and where in name to go on from it
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, resume = p, n
			p++
		case p < len(pattern) && matchSegment(pattern[p], name[n]):
			p, n = p+1, n+1
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	return p == len(pattern)
}

func matchSegment(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
