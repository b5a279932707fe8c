package ipaddr

import (
	"math/big"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// cidrMerge makes as few networks as possible of a list, or one that spans it.
func cidrMerge(c *call) (value, error) {
	items, err := c.Elements(c.Value)
	if err != nil {
		return nil, err
	}
	action, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	var all []*network
	for _, item := range items {
		s, isText := item.(starlark.String)
		n := parse(string(s))
		if !isText || n == nil {
			return nil, py.Errorf("cidr_merge: %s is no network", item)
		}
		all = append(all, n)
	}
	switch action {
	case "merge":
		var out []value
		for _, n := range merged(all) {
			out = append(out, str(n.String()))
		}
		return starlark.NewList(out), nil
	case "span":
		return spanning(all)
	}
	return nil, py.Errorf("cidr_merge: invalid action '%s'", action)
}

func byAddress(a, b *network) int {
	if a.version != b.version {
		return a.version - b.version
	}
	if d := a.first().Cmp(b.first()); d != 0 {
		return d
	}
	if a.prefix != b.prefix {
		return a.prefix - b.prefix
	}
	return a.value.Cmp(b.value)
}

// merged are the fewest networks that have the same addresses.
func merged(all []*network) []*network {
	slices.SortFunc(all, byAddress)
	var out []*network
	for i := 0; i < len(all); {
		from, version, first, last := i, all[i].version, all[i].first(), all[i].last()
		for i++; i < len(all) && all[i].version == version && all[i].first().Cmp(add(last, 1)) <= 0; i++ {
			if end := all[i].last(); end.Cmp(last) > 0 {
				last = end
			}
		}
		if i == from+1 { // it stays as it was given
			out = append(out, all[from])
			continue
		}
		out = append(out, cover(version, first, last)...)
	}
	return out
}

// cover are the networks of the addresses from first to last.
func cover(version int, first, last *big.Int) []*network {
	var out []*network
	for first.Cmp(last) <= 0 {
		bits := width(version)
		if first.Sign() != 0 {
			bits = min(bits, int(first.TrailingZeroBits())) //nolint:gosec // at most 128
		}
		left := add(new(big.Int).Sub(last, first), 1)
		bits = min(bits, left.BitLen()-1)
		out = append(out, &network{version, first, width(version) - bits})
		first = new(big.Int).Add(first, pow2(bits))
	}
	return out
}

func spanning(all []*network) (value, error) {
	switch len(all) {
	case 0:
		return none, nil
	case 1:
		return str(all[0].String()), nil
	}
	slices.SortFunc(all, byAddress)
	lowest, highest := all[0], all[len(all)-1]
	if lowest.version != highest.version {
		return nil, py.Errorf("cidr_merge: addresses of both versions have no common network")
	}
	// Only the last one's size counts, as in Python's netaddr.
	at, prefix := highest.last(), highest.prefix
	for prefix > 0 && at.Cmp(lowest.first()) > 0 {
		prefix--
		at = (&network{lowest.version, at, prefix}).first()
	}
	return str((&network{lowest.version, at, prefix}).String()), nil
}
