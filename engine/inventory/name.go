package inventory

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds the names of hosts and groups: the longest name that DNS has.
const maxName = 253

// The groups that every inventory has: all its hosts, and those in no other group.
const (
	All       = "all"
	Ungrouped = "ungrouped"
)

// IsAddress reports whether name is an IP address, perhaps of a zone: fe80::1%eth0.
func IsAddress(name string) bool {
	ip, err := netip.ParseAddr(name)
	return err == nil && (ip.Zone() == "" || CheckName("zone", ip.Zone()) == nil)
}

// CheckName refuses names of hosts and groups that would not survive a selector, a path or
// a command line; kind is what the name is of.
func CheckName(kind, name string) error {
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
