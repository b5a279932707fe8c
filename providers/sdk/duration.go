package sdk

import (
	"strconv"

	"github.com/openfroyo/froyo/runner/op"
)

// units of time in milliseconds, the longer names first.
var units = []struct {
	name string
	ms   int64
}{{"ms", 1}, {"s", 1000}, {"m", 60_000}, {"h", 3_600_000}}

// maxTime is the longest time in milliseconds: a week.
const maxTime = 7 * 24 * 3_600_000

// Milliseconds reads "10s", "1m30s" or "500ms": numbers, each with its unit.
// Package time would do the same, and make the guest larger.
func Milliseconds(s string) (total int64, ok bool) {
	for s != "" {
		n, digits := int64(0), 0
		for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
			if n = 10*n + int64(s[digits]-'0'); n > maxTime {
				return 0, false
			}
			digits++
		}
		unit := int64(0)
		for _, u := range units {
			if rest := s[digits:]; len(rest) >= len(u.name) && rest[:len(u.name)] == u.name {
				unit, s = u.ms, rest[len(u.name):]
				break
			}
		}
		if digits == 0 || unit == 0 {
			return 0, false
		}
		if total += n * unit; total > maxTime {
			return 0, false
		}
		ok = true
	}
	return total, ok
}

// Seconds reads a duration as the schema lets it pass: "1h30m".
func Seconds(t *T, text string) int64 {
	var all, n int64
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9' && n < 1<<40:
			n = 10*n + int64(c-'0')
		case c == 'h':
			all, n = all+3600*n, 0
		case c == 'm':
			all, n = all+60*n, 0
		case c == 's':
			all, n = all+n, 0
		default:
			t.Fail(op.Permanent, strconv.Quote(text)+" is no duration", "", "") // the schema lets none such pass
		}
	}
	return all
}
