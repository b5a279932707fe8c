// Package hostpath gives paths on hosts one spelling, so that two that the
// kernel cannot tell apart are one text.
//
// It is a leaf: it imports the standard library only.
package hostpath

import (
	"path"
	"slices"
	"strings"
)

// Clean returns the one spelling of an absolute path: without doubled slashes, "."
// and a slash at the end. ".." stays, because it leads elsewhere where the part
// before it is a link; so does what is not absolute.
func Clean(p string) string {
	if !strings.HasPrefix(p, "/") || isClean(p) {
		return p
	}
	parts := strings.Split(p, "/")
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" || part == "." })
	return "/" + strings.Join(parts, "/")
}

// isClean reports whether an absolute path is spelled as Clean does, as most are.
func isClean(p string) bool {
	return p == "/" || !strings.HasSuffix(p, "/") && !strings.HasSuffix(p, "/.") && !strings.Contains(p, "//") && !strings.Contains(p, "/./")
}

// Climbs reports whether a path has "..", which text alone cannot resolve.
func Climbs(p string) bool {
	return strings.Contains(p, "..") && slices.Contains(strings.Split(p, "/"), "..")
}

// Resolved is what an absolute path with ".." means where no link is in its way.
func Resolved(p string) string { return path.Clean(p) }

// Below reports whether a path is dir, or lies below it. Both are spelled as Clean does.
func Below(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

// File is the name of a file's resource, file[/etc/motd], as it is spelled now:
// what was kept before may have it otherwise. Other names stay as they are.
func File(name string) string {
	key, is := strings.CutPrefix(name, "file[")
	if key, closed := strings.CutSuffix(key, "]"); is && closed {
		return "file[" + Clean(key) + "]"
	}
	return name
}
