package rpm

import (
	"slices"
	"strings"
)

// Compare orders two versions as rpm does: the epoch, then the version, then the
// release. It is negative where a is older than b.
func Compare(a, b string) int {
	epochA, versionA, releaseA := Split(a)
	epochB, versionB, releaseB := Split(b)
	if c := segments(epochA, epochB); c != 0 {
		return c
	}
	if c := segments(versionA, versionB); c != 0 {
		return c
	}
	if releaseA == "" || releaseB == "" {
		return 0
	}
	return segments(releaseA, releaseB)
}

// Insert adds a version to those that are there, the newest first, where it is not among them.
func Insert(versions []string, version string) []string {
	if slices.Contains(versions, version) {
		return versions
	}
	at := 0
	for at < len(versions) && Compare(versions[at], version) >= 0 {
		at++
	}
	return slices.Insert(versions, at, version)
}

// Split parts "epoch:version-release". The epoch is "0" where there is none.
func Split(evr string) (epoch, version, release string) {
	epoch, version, ok := strings.Cut(evr, ":")
	if !ok {
		epoch, version = "0", evr
	}
	if at := strings.LastIndexByte(version, '-'); at >= 0 {
		version, release = version[:at], version[at+1:]
	}
	return epoch, version, release
}

// segments compares texts piece by piece: numbers as numbers, letters as letters. "~"
// comes before everything, even the end, and "^" after the end alone.
func segments(a, b string) int {
	for a != "" || b != "" {
		a, b = skip(a), skip(b)
		switch {
		case lead(a) == '~' || lead(b) == '~':
			if lead(a) != lead(b) {
				return sign(lead(b) == '~')
			}
			a, b = a[1:], b[1:]
			continue
		case lead(a) == '^' || lead(b) == '^':
			switch {
			case a == "" || b == "":
				return sign(b == "")
			case lead(a) != lead(b):
				return sign(lead(b) == '^')
			}
			a, b = a[1:], b[1:]
			continue
		case a == "" || b == "":
			return sign2(a != "", b != "")
		}
		var c int
		if c, a, b = piece(a, b); c != 0 {
			return c
		}
	}
	return 0
}

// piece compares the first number or word of both, and returns what is behind them.
func piece(a, b string) (c int, restA, restB string) {
	is := letter
	if digit(a[0]) {
		is = digit
	}
	x, restA := take(a, is)
	y, restB := take(b, is)
	if y == "" { // a number is newer than a word
		return sign(digit(a[0])), "", ""
	}
	if digit(x[0]) {
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if len(x) != len(y) {
			return sign(len(x) > len(y)), "", ""
		}
	}
	return strings.Compare(x, y), restA, restB
}

func take(s string, is func(byte) bool) (piece, rest string) {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return s[:n], s[n:]
}

// skip passes over what merely separates.
func skip(s string) string {
	for s != "" && !digit(s[0]) && !letter(s[0]) && s[0] != '~' && s[0] != '^' {
		s = s[1:]
	}
	return s
}

func lead(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func sign(newer bool) int {
	if newer {
		return 1
	}
	return -1
}

func sign2(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
