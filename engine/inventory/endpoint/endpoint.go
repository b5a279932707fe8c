// Package endpoint reads how a host is named in a list or an inventory: [user@]name[:port].
package endpoint

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/openfroyo/froyo/engine/inventory"
)

// CheckUser refuses what cannot be a user's name, or could be taken for an option.
func CheckUser(name string) error {
	if name == "" || name[0] == '-' || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("%q cannot be a user", name)
	}
	return nil
}

// Endpoint is a host as a list or an INI line names it: [user@]name[:port]. The
// name may be an IPv6 address, with a port in brackets: [::1]:2222.
type Endpoint struct {
	User, Name string
	Port       int
}

// Parse reads an entry of a list or of an inventory. The name may have ranges.
func Parse(s string) (Endpoint, error) {
	var e Endpoint
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		e.User, s = s[:i], s[i+1:]
		if err := CheckUser(e.User); err != nil {
			return e, err
		}
	}
	name, port, err := splitPort(s)
	if err != nil {
		return e, err
	}
	e.Name = name
	if port == "" {
		return e, nil
	}
	e.Port, err = ParsePort(port)
	return e, err
}

func splitPort(s string) (name, port string, err error) {
	if inner, rest, ok := strings.Cut(strings.TrimPrefix(s, "["), "]"); ok && s[0] == '[' && inventory.IsAddress(inner) {
		if rest != "" && rest[0] != ':' {
			return "", "", fmt.Errorf("%q: after the address in brackets comes a port, :2222, or nothing", s)
		}
		if rest == ":" {
			return "", "", fmt.Errorf("%q: the port is missing", s)
		}
		return inner, strings.TrimPrefix(rest, ":"), nil
	}
	if inventory.IsAddress(s) {
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

// ParsePort reads the number of a port.
func ParsePort(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%q is no port: want a number from 1 to 65535", s)
	}
	return n, nil
}
