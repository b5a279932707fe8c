// Package ipaddr is the filters of the collection ansible.utils for addresses of networks and of hardware.
//
// It imports package function and what that imports only.
package ipaddr

import (
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// network is an address with the length of its prefix.
type network struct {
	version int // 4 or 6
	value   *big.Int
	prefix  int
}

var one = big.NewInt(1)

func width(version int) int {
	if version == 4 {
		return 32
	}
	return 128
}

func pow2(n int) *big.Int { return new(big.Int).Lsh(one, uint(n)) } //nolint:gosec // never negative

func most(version int) *big.Int { return new(big.Int).Sub(pow2(width(version)), one) }

func add(a *big.Int, n int64) *big.Int { return new(big.Int).Add(a, big.NewInt(n)) }

func (n *network) size() *big.Int     { return pow2(width(n.version) - n.prefix) }
func (n *network) hostmask() *big.Int { return add(n.size(), -1) }
func (n *network) netmask() *big.Int  { return new(big.Int).Xor(most(n.version), n.hostmask()) }
func (n *network) first() *big.Int    { return new(big.Int).AndNot(n.value, n.hostmask()) }
func (n *network) last() *big.Int     { return new(big.Int).Or(n.value, n.hostmask()) }

// single, pair and several tell sizes apart.
func (n *network) single() bool  { return n.prefix == width(n.version) }
func (n *network) pair() bool    { return n.prefix == width(n.version)-1 }
func (n *network) several() bool { return n.prefix < width(n.version)-1 }

// isNetwork is whether its address is the network's own.
func (n *network) isNetwork() bool { return n.value.Cmp(n.first()) == 0 }

// hasBroadcast is whether there is a broadcast address; the smallest networks of version 4 have none.
func (n *network) hasBroadcast() bool {
	return (n.version == 6 || n.several()) && n.last().Sign() != 0
}

func (n *network) ip() string     { return text(n.value, n.version) }
func (n *network) String() string { return n.of(n.value) }
func (n *network) subnet() string { return n.of(n.first()) }

func (n *network) of(v *big.Int) string { return text(v, n.version) + "/" + strconv.Itoa(n.prefix) }

// usable are the first and the last address for hosts.
func (n *network) usable() (first, last *big.Int) {
	if n.pair() {
		return n.first(), n.last()
	}
	return add(n.first(), 1), add(n.last(), -1)
}

// contains reports whether another network is a part of this one.
func (n *network) contains(o *network) bool {
	return n.version == o.version && n.first().Cmp(o.first()) <= 0 && n.last().Cmp(o.last()) >= 0
}

// text is an address as inet_ntop writes it.
func text(v *big.Int, version int) string {
	if version == 4 {
		var b [4]byte
		v.FillBytes(b[:])
		return netip.AddrFrom4(b).String()
	}
	var b [16]byte
	v.FillBytes(b[:])
	if bits := v.BitLen(); bits > 16 && bits <= 32 { // ::1.2.3.4
		return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
	}
	return netip.AddrFrom16(b).String()
}

// detected is a number as an address: of version 4 where it fits.
func detected(v *big.Int) (string, error) {
	switch {
	case v.Sign() < 0 || v.Cmp(most(6)) > 0:
		return "", py.Errorf("there is no address with the number %s", v)
	case v.Cmp(most(4)) <= 0:
		return text(v, 4), nil
	}
	return text(v, 6), nil
}

// parse reads an address with or without a prefix or mask; nil is none.
func parse(s string) *network {
	address, mask, has := strings.Cut(s, "/")
	v, version, ok := parseAddress(address)
	if !ok {
		return nil
	}
	n := &network{version: version, value: v, prefix: width(version)}
	if !has {
		return n
	}
	if bits, err := strconv.Atoi(strings.TrimSpace(mask)); err == nil {
		if n.prefix = bits; bits < 0 || bits > width(version) {
			return nil
		}
		return n
	}
	m, maskVersion, ok := parseAddress(mask)
	if !ok || maskVersion != version || strings.Count(mask, ".") != 3 && version == 4 {
		return nil
	}
	for _, bits := range []*big.Int{new(big.Int).Xor(m, most(version)), m} {
		if size := add(bits, 1); size.BitLen() == int(size.TrailingZeroBits())+1 { //nolint:gosec // at most 128
			n.prefix = width(version) - size.BitLen() + 1
			return n
		}
	}
	return nil
}

// parseAddress reads an address; one of version 4 may have fewer than four parts.
func parseAddress(s string) (v *big.Int, version int, ok bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		if a.Is4() {
			return new(big.Int).SetBytes(a.AsSlice()), 4, true
		}
		return new(big.Int).SetBytes(a.AsSlice()), 6, true
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return nil, 0, false
	}
	out := new(big.Int)
	for i := range 4 {
		n := 0
		if i < len(parts) {
			part := strings.TrimSpace(parts[i])
			var err error
			if n, err = strconv.Atoi(part); err != nil || n < 0 || n > 255 || part[0] == '+' {
				return nil, 0, false
			}
		}
		out.Or(out.Lsh(out, 8), big.NewInt(int64(n)))
	}
	return out, 4, true
}

// within reports whether an address is in one of several networks.
func within(v *big.Int, version int, cidrs ...string) bool {
	for _, cidr := range cidrs {
		if n := parse(cidr); n != nil && n.contains(&network{version, v, width(version)}) {
			return true
		}
	}
	return false
}

// private are the networks that are not global, as Python's netaddr has them before its version 1.
var (
	private = []string{
		"10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "239.0.0.0/8", "fc00::/7", "fec0::/10",
		"169.254.0.0/16", "fe80::/10", "0.0.0.0/8", "192.0.2.0/24", "240.0.0.0/4", "198.51.100.0/24", "203.0.113.0/24", "233.252.0.0/24",
		"127.0.0.0/8", "192.88.99.0/24", "234.0.0.0/7", "236.0.0.0/7", "238.0.0.0/8", "225.0.0.0/8", "226.0.0.0/7", "228.0.0.0/6",
		"ff00::/12", "::/8", "100::/8", "200::/7", "400::/6", "800::/5", "1000::/4", "4000::/3", "6000::/3", "8000::/3", "a000::/3", "c000::/3",
		"e000::/4", "f000::/5", "f800::/6", "fe00::/9", "2001::/23", "2001:db8::/32", "2002::/16",
	}
	globalAfterAll = []string{
		"239.0.0.0/8", "233.252.0.0/24", "234.0.0.0/7", "236.0.0.0/7", "238.0.0.0/8", "225.0.0.0/8", "226.0.0.0/7", "228.0.0.0/6",
		"192.88.99.0/24", "192.0.0.9/32", "192.0.0.10/32",
	}
)

func (n *network) global() bool {
	return !within(n.value, n.version, private...) || within(n.value, n.version, globalAfterAll...)
}

func (n *network) multicast() bool {
	return parse("224.0.0.0/4").contains(n) || parse("ff00::/8").contains(n)
}

func (n *network) loopback() bool { return within(n.value, n.version, "127.0.0.0/8", "::1/128") }

// isMask is whether a number has all its ones together at one of its ends.
func isMask(v *big.Int, version int) bool {
	for _, bits := range []*big.Int{new(big.Int).Xor(v, most(version)), v} {
		if size := add(bits, 1); new(big.Int).And(size, bits).Sign() == 0 {
			return true
		}
	}
	return false
}

// reverse is the name of an address in DNS.
func (n *network) reverse() string {
	bytes, format, zone := make([]byte, width(n.version)/8), "%d.", "in-addr.arpa."
	n.value.FillBytes(bytes)
	if n.version == 6 {
		nibbles := make([]byte, 0, 32)
		for _, b := range bytes {
			nibbles = append(nibbles, b>>4, b&15)
		}
		bytes, format, zone = nibbles, "%x.", "ip6.arpa."
	}
	out := ""
	for _, b := range bytes {
		out = fmt.Sprintf(format, b) + out
	}
	return out + zone
}
