package network_test

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/network"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

const (
	rulesFile = "/etc/nftables.d/base.froyo.nft"
	unitFile  = "/etc/systemd/system/froyo-firewall-base.service"
	unitName  = "froyo-firewall-base.service"
	sandbox   = "unshare --net sh -c nft -f - && nft -s list ruleset"
)

// host is a target with a kernel that holds one table, as the text that it was loaded from.
type host struct {
	*providertest.Memory
	live   string
	loaded int
	peer   string
}

func newHost() *host {
	h := &host{Memory: &providertest.Memory{
		Files:    map[string]*providertest.Node{},
		Services: providertest.MemoryServices{},
		Programs: map[string]func(*op.Exec) op.Result{},
	}}
	for _, dir := range []string{"/etc", "/etc/systemd", "/etc/systemd/system"} {
		h.Files[dir] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
	}
	ok := providertest.Exits(0, "")
	h.Programs["nft -c -f %s"] = ok
	h.Programs["systemctl daemon-reload"] = ok
	h.Programs["systemctl enable --now "+unitName] = func(*op.Exec) op.Result {
		h.Services[unitName] = &providertest.MemoryService{Load: "loaded", Active: "active", File: "enabled"}
		return ok(nil)
	}
	h.Programs["systemctl disable --now "+unitName] = func(*op.Exec) op.Result {
		delete(h.Services, unitName)
		return ok(nil)
	}
	h.Programs["nft -s list table inet froyo_base"] = func(*op.Exec) op.Result {
		if h.live == "" {
			return op.Result{Exec: &op.ExecResult{RC: 1, Stderr: "Error: No such file or directory"}}
		}
		return providertest.Exits(0, h.live)(nil)
	}
	h.Programs[sandbox] = func(e *op.Exec) op.Result { return providertest.Exits(0, read(e.Stdin))(nil) }
	h.Programs["nft -f "+rulesFile] = func(*op.Exec) op.Result {
		h.live, h.loaded = read(h.Files[rulesFile].Content), h.loaded+1
		return ok(nil)
	}
	h.Programs["nft delete table inet froyo_base"] = func(*op.Exec) op.Result {
		h.live = ""
		return ok(nil)
	}
	return h
}

func read(b *op.Blob) string {
	f, err := b.Open()
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Do answers the question for the other end, too.
func (h *host) Do(o op.Op) op.Result {
	if o.Exec != nil && strings.Contains(o.Exec.Shell, "SSH_CONNECTION") {
		return providertest.Exits(0, h.peer)(nil)
	}
	if o.Exec != nil && strings.HasPrefix(strings.Join(o.Exec.Argv, " "), "nft -s list table inet froyo_a_") { // of a name that is too long
		return op.Result{Exec: &op.ExecResult{RC: 1, Stderr: "Error: No such file or directory"}}
	}
	return h.Memory.Do(o)
}

type given = map[string]any

func unit(t *testing.T, more given) providertest.Unit {
	t.Helper()
	all := given{"name": "base", "state": "present", "backend": "auto", "base_rules": true, "allow_lockout": false}
	maps.Copy(all, more)
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return providertest.Unit{Type: "firewall", Args: string(data)}
}

func kit(t *testing.T, h *host) *providertest.Kit {
	t.Helper()
	return providertest.New(t, providertest.Native(types()), h)
}

func types() *sdk.Set { return network.Types() }

func rules(all ...any) given { return given{"rules": all} }

var ssh = given{"name": "ssh", "port": 22}

// TestRules is what rules are in the words of nft.
func TestRules(t *testing.T) {
	for _, tt := range []struct {
		name  string
		args  given
		lines []string
	}{
		{"a port", rules(ssh), []string{`tcp dport 22 accept comment "ssh"`}},
		{"ports and protocols", rules(given{"name": "dns", "port": []any{53, "8000-8100"}, "proto": []any{"tcp", "udp"}}), []string{
			`tcp dport { 53, 8000-8100 } accept comment "dns"`, `udp dport { 53, 8000-8100 } accept comment "dns"`,
		}},
		{"both families", rules(given{"name": "a", "port": 80, "source": []any{"192.0.2.0/24", "192.0.2.7-192.0.2.9", "2001:db8::/32"}}), []string{
			`ip saddr { 192.0.2.0/24, 192.0.2.7-192.0.2.9 } tcp dport 80 accept comment "a"`, `ip6 saddr 2001:db8::/32 tcp dport 80 accept comment "a"`,
		}},
		{"one family of two", rules(given{"name": "a", "source": []any{"192.0.2.1", "::1"}, "destination": "192.0.2.2"}), []string{
			`ip saddr 192.0.2.1 ip daddr 192.0.2.2 accept comment "a"`,
		}},
		{"sets", given{"sets": given{"office": []any{"192.0.2.0/24", "2001:db8::/32"}, "web": []any{80, "8000-8100"}}, "rules": []any{given{"name": "a", "port": "@web", "source": "@office"}}}, []string{
			"elements = { 2001:db8::/32 }", "elements = { 80, 8000-8100 }",
			`ip saddr @office_v4 tcp dport @web accept comment "a"`, `ip6 saddr @office_v6 tcp dport @web accept comment "a"`,
		}},
		{"interfaces", rules(given{"name": "a", "direction": "forward", "in_interface": "docker*", "out_interface": []any{"eth0", "eth1"}, "action": "drop"}), []string{
			"chain forward {", `iifname "docker*" oifname { "eth0", "eth1" } drop comment "a"`,
		}},
		{"a source port", rules(given{"name": "a", "direction": "output", "source_port": 123, "proto": "udp"}), []string{`udp sport 123 accept comment "a"`}},
		{"protocols by number", rules(given{"name": "a", "proto": []any{"vrrp", "esp"}}), []string{`meta l4proto { 112, esp } accept comment "a"`}},
		{"icmp", rules(given{"name": "a", "proto": "icmp", "icmp_type": "echo-request"}), []string{`icmp type echo-request accept comment "a"`}},
		{"a limit", rules(given{"name": "a", "port": 22, "limit": "10/minute", "burst": 5, "log": true, "comment": "why"}), []string{
			"# why", `tcp dport 22 limit rate 10/minute burst 5 packets log prefix "a: " accept comment "a"`,
		}},
		{"a text to log", rules(given{"name": "a", "action": "reject", "log": "no: "}), []string{`log prefix "no: " reject comment "a"`}},
		{"policies", given{"policy": "drop", "forward_policy": "drop", "output_policy": "drop"}, []string{
			"hook input priority 0; policy drop;", "hook forward priority 0; policy drop;", "hook output priority 0; policy drop;", "nd-neighbor-solicit",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			kit(t, h).Converge(unit(t, tt.args))
			at := 0
			for _, want := range tt.lines {
				next := strings.Index(h.live[at:], want)
				if next < 0 {
					t.Fatalf("there is no %q behind what comes before:\n%s", want, h.live)
				}
				at += next
			}
		})
	}
	h := newHost()
	kit(t, h).Converge(unit(t, given{"rules": []any{ssh}, "base_rules": false}))
	if strings.Contains(h.live, "established") || strings.Contains(h.live, "chain output") {
		t.Errorf("more than the rule is there:\n%s", h.live)
	}
}

// TestDrift undoes what was changed by hand, each time with no more than that takes.
func TestDrift(t *testing.T) {
	for _, tt := range []struct {
		name   string
		drift  func(h *host)
		action abi.Action
		loads  int
	}{
		{"nothing", func(*host) {}, abi.None, 0},
		{"a rule was deleted", func(h *host) { h.live = "other" }, abi.Update, 1},
		{"all was flushed", func(h *host) { h.live = "" }, abi.Update, 1},
		{"the file says something else", func(h *host) { h.Files[rulesFile].Content = op.NewBlob([]byte("x")) }, abi.Update, 0},
		{"the file is gone", func(h *host) { delete(h.Files, rulesFile) }, abi.Update, 0},
		{"the file may be written by others", func(h *host) { h.Files[rulesFile].Mode = 0o666 }, abi.Update, 0},
		{"the unit is gone", func(h *host) { delete(h.Files, unitFile) }, abi.Update, 0},
		{"the unit was disabled", func(h *host) { h.Services[unitName].File = "disabled" }, abi.Update, 0},
		{"the unit was stopped", func(h *host) { h.Services[unitName].Active = "inactive" }, abi.Update, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			k := kit(t, h)
			u := unit(t, rules(ssh))
			if change, _ := k.Converge(u); change.Action != abi.Create || h.loaded != 1 {
				t.Fatalf("%s, loaded %d times", change.Action, h.loaded)
			}
			tt.drift(h)
			if change, _ := k.Converge(u); change.Action != tt.action || h.loaded != 1+tt.loads {
				t.Errorf("%s, loaded %d times more, expected %s and %d", change.Action, h.loaded-1, tt.action, tt.loads)
			}
		})
	}
}

func TestRemoval(t *testing.T) {
	h := newHost()
	k := kit(t, h)
	k.Converge(unit(t, rules(ssh)))
	gone := unit(t, given{"state": "absent"})
	change, _ := k.Converge(gone)
	if change.Action != abi.Delete || h.live != "" || h.Files[rulesFile] != nil || h.Files[unitFile] != nil || h.Services[unitName] != nil {
		t.Errorf("%s leaves %q, %v", change.Action, h.live, slices.Sorted(maps.Keys(h.Files)))
	}
	h.live = "by hand"
	if change, _ := k.Converge(gone); change.Action != abi.Delete || h.live != "" {
		t.Errorf("%s leaves %q", change.Action, h.live)
	}
}

// TestRefused does what each hint says.
func TestRefused(t *testing.T) {
	drop := func(all ...any) given { return given{"policy": "drop", "rules": all} }
	peer := given{"name": "froyo", "port": 22, "source": "192.0.2.7"}
	for _, tt := range []struct {
		name       string
		args       given
		says, hint string
		advised    given
	}{
		{"lock-out", drop(given{"name": "web", "port": 80}), "lock froyo out", `add a rule before what drops it: {"name": "froyo", "port": 22, "source": "192.0.2.7"}; where there is another way to the host, allow_lockout = True`, drop(peer)},
		{"lock-out, wanted", drop(), "lock froyo out", "allow_lockout = True", given{"policy": "drop", "allow_lockout": true}},
		{"lock-out by a source", drop(given{"name": "ssh", "port": 22, "source": "198.51.100.0/24"}), "lock froyo out", "add a rule", drop(given{"name": "ssh", "port": "20-30", "source": "192.0.2.0/24"})},
		{"lock-out by a rule", rules(given{"name": "no", "action": "drop", "port": 22}, peer), "lock froyo out", "before what drops it", rules(peer, given{"name": "no", "action": "drop", "port": 22})},
		{"lock-out by another protocol", drop(given{"name": "ssh", "port": 22, "proto": "udp"}), "lock froyo out", "add a rule", drop(given{"name": "ssh", "port": 22, "proto": []any{"udp", "tcp"}})},
		{"lock-out of answers", given{"base_rules": false, "output_policy": "drop", "rules": []any{peer}}, "none lets out the answers", "leave base_rules as they are, or output_policy; where there is another way to the host, allow_lockout = True", given{"output_policy": "drop", "rules": []any{peer}}},
		{"no address", rules(given{"name": "a", "source": "1.2.3"}), `rule "a": "1.2.3" is no address`, `write "192.0.2.7", "192.0.2.0/24", "192.0.2.1-192.0.2.9", or the same in IPv6`, rules(given{"name": "a", "source": "192.0.2.7"})},
		{"no network", rules(given{"name": "a", "source": "10.0.0.0/33"}), "is no address", "write", rules(given{"name": "a", "source": "10.0.0.0/8"})},
		{"a range from behind", rules(given{"name": "a", "source": "10.0.0.9-10.0.0.1"}), "is no address", "write", rules(given{"name": "a", "source": "10.0.0.1-10.0.0.9"})},
		{"no set", rules(given{"name": "a", "source": "@lan"}), "names the set lan, which there is not", `declare it: sets = {"lan": [...]}`, given{"sets": given{"lan": []any{"10.0.0.1"}}, "rules": []any{given{"name": "a", "source": "@lan"}}}},
		{"a set of ports as addresses", given{"sets": given{"s": []any{80}}, "rules": []any{given{"name": "a", "source": "@s"}}}, "which has ports", "name a set of addresses", given{"sets": given{"s": []any{"::1"}}, "rules": []any{given{"name": "a", "source": "@s"}}}},
		{"a set of addresses as ports", given{"sets": given{"s": []any{"::1"}}, "rules": []any{given{"name": "a", "port": "@s"}}}, "which has addresses", "name a set of ports", given{"sets": given{"s": []any{80}}, "rules": []any{given{"name": "a", "port": "@s"}}}},
		{"a set of both", given{"sets": given{"s": []any{80, "::1"}}}, "both ports and addresses", "make two sets of it", given{"sets": given{"s": []any{80}, "t": []any{"::1"}}}},
		{"two families", rules(given{"name": "a", "source": "::1", "destination": "192.0.2.1"}), "matches nothing", "give both in IPv4 or both in IPv6", rules(given{"name": "a", "source": "::1", "destination": "::2"})},
		{"a port of icmp", rules(given{"name": "a", "port": 1, "proto": "icmp"}), "a protocol without ports", `proto is "tcp", "udp" or "sctp" then`, rules(given{"name": "a", "port": 1, "proto": "sctp"})},
		{"an icmp type of tcp", rules(given{"name": "a", "icmp_type": "echo-request"}), "has an icmp_type", `give proto = "icmp" or proto = "icmpv6" in it`, rules(given{"name": "a", "icmp_type": "echo-request", "proto": "icmp"})},
		{"a burst alone", rules(given{"name": "a", "burst": 2}), "a burst and no limit", `give a limit, such as "10/minute"`, rules(given{"name": "a", "burst": 2, "limit": "10/minute"})},
		{"input leaves", rules(given{"name": "a", "out_interface": "lo"}), "is for input", "packets to the host leave by none: give in_interface", rules(given{"name": "a", "in_interface": "lo"})},
		{"output comes", rules(given{"name": "a", "direction": "output", "in_interface": "lo"}), "is for output", "packets from the host came by none: give out_interface", rules(given{"name": "a", "direction": "output", "out_interface": "lo"})},
		{"one name twice", rules(ssh, ssh), "is there twice", "give each rule a name of its own", rules(ssh)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			h.peer = "192.0.2.7 192.0.2.1 22\n"
			k := kit(t, h)
			if _, err := k.Plan(unit(t, tt.args)); err == nil || !strings.Contains(err.Message, tt.says) || !strings.Contains(err.Hint, tt.hint) {
				t.Fatalf("got %+v", err)
			}
			k.Converge(unit(t, tt.advised))
		})
	}
}

// TestPeer: what is not known to lock out does not, and nonsense of a host is none of a rule's business.
func TestPeer(t *testing.T) {
	interfaces := given{"policy": "drop", "rules": []any{given{"name": "no", "action": "drop", "in_interface": "eth1", "port": 22}, given{"name": "ssh", "port": 22, "in_interface": "eth0"}}}
	for peer, refused := range map[string]bool{
		"192.0.2.7 192.0.2.1 22": false, "::ffff:192.0.2.7 ::ffff:192.0.2.1 22": false, "fe80::1%eth0 fe80::2%eth0 22": false, "192.0.2.7 192.0.2.1 2222": true,
		"": false, "a b c": false, "1 2 3 4": false, "192.0.2.7 192.0.2.1 -22": true, "127.0.0.1 127.0.0.1 2222": false,
	} {
		h := newHost()
		h.peer = peer
		if _, err := kit(t, h).Plan(unit(t, interfaces)); (err != nil) != refused {
			t.Errorf("%q: %+v", peer, err)
		}
	}
}

// TestNeeds announces what a unit before may bring, or end.
func TestNeeds(t *testing.T) {
	running := func(h *host) {
		h.Services["firewalld.service"] = &providertest.MemoryService{Load: "loaded", Active: "active", File: "enabled"}
	}
	for _, tt := range []struct {
		name, backend string
		host          func(h *host)
		what, hint    string
	}{
		{"no nft", "auto", func(h *host) { h.Lacks = []string{"nft"} }, "program nft", `declare the package that brings it before: pkg("nftables")`},
		{"no ufw", "ufw", func(h *host) { h.Lacks = []string{"ufw"} }, "program ufw", `declare the package that brings it before: pkg("ufw")`},
		{"no firewalld", "firewalld", func(h *host) { h.Lacks = []string{"firewall-cmd"} }, "program firewall-cmd", `declare the package that brings it before: pkg("firewalld")`},
		{"firewalld", "nftables", running, "firewalld decides", `end it before: service("firewalld", state = "stopped", enabled = False)`},
		{"ufw", "nftables", func(h *host) { h.Memory = newUFW("yes").Memory }, "ufw decides", `end it before: cmd("ufw disable", onlyif = "grep -qx ENABLED=yes /etc/ufw/ufw.conf")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			tt.host(h)
			change, err := kit(t, h).Plan(unit(t, given{"backend": tt.backend, "rules": []any{ssh}}))
			if err != nil || len(change.Needs) != 1 || !strings.Contains(change.Needs[0].What, tt.what) || !strings.Contains(change.Needs[0].Hint, tt.hint) {
				t.Errorf("%+v, %+v", change.Needs, err)
			}
			switch h.Lacks = nil; tt.backend { // what the hints advise
			case "ufw":
				h = newUFW("no").host
			case "firewalld":
				d := newFirewalld()
				providertest.New(t, providertest.Native(types()), d).Converge(unit(t, given{"backend": tt.backend, "rules": []any{ssh}}))
				return
			}
			delete(h.Services, "firewalld.service")
			if tt.what == "ufw decides" {
				h = newUFW("no").host
			}
			kit(t, h).Converge(unit(t, given{"backend": tt.backend, "rules": []any{ssh}}))
		})
	}
}

// TestWhatNftSays is passed on.
func TestWhatNftSays(t *testing.T) {
	for name, tt := range map[string]struct {
		program string
		answer  op.ExecResult
		want    string
	}{
		"rules it refuses": {sandbox, op.ExecResult{RC: 1, Stderr: "Error: Service out of range"}, "nft does not take the rules"},
		"no namespace":     {sandbox, op.ExecResult{RC: 1, Stderr: "unshare: unshare failed: Operation not permitted"}, "cannot be tried"},
		"no right":         {"nft -s list table inet froyo_base", op.ExecResult{RC: 1, Stderr: "Operation not permitted"}, "nft cannot list"},
		"too many rules":   {sandbox, op.ExecResult{StdoutCut: true}, "more than 1 MiB"},
		"a large table":    {"nft -s list table inet froyo_base", op.ExecResult{StdoutCut: true}, "more than 1 MiB"},
	} {
		h := newHost()
		h.Programs[tt.program] = func(*op.Exec) op.Result { return op.Result{Exec: &tt.answer} }
		if _, err := kit(t, h).Plan(unit(t, rules(ssh))); err == nil || !strings.Contains(err.Message, tt.want) {
			t.Errorf("%s: %+v", name, err)
		}
	}
}
