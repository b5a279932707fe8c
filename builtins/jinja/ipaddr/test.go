package ipaddr

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Tests returns the tests of addresses. They follow Python's ipaddress, which is stricter than what the filters follow.
func Tests() []*function.Func {
	network := func(name, doc string, f func(n netip.Prefix) bool) *function.Func {
		return function.NewTest(name, "", doc, func(c *call) (bool, error) {
			s, ok, err := addressText(c.Value)
			n, valid := parseNetwork(s)
			return ok && valid && f(n), err
		})
	}
	address := func(name, doc string, f func(a netip.Addr) bool) *function.Func {
		return function.NewTest(name, "", doc, func(c *call) (bool, error) {
			s, ok, err := addressText(c.Value)
			a, bad := netip.ParseAddr(s)
			return ok && bad == nil && f(a), err
		})
	}
	part := func(name, doc string, inner func(of, other netip.Prefix) bool) *function.Func {
		return function.NewTest(name, "network", doc, func(c *call) (bool, error) {
			a, b, ok, err := networks(c.Value, c.Values[0])
			return ok && inner(a, b), err
		})
	}
	return []*function.Func{
		network("ip", "The text is an address or a network.", func(netip.Prefix) bool { return true }),
		network("ipv4", "The text is an address or a network of version 4.", func(n netip.Prefix) bool { return n.Addr().Is4() }),
		network("ipv6", "The text is an address or a network of version 6.", func(n netip.Prefix) bool { return n.Addr().Is6() }),
		address("ip_address", "The text is an address.", func(netip.Addr) bool { return true }),
		address("ipv4_address", "The text is an address of version 4.", netip.Addr.Is4),
		address("ipv6_address", "The text is an address of version 6.", netip.Addr.Is6),
		address("ipv6_ipv4_mapped", "The address of version 6 stands for one of version 4.", netip.Addr.Is4In6),
		address("ipv6_sixtofour", "The address of version 6 is one of 6to4.", func(a netip.Addr) bool { return inAny(a, "2002::/16") }),
		address("ipv6_teredo", "The address of version 6 is one of Teredo.", func(a netip.Addr) bool { return inAny(a, "2001::/32") }),
		address("loopback", "The address is the machine's own.", func(a netip.Addr) bool { return inAny(a, "127.0.0.0/8", "::1/128") }),
		address("multicast", "The address is one of a group.", func(a netip.Addr) bool { return inAny(a, "224.0.0.0/4", "ff00::/8") }),
		address("private", "The address is for private networks, or for a special purpose.", isPrivate),
		address("public", "The address can be reached everywhere.", func(a netip.Addr) bool { return !isPrivate(a) && !inAny(a, "100.64.0.0/10") }),
		address("reserved", "The address is reserved for the future.", func(a netip.Addr) bool { return inAny(a, reserved...) }),
		address("unspecified", "The address is 0.0.0.0 or ::.", func(a netip.Addr) bool { return a == netip.IPv4Unspecified() || a == netip.IPv6Unspecified() }),
		function.NewTest("ipv4_netmask", "", "The text is a netmask of version 4.", func(c *call) (bool, error) { return isMaskText(c.Value, false) }),
		function.NewTest("ipv4_hostmask", "", "The text is a hostmask of version 4.", func(c *call) (bool, error) { return isMaskText(c.Value, true) }),
		function.NewTest("mac", "", "The text is a hardware address.", func(c *call) (bool, error) {
			s, ok, err := addressText(c.Value)
			return ok && macText.MatchString(s), err
		}),
		part("in_network", "The address or network is in a network.", partOf),
		part("subnet_of", "The network is a part of another one.", partOf),
		part("supernet_of", "Another network is a part of this one.", func(a, b netip.Prefix) bool { return partOf(b, a) }),
		function.NewTest("in_any_network", "networks", "The address or network is in one of several networks.", func(c *call) (bool, error) {
			n, err := holding(c)
			return n > 0, err
		}),
		function.NewTest("in_one_network", "networks", "The address or network is in exactly one of several networks.", func(c *call) (bool, error) {
			n, err := holding(c)
			return n == 1, err
		}),
	}
}

var macText = regexp.MustCompile(`(?i)^(?:(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\n?$|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\n?$|[0-9a-f]{12}\n?$)`)

// addressText is a text, or the text of a number.
func addressText(v value) (string, bool, error) {
	switch v.(type) {
	case starlark.String, starlark.Int, starlark.Float, starlark.Bool:
		s, err := py.Str(v)
		return s, err == nil, err
	}
	return "", false, py.Errorf("expected an address as a text, not %s", py.TypeName(v))
}

func networks(v, w value) (a, b netip.Prefix, ok bool, err error) {
	s, _, err := addressText(v)
	if err != nil {
		return a, b, false, err
	}
	t, _, err := addressText(w)
	if err != nil {
		return a, b, false, err
	}
	a, first := parseNetwork(s)
	b, second := parseNetwork(t)
	return a, b, first && second, nil
}

// partOf reports whether a network is a part of another one.
func partOf(a, b netip.Prefix) bool {
	return a.Addr().Is4() == b.Addr().Is4() && b.Bits() <= a.Bits() && b.Contains(a.Addr())
}

// holding is how many of several networks have an address or network in them.
func holding(c *call) (int, error) {
	items, isList := c.Values[0].(*starlark.List)
	if !isList {
		return 0, py.Errorf("expected a list of networks, not %s", py.TypeName(c.Values[0]))
	}
	n := 0
	for i := range items.Len() {
		a, b, ok, err := networks(c.Value, items.Index(i))
		if err != nil {
			return 0, err
		}
		if ok && partOf(a, b) {
			n++
		}
	}
	return n, c.Run.Step(items.Len())
}

// parseNetwork reads an address, or a network in which no bit of a host is set. One of version 4 may have a mask.
func parseNetwork(s string) (netip.Prefix, bool) {
	text, mask, has := strings.Cut(s, "/")
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = a.WithZone("")
	bits := a.BitLen()
	if has {
		var ok bool
		if bits, ok = prefixOf(mask, a); !ok {
			return netip.Prefix{}, false
		}
	}
	n := netip.PrefixFrom(a, bits)
	return n, n.IsValid() && n.Masked() == n
}

// prefixOf is the length of a prefix, which may be written as a netmask or a hostmask.
func prefixOf(mask string, of netip.Addr) (int, bool) {
	if isDigits(mask) {
		n, err := strconv.Atoi(mask)
		return n, err == nil && n <= of.BitLen()
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() || !of.Is4() {
		return 0, false
	}
	b := m.As4()
	bits := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	for _, try := range []uint32{bits, ^bits} {
		for n := range 33 {
			if uint32(0xffffffff)<<(32-n)&0xffffffff == try {
				return n, true
			}
		}
	}
	return 0, false
}

// isMaskText reports whether a text is a mask of version 4 as a network would have it.
func isMaskText(v value, host bool) (bool, error) {
	s, _, err := addressText(v)
	if err != nil {
		return false, err
	}
	n, ok := parseNetwork("10.0.0.0/" + s)
	if !ok {
		return false, nil
	}
	mask := uint32(0xffffffff) << (32 - n.Bits())
	if host {
		mask = ^mask
	}
	return netip.AddrFrom4([4]byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)}).String() == s, nil //nolint:gosec // each is a byte
}

func inAny(a netip.Addr, cidrs ...string) bool {
	return slices.ContainsFunc(cidrs, func(cidr string) bool {
		n := netip.MustParsePrefix(cidr)
		return n.Addr().Is4() == a.Is4() && n.Contains(a.WithZone(""))
	})
}

// What Python's ipaddress counts as private and as reserved.
var (
	privateNetworks = []string{
		"0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::1/128", "::/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10",
	}
	notPrivate = []string{
		"192.0.0.9/32", "192.0.0.10/32", "2001:1::1/128", "2001:1::2/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28", "2001:30::/28",
	}
	reserved = []string{
		"240.0.0.0/4", "::/8", "100::/8", "200::/7", "400::/6", "800::/5", "1000::/4", "4000::/3", "6000::/3", "8000::/3", "a000::/3", "c000::/3",
		"e000::/4", "f000::/5", "f800::/6", "fe00::/9",
	}
)

func isPrivate(a netip.Addr) bool {
	a = a.Unmap()
	return inAny(a, privateNetworks...) && !inAny(a, notPrivate...)
}
