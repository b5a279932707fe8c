package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// findPeer is a shell command that prints who is at the other end of the SSH connection, and the address and port of the host: what
// sshd tells the programs that it starts, of which one is before the shell even where sudo clears the environment. It prints
// nothing where froyo did not come by SSH. The other end's port is left out: it is another for each connection.
const findPeer = `p=$$; while [ "$p" -gt 1 ] 2>/dev/null; do tr '\0' '\n' 2>/dev/null </proc/$p/environ | sed -n 's/^SSH_CONNECTION=\([^ ]*\) [^ ]* \([^ ]* [^ ]*\)$/\1 \2/p' | grep . && exit; p=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$p/status); done; exit 0`

// packet is the first one of a connection; port 0 is not known.
type packet struct {
	direction        string
	from, to         netip.Addr
	fromPort, toPort int
}

// letsIn reports whether a packet gets through. What a rule asks that is not known of the packet, such as its interface, is taken
// to be as a rule that accepts it needs it: what is refused is only what is sure to lock out.
func (f ruleset) letsIn(t *sdk.T, p packet, policy string) bool {
	for _, r := range f.Rules {
		if r.direction() == p.direction && f.matches(t, r, p) {
			return r.action() == accept
		}
	}
	return policy != drop
}

func (f ruleset) matches(t *sdk.T, r Rule, p packet) bool {
	accepts := r.action() == accept
	protocols := r.protocols()
	switch {
	case len(protocols) > 0 && !slices.Contains(protocols, "tcp"):
		return false
	case !accepts && (r.InInterface != nil || r.OutInterface != nil || r.Limit != ""):
		return false
	}
	return f.hasAddress(t, r.Source, p.from) && f.hasAddress(t, r.Destination, p.to) &&
		f.hasPort(r.SourcePort, p.fromPort, accepts) && f.hasPort(r.Port, p.toPort, accepts)
}

// expand puts the elements of sets in the place of their names.
func (f ruleset) expand(given any) (all []string) {
	for _, value := range values(given) {
		if name, named := strings.CutPrefix(value, "@"); named {
			all = append(all, values(f.Sets[name])...)
		} else {
			all = append(all, value)
		}
	}
	return all
}

func (f ruleset) hasAddress(t *sdk.T, given any, a netip.Addr) bool {
	return given == nil || slices.ContainsFunc(f.expand(given), func(text string) bool { return parse(t, "a rule", text).has(a) })
}

func (f ruleset) hasPort(given any, port int, unknown bool) bool {
	switch {
	case given == nil:
		return true
	case port == 0:
		return unknown
	}
	return slices.ContainsFunc(f.expand(given), func(text string) bool { return hasPort(text, port) })
}

// guard refuses rules that would not let in a connection like the present one.
func (f ruleset) guard(t *sdk.T, said string) {
	fields := strings.Fields(said)
	if f.AllowLockout || len(fields) != 3 {
		return
	}
	peer, err1 := netip.ParseAddr(fields[0])
	here, err2 := netip.ParseAddr(fields[1])
	port, err3 := strconv.Atoi(fields[2])
	if err1 != nil || err2 != nil || err3 != nil {
		return
	}
	peer, here = peer.Unmap().WithZone(""), here.Unmap().WithZone("")
	comes := f.BaseRules && peer.IsLoopback() || f.letsIn(t, packet{direction: input, from: peer, to: here, toPort: port}, f.Policy)
	if !comes {
		t.Fail(op.Conflict, "these rules lock froyo out: none lets in its SSH connection from "+peer.String()+" to port "+fields[2], "",
			`add a rule before what drops it: {"name": "froyo", "port": `+fields[2]+`, "source": "`+peer.String()+`"}; where there is another way to the host, allow_lockout = True`)
	}
	if goes := f.BaseRules || f.letsIn(t, packet{direction: output, from: here, to: peer, fromPort: port}, f.OutputPolicy); !goes {
		t.Fail(op.Conflict, "these rules lock froyo out: none lets out the answers to its SSH connection from "+peer.String(), "",
			"leave base_rules as they are, or output_policy; where there is another way to the host, allow_lockout = True")
	}
}

// opened reports whether firewalld may let in a connection like a peer's without the unit's policies. It does where no peer is known, and where
// what decides is not: what is refused is only what is sure to lock out. The files count, which the removal has firewalld take.
func (f firewalldRules) opened(t *sdk.T, policies, peer string) bool {
	fields := strings.Fields(peer)
	from := peerAddress(peer)
	if len(fields) != 3 || !from.IsValid() || from.IsLoopback() {
		return true
	}
	results := t.All(
		op.Op{Text: &op.Text{Path: firewalldConf, Limit: op.MaxText}},
		op.Op{Exec: &op.Exec{Argv: []string{"firewall-cmd", "--get-active-zones"}, ReadOnly: true, Limit: op.MaxOutput}},
		op.Op{Exec: &op.Exec{Argv: []string{"firewall-cmd", "--permanent", "--list-all-zones"}, ReadOnly: true, Limit: op.MaxOutput}},
	)
	active, zones := t.Must(results[1]).Exec, t.Must(results[2]).Exec
	if active.RC != 0 || zones.RC != 0 || active.StdoutCut || zones.StdoutCut {
		return true
	}
	usual := cmp.Or(setting(t.Must(results[0]).Text.Text, "DefaultZone"), "public")
	here := map[string]bool{}
	for _, z := range listing(active.Stdout) {
		here[z.name] = z.fields["interfaces"] != "" || hasNetwork(z.fields["sources"], from)
	}
	c := caller{from: from}
	c.port, _ = strconv.Atoi(fields[2])
	for _, z := range append(listing(zones.Stdout), listing(policies)...) {
		_, policy := z.fields["egress-zones"]
		ours := strings.HasPrefix(z.name, f.policyName(""))
		if !ours && (policy && strings.Contains(z.fields["egress-zones"], "HOST") || !policy && (z.name == usual || here[z.name])) && c.passes(z) {
			return true
		}
	}
	return slices.ContainsFunc(c.services, func(name string) bool { return c.served(t, name) })
}

const firewalldConf = "/etc/firewalld/firewalld.conf"

// listed is a zone or a policy as firewall-cmd lists it.
type listed struct {
	name   string
	fields map[string]string
	rich   []string
}

func listing(text string) (all []listed) {
	for line := range strings.Lines(text) {
		switch last := len(all) - 1; {
		case strings.TrimSpace(line) == "":
		case line[0] != ' ' && line[0] != '\t':
			all = append(all, listed{name: strings.Fields(line)[0], fields: map[string]string{}})
		case last < 0:
		case line[0] == '\t':
			all[last].rich = append(all[last].rich, strings.TrimSpace(line))
		default:
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			all[last].fields[key] = strings.TrimSpace(value)
		}
	}
	return all
}

// hasNetwork reports whether one of some networks may have an address: all that is none may.
func hasNetwork(networks string, a netip.Addr) bool {
	return slices.ContainsFunc(strings.Fields(networks), func(text string) bool {
		s, is := parseSpan(text)
		return !is || s.has(a)
	})
}

// caller is a connection of which firewalld's rules are asked whether they let it in, and the services that would have to be known for that.
type caller struct {
	from     netip.Addr
	port     int
	services []string
}

// passes reports whether a zone or a policy may let the connection in, services aside, which it notes.
func (c *caller) passes(z listed) bool {
	c.services = append(c.services, strings.Fields(z.fields["services"])...)
	open := func(text string) bool {
		port, protocol, _ := strings.Cut(text, "/")
		return protocol == "tcp" && hasPort(port, c.port)
	}
	return z.fields["target"] == acceptTarget || slices.ContainsFunc(strings.Fields(z.fields["ports"]), open) || slices.Contains(strings.Fields(z.fields["protocols"]), "tcp") ||
		strings.Contains(z.fields["source-ports"], "/tcp") || strings.Contains(z.fields["forward-ports"], "toport="+strconv.Itoa(c.port)) || slices.ContainsFunc(z.rich, c.richly)
}

// richly reports whether a rich rule may let the connection in.
func (c *caller) richly(rule string) bool {
	value := func(element, name string) string {
		_, rest, _ := strings.Cut(rule, element+" ")
		_, rest, _ = strings.Cut(rest, name+`="`)
		text, _, _ := strings.Cut(rest, `"`)
		return text
	}
	has := func(element string) bool { return strings.Contains(rule, " "+element+" ") }
	switch family := value("rule", "family"); {
	case !strings.Contains(rule+" ", " accept "), has("icmp-type"), has("icmp-block"), has("forward-port"), family == "ipv4" && !c.from.Is4(), family == "ipv6" && !c.from.Is6():
		return false
	case has("source") && !has("source NOT") && value("source", "address") != "" && !hasNetwork(value("source", "address"), c.from):
		return false
	case has("service"):
		c.services = append(c.services, value("service", "name"))
		return false
	case has("port"):
		return value(" port", "protocol") == "tcp" && hasPort(value(" port", "port"), c.port)
	case has("protocol"):
		return value(" protocol", "value") == "tcp"
	}
	return true
}

// served reports whether a service of firewalld may have the connection's port, as its file says: the host's own, else its package's.
func (c *caller) served(t *sdk.T, name string) bool {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+") != "" {
		return true
	}
	text := ""
	for _, r := range t.All(
		op.Op{Text: &op.Text{Path: "/etc/firewalld/services/" + name + ".xml", Limit: op.MaxText}},
		op.Op{Text: &op.Text{Path: "/usr/lib/firewalld/services/" + name + ".xml", Limit: op.MaxText}},
	) {
		text = cmp.Or(text, t.Must(r).Text.Text)
	}
	if text == "" || strings.Contains(text, "<include") || strings.Contains(text, "<protocol") || strings.Contains(text, "<source-port") {
		return true
	}
	for _, element := range strings.Split(text, "<port ")[1:] {
		element, _, _ = strings.Cut(element, ">")
		value := func(key string) string {
			_, rest, _ := strings.Cut(strings.ReplaceAll(" "+element, "'", `"`), " "+key+`="`)
			text, _, _ := strings.Cut(rest, `"`)
			return text
		}
		if value("protocol") != "udp" && hasPort(value("port"), c.port) {
			return true
		}
	}
	return false
}
