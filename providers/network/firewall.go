package network

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Firewall is what a host lets in, lets out and forwards. Its fields are described in firewall.cue.
type Firewall struct {
	Name          string         `json:"name"`
	State         string         `json:"state"`
	Backend       string         `json:"backend"`
	Policy        string         `json:"policy"`
	ForwardPolicy string         `json:"forward_policy"`
	OutputPolicy  string         `json:"output_policy"`
	Rules         []Rule         `json:"rules"`
	Sets          map[string]any `json:"sets"`
	BaseRules     bool           `json:"base_rules"`
	AllowLockout  bool           `json:"allow_lockout"`
}

// FirewallState is what is there of a firewall.
type FirewallState struct {
	Rules textfile.WholeState `json:"rules"`
	Unit  textfile.WholeState `json:"unit"`
	// NoDirectory says that the directory of the rules is not there.
	NoDirectory bool           `json:"no_directory,omitempty"`
	Boot        op.Service     `json:"boot"` // the unit, as systemd has it
	Lacks       *op.NeedResult `json:"lacks,omitempty"`
	// Live is the table as the kernel lists it, "" for none, and Wanted how it lists the wanted one.
	Live   string `json:"live,omitempty"`
	Wanted string `json:"wanted,omitempty"`
	// Peer is the SSH connection by which froyo is on the host.
	Peer      string         `json:"peer,omitempty"`
	UFW       UFWState       `json:"ufw"`
	Firewalld FirewalldState `json:"firewalld"`
}

const (
	rulesDir = "/etc/nftables.d"
	public   = 0o644
	nft      = "nft"
)

// Read implements sdk.Resource.
func (f Firewall) Read(t *sdk.T) FirewallState {
	ops := append(nftRules(f).rulesFile().Ops(), nftRules(f).unitFile().Ops()...)
	ops = append(ops,
		op.Op{Stat: &op.Stat{Path: rulesDir}},
		op.Op{SvcQuery: &op.SvcQuery{Names: []string{nftRules(f).unit(), ufwUnit}}},
		op.Op{Need: &op.Need{Program: nft}},
		op.Op{Exec: &op.Exec{Argv: []string{nft, "-s", "list", "table", "inet", nftRules(f).table()}, ReadOnly: true, Limit: op.MaxOutput}},
	)
	ops = append(append(ops, ufwRules(f).ops()...), firewalldRules(f).ops()...)
	ops = append(ops, op.Op{Exec: &op.Exec{Shell: findPeer, ReadOnly: true}})
	if f.State != absent {
		text := ruleset(f).text(t)
		ops = append(ops, op.Op{Exec: &op.Exec{
			Argv: []string{"unshare", "--net", "sh", "-c", "nft -f - && nft -s list ruleset"}, Stdin: &op.Blob{Text: &text}, ReadOnly: true, Limit: op.MaxOutput,
		}})
	}
	results := t.All(ops...)
	s := FirewallState{
		Rules: nftRules(f).rulesFile().State(t, results), Unit: nftRules(f).unitFile().State(t, results[2:]),
		NoDirectory: !t.Must(results[4]).Stat.Exists, Boot: t.Must(results[5]).SvcQuery.Units[0],
		UFW: ufwRules(f).state(t, results[8:]), Firewalld: firewalldRules(f).state(t, results[13:]),
		Peer: strings.TrimSpace(t.Must(results[16]).Exec.Stdout),
	}
	s.UFW.AtBoot = !t.Must(results[5]).SvcQuery.Units[1].Switches(true)
	if need := t.Must(results[6]).Need; need.Lacking() > 0 {
		s.Lacks = need
	} else {
		s.Live = nftRules(f).live(t, t.Must(results[7]).Exec)
	}
	if f.State != absent && f.backend(s) == nftables && s.Lacks == nil {
		s.Wanted = nftRules(f).wanted(t, t.Must(results[17]).Exec)
	}
	f.readMore(t, &s)
	return s
}

// readMore asks ufw and firewalld, where they have something to say.
func (f Firewall) readMore(t *sdk.T, s *FirewallState) {
	backend := f.backend(*s)
	if here := backend == ufw && f.State != absent; s.UFW.Lacks == nil && (here || s.UFW.Enabled || ufwRules(f).has(s.UFW)) {
		if here {
			f.short(t, ufw, maxUFWName)
		}
		ufwRules(f).read(t, s, here)
	}
	if backend == firewalld || len(s.Firewalld.Found) > 0 {
		firewalldRules(f).read(t, &s.Firewalld, s.Peer)
	}
}

// Backends are the programs that decide about a host's packets.
const (
	nftables  = "nftables"
	ufw       = "ufw"
	firewalld = "firewalld"
)

// backend is the one that gets the rules: the one that the host has, unless the runbook names it.
func (f Firewall) backend(now FirewallState) string {
	switch {
	case f.Backend != "auto":
		return f.Backend
	case now.Firewalld.Running:
		return firewalld
	case now.UFW.Enabled:
		return ufw
	}
	return nftables
}

// policyOf is what becomes of packets of a direction that no rule matches, "" where that is as the backend has it.
func (f Firewall) policyOf(direction string) string {
	return map[string]string{input: f.Policy, forward: f.ForwardPolicy, output: f.OutputPolicy}[direction]
}

// Plan implements sdk.Resource.
func (f Firewall) Plan(t *sdk.T, now FirewallState) {
	if f.State == absent {
		f.remove(t, now)
	} else {
		f.bring(t, now)
	}
	t.Output(Output{Changed: t.Acted()})
}

func (f Firewall) bring(t *sdk.T, now FirewallState) {
	f.distinct(t)
	backend := f.backend(now)
	f.guard(t, now, backend)
	f.needFree(t, now, backend)
	if backend != nftables && !f.BaseRules {
		t.Fail(op.Permanent, backend+" has rules of its own before yours, so that base_rules = False cannot hold", "", "leave base_rules as they are")
	}
	switch backend {
	case ufw:
		f.short(t, ufw, maxUFWName)
		ufwRules(f).use(t, now.UFW)
	case firewalld:
		f.short(t, firewalld, maxFirewalld)
		firewalldRules(f).use(t, now.Firewalld)
	default:
		nftRules(f).use(t, now)
	}
	if f.moveFrom(t, now, backend) {
		t.Action(abi.Replace)
	}
}

// moveFrom removes the rules from the backends that no longer have them. It comes after the new ones hold: those of two backends can stand
// side by side, and then both have to let a packet in.
func (f Firewall) moveFrom(t *sdk.T, now FirewallState, backend string) (found bool) {
	if backend != nftables {
		found = nftRules(f).leave(t, now)
	}
	if backend != ufw {
		found = ufwRules(f).leave(t, now.UFW) || found
	}
	if backend != firewalld {
		found = firewalldRules(f).leave(t, now.Firewalld) || found
	}
	return found
}

// short refuses a name that is too long for those of the backend.
func (f Firewall) short(t *sdk.T, backend string, limit int) {
	if len(f.Name) > limit {
		t.Fail(op.Permanent, "the name "+strconv.Quote(f.Name)+" has "+strconv.Itoa(len(f.Name))+" characters (limit "+strconv.Itoa(limit)+" with "+backend+")", "",
			"give a shorter name, such as "+strconv.Quote(f.Name[:limit]))
	}
}

// guard refuses what would lock froyo out. Where the runbook gives no policy, that of the backend stays: one that is only now started drops
// what the unit does not let in, and so does one of whose own rules none lets in what the unit's let in by now.
func (f Firewall) guard(t *sdk.T, now FirewallState, backend string) {
	starts := backend == ufw && !now.UFW.Enabled && now.UFW.Policies[input] != acceptTarget || backend == firewalld && !now.Firewalld.Running
	closes := backend == ufw && now.UFW.Closes || backend == firewalld && now.Firewalld.Closes
	if f.Policy == "" && (starts || closes) {
		f.Policy = drop
	}
	if backend == ufw && !now.UFW.IPv6 && peerHasIPv6(now.Peer) && !f.AllowLockout {
		t.Fail(op.Conflict, "ufw would lock froyo out: IPV6=no in /etc/default/ufw has it drop all of IPv6, and froyo's SSH connection is one: write IPV6=yes there before", "", "")
	}
	ruleset(f).guard(t, now.Peer)
}

// peerHasIPv6 reports whether a connection comes from an IPv6 address of another machine.
func peerHasIPv6(said string) bool {
	a := peerAddress(said)
	return a.Is6() && !a.IsLoopback()
}

// peerAddress is from where a connection comes, the zero address where that is not known.
func peerAddress(said string) netip.Addr {
	from, _, _ := strings.Cut(said, " ")
	a, err := netip.ParseAddr(from)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// distinct refuses two rules of one name.
func (f Firewall) distinct(t *sdk.T) {
	seen := map[string]bool{}
	for _, r := range f.Rules {
		if seen[r.Name] {
			r.wrong(t, "is there twice", "give each rule a name of its own")
		}
		seen[r.Name] = true
	}
}

// needFree announces that another backend decides about the same packets.
func (f Firewall) needFree(t *sdk.T, now FirewallState, backend string) {
	other, hint := "", ""
	switch {
	case now.Firewalld.Running && backend != firewalld:
		other, hint = firewalld, `end it before: service("firewalld", state = "stopped", enabled = False)`
	case now.UFW.Enabled && backend != ufw:
		other, hint = ufw, `end it before: cmd("ufw disable", onlyif = "grep -qx ENABLED=yes /etc/ufw/ufw.conf")`
	default:
		return
	}
	t.Needs(abi.Need{
		What: "packet filter that is free (" + other + " decides about the same packets)", Kind: "filter", Name: other, Hint: hint,
	})
}

func (f Firewall) remove(t *sdk.T, now FirewallState) {
	other := func(backend, allow string) {
		t.Needs(abi.Need{
			What: "rule of " + backend + " but these that lets in froyo's SSH connection", Kind: "filter", Name: "ssh",
			Hint: "have " + backend + ` let it in before: cmd("` + allow + `"), with the port of its sshd; where there is another way to the host, allow_lockout = True`,
		})
	}
	if now.UFW.Closes && !f.AllowLockout {
		other(ufw, "ufw allow 22/tcp")
	}
	if now.Firewalld.Closes && !f.AllowLockout {
		other(firewalld, "firewall-cmd --permanent --add-port=22/tcp")
	}
	found := nftRules(f).leave(t, now)
	found = ufwRules(f).leave(t, now.UFW) || found
	found = firewalldRules(f).leave(t, now.Firewalld) || found
	if found {
		t.Action(abi.Delete)
	}
}

// Potential implements sdk.HasPotential. Whether there is something to leave, only the host says.
func (f Firewall) Potential(t *sdk.T) {
	nftRules(f).potential(t)
	ufwRules(f).potential(t)
	firewalldRules(f).potential(t)
}
