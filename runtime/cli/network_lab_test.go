package cli_test

import "testing"

// TestLabFirewall: rules hold now and after what is done by hand, and the tables of others stay as they are.
func TestLabFirewall(t *testing.T) {
	typeCases(t, []typeCase{{
		name: "nftables",
		units: `
pkg("nftables")
firewall("base", policy = "drop", forward_policy = "drop", sets = {"office": ["192.0.2.0/24", "2001:db8::/32"], "web": [80, "8000-8100"]}, rules = [
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
		drifts: []string{
			"nft flush chain inet froyo_base output", "sed -i s/8100/8200/ /etc/nftables.d/base.froyo.nft", "chmod 666 /etc/nftables.d/base.froyo.nft",
			"nft delete element inet froyo_base web '{ 80 }'", "systemctl disable froyo-firewall-base", "sed -i s/network-pre/network/ /etc/systemd/system/froyo-firewall-base.service",
		},
		later: []string{"nft flush ruleset", "rm /etc/nftables.d/base.froyo.nft", "systemctl stop froyo-firewall-base"},
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
