package network

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// firewalldRules is a firewall as policies of firewalld.
type firewalldRules Firewall

// FirewalldState is what is there of firewalld.
type FirewalldState struct {
	Running bool           `json:"running,omitempty"`
	AtBoot  bool           `json:"at_boot,omitempty"`
	Lacks   *op.NeedResult `json:"lacks,omitempty"`
	// Found are the unit's policies by their suffix, of which Files is read.
	Found []string                       `json:"found,omitempty"`
	Files map[string]textfile.WholeState `json:"files,omitempty"`
	// Runtime is what firewalld has in effect of them, and Permanent what it has in its files.
	Runtime   string `json:"runtime,omitempty"`
	Permanent string `json:"permanent,omitempty"`
	// Closes says that without the unit's policies nothing would let in a connection like the one by which froyo is on the host.
	Closes bool `json:"closes,omitempty"`
}

const (
	policiesDir  = "/etc/firewalld/policies"
	maxPolicies  = 1000
	maxFirewalld = 12 // of a unit's name: firewalld takes 18 characters, for fy-NAME-id
)

// endsOf are the policies of a direction: where packets come from and go to, and the suffix of their name. Behind it stands "d" for the
// policy that comes after the rules of the zones.
var endsOf = []struct{ direction, suffix, from, to string }{
	{input, "i", "ANY", "HOST"}, {forward, "f", "ANY", "ANY"}, {output, "o", "HOST", "ANY"},
}

// validPolicy checks a policy by itself: firewalld leaves out a rule that it does not understand, and says so.
const validPolicy = `d=$(mktemp -d) && mkdir $d/policies && cp /etc/firewalld/firewalld.conf $d/ && cp %s $d/policies/froyo.xml && s=$(firewall-offline-cmd --system-config=$d --check-config 2>&1); r=$?; rm -rf "$d"; case $s in *INVALID_*) r=1;; esac; [ $r = 0 ] || echo "$s" | sed "s#$d/policies/froyo.xml#the policy#g; s#$d#/etc/firewalld#g" >&2; exit $r`

func (f firewalldRules) policyName(suffix string) string { return "fy-" + f.Name + "-" + suffix }

func (f firewalldRules) policyFile(suffix string) textfile.Whole {
	return textfile.Whole{Path: policiesDir + "/" + f.policyName(suffix) + ".xml", Mode: public, Label: "policy " + f.policyName(suffix), Validate: validPolicy}
}

// ops are what is read of firewalld on every host.
func (f firewalldRules) ops() []op.Op {
	return []op.Op{
		{SvcQuery: &op.SvcQuery{Names: []string{"firewalld.service"}}},
		{List: &op.List{Path: policiesDir, Limit: maxPolicies}},
		{Need: &op.Need{Program: "firewall-cmd"}},
	}
}

func (f firewalldRules) state(t *sdk.T, results []op.Result) (s FirewalldState) {
	service := t.Must(results[0]).SvcQuery.Units[0]
	s.Running, s.AtBoot = service.Running(), !service.Switches(true)
	for _, e := range t.Must(results[1]).List.Entries {
		name, xml := strings.CutSuffix(e.Path, ".xml")
		if suffix, ours := strings.CutPrefix(name, f.policyName("")); xml && ours {
			s.Found = append(s.Found, suffix)
		}
	}
	if need := t.Must(results[2]).Need; need.Lacking() > 0 {
		s.Lacks = need
	}
	return s
}

// suffixes are those that policies of a unit may have.
func suffixes() (all []string) {
	for _, ends := range endsOf {
		all = append(all, ends.suffix, ends.suffix+"d")
	}
	return all
}

// read asks for the unit's policies.
func (f firewalldRules) read(t *sdk.T, s *FirewalldState, peer string) {
	var ops []op.Op
	for _, suffix := range suffixes() {
		ops = append(ops, f.policyFile(suffix).Ops()...)
	}
	asks := s.Running && s.Lacks == nil
	if asks {
		ops = append(ops,
			op.Op{Exec: &op.Exec{Argv: []string{"firewall-cmd", "--list-all-policies"}, ReadOnly: true, Limit: op.MaxOutput}},
			op.Op{Exec: &op.Exec{Argv: []string{"firewall-cmd", "--permanent", "--list-all-policies"}, ReadOnly: true, Limit: op.MaxOutput}})
	}
	results := t.All(ops...)
	s.Files = map[string]textfile.WholeState{}
	for i, suffix := range suffixes() {
		s.Files[suffix] = f.policyFile(suffix).State(t, results[2*i:])
	}
	if asks {
		n := len(results)
		permanent := t.Must(results[n-1]).Exec
		s.Runtime, s.Permanent = f.ours(t, t.Must(results[n-2]).Exec), f.ours(t, permanent)
		s.Closes = len(s.Found) > 0 && !f.AllowLockout && !f.opened(t, permanent.Stdout, peer)
	}
}

// ours is what firewall-cmd lists of the unit's policies.
func (f firewalldRules) ours(t *sdk.T, r *op.ExecResult) string {
	switch {
	case r.RC != 0:
		t.Fail(op.Permanent, "firewall-cmd cannot list the policies", strings.TrimSpace(r.Stderr+r.Stdout), "")
	case r.StdoutCut:
		t.Fail(op.Permanent, "firewall-cmd lists more than 1 MiB of policies", "", "")
	}
	var all []string
	for part := range strings.SplitSeq(r.Stdout, "\n\n") {
		if part = strings.TrimLeft(part, "\n"); strings.HasPrefix(part, f.policyName("")) {
			all = append(all, strings.TrimRight(strings.Replace(part, " (active)", "", 1), "\n"))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// use brings the policies into firewalld's files, and has it take them.
func (f firewalldRules) use(t *sdk.T, now FirewalldState) {
	if now.Lacks != nil {
		t.Needs(abi.Need{
			What: "program firewall-cmd", Kind: "program", Name: "firewall-cmd", Paths: []string{"/usr/bin/firewall-cmd"},
			Hint: `declare the package that brings it before: pkg("firewalld")`,
		})
	}
	wanted, changed := f.policies(t, now.Files), false
	for _, suffix := range suffixes() {
		file, there := f.policyFile(suffix), now.Files[suffix]
		text, is := wanted[suffix]
		if !is {
			continue
		}
		if now.Lacks != nil {
			there.NoParent = false // the package brings it
		}
		changed = changed || there.Text != text || !there.Exists
		file.Write(t, there, text)
	}
	switch {
	case !now.Running:
		t.Differ("firewalld running", false, true)
		run(t, "systemctl", "enable", "--now", "firewalld.service")
	case changed:
		reload(t)
	case now.Runtime != now.Permanent:
		t.DifferText("in effect", now.Runtime, now.Permanent, false)
		reload(t)
	}
	if now.Running && !now.AtBoot && f.Backend == firewalld {
		t.Differ("firewalld enabled", false, true)
		run(t, "systemctl", "enable", "--now", "firewalld.service")
	}
	if changed && len(now.Found) > 0 {
		t.Action(abi.Update) // of the unit's policies some are there
	}
}

func reload(t *sdk.T) { run(t, "firewall-cmd", "--reload") }

// leave removes the unit's policies.
func (f firewalldRules) leave(t *sdk.T, now FirewalldState) (found bool) {
	for _, suffix := range suffixes() {
		if now.Files[suffix].Exists {
			found = true
			f.policyFile(suffix).Remove(t, now.Files[suffix])
		}
	}
	if now.Running && (found || now.Runtime != "") {
		found = true
		reload(t)
	}
	return found
}

// policies are the files of the unit by suffix: those that it needs, and those of which are there that they do nothing.
func (f firewalldRules) policies(t *sdk.T, there map[string]textfile.WholeState) map[string]string {
	all := map[string]string{}
	for _, ends := range endsOf {
		head := func(priority int, target string) string {
			return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- Managed by froyo: changes made by hand are undone. -->\n<policy priority=\"" + strconv.Itoa(priority) +
				"\" target=\"" + target + "\">\n  <ingress-zone name=\"" + ends.from + "\"/>\n  <egress-zone name=\"" + ends.to + "\"/>\n"
		}
		if rules := f.rich(t, ends.direction); rules != "" || there[ends.suffix].Exists {
			all[ends.suffix] = head(-10000, "CONTINUE") + rules + "</policy>\n"
		}
		last := ends.suffix + "d"
		switch Firewall(f).policyOf(ends.direction) {
		case drop:
			all[last] = head(30000, "DROP") + "</policy>\n"
		case accept:
			all[last] = head(30000, acceptTarget) + "</policy>\n"
		default:
			if there[last].Exists {
				all[last] = head(30000, "CONTINUE") + "</policy>\n"
			}
		}
	}
	return all
}

// richBase are what firewalld does not let in by itself of the rules before those of the unit.
var richBase = map[string][]string{
	input: {
		`family="ipv4"><icmp-type name="destination-unreachable"/>`, `family="ipv4"><icmp-type name="time-exceeded"/>`, `family="ipv4"><icmp-type name="parameter-problem"/>`,
		`family="ipv6"><icmp-type name="destination-unreachable"/>`, `family="ipv6"><icmp-type name="packet-too-big"/>`, `family="ipv6"><icmp-type name="time-exceeded"/>`,
		`family="ipv6"><icmp-type name="parameter-problem"/>`, `family="ipv6"><icmp-type name="router-solicitation"/>`, `family="ipv6"><icmp-type name="router-advertisement"/>`,
		`family="ipv6"><icmp-type name="neighbour-solicitation"/>`, `family="ipv6"><icmp-type name="neighbour-advertisement"/>`,
		// Who listens to which group: firewalld has no names for that.
		`family="ipv6"><source address="fe80::/10"/><destination address="ff00::/8"/><protocol value="ipv6-icmp"/>`,
		`family="ipv6"><source address="fe80::/10"/><port port="546" protocol="udp"/>`,
	},
	output: {
		`family="ipv6"><icmp-type name="router-solicitation"/>`, `family="ipv6"><icmp-type name="router-advertisement"/>`,
		`family="ipv6"><icmp-type name="neighbour-solicitation"/>`, `family="ipv6"><icmp-type name="neighbour-advertisement"/>`,
		`family="ipv6"><destination address="ff00::/8"/><protocol value="ipv6-icmp"/>`,
		`family="ipv6"><destination address="fe80::/10"/><port port="547" protocol="udp"/>`, `family="ipv6"><destination address="ff02::/16"/><port port="547" protocol="udp"/>`,
	},
}

// rich are the rules of a direction as firewalld's rich rules, "" for none; their priority keeps them in order.
func (f firewalldRules) rich(t *sdk.T, direction string) string {
	var b strings.Builder
	priority := -32000
	rule := func(body string) {
		b.WriteString("  <rule priority=\"" + strconv.Itoa(priority) + "\"" + body + "</rule>\n")
		priority++
	}
	own := false
	for _, r := range f.Rules {
		own = own || r.direction() == direction
	}
	if own || Firewall(f).policyOf(direction) == drop {
		for _, match := range richBase[direction] {
			rule(" " + match + "<accept/>")
		}
	}
	for _, r := range f.Rules {
		if r.direction() == direction {
			b.WriteString("  <!-- " + strings.ReplaceAll(strings.ReplaceAll(r.Name, "--", "- -"), "--", "- -") + " -->\n")
			for _, body := range f.richRule(t, r) {
				rule(body)
			}
		}
	}
	return b.String()
}

// richRule is a rule as rich rules, behind their priority.
func (f firewalldRules) richRule(t *sdk.T, r Rule) (all []string) {
	flats := ruleset(f).flats(t, r)
	switch {
	case r.InInterface != nil || r.OutInterface != nil:
		r.wrong(t, "names an interface, which firewalld knows by zones alone", "leave out the interface, or give the network behind it as source or destination")
	case r.SourcePort != nil && r.Port != nil:
		r.wrong(t, "has a port and a source_port, of which firewalld takes one", "leave out source_port")
	case r.Burst > 0:
		r.wrong(t, "has a burst, which firewalld does not know", "leave out burst")
	case r.Limit != "" && len(flats) > 1:
		r.wrong(t, "has a limit and "+strconv.Itoa(len(flats))+" addresses, ports or protocols, which firewalld would count each by itself", "make a rule with a limit of each")
	}
	limit := ""
	if r.Limit != "" {
		count, unit, _ := strings.Cut(r.Limit, "/")
		limit = `<limit value="` + count + "/" + unit[:1] + `"/>`
	}
	does := "<" + r.action() + ">" + limit + "</" + r.action() + ">"
	if prefix := r.prefix(); prefix != "" {
		does = `<log prefix="` + prefix + `">` + limit + "</log>" + does
	}
	for _, p := range flats {
		all = append(all, f.richMatch(t, r, p)+does)
	}
	return all
}

// richMatch is what a part of a rule is about.
func (f firewalldRules) richMatch(t *sdk.T, r Rule, p flat) string {
	family, match := "", ""
	if p.v4 != p.v6 {
		family = map[bool]string{true: ` family="ipv4"`, false: ` family="ipv6"`}[p.v4]
	}
	if p.source != "" {
		match += `<source address="` + p.source + `"/>`
	}
	if p.destination != "" {
		match += `<destination address="` + p.destination + `"/>`
	}
	protocol := p.protocol
	switch {
	case p.icmp != "":
		name := icmpTypes[p.protocol][p.icmp].firewalld
		if name == "" {
			r.wrong(t, "has the icmp_type "+strconv.Quote(p.icmp)+", for which firewalld has no name", "leave out icmp_type, or give another")
		}
		return family + ">" + match + `<icmp-type name="` + name + `"/>`
	case p.port != "":
		return family + ">" + match + `<port port="` + p.port + `" protocol="` + protocol + `"/>`
	case p.sourcePort != "":
		return family + ">" + match + `<source-port port="` + p.sourcePort + `" protocol="` + protocol + `"/>`
	case protocol == "":
		return family + ">" + match
	case protocol == "icmpv6":
		protocol = "ipv6-icmp"
	case numbers[protocol] != "":
		protocol = numbers[protocol]
	}
	return family + ">" + match + `<protocol value="` + protocol + `"/>`
}

// potential is all that may be done with firewalld.
func (f firewalldRules) potential(t *sdk.T) {
	for _, suffix := range suffixes() {
		if f.State != absent {
			f.policyFile(suffix).PotentialWrite(t)
		}
		f.policyFile(suffix).PotentialRemove(t)
	}
	if f.State != absent {
		run(t, "systemctl", "enable", "--now", "firewalld.service")
	}
	reload(t)
}
