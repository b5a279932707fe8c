package syntax

import "strings"

// number returns the kind and length of the number that a text begins with. After a dot there are whole numbers
// only, as in a.0.1.
func number(s string, afterDot bool) (kind, int) {
	if n := floating(s); n > 0 && !afterDot {
		return float, n
	}
	if len(s) > 2 && s[0] == '0' {
		digits := map[byte]string{'b': "01", 'o': "01234567", 'x': "0123456789abcdefABCDEF"}[s[1]|0x20]
		if n := grouped(s[2:], digits, true); digits != "" && n > 0 {
			return integer, 2 + n
		}
	}
	if s[0] == '0' {
		return integer, grouped(s, "0", false)
	}
	return integer, grouped(s, "0123456789", false)
}

// grouped returns how many bytes of digits, with single underscores between them, a text begins with.
func grouped(s, digits string, lead bool) int {
	n := 0
	for n < len(s) {
		at := n
		if s[at] == '_' && (lead || n > 0) {
			at++
		}
		if at == len(s) || strings.IndexByte(digits, s[at]) < 0 {
			break
		}
		n = at + 1
	}
	return n
}

// floating returns the length of a number with a fraction or an exponent, or 0.
func floating(s string) int {
	const decimal = "0123456789"
	n := grouped(s, decimal, false)
	fraction := 0
	if strings.HasPrefix(s[n:], ".") {
		if f := grouped(s[n+1:], decimal, false); f > 0 {
			fraction = 1 + f
		}
	}
	end := n + fraction
	if end < len(s) && s[end]|0x20 == 'e' {
		digits := end + 1
		if digits < len(s) && (s[digits] == '+' || s[digits] == '-') {
			digits++
		}
		if e := grouped(s[digits:], decimal, false); e > 0 {
			return digits + e
		}
	}
	if fraction > 0 {
		return end
	}
	return 0
}
