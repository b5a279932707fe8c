package network

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// span is the addresses from one to another.
type span struct{ from, to netip.Addr }

func (s span) v6() bool { return s.from.Is6() }

func (s span) has(a netip.Addr) bool {
	return a.Is6() == s.v6() && s.from.Compare(a) <= 0 && a.Compare(s.to) <= 0
}

// parse reads an address, a network or a range of addresses, of which what speaks.
func parse(t *sdk.T, what, text string) span {
	s, ok := parseSpan(text)
	if !ok {
		t.Fail(op.Permanent, what+": "+strconv.Quote(text)+" is no address", "", `write "192.0.2.7", "192.0.2.0/24", "192.0.2.1-192.0.2.9", or the same in IPv6`)
	}
	return s
}

func parseSpan(text string) (span, bool) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return span{}, false
		}
		return span{p.Masked().Addr(), last(p)}, true
	}
	first, second, isRange := strings.Cut(text, "-")
	if !isRange {
		second = first
	}
	from, err1 := netip.ParseAddr(first)
	to, err2 := netip.ParseAddr(second)
	ok := err1 == nil && err2 == nil && from.Is6() == to.Is6() && !from.Is4In6() && from.Compare(to) <= 0
	return span{from, to}, ok
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < 8*len(bytes); bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}

// isPort reports whether a value is a port or a range of ports.
func isPort(value string) bool {
	from, to, _ := strings.Cut(value, "-")
	_, err := strconv.Atoi(from)
	return err == nil && strings.Trim(to, "0123456789") == ""
}

// hasPort reports whether a port or a range of ports has a port.
func hasPort(value string, port int) bool {
	first, second, isRange := strings.Cut(value, "-")
	if !isRange {
		second = first
	}
	from, _ := strconv.Atoi(first)
	to, _ := strconv.Atoi(second)
	return from <= port && port <= to
}
