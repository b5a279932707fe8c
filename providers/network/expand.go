package network

import (
	"net/netip"
	"strconv"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// flat is a part of a rule that has one value for each field, "" for any: what those take that know neither lists nor sets.
type flat struct {
	v4, v6              bool // the families that it is for
	source, destination string
	protocol            string
	sourcePort, port    string
	icmp                string // a type, as nft calls it
}

// maxFlat bounds what one unit becomes.
const maxFlat = 2000

// flats are the parts of a rule, which is checked as nft's is.
func (f ruleset) flats(t *sdk.T, r Rule) (all []flat) {
	f.lines(t, r)
	protocols := r.protocols()
	if len(protocols) == 0 {
		protocols = []string{""}
	}
	for _, pair := range f.pairs(t, r) {
		for _, pair.protocol = range protocols {
			for _, pair.sourcePort = range f.each(r.SourcePort) {
				for _, pair.port = range f.each(r.Port) {
					for _, pair.icmp = range f.each(r.ICMPType) {
						all = append(all, pair.narrowed())
					}
				}
			}
		}
	}
	if len(all) > maxFlat {
		t.Fail(op.Permanent, "rule "+strconv.Quote(r.Name)+" becomes "+strconv.Itoa(len(all))+" rules of one address and port each (limit "+strconv.Itoa(maxFlat)+")", "",
			"name networks in the place of ranges and addresses, or ranges in the place of ports")
	}
	return all
}

// narrowed is the part without the family that its protocol does not have.
func (p flat) narrowed() flat {
	p.v4, p.v6 = p.v4 && p.protocol != "icmpv6", p.v6 && p.protocol != "icmp"
	return p
}

// each are the values of an argument with those of sets in their place, or the one that is any.
func (f ruleset) each(given any) []string {
	if given == nil {
		return []string{""}
	}
	return f.expand(given)
}

// pairs are the sources and destinations of a rule that go together.
func (f ruleset) pairs(t *sdk.T, r Rule) (all []flat) {
	if r.Source == nil && r.Destination == nil {
		return []flat{{v4: true, v6: true}}
	}
	for _, v6 := range []bool{false, true} {
		for _, source := range f.networks(t, r.Source, v6) {
			for _, destination := range f.networks(t, r.Destination, v6) {
				all = append(all, flat{v4: !v6, v6: v6, source: source, destination: destination})
			}
		}
	}
	return all
}

// networks are those of a family that an argument names, ranges in parts.
func (f ruleset) networks(t *sdk.T, given any, v6 bool) (all []string) {
	if given == nil {
		return []string{""}
	}
	for _, value := range f.expand(given) {
		if s := parse(t, "a rule", value); s.v6() == v6 {
			all = append(all, s.networks()...)
		}
	}
	return all
}

// networks are the fewest that have the addresses of the span and no others.
func (s span) networks() (all []string) {
	for at := s.from; at.IsValid() && at.Compare(s.to) <= 0; {
		bits := at.BitLen()
		for bits > 0 {
			wider := netip.PrefixFrom(at, bits-1)
			if wider.Masked().Addr() != at || last(wider).Compare(s.to) > 0 {
				break
			}
			bits--
		}
		p := netip.PrefixFrom(at, bits)
		all = append(all, p.String())
		at = last(p).Next()
	}
	return all
}

// icmpTypes are what nft calls types of ICMP: their number, and what firewalld calls them.
var icmpTypes = map[string]map[string]struct{ number, firewalld string }{
	"icmp": {
		"echo-reply": {"0", "echo-reply"}, "destination-unreachable": {"3", "destination-unreachable"}, "source-quench": {"4", "source-quench"},
		"redirect": {"5", "redirect"}, "echo-request": {"8", "echo-request"}, "router-advertisement": {"9", "router-advertisement"},
		"router-solicitation": {"10", "router-solicitation"}, "time-exceeded": {"11", "time-exceeded"}, "parameter-problem": {"12", "parameter-problem"},
		"timestamp-request": {"13", "timestamp-request"}, "timestamp-reply": {"14", "timestamp-reply"}, "info-request": {"15", ""}, "info-reply": {"16", ""},
		"address-mask-request": {"17", ""}, "address-mask-reply": {"18", ""},
	},
	"icmpv6": {
		"destination-unreachable": {"1", "destination-unreachable"}, "packet-too-big": {"2", "packet-too-big"}, "time-exceeded": {"3", "time-exceeded"},
		"parameter-problem": {"4", "parameter-problem"}, "echo-request": {"128", "echo-request"}, "echo-reply": {"129", "echo-reply"},
		"mld-listener-query": {"130", ""}, "mld-listener-report": {"131", ""}, "mld-listener-done": {"132", ""}, "mld-listener-reduction": {"132", ""},
		"nd-router-solicit": {"133", "router-solicitation"}, "nd-router-advert": {"134", "router-advertisement"}, "nd-neighbor-solicit": {"135", "neighbour-solicitation"},
		"nd-neighbor-advert": {"136", "neighbour-advertisement"}, "nd-redirect": {"137", "redirect"}, "router-renumbering": {"138", ""}, "mld2-listener-report": {"143", ""},
	},
}
