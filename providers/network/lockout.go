package network

import (
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
	return policy == accept
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
