package ipaddr

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type value = py.Value

// asked is a value that ipaddr is asked about.
type asked struct {
	net   *network
	isNet bool  // it was given with a prefix
	given value // as it was given; a number as an address
}

func str(s string) value { return starlark.String(s) }

var (
	none value = starlark.None
	no   value = starlark.False
)

// when is a value under a condition, else None.
func when(yes bool, v value) value {
	if yes {
		return v
	}
	return none
}

func integer(n *big.Int) value { return starlark.MakeBigInt(n) }

// read finds out what a value is; ok is false where it is no address.
func read(v value, version int) (a *asked, ok bool) {
	if _, isBool := v.(starlark.Bool); isBool {
		return nil, false
	}
	s, err := py.Str(v)
	if err != nil || s == "" {
		return nil, false
	}
	if isDigits(s) {
		if n, isInt := py.Int(v); isInt && n == 0 {
			return nil, false
		}
		number, _ := new(big.Int).SetString(s, 10)
		n := numbered(number, 32, 128, version)
		if n == nil {
			return nil, false
		}
		return &asked{n, false, str(n.String())}, true
	}
	text, isText := v.(starlark.String)
	if !isText {
		return nil, false
	}
	if n := parse(string(text)); n != nil {
		return &asked{n, strings.Count(s, "/") == 1, v}, true
	}
	address, prefix, has := strings.Cut(s, "/")
	bits, err := strconv.Atoi(prefix)
	if !has || !isDigits(address) || err != nil {
		return nil, false
	}
	number, _ := new(big.Int).SetString(address, 10)
	n := numbered(number, bits, bits, 0)
	if n == nil {
		return nil, false
	}
	return &asked{n, true, str(n.String())}, true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// numbered is the address of a number: of version 4 if it fits and no other is asked for.
func numbered(v *big.Int, prefix4, prefix6, version int) *network {
	switch {
	case version != 6 && v.Cmp(most(4)) <= 0 && prefix4 >= 0 && prefix4 <= 32:
		return &network{4, v, prefix4}
	case v.Cmp(most(6)) <= 0 && prefix6 >= 0 && prefix6 <= 128:
		return &network{6, v, prefix6}
	}
	return nil
}

// query answers ipaddr(query) for a value that is no list. version is 0 for both.
func query(v, q value, version int, name string) (value, error) {
	a, ok := read(v, version)
	if !ok {
		return no, nil
	}
	key, isText := q.(starlark.String)
	ask, known := queries[string(key)]
	known = known && isText
	if isText && !known && key != "" && !isDigits(string(key)) {
		if in, ok := read(q, 0); ok {
			if version != 0 && a.net.version != version {
				return no, nil
			}
			return when(in.net.contains(a.net), a.given), nil
		}
	}
	if version != 0 && a.net.version != version {
		return no, nil
	}
	if known {
		return ask(a)
	}
	return nth(a, q, name)
}

// nth is the address at an index of a network.
func nth(a *asked, q value, name string) (value, error) {
	if _, ok := filter.Float(q); !ok {
		s, err := py.Str(q)
		if err != nil {
			return nil, err
		}
		return nil, py.Errorf("%s: unknown filter type: %s", name, s)
	}
	if a.net.single() {
		if a.isNet {
			return str(a.net.String()), nil
		}
		return str(a.net.ip()), nil
	}
	i, ok := index(q)
	if !ok {
		return no, nil
	}
	at, ok := a.net.at(i)
	if !ok {
		return no, nil
	}
	return str(a.net.of(at)), nil
}

// index is a whole number, which may be a text.
func index(v value) (*big.Int, bool) {
	switch v := v.(type) {
	case starlark.String:
		return new(big.Int).SetString(strings.TrimSpace(string(v)), 10)
	case starlark.Float:
		i, err := starlark.NumberToInt(v)
		if err != nil {
			return nil, false
		}
		return i.BigInt(), true
	}
	n, ok := py.Int(v)
	return big.NewInt(int64(n)), ok
}

// at is the address at an index, counted from the end if it is negative.
func (n *network) at(i *big.Int) (*big.Int, bool) {
	if i.Sign() < 0 {
		i = new(big.Int).Add(i, n.size())
	}
	return new(big.Int).Add(n.first(), i), i.Sign() >= 0 && i.Cmp(n.size()) < 0
}

type answer func(a *asked) (value, error)

// plain is an answer that cannot fail.
func plain(f func(a *asked) value) answer {
	return func(a *asked) (value, error) { return f(a), nil }
}

// ofNetwork is an answer for networks only.
func ofNetwork(f func(a *asked) (value, error)) answer {
	return func(a *asked) (value, error) {
		if !a.isNet {
			return nil, py.Errorf("not a network address: %s has no prefix", a.net.ip())
		}
		if a.net.single() {
			return none, nil
		}
		return f(a)
	}
}

// queries are what ipaddr can be asked.
var queries map[string]answer

func init() { //nolint:gochecknoinits // 6to4 asks for others
	address := plain(func(a *asked) value {
		return when(a.net.single() || !a.net.isNetwork() || !a.net.hasBroadcast() || a.net.version == 6, str(a.net.ip()))
	})
	withPrefix := plain(func(a *asked) value {
		if a.net.several() && (a.net.isNetwork() || a.net.hasBroadcast() && a.net.value.Cmp(a.net.last()) == 0) {
			return no
		}
		return str(a.net.String())
	})
	subnet := plain(func(a *asked) value { return str(a.net.subnet()) })
	own := plain(func(a *asked) value { return str(text(a.net.first(), a.net.version)) })
	hostmask := plain(func(a *asked) value { return str(text(a.net.hostmask(), a.net.version)) })
	loopback := plain(func(a *asked) value { return when(a.net.loopback(), a.given) })
	queries = map[string]answer{
		"": plain(func(a *asked) value {
			if a.isNet {
				return str(a.net.String())
			}
			return str(a.net.ip())
		}),
		"6to4": sixToFour, "address": address, "ip": address, "address/prefix": withPrefix, "gateway": withPrefix, "gw": withPrefix,
		"host/prefix": withPrefix, "hostnet": withPrefix, "router": withPrefix,
		"bool":      plain(func(*asked) value { return starlark.True }),
		"broadcast": plain(func(a *asked) value { return when(a.net.several(), str(text(a.net.last(), a.net.version))) }),
		"cidr":      plain(func(a *asked) value { return str(a.net.String()) }),
		"cidr_lookup": func(*asked) (value, error) {
			return nil, py.Errorf("cidr_lookup is no query of its own: write ipaddr('10.0.0.0/8')")
		},
		"first_usable": ofNetwork(func(a *asked) (value, error) {
			first, _ := a.net.usable()
			return textOf(first)
		}),
		"last_usable": ofNetwork(func(a *asked) (value, error) {
			_, last := a.net.usable()
			return textOf(last)
		}),
		"next_usable":     ofNetwork(func(a *asked) (value, error) { return a.net.beside(1) }),
		"previous_usable": ofNetwork(func(a *asked) (value, error) { return a.net.beside(-1) }),
		"range_usable": ofNetwork(func(a *asked) (value, error) {
			first, last := a.net.usable()
			f, err := detected(first)
			if err != nil {
				return nil, err
			}
			l, err := detected(last)
			return str(f + "-" + l), err
		}),
		"peer": peer,
		"host": plain(func(a *asked) value {
			return when(a.net.single() || !a.net.isNetwork() || !a.net.hasBroadcast(), str(a.net.String()))
		}),
		"hostmask": hostmask, "wildcard": hostmask,
		"int": plain(func(a *asked) value {
			if a.isNet {
				return str(fmt.Sprintf("%s/%d", a.net.value, a.net.prefix))
			}
			return integer(a.net.value)
		}),
		"ip/prefix": plain(func(a *asked) value {
			return when(a.net.pair() || a.net.several() && !a.net.isNetwork(), str(a.net.String()))
		}),
		"ip_netmask": plain(func(a *asked) value {
			return when(a.net.pair() || a.net.several() && !a.net.isNetwork(), str(a.net.ip()+" "+text(a.net.netmask(), a.net.version)))
		}),
		"ipv4": plain(toFour), "v4": plain(toFour), "ipv6": plain(toSix), "v6": plain(toSix),
		"link-local": plain(func(a *asked) value {
			return when(within(a.net.value, a.net.version, "169.254.0.0/16", "fe80::/10"), a.given)
		}),
		"lo": loopback, "loopback": loopback,
		"multicast": plain(func(a *asked) value { return when(a.net.multicast(), a.given) }),
		"unicast":   plain(func(a *asked) value { return when(!a.net.multicast(), a.given) }),
		"net":       plain(func(a *asked) value { return when(!a.net.single() && a.net.isNetwork(), str(a.net.String())) }),
		"netmask":   plain(func(a *asked) value { return str(text(a.net.netmask(), a.net.version)) }),
		"network":   own, "network_id": own, "network/prefix": subnet, "subnet": subnet,
		"network_netmask": plain(func(a *asked) value {
			return str(text(a.net.first(), a.net.version) + " " + text(a.net.netmask(), a.net.version))
		}),
		"network_wildcard": plain(func(a *asked) value {
			return str(text(a.net.first(), a.net.version) + " " + text(a.net.hostmask(), a.net.version))
		}),
		"prefix":  plain(func(a *asked) value { return starlark.MakeInt(a.net.prefix) }),
		"private": plain(func(a *asked) value { return when(!a.net.global(), a.given) }),
		"public":  plain(func(a *asked) value { return when(a.net.public(), a.given) }),
		"revdns":  plain(func(a *asked) value { return str(a.net.reverse()) }),
		"size":    plain(func(a *asked) value { return integer(a.net.size()) }),
		"size_usable": plain(func(a *asked) value {
			switch {
			case a.net.single():
				return starlark.MakeInt(0)
			case a.net.pair():
				return starlark.MakeInt(2)
			}
			return integer(add(a.net.size(), -2))
		}),
		"type": plain(func(a *asked) value {
			if a.net.single() || !a.net.isNetwork() {
				return str("address")
			}
			return str("network")
		}),
		"version": plain(func(a *asked) value { return starlark.MakeInt(a.net.version) }),
		"wrap": plain(func(a *asked) value {
			switch {
			case a.net.version == 4:
				return a.given
			case a.isNet:
				return str("[" + a.net.ip() + "]/" + strconv.Itoa(a.net.prefix))
			}
			return str("[" + a.net.ip() + "]")
		}),
	}
}

func textOf(v *big.Int) (value, error) {
	s, err := detected(v)
	return str(s), err
}

// beside is the address after or before this one, if hosts may have it.
func (n *network) beside(offset int64) (value, error) {
	v := add(n.value, offset)
	s, err := detected(v)
	if err != nil {
		return nil, err
	}
	first, last := n.usable()
	return when(v.Cmp(first) >= 0 && v.Cmp(last) <= 0, str(s)), nil
}

func (n *network) public() bool {
	ip := &network{n.version, n.value, width(n.version)}
	return !ip.multicast() && ip.global() && !ip.loopback() && !isMask(n.value, n.version)
}

func peer(a *asked) (value, error) {
	if !a.isNet {
		return nil, py.Errorf("not a network address: %s has no prefix", a.net.ip())
	}
	if a.net.pair() {
		return textOf(new(big.Int).Xor(a.net.value, one))
	}
	if a.net.prefix != width(a.net.version)-2 {
		return nil, py.Errorf("not a point-to-point network")
	}
	switch a.net.value.Bit(0) | a.net.value.Bit(1)<<1 {
	case 0:
		return nil, py.Errorf("network address of /30 has no peer")
	case 3:
		return nil, py.Errorf("broadcast address of /30 has no peer")
	}
	return textOf(new(big.Int).Xor(a.net.value, big.NewInt(3)))
}

var mapped = new(big.Int).Lsh(big.NewInt(0xffff), 32) // ::ffff:0:0

func toFour(a *asked) value {
	if a.net.version == 4 {
		return a.given
	}
	v := new(big.Int).Set(a.net.value)
	if v.Cmp(most(4)) > 0 {
		v.Sub(v, mapped)
	}
	if v.Sign() < 0 || v.Cmp(most(4)) > 0 || a.net.prefix < 96 {
		return no
	}
	return str((&network{4, v, a.net.prefix - 96}).String())
}

func toSix(a *asked) value {
	if a.net.version == 6 {
		return a.given
	}
	return str((&network{6, new(big.Int).Or(a.net.value, mapped), a.net.prefix + 96}).String())
}

func sixToFour(a *asked) (value, error) {
	if a.net.version == 6 {
		in := within(a.net.value, 6, "2002::/16")
		if !a.isNet {
			in = parse("2002::/16").contains(a.net)
		}
		if !in || a.isNet && a.net.isNetwork() {
			return no, nil
		}
		return a.given, nil
	}
	ip := &network{4, a.net.value, 32}
	if !a.net.single() && a.net.isNetwork() || !ip.public() && ip.global() {
		return no, nil
	}
	var b [4]byte
	a.net.value.FillBytes(b[:])
	return str(fmt.Sprintf("2002:%02x%02x:%02x%02x::1/48", b[0], b[1], b[2], b[3])), nil
}
