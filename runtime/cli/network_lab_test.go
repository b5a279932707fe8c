package cli_test

import (
	"strings"
	"testing"
)

// TestLabFirewall: rules hold now and after what is done by hand, and the tables of others stay as they are.
func TestLabFirewall(t *testing.T) {
	typeCases(t, []typeCase{{
		name: "nftables",
		units: `
pkg("nftables")
firewall("base", policy = "drop", forward_policy = "drop", output_policy = "accept", sets = {"office": ["192.0.2.0/24", "2001:db8::/32"], "web": [80, "8000-8100"]}, rules = [
    {"name": "ssh", "port": 22, "source": ["10.0.0.0/8", "fe80::/10"]},
    {"name": "web", "port": [443, "@web"], "source": ["@office", "198.51.100.7-198.51.100.9"], "proto": ["tcp", "udp"], "limit": "10/minute", "burst": 20, "log": True, "comment": "a site"},
    {"name": "no smtp", "direction": "output", "port": 25, "action": "reject"},
    {"name": "ping", "proto": ["icmp"], "icmp_type": "echo-request"},
    {"name": "vrrp", "proto": ["vrrp", "esp"], "in_interface": "host*"},
    {"name": "containers", "direction": "forward", "in_interface": ["docker0", "br0"], "out_interface": "host0"},
])`,
		undo: "nft delete table inet froyo_base; nft delete table inet other; systemctl disable --now froyo-firewall-base nftables; rm -f /etc/nftables.d/base.froyo.nft /etc/systemd/system/froyo-firewall-base.service; systemctl daemon-reload",
		holds: []string{
			"nft list chain inet froyo_base input | grep -q 'policy drop'", `nft list chain inet froyo_base input | grep 'dport 22 accept comment "ssh"'`,
			"nft list set inet froyo_base office_v6 | grep 2001:db8::/32", "nft list chain inet froyo_base output | grep 'dport 25 reject'",
			"test $(stat -c %U:%a /etc/nftables.d/base.froyo.nft) = root:644", "systemctl is-enabled froyo-firewall-base", "systemctl is-active froyo-firewall-base",
			"nft add table inet other && systemctl restart froyo-firewall-base && nft list table inet other",
			"systemctl start nftables && systemctl restart nftables && for i in $(seq 100); do nft list table inet froyo_base && exit; sleep 0.1; done; exit 1",
			"nft -c -f /etc/nftables.d/base.froyo.nft",
		},
		look: "nft list table inet froyo_base; cat /etc/nftables.d/base.froyo.nft /etc/systemd/system/froyo-firewall-base.service; stat -c %a /etc/nftables.d/base.froyo.nft; systemctl is-enabled froyo-firewall-base; systemctl is-active froyo-firewall-base",
		drifts: []drift{
			{"firewall.policy", "nft chain inet froyo_base input '{ policy accept; }'"},
			{"firewall.rules firewall.base_rules", "nft flush chain inet froyo_base input"},
			{"firewall.forward_policy", "nft chain inet froyo_base forward '{ policy accept; }'"},
			{"firewall.output_policy", "nft chain inet froyo_base output '{ policy drop; }'"},
			{"firewall.sets", "sed -i s/8100/8200/ /etc/nftables.d/base.froyo.nft"},
			{"", "chmod 666 /etc/nftables.d/base.froyo.nft"},
			{"firewall.sets", "nft delete element inet froyo_base web '{ 80 }'"},
			{"firewall.state", "systemctl disable froyo-firewall-base"},
			{"firewall.state", "sed -i s/network-pre/network/ /etc/systemd/system/froyo-firewall-base.service"},
		},
		later: []drift{{"firewall.rules", "nft flush ruleset"}, {"firewall.state", "rm /etc/nftables.d/base.froyo.nft"}, {"firewall.state", "systemctl stop froyo-firewall-base"}},
		refused: map[string]string{
			`firewall("base", policy = "drop", rules = [{"name": "web", "port": 80}])`:                           "lock froyo out",
			`firewall("base", policy = "drop", rules = [{"name": "ssh", "port": 22, "source": "198.51.100.1"}])`: "lock froyo out",
			`firewall("base", rules = [{"name": "web", "prt": 80}])`:                                             "no such field is allowed",
			`firewall("base", rules = [{"name": "web", "port": 80, "source": "1.2.3"}])`:                         "is no address",
			`firewall("base", rules = [{"name": "web", "port": "1-99999"}])`:                                     "nft does not take the rules",
			`firewall("base", rules = [{"name": "a\"; flush ruleset", "port": 80}])`:                             "does not fit",
			`firewall("base", rules = [{"name": "a", "log": "\"; accept"}])`:                                     "rules[0]",
			`firewall("base", rules = [{"name": "a", "comment": "a\naccept"}])`:                                  "does not fit",
			`firewall("base", rules = [{"name": "a", "in_interface": "a b"}])`:                                   "rules[0]",
			`firewall("../x", rules = [])`:                                                                       "a name of lower case letters",
		},
		gone: `firewall("base", state = "absent")`,
		left: "! nft list table inet froyo_base && ! test -e /etc/nftables.d/base.froyo.nft && ! systemctl cat froyo-firewall-base && nft list tables",
	}})
}

// peered has the host look from outside: a network namespace, from which probe asks a port. Behind 8080 to 8083 listens an sshd.
const peered = `cat >/usr/local/bin/probe <<'END'
#!/bin/sh
exec ip netns exec peer timeout 2 bash -c "exec 3<>/dev/tcp/$1/$2"
END
chmod 755 /usr/local/bin/probe
ip netns add peer && ip link add out0 type veth peer name in0 netns peer
ip address add 198.18.7.1/24 dev out0 && ip link set out0 up && ip -6 address add 2001:db8:7::1/64 dev out0 nodad
ip -n peer address add 198.18.7.2/24 dev in0 && ip -n peer link set in0 up && ip -n peer -6 address add 2001:db8:7::2/64 dev in0 nodad
/usr/sbin/sshd -o PidFile=/run/peered.pid -p 8080 -p 8081 -p 8082 -p 8083
`

// unpeered removes that.
const unpeered = "kill $(cat /run/peered.pid); ip netns delete peer; ip link delete out0; rm -f /usr/local/bin/probe\n"

// guarded are rules by which 8080 answers to peer alone of what it asks: what they say holds with each backend.
const guarded = `policy = "drop", sets = {"office": ["198.18.0.0/15", "2001:db8:7::/64"], "web": [8080, "9000-9010"]}, rules = [
    {"name": "ssh", "port": 22, "source": ["10.0.0.0/8", "fe80::/10"]},
    {"name": "not me", "port": 8083, "source": "198.18.7.1-198.18.7.6", "action": "reject"},
    {"name": "web", "port": ["@web", 8083], "source": "@office", "log": True, "comment": "a site"},
    {"name": "no smtp", "direction": "output", "port": 25, "action": "reject"},
    {"name": "ping", "proto": ["icmp"], "icmp_type": "echo-request", "limit": "100/second"},
    {"name": "vrrp", "proto": ["vrrp", "gre"], "source": "192.0.2.0/24"},
    {"name": "containers", "direction": "forward", "source": "192.0.2.128/25"},
]`

// answers is what peer finds: 8081 is open only where somebody else has opened it.
var answers = []string{
	"probe 198.18.7.1 8080", "probe 2001:db8:7::1 8080", "! probe 198.18.7.1 8082", "! probe 198.18.7.1 8083", "! probe 2001:db8:7::1 8082",
}

// TestLabFirewallUFW: a host of ufw keeps its rules, and gets those of the unit before them.
func TestLabFirewallUFW(t *testing.T) {
	typeCases(t, []typeCase{{
		name:   "ufw",
		before: peered,
		units: `
pkg("ufw", install_recommends = False)
firewall("base", backend = "ufw", forward_policy = "accept", ` + guarded + `)`,
		undo: "ufw disable; apt-get purge -y -qq ufw; rm -rf /etc/ufw; \n" + unpeered,
		holds: append([]string{
			"ufw status | grep -qx 'Status: active'", "grep -qx 'DEFAULT_INPUT_POLICY=.DROP.' /etc/default/ufw", "grep -qx 'DEFAULT_FORWARD_POLICY=.ACCEPT.' /etc/default/ufw", "! ufw status | grep 8081 || probe 198.18.7.1 8081",
			"test $(iptables -S ufw-before-input | grep -c froyo-base-i) = 1", "test $(stat -c %a /etc/ufw/before.rules) = 640",
			"iptables -S froyo-base-o | grep 'dport 25 .*REJECT'", "iptables -S froyo-base-f | grep 192.0.2.128/25",
			"ufw reload && test $(iptables -S ufw-before-input | grep -c froyo-base-i) = 1 && probe 198.18.7.1 8080",
		}, answers...),
		look: "sed -n '/BEGIN froyo/,/END froyo/p' /etc/ufw/before.rules /etc/ufw/before6.rules; grep DEFAULT /etc/default/ufw; (iptables -S; ip6tables -S) | grep froyo-base; ufw status | head -n 1; systemctl is-enabled ufw",
		drifts: []drift{
			{"firewall.policy firewall.forward_policy", "ufw allow 8081/tcp; ufw default allow incoming; ufw default deny routed"},
			{"firewall.rules", "sed -i '/froyo-base-i .*8080/d' /etc/ufw/before.rules"},
			{"firewall.rules", "ip6tables -F froyo-base-i"},
			{"firewall.rules", "iptables -I froyo-base-i -p tcp --dport 8082 -j ACCEPT"},
			{"firewall.state", "sed -i '/BEGIN froyo base/,/END froyo base/d' /etc/ufw/before6.rules"},
		},
		later: []drift{{"firewall.backend", "systemctl disable ufw"}, {"firewall.rules", "ufw allow 22/tcp; iptables -D ufw-before-input -j froyo-base-i"}, {"firewall.rules", "iptables -I ufw-before-input -j froyo-base-f; ip6tables -A froyo-base-i -j ACCEPT"}},
		refused: map[string]string{
			`firewall("base", policy = "drop", rules = [{"name": "web", "port": 80}])`: "lock froyo out",
			`firewall("base", rules = [{"name": "web", "port": "1-99999"}])`:           "iptables-restore does not take the rules",
			`firewall("base", backend = "nftables", rules = [])`:                       "packet filter that is free (ufw decides",
		},
		gone: `firewall("base", state = "absent")`,
		left: "! iptables -S | grep froyo && ! ip6tables -S | grep froyo && ! grep froyo /etc/ufw/*.rules && ufw status | grep 8081 && probe 198.18.7.1 8081 && ! probe 198.18.7.1 8080 && ufw reload",
	}})
}

// advised is what the hint of a firewall says that alone lets froyo in.
const advised = `cmd("firewall-cmd --permanent --add-port=22/tcp", unless = "firewall-cmd --permanent --query-port=22/tcp")` + "\n"

// TestLabFirewalld: a host of firewalld keeps its zones, and gets policies for the rules of the unit.
func TestLabFirewalld(t *testing.T) {
	typeCases(t, []typeCase{{
		name:   "firewalld",
		before: peered,
		units: `
pkg(["netbase", "firewalld"], install_recommends = False)
firewall("base", backend = "firewalld", forward_policy = "accept", output_policy = "accept", ` + guarded + `)`,
		undo: "apt-get purge -y -qq firewalld; rm -rf /etc/firewalld; \n" + unpeered,
		holds: append([]string{
			"firewall-cmd --state", "systemctl is-enabled firewalld", "! firewall-cmd --list-ports | grep 8081 || probe 198.18.7.1 8081",
			"firewall-cmd --policy=fy-base-i --list-rich-rules | grep 'port=\"8080\"'", "firewall-cmd --policy=fy-base-o --list-rich-rules | grep 'port=\"25\".*reject'",
			"test $(stat -c %a /etc/firewalld/policies/fy-base-i.xml) = 644", "firewall-cmd --check-config", "firewall-cmd --info-policy=fy-base-id | grep 'target: DROP'",
			"firewall-cmd --info-policy=fy-base-fd | grep 'target: ACCEPT'", "firewall-cmd --info-policy=fy-base-od | grep 'target: ACCEPT'",
		}, answers...),
		look: "cd /etc/firewalld/policies && cat fy-*.xml | sort; stat -c '%n %a' fy-*.xml; firewall-cmd --list-all-policies | sort; systemctl is-enabled firewalld; systemctl is-active firewalld",
		drifts: []drift{
			{"firewall.rules", "firewall-cmd --permanent --add-port=8081/tcp && firewall-cmd --permanent --remove-service=ssh && firewall-cmd --reload; sed -i '/8080/d' /etc/firewalld/policies/fy-base-i.xml"},
			{"firewall.policy", "rm /etc/firewalld/policies/fy-base-id.xml"},
			{"firewall.output_policy", "firewall-cmd --permanent --policy=fy-base-o --set-target=ACCEPT"},
			{"", "chmod 666 /etc/firewalld/policies/fy-base-f.xml"},
		},
		later: []drift{
			{"firewall.rules", `firewall-cmd --policy=fy-base-i --add-rich-rule='rule priority="-32768" port port="8082" protocol="tcp" accept'`}, {"firewall.backend", "systemctl disable firewalld"},
		},
		refused: map[string]string{
			`firewall("base", policy = "drop", rules = [{"name": "web", "port": 80}])`:        "lock froyo out",
			`firewall("base", rules = [{"name": "ssh", "port": 22, "in_interface": "eth0"}])`: "firewalld knows by zones alone",
			`firewall("base", rules = [{"name": "web", "port": "1-99999"}])`:                  "INVALID_PORT",
			`firewall("base", backend = "ufw", rules = [{"name": "ssh", "port": 22}])`:        "packet filter that is free (firewalld decides",
			`firewall("base", backend = "firewalld", rules = [{"name": "web", "port": 80}])`:  "lock froyo out",
			`firewall("base", state = "absent")`:                                              "rule of firewalld but these that lets in froyo's SSH connection",
		},
		gone: advised + `firewall("base", state = "absent")`,
		left: "! ls /etc/firewalld/policies/fy-*.xml && ! firewall-cmd --list-all-policies | grep fy- && probe 198.18.7.1 8081 && ! probe 198.18.7.1 8080",
	}})
}

// TestLabFirewallMoves: rules that move to ufw hold there before they go from nftables, a policy opens what ufw closes, and an ufw that
// is removed and not purged owns nothing.
func TestLabFirewallMoves(t *testing.T) {
	f := startOwn(t, "root")
	h := f.hosts[0]
	t.Cleanup(func() {
		h.SSH(t, "touch /run/moved; nft delete table inet froyo_base; systemctl disable --now froyo-firewall-base; rm -f /etc/nftables.d/base.froyo.nft /etc/systemd/system/froyo-firewall-base.service; "+
			"systemctl daemon-reload; apt-get purge -y -qq ufw; rm -rf /etc/ufw /run/moved /run/open; \n"+unpeered+"true")
	})
	h.SSH(t, peered)
	apply := func(units string, holds ...string) {
		t.Helper()
		f.plays(t, "pkg(\"nftables\")\n"+units)
		if code, stdout, stderr := f.run(t, "apply", "-y"); code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
		}
		if code, stdout, _ := f.run(t, "plan", "--detailed-exitcode"); code != 0 {
			t.Errorf("the second plan is not empty:\n%s", stdout)
		}
		typeCase{holds: holds}.held(t, h, units)
	}
	const ufw = "pkg(\"ufw\", install_recommends = False)\n"
	apply(`firewall("base", backend = "nftables", `+guarded+`)`, answers...)
	h.SSH(t, "rm -f /run/moved /run/open; (while ! test -e /run/moved; do nft list table inet froyo_base || iptables -S froyo-base-i || echo open >>/run/open; done) >/dev/null 2>&1 & ")
	apply(ufw+`firewall("base", backend = "ufw", `+guarded+`)`, append([]string{"touch /run/moved; ! test -e /run/open", "! nft list table inet froyo_base", "iptables -S froyo-base-i"}, answers...)...)
	apply(ufw+`firewall("base", backend = "ufw", `+strings.Replace(guarded, "drop", "accept", 1)+`)`, "probe 198.18.7.1 8082", "! probe 198.18.7.1 8083")
	h.SSH(t, "apt-get remove -y -qq ufw; grep -qx ENABLED=yes /etc/ufw/ufw.conf && grep -q froyo /etc/ufw/before.rules")
	apply(`firewall("base", `+guarded+`)`, append([]string{"nft list table inet froyo_base", "! grep froyo /etc/ufw/before.rules"}, answers...)...)
}
