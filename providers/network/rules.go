package network

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Rule is a rule of a firewall. Its fields are described in firewall.cue; those of type any are a value or a list.
type Rule struct {
	Name         string `json:"name"`
	Action       string `json:"action"`
	Direction    string `json:"direction"`
	Proto        any    `json:"proto"`
	Port         any    `json:"port"`
	SourcePort   any    `json:"source_port"`
	Source       any    `json:"source"`
	Destination  any    `json:"destination"`
	InInterface  any    `json:"in_interface"`
	OutInterface any    `json:"out_interface"`
	ICMPType     any    `json:"icmp_type"`
	Limit        string `json:"limit"`
	Burst        int64  `json:"burst"`
	Log          any    `json:"log"` // a bool or a text
	Comment      string `json:"comment"`
}

// Directions are the hooks of the kernel at which rules stand.
const (
	input   = "input"
	output  = "output"
	forward = "forward"
)

const (
	accept = "accept"
	drop   = "drop"
)

// numbers are the protocols that nft knows by name only where the host has /etc/protocols.
var numbers = map[string]string{"igmp": "2", "gre": "47", "ospf": "89", "vrrp": "112"}

func (r Rule) direction() string {
	if r.Direction == "" {
		return input
	}
	return r.Direction
}

func (r Rule) action() string {
	if r.Action == "" {
		return accept
	}
	return r.Action
}

// protocols are those that the rule is about, none for any.
func (r Rule) protocols() []string {
	if r.Proto == nil && (r.Port != nil || r.SourcePort != nil) {
		return []string{"tcp"}
	}
	return values(r.Proto)
}

// base are the rules before those of the unit, by direction.
var base = map[string][]string{
	input: {
		`ct state established,related accept comment "connections that are there"`,
		`iifname "lo" accept comment "loopback"`,
		`icmp type { destination-unreachable, time-exceeded, parameter-problem } accept comment "errors"`,
		`icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept comment "errors and neighbour discovery"`,
		`ip6 saddr fe80::/10 udp dport 546 accept comment "DHCPv6"`,
	},
	forward: {
		`ct state established,related accept comment "connections that are there"`,
	},
	output: {
		`ct state established,related accept comment "connections that are there"`,
		`oifname "lo" accept comment "loopback"`,
		`icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept comment "neighbour discovery"`,
		`ip6 daddr { fe80::/10, ff02::/16 } udp dport 547 accept comment "DHCPv6"`,
	},
}

// ruleset is a firewall as rules: what they are in the words of nft, and what they do with a packet.
type ruleset Firewall

// text is what the file says: the table anew, with all that is in it.
func (f ruleset) text(t *sdk.T) string {
	var b strings.Builder
	table := "table inet " + nftRules(f).table()
	b.WriteString("# Managed by froyo: changes made by hand are undone.\nadd " + table + "\ndelete " + table + "\n" + table + " {\n")
	for _, name := range slices.Sorted(maps.Keys(f.Sets)) {
		f.set(t, &b, name)
	}
	for _, chain := range []struct{ name, policy string }{
		{input, cmp.Or(f.Policy, accept)}, {forward, cmp.Or(f.ForwardPolicy, accept)}, {output, cmp.Or(f.OutputPolicy, accept)},
	} {
		var lines []string
		for _, r := range f.Rules {
			if r.direction() == chain.name {
				lines = append(lines, f.lines(t, r)...)
			}
		}
		if len(lines) == 0 && chain.policy == accept {
			continue
		}
		if f.BaseRules {
			lines = slices.Concat(base[chain.name], lines)
		}
		b.WriteString("\tchain " + chain.name + " {\n\t\ttype filter hook " + chain.name + " priority 0; policy " + chain.policy + ";\n")
		for _, line := range lines {
			b.WriteString("\t\t" + line + "\n")
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// set writes the set of a name: one for ports, or one for addresses of each family.
func (f ruleset) set(t *sdk.T, b *strings.Builder, name string) {
	write := func(suffix, kind string, elements []string) {
		if len(elements) > 0 {
			b.WriteString("\tset " + name + suffix + " {\n\t\ttype " + kind + "\n\t\tflags interval\n\t\tauto-merge\n\t\telements = { " + strings.Join(elements, ", ") + " }\n\t}\n")
		}
	}
	ports, v4, v6 := f.elements(t, name)
	write("", "inet_service", ports)
	write("_v4", "ipv4_addr", v4)
	write("_v6", "ipv6_addr", v6)
}

// elements are those of a set: ports, or addresses of either family.
func (f ruleset) elements(t *sdk.T, name string) (ports, v4, v6 []string) {
	for _, value := range values(f.Sets[name]) {
		switch {
		case isPort(value):
			ports = append(ports, value)
		case parse(t, "set "+name, value).v6():
			v6 = append(v6, value)
		default:
			v4 = append(v4, value)
		}
	}
	if len(ports) > 0 && len(v4)+len(v6) > 0 {
		t.Fail(op.Permanent, "set "+name+" has both ports and addresses", "", "make two sets of it")
	}
	return ports, v4, v6
}

// lines are a rule in the words of nft: one line for each combination of families, protocols and sets that one line cannot say.
func (f ruleset) lines(t *sdk.T, r Rule) []string {
	r.check(t)
	var lines []string
	for _, addresses := range f.addresses(t, r) {
		for _, ports := range f.transport(t, r) {
			words := slices.Concat(r.interfaces(), addresses, ports, r.statements())
			lines = append(lines, strings.Join(words, " "))
		}
	}
	if r.Comment != "" {
		lines = slices.Insert(lines, 0, "# "+r.Comment)
	}
	return lines
}

// check refuses what nft would, or would take for something else.
func (r Rule) check(t *sdk.T) {
	protocols := r.protocols()
	withPorts := !slices.ContainsFunc(protocols, func(p string) bool { return p != "tcp" && p != "udp" && p != "sctp" })
	switch {
	case (r.Port != nil || r.SourcePort != nil) && !withPorts:
		r.wrong(t, "has a port, but a protocol without ports", `proto is "tcp", "udp" or "sctp" then`)
	case r.ICMPType != nil && (len(protocols) != 1 || protocols[0] != "icmp" && protocols[0] != "icmpv6"):
		r.wrong(t, "has an icmp_type, but another protocol", `give proto = "icmp" or proto = "icmpv6" in it`)
	case r.Burst > 0 && r.Limit == "":
		r.wrong(t, "has a burst and no limit", `give a limit, such as "10/minute"`)
	case r.OutInterface != nil && r.direction() == input:
		r.wrong(t, "is for input and has an out_interface", "packets to the host leave by none: give in_interface")
	case r.InInterface != nil && r.direction() == output:
		r.wrong(t, "is for output and has an in_interface", "packets from the host came by none: give out_interface")
	}
}

func (r Rule) wrong(t *sdk.T, what, hint string) {
	t.Fail(op.Permanent, "rule "+strconv.Quote(r.Name)+" "+what, "", hint)
}

func (r Rule) interfaces() (words []string) {
	for _, of := range []struct {
		word  string
		names any
	}{{"iifname", r.InInterface}, {"oifname", r.OutInterface}} {
		if of.names != nil {
			names := values(of.names)
			for i := range names {
				names[i] = `"` + names[i] + `"`
			}
			words = append(words, of.word, oneOf(names))
		}
	}
	return words
}

// oneOf is a value, or an anonymous set of several.
func oneOf(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "{ " + strings.Join(values, ", ") + " }"
}

// addresses are the matches of source and destination, one for each pair that is of one family.
func (f ruleset) addresses(t *sdk.T, r Rule) (all [][]string) {
	if r.Source == nil && r.Destination == nil {
		return [][]string{nil}
	}
	for _, family := range []string{"ip", "ip6"} {
		for _, source := range f.ofFamily(t, r, r.Source, family) {
			for _, destination := range f.ofFamily(t, r, r.Destination, family) {
				var words []string
				if source != "" {
					words = append(words, family, "saddr", source)
				}
				if destination != "" {
					words = append(words, family, "daddr", destination)
				}
				all = append(all, words)
			}
		}
	}
	if len(all) == 0 {
		r.wrong(t, "matches nothing: its source is of one family and its destination of the other", "give both in IPv4 or both in IPv6")
	}
	return all
}

// ofFamily are the values that addresses of a family are compared with; "" is any.
func (f ruleset) ofFamily(t *sdk.T, r Rule, given any, family string) (all []string) {
	if given == nil {
		return []string{""}
	}
	var literal []string
	for _, value := range values(given) {
		if name, named := strings.CutPrefix(value, "@"); named {
			f.known(t, r, name)
			ports, v4, v6 := f.elements(t, name)
			switch {
			case len(ports) > 0:
				r.wrong(t, "takes set "+name+" for addresses, which has ports", "name a set of addresses")
			case family == "ip" && len(v4) > 0:
				all = append(all, "@"+name+"_v4")
			case family == "ip6" && len(v6) > 0:
				all = append(all, "@"+name+"_v6")
			}
		} else if parse(t, "rule "+strconv.Quote(r.Name), value).v6() == (family == "ip6") {
			literal = append(literal, value)
		}
	}
	if len(literal) > 0 {
		all = append(all, oneOf(literal))
	}
	return all
}

func (f ruleset) known(t *sdk.T, r Rule, name string) {
	if _, is := f.Sets[name]; !is {
		r.wrong(t, "names the set "+name+", which there is not", `declare it: sets = {"`+name+`": [...]}`)
	}
}

// transport are the matches of protocols and ports, one for each that one line cannot say.
func (f ruleset) transport(t *sdk.T, r Rule) (all [][]string) {
	protocols := r.protocols()
	switch {
	case len(protocols) == 0:
		return [][]string{nil}
	case r.ICMPType != nil:
		return [][]string{{protocols[0], "type", oneOf(values(r.ICMPType))}}
	case r.Port == nil && r.SourcePort == nil:
		for i, name := range protocols {
			if number := numbers[name]; number != "" {
				protocols[i] = number
			}
		}
		return [][]string{{"meta", "l4proto", oneOf(protocols)}}
	}
	for _, protocol := range protocols {
		for _, from := range f.ports(t, r, r.SourcePort) {
			for _, to := range f.ports(t, r, r.Port) {
				var words []string
				if from != "" {
					words = append(words, protocol, "sport", from)
				}
				if to != "" {
					words = append(words, protocol, "dport", to)
				}
				all = append(all, words)
			}
		}
	}
	return all
}

// ports are the values that ports are compared with; "" is any.
func (f ruleset) ports(t *sdk.T, r Rule, given any) (all []string) {
	if given == nil {
		return []string{""}
	}
	var literal []string
	for _, value := range values(given) {
		name, named := strings.CutPrefix(value, "@")
		if !named {
			literal = append(literal, value)
			continue
		}
		f.known(t, r, name)
		if ports, _, _ := f.elements(t, name); len(ports) == 0 {
			r.wrong(t, "takes set "+name+" for ports, which has addresses", "name a set of ports")
		}
		all = append(all, "@"+name)
	}
	if len(literal) > 0 {
		all = append(all, oneOf(literal))
	}
	return all
}

// statements are what is done with packets that match.
func (r Rule) statements() (words []string) {
	if r.Limit != "" {
		words = append(words, "limit rate "+r.Limit)
		if r.Burst > 0 {
			words = append(words, "burst "+strconv.FormatInt(r.Burst, 10)+" packets")
		}
	}
	switch log := r.Log.(type) {
	case bool:
		if log {
			words = append(words, `log prefix "`+r.Name+`: "`)
		}
	case string:
		words = append(words, `log prefix "`+log+`"`)
	}
	return append(words, r.action(), `comment "`+r.Name+`"`)
}
