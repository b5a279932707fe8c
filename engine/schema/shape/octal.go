package shape

import (
	"strconv"
	"strings"
)

// octalDigits guesses what mode an int was meant to be: 644 and 0o644 (which
// is 420) both give "0644". Where nothing looks like a mode, that serves as an example.
func octalDigits(n int64) string {
	asTyped, asOctal := strconv.FormatInt(n, 10), strconv.FormatInt(n, 8)
	for _, likely := range []func(string) bool{isUsualMode, isNestedMode, isOctal} {
		for _, digits := range []string{asTyped, asOctal} {
			if likely(digits) {
				return strings.Repeat("0", 4-len(digits)) + digits
			}
		}
	}
	return "0644"
}

// isUsualMode: each class can read or do nothing, and no class can do what one before it cannot.
func isUsualMode(digits string) bool {
	return isNestedMode(digits) && strings.Trim(digits[len(digits)-3:], "04567") == ""
}

// isNestedMode: the owner can do all that the group can, the group all that others can.
func isNestedMode(digits string) bool {
	if !isOctal(digits) {
		return false
	}
	d := digits[len(digits)-3:]
	return d[0]&d[1] == d[1] && d[1]&d[2] == d[2]
}

func isOctal(digits string) bool {
	return (len(digits) == 3 || len(digits) == 4) && strings.Trim(digits, "01234567") == ""
}
