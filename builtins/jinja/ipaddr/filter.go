package ipaddr

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type call = function.Call

// Filters returns the filters.
func Filters() []*function.Func {
	family := func(name string, version int, doc string) *function.Func {
		return function.New(name, "query=''", doc, func(c *call) (value, error) {
			if err := suits(c.Value, true); err != nil {
				return nil, err
			}
			return ask(c, c.Value, c.Values[0], version, name)
		})
	}
	hardware := func(name string) *function.Func {
		return function.New(name, "query=''", "The hardware address, or what is asked about it; None where it is none.", func(c *call) (value, error) {
			return hwaddr(c.Value, c.Values[0], name)
		})
	}
	return []*function.Func{
		family("ipaddr", 0, "The address, or what is asked about it; False where it is none. Of a list those that are addresses."),
		family("ipv4", 4, "Like ipaddr, for addresses of version 4."),
		family("ipv6", 6, "Like ipaddr, for addresses of version 6."),
		function.New("ipwrap", "*ignored, query=''", "An address of version 6 in brackets; everything else as it is.", ipwrap),
		function.New("ipsubnet", "query='', index=None", "The subnet of an address; with a prefix how many of it there are, with an index that one.", ipsubnet),
		function.New("ipmath", "amount", "The address so many after this one.", ipmath),
		function.New("nthhost", "query=''", "The address at an index of the network.", nthhost),
		function.New("next_nth_usable", "offset", "The address so many after this one, if hosts may have it.", func(c *call) (value, error) { return nthUsable(c, 1) }),
		function.New("previous_nth_usable", "offset", "The address so many before this one, if hosts may have it.", func(c *call) (value, error) { return nthUsable(c, -1) }),
		function.New("network_in_network", "test", "Whether a network is a part of this one.", func(c *call) (value, error) { return inNetwork(c, false) }),
		function.New("network_in_usable", "test", "Whether a network is among the addresses for hosts of this one.", func(c *call) (value, error) { return inNetwork(c, true) }),
		function.New("reduce_on_network", "network", "The addresses of a list that are in a network.", reduce),
		function.New("cidr_merge", "action='merge'", "The networks of a list, as few as possible; with span the one that has them all.", cidrMerge),
		function.New("usable_range", "", "All addresses of a network, and their number.", usableRange),
		function.New("ip4_hex", "delimiter=''", "An address of version 4 in hexadecimal.", ip4Hex),
		function.New("slaac", "query=''", "The address that a hardware address gets in a network.", slaac),
		hardware("hwaddr"), hardware("macaddr"),
	}
}

// ask answers a query; of a list for each element, without those that have none.
func ask(c *call, v, q value, version int, name string) (value, error) {
	if !isList(v) {
		return query(v, q, version, name)
	}
	items, err := c.Elements(v)
	if err != nil {
		return nil, err
	}
	s, err := py.Str(q)
	if err != nil {
		return nil, err
	}
	var out []value
	for _, item := range items {
		answer, err := ask(c, item, str(s), version, name)
		if err != nil {
			return nil, err
		}
		if yes, err := py.Truth(answer); err != nil || yes {
			out = append(out, answer)
		}
	}
	return starlark.NewList(out), nil
}

func isList(v value) bool {
	switch v.(type) {
	case *starlark.List, starlark.Tuple:
		return true
	}
	return false
}

// suits refuses what the collection takes for no address.
func suits(v value, numbers bool) error {
	switch v.(type) {
	case starlark.String, starlark.Bool, *starlark.List, starlark.Tuple:
		return nil
	case starlark.Int:
		if numbers {
			return nil
		}
	}
	return py.Errorf("expected an address, or a list of them, not %s", py.TypeName(v))
}

func ipwrap(c *call) (value, error) {
	if err := suits(c.Value, false); err != nil {
		return nil, err
	}
	wrap := func(v, q value) (value, error) {
		in, err := ask(c, v, q, 0, "ipwrap")
		if err != nil {
			return v, nil //nolint:nilerr // it stays as it is
		}
		if yes, err := py.Truth(in); err != nil || !yes {
			return v, err
		}
		return in, nil
	}
	if !isList(c.Value) {
		in, err := wrap(c.Value, c.Values[0])
		if err != nil {
			return nil, err
		}
		out, err := ask(c, in, str("wrap"), 0, "ipwrap")
		if yes, _ := py.Truth(out); err != nil || !yes {
			return c.Value, nil //nolint:nilerr // it stays as it is
		}
		return out, nil
	}
	items, err := c.Elements(c.Value)
	if err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	for i, item := range items {
		out[i] = item
		if in, err := ask(c, item, c.Values[0], 0, "ipwrap"); err != nil {
			return c.Value, nil //nolint:nilerr // it stays as it is
		} else if yes, _ := py.Truth(in); yes {
			if out[i], err = ask(c, item, str("wrap"), 0, "ipwrap"); err != nil {
				return nil, err
			}
		}
	}
	return starlark.NewList(out), nil
}

// whole is a value as a network: an address within one keeps its place.
func whole(v value) *network {
	if isList(v) {
		return nil
	}
	a, ok := read(v, 0)
	if !ok {
		return nil
	}
	return a.net
}

func ipsubnet(c *call) (value, error) {
	n := whole(c.Value)
	if n == nil {
		return no, nil
	}
	n = &network{n.version, n.first(), n.prefix} // without the bits of a host
	given, err := py.Truth(c.Values[0])
	if err != nil || !given {
		return str(n.String()), err
	}
	s, err := py.Str(c.Values[0])
	if err != nil {
		return nil, err
	}
	if !isDigits(s) {
		return subnetIndex(n, c.Values[0], s)
	}
	prefix, err := strconv.Atoi(s)
	if err != nil || prefix > width(n.version) {
		return no, nil //nolint:nilerr // as Ansible has it
	}
	at, indexed := big.NewInt(0), false
	if c.Values[1] != starlark.None {
		if at, indexed = index(c.Values[1]); !indexed {
			return nil, py.Errorf("the index is a whole number, not %s", c.Values[1])
		}
	}
	if !indexed && prefix < n.prefix && !n.single() {
		return nil, py.Errorf("the requested subnet size of %d is invalid", prefix)
	}
	count := new(big.Int)
	switch {
	case n.single(): // the networks around an address, from the largest
		count.SetInt64(int64(width(n.version) - prefix))
	case prefix >= n.prefix:
		count = pow2(prefix - n.prefix)
	}
	if !indexed && !n.single() {
		return str(count.String()), nil
	}
	if at.Sign() < 0 {
		at = new(big.Int).Add(at, count)
	}
	if at.Sign() < 0 || at.Cmp(count) >= 0 {
		return no, nil
	}
	if n.single() {
		return str((&network{n.version, n.value, prefix + int(at.Int64())}).subnet()), nil
	}
	step := new(big.Int).Mul(at, pow2(width(n.version)-prefix))
	return str((&network{n.version, step.Add(step, n.first()), prefix}).String()), nil
}

// subnetIndex is the place of a network among the networks of its size in another one.
func subnetIndex(n *network, q value, s string) (value, error) {
	outer := whole(q)
	if outer == nil {
		return nil, py.Errorf("you must pass a valid subnet or IP address; %s is invalid", s)
	}
	if !outer.contains(n) || !n.isNetwork() {
		return nil, py.Errorf("%s is not in the subnet %s", n.subnet(), outer.subnet())
	}
	i := new(big.Int).Sub(n.first(), outer.first())
	i.Rsh(i, uint(width(n.version)-n.prefix)) //nolint:gosec // not negative
	return str(add(i, 1).String()), nil
}

func ipmath(c *call) (value, error) {
	s, err := py.Str(c.Value)
	if err != nil {
		return nil, err
	}
	n := parse(s)
	if !strings.Contains(s, "/") {
		n = loosely(s)
	}
	if n == nil {
		return nil, py.Errorf("you must pass a valid IP address; %s is invalid", c.Value)
	}
	i, ok := index(c.Values[0])
	if !ok {
		return nil, py.Errorf("you must pass an integer for arithmetic; %s is not a valid integer", c.Values[0])
	}
	v := new(big.Int).Add(n.value, i)
	if v.Sign() < 0 || v.Cmp(most(n.version)) > 0 {
		return nil, py.Errorf("there is no address %s after %s", i, s)
	}
	return str(text(v, n.version)), nil
}

// loosely reads an address; one of version 4 may have fewer than four parts, of which the last one fills the rest.
func loosely(s string) *network {
	parts := strings.Split(s, ".")
	if strings.Contains(s, ":") || len(parts) > 4 {
		return parse(s)
	}
	v := new(big.Int)
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if err != nil || n>>bits > 0 {
			return nil
		}
		v.Lsh(v, uint(bits)) //nolint:gosec // at most 32
		v.Or(v, new(big.Int).SetUint64(n))
	}
	return &network{4, v, 32}
}

func nthhost(c *call) (value, error) {
	n := whole(c.Value)
	given, err := py.Truth(c.Values[0])
	if n == nil || err != nil || !given {
		return no, err
	}
	i, ok := index(c.Values[0])
	if !ok || n.size().Cmp(i) <= 0 {
		return no, nil
	}
	v, ok := n.at(i)
	if !ok {
		return nil, py.Errorf("index out range for address range size")
	}
	return str(text(v, n.version)), nil
}

func nthUsable(c *call, sign int64) (value, error) {
	n := whole(c.Value)
	if n == nil {
		return no, nil
	}
	offset, ok := c.Values[0].(starlark.Int)
	small, fits := offset.Int64()
	if !ok || !fits {
		return nil, py.Errorf("the offset is a whole number")
	}
	if n.single() {
		return none, nil
	}
	return n.beside(sign * small)
}

// among reports whether a network is a part of another one, or of its addresses for hosts.
func among(outer, inner value, usable bool) bool {
	of, in := whole(outer), whole(inner)
	if of == nil || in == nil || of.version != in.version {
		return false
	}
	first, last := of.first(), of.last()
	if usable && !of.single() {
		first, last = of.usable()
	}
	return in.first().Cmp(first) >= 0 && in.last().Cmp(last) <= 0
}

func inNetwork(c *call, usable bool) (value, error) {
	return starlark.Bool(among(c.Value, c.Values[0], usable)), nil
}

func reduce(c *call) (value, error) {
	if err := suits(c.Value, true); err != nil {
		return nil, err
	}
	items := []value{c.Value}
	if isList(c.Value) {
		var err error
		if items, err = c.Elements(c.Value); err != nil {
			return nil, err
		}
	}
	var out []value
	for _, item := range items {
		if among(c.Values[0], item, false) {
			out = append(out, item)
		}
	}
	return starlark.NewList(out), nil
}

func usableRange(c *call) (value, error) {
	s, ok := c.Value.(starlark.String)
	var n *network
	if ok && !isDigits(string(s)) {
		n = parse(string(s))
	}
	if address, _, _ := strings.Cut(string(s), "/"); n == nil || !n.isNetwork() || strings.Count(address, ".") != 3 && n.version == 4 {
		return nil, py.Errorf("%s is no network, or has host bits set", c.Value)
	}
	size := n.size()
	if size.Cmp(big.NewInt(py.MaxElements)) > 0 {
		return nil, py.Errorf("the network has %s addresses; a list has at most %d", size, py.MaxElements)
	}
	count := int(size.Int64())
	if err := c.Run.Step(count); err != nil {
		return nil, err
	}
	items := make([]value, count)
	for i := range items {
		items[i] = str(text(add(n.first(), int64(i)), n.version))
	}
	out := starlark.NewDict(2)
	if err := out.SetKey(str("usable_ips"), starlark.NewList(items)); err != nil {
		return nil, err
	}
	return out, out.SetKey(str("number_of_ips"), starlark.MakeInt(count))
}

func ip4Hex(c *call) (value, error) {
	s, ok := c.Value.(starlark.String)
	parts := strings.Split(string(s), ".")
	if !ok || len(parts) < 4 {
		return nil, py.Errorf("%s is no address of version 4", c.Value)
	}
	sep, err := py.Str(c.Values[0])
	if err != nil {
		return nil, err
	}
	out := make([]string, 4)
	for i := range out {
		n, err := strconv.Atoi(strings.TrimSpace(parts[i]))
		if err != nil || n < 0 || n > 255 || len(parts) > 4 {
			return nil, py.Errorf("%s is no address of version 4", c.Value)
		}
		out[i] = fmt.Sprintf("%02x", n)
	}
	return str(strings.Join(out, sep)), nil
}
