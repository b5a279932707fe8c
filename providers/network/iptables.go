package network

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
)

// tables is a firewall in the words of iptables, for one family: chains of its own, their rules, and the rules of ufw's chains that lead there.
type tables struct {
	chains, rules []string
	hooks         []string // pairs: a chain of ufw, a chain of the unit
}

// maxUFWName is how long a name may be that chains are named by: the kernel takes 28 characters, for froyo-NAME-i100a.
const maxUFWName = 16

// maxPrefix is what the target LOG of iptables takes.
const maxPrefix = 29

// chain is the name of a chain of the unit.
func (f ufwRules) chain(suffix string) string { return "froyo-" + f.Name + "-" + suffix }

// baseOf are the rules before those of the unit: as for nft, by family and direction.
var baseOf = [2]map[string][]string{
	{
		input:   {"-m conntrack --ctstate RELATED,ESTABLISHED", "-i lo", "-p icmp --icmp-type 3", "-p icmp --icmp-type 11", "-p icmp --icmp-type 12"},
		forward: {"-m conntrack --ctstate RELATED,ESTABLISHED"},
		output:  {"-m conntrack --ctstate RELATED,ESTABLISHED", "-o lo"},
	},
	{
		input: append([]string{"-m conntrack --ctstate RELATED,ESTABLISHED", "-i lo"}, append(icmpv6Lines("1", "2", "3", "4", "133", "134", "135", "136", "130", "131", "132", "143"),
			"-s fe80::/10 -p udp --dport 546")...),
		forward: {"-m conntrack --ctstate RELATED,ESTABLISHED"},
		output: append([]string{"-m conntrack --ctstate RELATED,ESTABLISHED", "-o lo"}, append(icmpv6Lines("133", "134", "135", "136", "130", "131", "132", "143"),
			"-d fe80::/10 -p udp --dport 547", "-d ff02::/16 -p udp --dport 547")...),
	},
}

func icmpv6Lines(types ...string) []string {
	for i := range types {
		types[i] = "-p icmpv6 --icmpv6-type " + types[i]
	}
	return types
}

// tables are the rules for a family, 0 for IPv4.
func (f ufwRules) tables(t *sdk.T, family int) (all tables) {
	for _, direction := range []string{input, forward, output} {
		chain := f.chain(direction[:1])
		var main, more tables
		for i, r := range f.Rules {
			if r.direction() == direction {
				f.addRule(t, &main, &more, family, chain, i, r)
			}
		}
		if len(main.rules) == 0 && Firewall(f).policyOf(direction) != drop {
			continue
		}
		all.chains = append(append(all.chains, chain), more.chains...)
		for _, match := range baseOf[family][direction] {
			all.rules = append(all.rules, "-A "+chain+" "+match+" -j ACCEPT")
		}
		all.rules = append(append(all.rules, main.rules...), more.rules...)
		all.hooks = append(all.hooks, before(family, direction), chain)
	}
	return all
}

// addRule adds a rule to its chain: a line for each of its parts. One that counts or logs gets a chain of its own, so that all parts count
// together.
func (f ufwRules) addRule(t *sdk.T, main, more *tables, family int, chain string, index int, r Rule) {
	action := map[string]string{accept: acceptTarget, drop: "DROP", "reject": "REJECT"}[r.action()]
	prefix := r.prefix()
	if len(prefix) > maxPrefix {
		r.wrong(t, "logs with "+strconv.Quote(prefix)+", and ufw takes at most "+strconv.Itoa(maxPrefix)+" characters", `give a shorter text: log = "dropped: "`)
	}
	if r.Limit != "" || prefix != "" {
		own := chain + strconv.Itoa(index+1)
		last := own
		if r.Limit != "" {
			last = own + "a"
			limit := "-A " + own + " -m limit --limit " + r.Limit
			if r.Burst > 0 {
				limit += " --limit-burst " + strconv.FormatInt(r.Burst, 10)
			}
			more.chains, more.rules = append(more.chains, last), append(more.rules, limit+" -j "+last)
		}
		if prefix != "" {
			more.rules = append(more.rules, "-A "+last+` -j LOG --log-prefix "`+prefix+`"`)
		}
		more.chains, more.rules = append(more.chains, own), append(more.rules, "-A "+last+" -j "+action)
		action = own
	}
	for _, match := range f.matches(t, r, family) {
		main.rules = append(main.rules, "-A "+chain+match+` -m comment --comment "`+r.Name+`" -j `+action)
	}
}

// prefix is the text before what a rule logs, "" where it does not.
func (r Rule) prefix() string {
	switch log := r.Log.(type) {
	case bool:
		if log {
			return r.Name + ": "
		}
	case string:
		return log
	}
	return ""
}

// matches are the parts of a rule for a family.
func (f ufwRules) matches(t *sdk.T, r Rule, family int) (all []string) {
	word := func(option, value string) string {
		if value == "" {
			return ""
		}
		return " " + option + " " + value
	}
	for _, p := range ruleset(f).flats(t, r) {
		if family == 0 && !p.v4 || family == 1 && !p.v6 {
			continue
		}
		protocol, icmp := p.protocol, ""
		if number := numbers[protocol]; number != "" {
			protocol = number
		}
		if p.icmp != "" {
			known, is := icmpTypes[p.protocol][p.icmp]
			if !is {
				r.wrong(t, "has the icmp_type "+strconv.Quote(p.icmp)+", which froyo does not know for iptables", "give a type that ping or the neighbour discovery has, or none")
			}
			icmp = "--" + p.protocol + "-type " + known.number
		}
		for _, in := range named(r.InInterface) {
			for _, out := range named(r.OutInterface) {
				line := word("-i", in) + word("-o", out) + word("-s", p.source) + word("-d", p.destination) + word("-p", protocol) +
					word("--sport", strings.Replace(p.sourcePort, "-", ":", 1)) + word("--dport", strings.Replace(p.port, "-", ":", 1))
				if icmp != "" {
					line += " " + icmp
				}
				all = append(all, line)
			}
		}
	}
	return all
}

// named are the interfaces of an argument as iptables writes them, or the one that is any.
func named(given any) []string {
	if given == nil {
		return []string{""}
	}
	names := values(given)
	for i, name := range names {
		if name, all := strings.CutSuffix(name, "*"); all {
			names[i] = name + "+"
		}
	}
	return names
}

// text is the chains, their rules, and what leads there from ufw's chains.
func (u tables) text() string {
	var b strings.Builder
	for _, chain := range u.chains {
		b.WriteString(":" + chain + " - [0:0]\n")
	}
	for _, rule := range u.rules {
		b.WriteString(rule + "\n")
	}
	for i := 0; i < len(u.hooks); i += 2 {
		b.WriteString("-I " + u.hooks[i] + " -j " + u.hooks[i+1] + "\n")
	}
	return b.String()
}

// alone is the rules for a kernel that has no others.
func (u tables) alone() string {
	var b strings.Builder
	for i := 0; i < len(u.hooks); i += 2 {
		b.WriteString(":" + u.hooks[i] + " - [0:0]\n")
	}
	return "*filter\n" + b.String() + u.text() + "COMMIT\n"
}

// load is what makes a kernel have the rules, in one transaction, and of the unit's chains no others.
func (u tables) load(now UFWKernel) string {
	var b strings.Builder
	for line := range strings.Lines(now.Rules) {
		if there, is := strings.CutPrefix(line, "-A "); is && !strings.HasPrefix(there, "froyo-") {
			b.WriteString("-D " + there)
		}
	}
	b.WriteString(u.text())
	for _, do := range []string{"-F ", "-X "} {
		for _, chain := range now.Chains {
			if !slices.Contains(u.chains, chain) {
				b.WriteString(do + chain + "\n")
			}
		}
	}
	return "*filter\n" + b.String() + "COMMIT\n"
}
