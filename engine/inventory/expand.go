package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxHosts bounds what ranges may expand to, and the hosts of an inventory.
const MaxHosts = 100_000

// ErrTooMany is why a range is refused, or an inventory.
var ErrTooMany = fmt.Errorf("more than %d hosts", MaxHosts)

// Expand lists the names that a pattern with ranges stands for, as in Ansible:
// web[01:20], db-[a:c], rack[1:9:2], n[:3]. It gives name itself where it has none.
func Expand(name string) ([]string, error) {
	open := strings.IndexByte(name, '[')
	if open < 0 {
		return []string{name}, nil
	}
	length := strings.IndexByte(name[open:], ']')
	if length < 0 {
		return nil, fmt.Errorf("%q: the bracket is not closed", name)
	}
	values, err := expandRange(name[open+1 : open+length])
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	tails, err := Expand(name[open+length+1:])
	if err != nil {
		return nil, err
	}
	if len(values)*len(tails) > MaxHosts {
		return nil, fmt.Errorf("%q: %w", name, ErrTooMany)
	}
	names := make([]string, 0, len(values)*len(tails))
	for _, v := range values {
		for _, tail := range tails {
			names = append(names, name[:open]+v+tail)
		}
	}
	return names, nil
}

func expandRange(text string) ([]string, error) {
	parts := strings.Split(text, ":")
	if parts[0] == "" {
		parts[0] = "0" // [:3]
	}
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		return nil, errors.New("a range is [first:last] or [first:last:step]")
	}
	step := 1
	if len(parts) == 3 {
		var err error
		if step, err = parseDigits(parts[2]); err != nil || step < 1 {
			return nil, errors.New("the range's step is no number above 0")
		}
	}
	first, last := parts[0], parts[1]
	if len(first) == 1 && len(last) == 1 && isLetter(first[0]) && isLetter(last[0]) {
		return letters(first[0], last[0], step)
	}
	return numbers(first, last, step)
}

// alphabet is the order of letters in ranges: [x:C] is x, y, z, A, B and C.
const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func isLetter(b byte) bool { return strings.IndexByte(alphabet, b) >= 0 }

func letters(first, last byte, step int) ([]string, error) {
	lo, hi := strings.IndexByte(alphabet, first), strings.IndexByte(alphabet, last)
	if lo > hi {
		return nil, errors.New("the range's last letter does not follow its first")
	}
	var names []string
	for i := lo; i <= hi; i += step {
		names = append(names, alphabet[i:i+1])
	}
	return names, nil
}

func numbers(first, last string, step int) ([]string, error) {
	lo, errFirst := parseDigits(first)
	hi, errLast := parseDigits(last)
	width := 0
	if len(first) > 1 && first[0] == '0' {
		width = len(first)
	}
	switch {
	case errFirst != nil || errLast != nil:
		return nil, errors.New("the range's ends are two numbers, or two letters")
	case width > 0 && len(last) != width:
		return nil, errors.New("with leading zeros both ends of a range have the same length")
	case lo > hi:
		return nil, errors.New("the range's last is less than its first")
	case (hi-lo)/step >= MaxHosts:
		return nil, ErrTooMany
	}
	var names []string
	for n := lo; n <= hi; n += step {
		names = append(names, fmt.Sprintf("%0*d", width, n))
	}
	return names, nil
}

// maxDigits bounds the numbers within names that froyo counts with.
const maxDigits = 9

var errNotDigits = errors.New("not a number")

func parseDigits(s string) (int, error) {
	if s == "" || len(s) > maxDigits || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, errNotDigits
	}
	return strconv.Atoi(s)
}
