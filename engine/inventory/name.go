package inventory

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds the names of hosts and groups: the longest name that DNS has.
const maxName = 253

// reserved are the groups that every inventory has: all its hosts, and those in no other group.
const (
	groupAll       = "all"
	groupUngrouped = "ungrouped"
)

// checkHostName refuses names that would not survive a selector, a path or a command line.
func checkHostName(name string) error {
	if name == groupAll || name == groupUngrouped {
		return fmt.Errorf("a host cannot be named %q, which is a group", name)
	}
	if isAddress(name) {
		return nil
	}
	return checkName("host", name)
}

func checkGroupName(name string) error { return checkName("group", name) }

func checkName(kind, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a %s's name is empty", kind)
	case len(name) > maxName:
		return fmt.Errorf("a %s's name has %d bytes, more than %d", kind, len(name), maxName)
	case name == "." || name == "..":
		return fmt.Errorf("a %s cannot be named %q", kind, name)
	case name[0] == '-':
		return fmt.Errorf("%s name %q begins with a dash", kind, name)
	case !utf8.ValidString(name):
		return fmt.Errorf("%s name %q is not valid UTF-8", kind, name)
	}
	for _, r := range name {
		if !unicode.In(r, unicode.Letter, unicode.Digit, unicode.Mark) && !strings.ContainsRune("._-", r) {
			return fmt.Errorf("%s name %q: only letters, digits, dots, dashes and underscores are allowed, not %q", kind, name, r)
		}
	}
	return nil
}

// isAddress reports whether name is an IP address, perhaps of a zone: fe80::1%eth0.
func isAddress(name string) bool {
	ip, err := netip.ParseAddr(name)
	return err == nil && (ip.Zone() == "" || checkName("zone", ip.Zone()) == nil)
}

// checkUser refuses what cannot be a user's name, or could be taken for an option.
func checkUser(name string) error {
	if name == "" || name[0] == '-' || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("%q cannot be a user", name)
	}
	return nil
}

// endpoint is a host as a list or an INI line names it: [user@]name[:port]. The
// name may be an IPv6 address, with a port in brackets: [::1]:2222.
type endpoint struct {
	user, name string
	port       int
}

func parseEndpoint(s string) (endpoint, error) {
	var e endpoint
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		e.user, s = s[:i], s[i+1:]
		if err := checkUser(e.user); err != nil {
			return e, err
		}
	}
	name, port, err := splitPort(s)
	if err != nil {
		return e, err
	}
	e.name = name
	if port == "" {
		return e, nil
	}
	e.port, err = parsePort(port)
	return e, err
}

func splitPort(s string) (name, port string, err error) {
	if inner, rest, ok := strings.Cut(strings.TrimPrefix(s, "["), "]"); ok && s[0] == '[' && isAddress(inner) {
		if rest != "" && rest[0] != ':' {
			return "", "", fmt.Errorf("%q: after the address in brackets comes a port, :2222, or nothing", s)
		}
		if rest == ":" {
			return "", "", fmt.Errorf("%q: the port is missing", s)
		}
		return inner, strings.TrimPrefix(rest, ":"), nil
	}
	if isAddress(s) {
		return s, "", nil
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 || i < strings.LastIndexByte(s, ']') {
		return s, "", nil
	}
	if i == len(s)-1 {
		return "", "", fmt.Errorf("%q: the port is missing", s)
	}
	return s[:i], s[i+1:], nil
}

func parsePort(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%q is no port: want a number from 1 to 65535", s)
	}
	return n, nil
}

// maxHosts bounds what ranges may expand to, and the hosts of an inventory.
const maxHosts = 100_000

var errTooMany = fmt.Errorf("more than %d hosts", maxHosts)

// expand lists the names that a pattern with ranges stands for, as in Ansible:
// web[01:20], db-[a:c], rack[1:9:2]. It gives name itself where it has none.
func expand(name string) ([]string, error) {
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
	tails, err := expand(name[open+length+1:])
	if err != nil {
		return nil, err
	}
	if len(values)*len(tails) > maxHosts {
		return nil, fmt.Errorf("%q: %w", name, errTooMany)
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

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

func letters(first, last byte, step int) ([]string, error) {
	if first > last || isUpper(first) != isUpper(last) {
		return nil, errors.New("the range's last letter does not follow its first")
	}
	var names []string
	for c := int(first); c <= int(last); c += step {
		names = append(names, string(rune(c)))
	}
	return names, nil
}

func isUpper(b byte) bool { return b <= 'Z' }

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
	case (hi-lo)/step >= maxHosts:
		return nil, errTooMany
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
