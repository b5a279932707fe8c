package network_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

// chains is what a kernel has of a family.
type chains map[string][]string

// restore does what iptables-restore -n reads.
func (c chains) restore(text string) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case line[0] == ':':
			c[words[0][1:]] = nil
		case words[0] == "-A":
			c[words[1]] = append(c[words[1]], strings.TrimSpace(line))
		case words[0] == "-I":
			c[words[1]] = append([]string{"-A" + strings.TrimSpace(line)[2:]}, c[words[1]]...)
		case words[0] == "-D":
			at := slices.Index(c[words[1]], "-A"+strings.TrimSpace(line)[2:])
			c[words[1]] = slices.Delete(c[words[1]], at, at+1)
		case words[0] == "-F":
			c[words[1]] = nil
		case words[0] == "-X":
			delete(c, words[1])
		}
	}
}

func (c chains) save(policies ...string) string {
	var b strings.Builder
	for i, hook := range []string{"INPUT", "FORWARD", "OUTPUT"} {
		b.WriteString(":" + hook + " " + policies[i%len(policies)] + " [0:0]\n")
	}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		b.WriteString(":" + name + " - [0:0]\n" + strings.Join(append(c[name], ""), "\n"))
	}
	return b.String()
}

// ufwHost is a target of ufw.
type ufwHost struct {
	*host
	kernel [2]chains
	hooks  []string // their policies
	did    []string
}

const shipped = "*filter\n:ufw-before-input - [0:0]\n-A ufw-before-input -i lo -j ACCEPT\nCOMMIT\n*nat\nCOMMIT\n"

func text(content string) *providertest.Node {
	return &providertest.Node{Type: op.TypeFile, Mode: 0o640, Content: op.NewBlob([]byte(content))}
}

func newUFW(enabled string) *ufwHost {
	h := &ufwHost{host: newHost(), hooks: []string{"DROP"}}
	h.Files["/etc/ufw"], h.Files["/etc/default"] = &providertest.Node{Type: op.TypeDir}, &providertest.Node{Type: op.TypeDir}
	h.Files["/etc/ufw/ufw.conf"] = text("# x\nENABLED=" + enabled + "\n")
	h.Files["/etc/default/ufw"] = text("IPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\nDEFAULT_OUTPUT_POLICY=\"DROP\"\nDEFAULT_FORWARD_POLICY=\"DROP\"\n")
	for i, six := range []string{"", "6"} {
		path := "/etc/ufw/before" + six + ".rules"
		h.Files[path] = text(shipped)
		h.Programs["ip"+six+"tables-save -t filter"] = func(*op.Exec) op.Result { return providertest.Exits(0, h.kernel[i].save(h.hooks...))(nil) }
		h.Programs["ip"+six+"tables-restore -n"] = func(e *op.Exec) op.Result {
			h.did = append(h.did, "restore"+six)
			h.kernel[i].restore(read(e.Stdin))
			return providertest.Exits(0, "")(nil)
		}
		h.Programs["unshare --net sh -c ip"+six+"tables-restore && ip"+six+"tables-save -t filter"] = func(e *op.Exec) op.Result {
			c := chains{}
			c.restore(read(e.Stdin))
			return providertest.Exits(0, c.save("ACCEPT"))(nil)
		}
	}
	for _, verb := range []string{"--force enable", "reload", "default deny incoming", "default allow incoming"} {
		h.Programs["ufw "+verb] = func(*op.Exec) op.Result {
			h.did = append(h.did, verb)
			defaults := read(h.Files["/etc/default/ufw"].Content)
			switch verb {
			case "--force enable":
				h.Files["/etc/ufw/ufw.conf"] = text("ENABLED=yes\n")
			case "default deny incoming":
				h.Files["/etc/default/ufw"] = text(strings.Replace(defaults, `INPUT_POLICY="ACCEPT"`, `INPUT_POLICY="DROP"`, 1))
			case "default allow incoming":
				h.Files["/etc/default/ufw"] = text(strings.Replace(defaults, `INPUT_POLICY="DROP"`, `INPUT_POLICY="ACCEPT"`, 1))
			}
			h.load()
			return providertest.Exits(0, "")(nil)
		}
	}
	h.Services["ufw.service"] = &providertest.MemoryService{Load: "loaded", Active: "active", File: "enabled"}
	h.Programs["systemctl enable ufw.service"] = func(*op.Exec) op.Result {
		h.did = append(h.did, "at boot")
		h.Services["ufw.service"].File = "enabled"
		return providertest.Exits(0, "")(nil)
	}
	if enabled == "yes" {
		h.load()
	}
	return h
}

// load has the kernel take what ufw's files say.
func (h *ufwHost) load() {
	h.hooks = nil
	for _, name := range []string{"INPUT", "FORWARD", "OUTPUT"} {
		_, policy, _ := strings.Cut(read(h.Files["/etc/default/ufw"].Content), "DEFAULT_"+name+"_POLICY=\"")
		policy, _, _ = strings.Cut(policy, `"`)
		h.hooks = append(h.hooks, policy)
	}
	for i, six := range []string{"", "6"} {
		h.kernel[i] = chains{}
		for _, direction := range []string{"input", "forward", "output"} {
			h.kernel[i]["ufw"+six+"-before-"+direction] = nil
		}
		filter, _, _ := strings.Cut(read(h.Files["/etc/ufw/before"+six+".rules"].Content), "COMMIT")
		h.kernel[i].restore(filter)
	}
}

// TestIPTables is what rules are in the words of iptables.
func TestIPTables(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   given
		v4, v6 []string
	}{
		{"a port", rules(ssh), []string{`-p tcp --dport 22 -m comment --comment "ssh" -j ACCEPT`}, []string{`-p tcp --dport 22 `}},
		{
			"both families", rules(given{"name": "a", "port": []any{80, "8000-8100"}, "source": []any{"192.0.2.7-192.0.2.10", "2001:db8::/32"}}),
			[]string{"-s 192.0.2.7/32 -p tcp --dport 80 ", "-s 192.0.2.7/32 -p tcp --dport 8000:8100", "-s 192.0.2.8/31 -p tcp --dport 80", "-s 192.0.2.10/32 "},
			[]string{"-s 2001:db8::/32 -p tcp --dport 80"},
		},
		{
			"sets",
			given{"sets": given{"office": []any{"192.0.2.0/24"}, "web": []any{80, 443}}, "rules": []any{given{"name": "a", "port": "@web", "destination": "@office"}}},
			[]string{"-d 192.0.2.0/24 -p tcp --dport 80", "-d 192.0.2.0/24 -p tcp --dport 443"},
			nil,
		},
		{
			"interfaces", rules(given{"name": "a", "direction": "forward", "in_interface": "docker*", "out_interface": []any{"eth0", "eth1"}, "action": "reject"}),
			[]string{"froyo-base-f -i docker+ -o eth0 ", "froyo-base-f -i docker+ -o eth1 ", "-j REJECT"},
			[]string{"-j REJECT"},
		},
		{"icmp", rules(given{"name": "a", "proto": "icmpv6", "icmp_type": []any{"echo-request", "nd-redirect"}}, given{"name": "b", "proto": "vrrp"}), []string{"-p 112 "}, []string{"--icmpv6-type 128", "--icmpv6-type 137"}},
		{
			"a limit and a log", rules(given{"name": "a", "port": 22, "limit": "10/minute", "burst": 7, "log": true, "action": "drop"}),
			[]string{"-j froyo-base-i1", "-A froyo-base-i1 -m limit --limit 10/minute --limit-burst 7 -j froyo-base-i1a", `-A froyo-base-i1a -j LOG --log-prefix "a: "`, "-A froyo-base-i1a -j DROP"},
			nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newUFW("yes")
			kit(t, h.host).Converge(unit(t, tt.args))
			for i, lines := range [][]string{tt.v4, tt.v6} {
				listed := h.kernel[i].save("DROP")
				for _, want := range lines {
					if !strings.Contains(listed, want) {
						t.Errorf("there is no %q:\n%s", want, listed)
					}
				}
			}
		})
	}
}

// TestUFW: ufw's files get blocks, and its kernel only the unit's chains.
func TestUFW(t *testing.T) {
	block := func(h *ufwHost) string { return h.Says(t, "/etc/ufw/before.rules") }
	for _, tt := range []struct {
		name   string
		drift  func(h *ufwHost)
		action abi.Action
		did    string
	}{
		{"nothing", func(*ufwHost) {}, abi.None, ""},
		{"a rule was deleted", func(h *ufwHost) { h.kernel[0]["froyo-base-i"] = nil }, abi.Update, "restore"},
		{"what leads there was deleted", func(h *ufwHost) { h.kernel[1]["ufw6-before-input"] = nil }, abi.Update, "restore6"},
		{"what leads there is there twice", func(h *ufwHost) { h.kernel[0].restore("-I ufw-before-input -j froyo-base-i\n") }, abi.Update, "restore"},
		{"another chain", func(h *ufwHost) {
			h.kernel[0].restore(":froyo-base-f - [0:0]\n-A froyo-base-f -j ACCEPT\n-A ufw-before-forward -j froyo-base-f\n")
		}, abi.Update, "restore"},
		{"another way there", func(h *ufwHost) { h.kernel[0].restore("-A INPUT -p tcp -j froyo-base-i\n") }, abi.Update, "restore"},
		{"all was flushed", func(h *ufwHost) { h.kernel = [2]chains{{}, {}} }, abi.Update, "reload"},
		{"the file was put back", func(h *ufwHost) { h.Files["/etc/ufw/before.rules"] = text(shipped) }, abi.Update, ""},
		{"ufw accepts", func(h *ufwHost) {
			h.Files["/etc/default/ufw"] = text(strings.Replace(h.Says(t, "/etc/default/ufw"), "DROP", "ACCEPT", 1))
		}, abi.Update, "default deny incoming"},
		{"systemd does not start it", func(h *ufwHost) { h.Services["ufw.service"].File = "disabled" }, abi.Update, "at boot"},
		{"ufw was disabled", func(h *ufwHost) { h.Files["/etc/ufw/ufw.conf"] = text("ENABLED=no\n") }, abi.Update, "--force enable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newUFW("yes")
			k := kit(t, h.host)
			u := unit(t, given{"backend": "ufw", "policy": "drop", "rules": []any{ssh}})
			if change, _ := k.Converge(u); change.Action != abi.Create || strings.Join(h.did, " ") != "restore restore6" || !strings.Contains(block(h), "-I ufw-before-input -j froyo-base-i\n# END froyo base\nCOMMIT\n*nat") {
				t.Fatalf("%s, %v\n%s", change.Action, h.did, block(h))
			}
			h.did = nil
			tt.drift(h)
			if change, _ := k.Converge(u); change.Action != tt.action || strings.Join(h.did, " ") != tt.did {
				t.Errorf("%s, did %v, expected %s and %q", change.Action, h.did, tt.action, tt.did)
			}
			h.did = nil
			if change, _ := k.Converge(unit(t, given{"state": "absent", "allow_lockout": true})); change.Action != abi.Delete || block(h) != shipped || strings.Contains(h.kernel[0].save("")+h.kernel[1].save(""), "froyo") {
				t.Errorf("%s leaves %s\n%s", change.Action, block(h), h.kernel[0].save(""))
			}
		})
	}
}

// TestMoves: rules move where the backend is another, and the new ones hold before the old ones go.
func TestMoves(t *testing.T) {
	h := newUFW("no")
	k := kit(t, h.host)
	remove := h.Programs["nft delete table inet froyo_base"]
	h.Programs["nft delete table inet froyo_base"] = func(e *op.Exec) op.Result {
		if len(h.kernel[0]["froyo-base-i"]) == 0 {
			t.Error("the table goes while ufw has not loaded its rules")
		}
		return remove(e)
	}
	if change, _ := k.Converge(unit(t, rules(ssh))); change.Action != abi.Create || h.live == "" || len(h.did) > 0 {
		t.Fatalf("%s, %v", change.Action, h.did)
	}
	if change, _ := k.Converge(unit(t, given{"backend": "ufw", "rules": []any{ssh}})); change.Action != abi.Replace || h.live != "" || h.Files[rulesFile] != nil || len(h.kernel[0]["froyo-base-i"]) == 0 {
		t.Errorf("%s, %v, %q", change.Action, h.did, h.live)
	}
	h.Files["/etc/ufw/ufw.conf"] = text("ENABLED=no\n")
	restore := h.Programs["iptables-restore -n"]
	h.Programs["iptables-restore -n"] = func(e *op.Exec) op.Result {
		if h.live == "" {
			t.Error("the chains go while there is no table")
		}
		return restore(e)
	}
	if change, _ := k.Converge(unit(t, rules(ssh))); change.Action != abi.Replace || h.live == "" || len(h.kernel[0]["froyo-base-i"]) > 0 || h.Says(t, "/etc/ufw/before6.rules") != shipped {
		t.Errorf("%s, %v, %q", change.Action, h.did, h.live)
	}
}

// TestMovesToFirewalld: it runs with the rules before the table of nftables goes, which with a rule that firewalld refuses stays.
func TestMovesToFirewalld(t *testing.T) {
	h := newFirewalld()
	h.Services["firewalld.service"].Active = "inactive"
	k := providertest.New(t, providertest.Native(types()), h)
	k.Converge(unit(t, rules(ssh)))
	remove := h.Programs["nft delete table inet froyo_base"]
	h.Programs["nft delete table inet froyo_base"] = func(e *op.Exec) op.Result {
		if h.runtime["fy-base-i"] == "" {
			t.Error("the table goes while firewalld does not have its rules")
		}
		return remove(e)
	}
	if change, _ := k.Converge(unit(t, given{"backend": "firewalld", "rules": []any{ssh}})); change.Action != abi.Replace || h.live != "" || h.runtime["fy-base-i"] == "" {
		t.Errorf("%s, %q", change.Action, h.live)
	}
}

// TestUFWRemoved: an ufw that is removed and not purged leaves files that say it is enabled. It owns nothing, and what was in its files goes.
func TestUFWRemoved(t *testing.T) {
	h := newUFW("yes")
	k := kit(t, h.host)
	k.Converge(unit(t, rules(ssh)))
	h.Lacks, h.kernel = []string{"ufw"}, [2]chains{}
	for _, six := range []string{"", "6"} {
		delete(h.Programs, "ip"+six+"tables-save -t filter") // gone with it
	}
	if change, _ := k.Converge(unit(t, given{"policy": "drop", "rules": []any{ssh}})); change.Action != abi.Replace || len(change.Needs) > 0 || h.live == "" || h.Says(t, "/etc/ufw/before.rules") != shipped {
		t.Errorf("%s, %+v, %q", change.Action, change.Needs, h.live)
	}
	if change, _ := k.Converge(unit(t, given{"backend": "nftables", "policy": "drop", "rules": []any{ssh}})); change.Action != abi.None {
		t.Errorf("%s", change.Action)
	}
}

// TestPolicies: a policy that is not given is as the backend has it, and one that is given opens as well as closes.
func TestPolicies(t *testing.T) {
	h := newUFW("yes")
	k := kit(t, h.host)
	k.Converge(unit(t, rules(ssh)))
	if said := h.Says(t, "/etc/default/ufw"); strings.Contains(said, "ACCEPT") {
		t.Errorf("what is not given: %s", said)
	}
	h.did = nil
	if change, _ := k.Converge(unit(t, given{"policy": "accept", "rules": []any{ssh}})); change.Action != abi.Update || strings.Join(h.did, " ") != "default allow incoming" ||
		len(change.Diffs) != 1 || change.Diffs[0].Field != "policy of ufw, incoming" || !strings.Contains(h.Says(t, "/etc/default/ufw"), `INPUT_POLICY="ACCEPT"`) {
		t.Errorf("%s, %v, %+v", change.Action, h.did, change.Diffs)
	}
	// ufw starts with it, so that no rule has to let froyo in.
	fresh := newUFW("no")
	fresh.peer = "192.0.2.7 192.0.2.1 22\n"
	kit(t, fresh.host).Converge(unit(t, given{"backend": "ufw", "policy": "accept"}))
	if did := strings.Join(fresh.did, " "); did != "default allow incoming --force enable" {
		t.Errorf("did %s", did)
	}

	d := newFirewalld()
	d.Services["firewalld.service"].Active, d.peer = "inactive", fresh.peer
	k = providertest.New(t, providertest.Native(types()), d)
	k.Converge(unit(t, given{"backend": "firewalld", "policy": "accept"}))
	if said := d.Says(t, dropXML); !strings.Contains(said, `priority="30000" target="ACCEPT"`) || d.Files[inputXML] != nil {
		t.Errorf("what is left of the zones: %s", said)
	}
}

// TestUFWRefused does what each hint says.
func TestUFWRefused(t *testing.T) {
	long := strings.Repeat("x", 30)
	for _, tt := range []struct {
		name       string
		args       given
		says, hint string
		advised    given
	}{
		{"a long text", rules(given{"name": long, "port": 1, "log": true}), "at most 29", `give a shorter text: log = "dropped: "`, rules(given{"name": long, "port": 1, "log": "dropped: "})},
		{"a long name", given{"name": "a_name_of_17_char"}, "limit 16 with ufw", `give a shorter name, such as "a_name_of_17_cha"`, nil},
		{"no base rules", given{"base_rules": false}, "base_rules = False cannot hold", "leave base_rules as they are", rules()},
		{"an unknown type", rules(given{"name": "a", "proto": "icmp", "icmp_type": "nosuch"}), "does not know for iptables", "give a type that ping or the neighbour discovery has, or none", rules(given{"name": "a", "proto": "icmp", "icmp_type": "echo-request"})},
		{"too many", rules(given{"name": "a", "source": "0.0.0.1-255.255.255.254", "destination": "0.0.0.1-255.255.255.254"}), "limit 2000", "name networks in the place of ranges and addresses, or ranges in the place of ports", rules(given{"name": "a", "source": "0.0.0.0/0"})},
		{"another backend", given{"backend": "firewalld", "rules": []any{ssh}}, "", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newUFW("yes")
			k := kit(t, h.host)
			change, err := k.Plan(unit(t, tt.args))
			if tt.says == "" {
				if err != nil || len(change.Needs) == 0 || !strings.Contains(change.Needs[0].What, "ufw decides") {
					t.Errorf("%+v, %+v", err, change.Needs)
				}
				return
			}
			if err == nil || !strings.Contains(err.Message, tt.says) || !strings.Contains(err.Hint, tt.hint) {
				t.Fatalf("got %+v", err)
			}
			if tt.advised != nil {
				k.Converge(unit(t, tt.advised))
			}
		})
	}
}

// TestUFWFiles: files that are not as ufw has them are left alone.
func TestUFWFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		content, says, hint string
	}{
		"no table": {"*nat\nCOMMIT\n", "no table filter", "take the file as its package has it: /usr/share/ufw/iptables/before.rules"},
		"no end":   {"*filter\n# BEGIN froyo base\nCOMMIT\n", "and not their end", `put the line "# END froyo base" behind them`},
		"none":     {"", "there is no file", "take the file as its package has it"},
	} {
		h := newUFW("yes")
		h.Files["/etc/ufw/before.rules"] = text(tt.content)
		if tt.content == "" {
			delete(h.Files, "/etc/ufw/before.rules")
		}
		if _, err := kit(t, h.host).Plan(unit(t, rules(ssh))); err == nil || !strings.Contains(err.Message, tt.says) || !strings.Contains(err.Hint, tt.hint) {
			t.Errorf("%s: %+v", name, err)
		}
		h.Files["/etc/ufw/before.rules"] = text(shipped)
		kit(t, h.host).Converge(unit(t, rules(ssh)))
	}
}

// TestUFWLockout: what starts to drop, or stops to let in, is refused where it is sure to lock out.
func TestUFWLockout(t *testing.T) {
	h := newUFW("no")
	h.peer = "192.0.2.7 192.0.2.1 22\n"
	k := kit(t, h.host)
	if _, err := k.Plan(unit(t, given{"backend": "ufw"})); err == nil || !strings.Contains(err.Message, "lock froyo out") {
		t.Errorf("%+v", err)
	}
	k.Converge(unit(t, given{"backend": "ufw", "rules": []any{ssh}}))
	// ufw goes on to drop, so that rules which no longer let froyo in are refused whatever policy they have.
	if _, err := k.Plan(unit(t, given{"backend": "ufw", "rules": []any{given{"name": "web", "port": 80}}})); err == nil || !strings.Contains(err.Message, "lock froyo out") {
		t.Errorf("rules that take SSH away: %+v", err)
	}
	gone := unit(t, given{"state": "absent"})
	closes := func() string {
		change, err := k.Plan(gone)
		if err != nil {
			t.Fatal(err)
		}
		if len(change.Needs) == 0 {
			return ""
		}
		return change.Needs[0].Hint
	}
	const allow = `have ufw let it in before: cmd("ufw allow 22/tcp"), with the port of its sshd; where there is another way to the host, allow_lockout = True`
	for _, other := range []string{"-p udp -m udp --dport 22 -j ACCEPT", "-p tcp -m tcp --dport 23 -j ACCEPT", "-p tcp --dport 22 -j DROP", "-s 10.0.0.5/32 -p tcp --dport 22 -j ACCEPT"} {
		h.kernel[0]["ufw-user-input"] = []string{"-A ufw-user-input " + other}
		if closes() != allow {
			t.Errorf("%s: it is not refused", other)
		}
	}
	for _, other := range []string{"-p tcp -m multiport --dports 80,20:30 -j ACCEPT", "-p tcp -m tcp --dport 22 -j ufw-user-limit-accept", "-s 192.0.2.0/24 -j ACCEPT"} {
		h.kernel[0]["ufw-user-input"] = []string{"-A ufw-user-input " + other}
		if hint := closes(); hint != "" {
			t.Errorf("%s: %s", other, hint)
		}
	}
	k.Converge(gone)

	six := newUFW("no")
	six.peer = "2001:db8::7 2001:db8::1 22\n"
	six.Files["/etc/default/ufw"] = text("IPV6=no\nDEFAULT_INPUT_POLICY=\"DROP\"\n")
	if _, err := kit(t, six.host).Plan(unit(t, given{"backend": "ufw", "rules": []any{ssh}})); err == nil || !strings.Contains(err.Message, "IPV6=no in /etc/default/ufw has it drop all of IPv6") {
		t.Errorf("%+v", err)
	}
}

// daemonHost is a target of firewalld.
type daemonHost struct {
	*host
	runtime map[string]string
	reloads int
	// Zones and active are what firewall-cmd lists of zones, others what it lists of other policies.
	zones, active, others string
}

const (
	policies = "/etc/firewalld/policies"
	inputXML = policies + "/fy-base-i.xml"
	dropXML  = policies + "/fy-base-id.xml"
)

func newFirewalld() *daemonHost {
	h := &daemonHost{host: newHost()}
	h.Files["/etc/firewalld"], h.Files[policies] = &providertest.Node{Type: op.TypeDir}, &providertest.Node{Type: op.TypeDir}
	h.Services["firewalld.service"] = &providertest.MemoryService{Load: "loaded", Active: "active", File: "enabled"}
	files := func() map[string]string {
		all := map[string]string{}
		for path, node := range h.Files {
			if name, is := strings.CutPrefix(path, policies+"/"); is {
				all[strings.TrimSuffix(name, ".xml")] = strings.ReplaceAll(read(node.Content), "\n", " ")
			}
		}
		return all
	}
	list := func(of map[string]string, suffix string) op.Result {
		var said strings.Builder
		said.WriteString("other (active)\n  priority: 1\n  egress-zones: HOST\n" + h.others)
		for _, name := range slices.Sorted(maps.Keys(of)) {
			said.WriteString("\n" + name + suffix + "\n  " + of[name] + "\n")
		}
		return providertest.Exits(0, said.String())(nil)
	}
	h.Programs["firewall-cmd --list-all-policies"] = func(*op.Exec) op.Result { return list(h.runtime, " (active)") }
	h.Programs["firewall-cmd --permanent --list-all-policies"] = func(*op.Exec) op.Result { return list(files(), "") }
	h.Programs["firewall-cmd --permanent --list-all-zones"] = func(*op.Exec) op.Result { return providertest.Exits(0, h.zones)(nil) }
	h.Programs["firewall-cmd --get-active-zones"] = func(*op.Exec) op.Result { return providertest.Exits(0, h.active)(nil) }
	take := func(*op.Exec) op.Result {
		h.runtime, h.reloads = files(), h.reloads+1
		h.Services["firewalld.service"] = &providertest.MemoryService{Load: "loaded", Active: "active", File: "enabled"}
		return providertest.Exits(0, "")(nil)
	}
	h.Programs["firewall-cmd --reload"], h.Programs["systemctl enable --now firewalld.service"] = take, take
	return h
}

// Do takes what checks a policy for one that says yes.
func (h *daemonHost) Do(o op.Op) op.Result {
	if o.Write != nil && o.Write.Check != "" {
		plain := *o.Write
		plain.Check = ""
		o.Write = &plain
	}
	return h.host.Do(o)
}

func TestFirewalld(t *testing.T) {
	for _, tt := range []struct {
		name    string
		drift   func(h *daemonHost)
		action  abi.Action
		reloads int
	}{
		{"nothing", func(*daemonHost) {}, abi.None, 0},
		{"a rule was added at runtime", func(h *daemonHost) { h.runtime["fy-base-i"] += "x" }, abi.Update, 1},
		{"the file says something else", func(h *daemonHost) { h.Files[inputXML] = text("x") }, abi.Update, 1},
		{"the file is gone", func(h *daemonHost) { delete(h.Files, dropXML) }, abi.Update, 1},
		{"the file may be written by others", func(h *daemonHost) { h.Files[dropXML].Mode = 0o666 }, abi.Update, 0},
		{"it is not started at boot", func(h *daemonHost) { h.Services["firewalld.service"].File = "disabled" }, abi.Update, 1},
		{"it was stopped", func(h *daemonHost) { h.Services["firewalld.service"].Active = "inactive" }, abi.Update, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newFirewalld()
			k := providertest.New(t, providertest.Native(types()), h)
			u := unit(t, given{"backend": "firewalld", "policy": "drop", "rules": []any{ssh}})
			if change, _ := k.Converge(u); change.Action != abi.Create || h.reloads != 1 || !strings.Contains(h.Says(t, dropXML), `target="DROP"`) {
				t.Fatalf("%s, %d reloads", change.Action, h.reloads)
			}
			tt.drift(h)
			if change, _ := k.Converge(u); change.Action != tt.action || h.reloads != 1+tt.reloads {
				t.Errorf("%s, %d reloads more, expected %s and %d", change.Action, h.reloads-1, tt.action, tt.reloads)
			}
			if change, _ := k.Converge(unit(t, given{"backend": "firewalld", "rules": []any{ssh}})); change.Action != abi.Update || !strings.Contains(h.Says(t, dropXML), `target="CONTINUE"`) {
				t.Errorf("%s: %s", change.Action, h.Says(t, dropXML))
			}
			if change, _ := k.Converge(unit(t, given{"state": "absent"})); change.Action != abi.Delete || h.Files[inputXML] != nil || h.Files[dropXML] != nil || len(h.runtime) > 0 {
				t.Errorf("%s leaves %v", change.Action, h.runtime)
			}
		})
	}
}

// TestRich is what rules are as rich rules.
func TestRich(t *testing.T) {
	for _, tt := range []struct {
		name, suffix string
		args         given
		lines        []string
	}{
		{"a port", "i", rules(ssh), []string{"<!-- ssh -->", `><port port="22" protocol="tcp"/><accept></accept>`}},
		{"families", "i", rules(given{"name": "a--", "port": "80-90", "source": []any{"192.0.2.8-192.0.2.10", "2001:db8::1"}, "action": "drop"}), []string{
			"<!-- a- - -->", `family="ipv4"><source address="192.0.2.8/31"/><port port="80-90" protocol="tcp"/><drop>`, `family="ipv4"><source address="192.0.2.10/32"/>`, `family="ipv6"><source address="2001:db8::1/128"/>`,
		}},
		{"a source port", "o", rules(given{"name": "a", "direction": "output", "source_port": 123, "proto": "udp", "action": "reject"}), []string{`><source-port port="123" protocol="udp"/><reject></reject>`}},
		{"protocols", "f", rules(given{"name": "a", "direction": "forward", "proto": []any{"vrrp", "esp", "icmpv6"}, "destination": "2001:db8::/32"}, given{"name": "b", "direction": "forward"}), []string{
			`<destination address="2001:db8::/32"/><protocol value="112"/>`, `<protocol value="esp"/>`, `<protocol value="ipv6-icmp"/>`, `priority="-31997"><accept>`,
		}},
		{"a limit and a log", "i", rules(given{"name": "a", "proto": "icmp", "icmp_type": "echo-request", "limit": "10/minute", "log": "no: "}), []string{
			`family="ipv4"><icmp-type name="echo-request"/><log prefix="no: "><limit value="10/m"/></log><accept><limit value="10/m"/></accept>`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newFirewalld()
			providertest.New(t, providertest.Native(types()), h).Converge(unit(t, tt.args))
			said, at := h.Says(t, policies+"/fy-base-"+tt.suffix+".xml"), 0
			for _, want := range tt.lines {
				next := strings.Index(said[at:], want)
				if next < 0 {
					t.Fatalf("there is no %q behind what comes before:\n%s", want, said)
				}
				at += next
			}
		})
	}
}

// TestFirewalldRefused does what each hint says.
func TestFirewalldRefused(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       given
		says, hint string
		advised    given
	}{
		{"an interface", rules(given{"name": "a", "in_interface": "eth0"}), "by zones alone", "leave out the interface, or give the network behind it as source or destination", rules(given{"name": "a", "source": "192.0.2.0/24"})},
		{"two ports", rules(given{"name": "a", "port": 1, "source_port": 2}), "of which firewalld takes one", "leave out source_port", rules(given{"name": "a", "port": 1})},
		{"a burst", rules(given{"name": "a", "port": 1, "limit": "1/second", "burst": 2}), "firewalld does not know", "leave out burst", rules(given{"name": "a", "port": 1, "limit": "1/second"})},
		{"a limit of two", rules(given{"name": "a", "port": []any{1, 2}, "limit": "1/second"}), "count each by itself", "make a rule with a limit of each", rules(given{"name": "a", "port": 1, "limit": "1/second"}, given{"name": "b", "port": 2, "limit": "1/second"})},
		{"no name", rules(given{"name": "a", "proto": "icmpv6", "icmp_type": "mld-listener-query"}), "has no name", "leave out icmp_type, or give another", rules(given{"name": "a", "proto": "icmpv6"})},
		{"a long name", given{"name": "a_name_of_13_"}, "limit 12 with firewalld", `give a shorter name, such as "a_name_of_13"`, nil},
		{"no base rules", given{"base_rules": false}, "base_rules = False cannot hold", "leave base_rules as they are", rules()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := providertest.New(t, providertest.Native(types()), newFirewalld())
			if _, err := k.Plan(unit(t, tt.args)); err == nil || !strings.Contains(err.Message, tt.says) || !strings.Contains(err.Hint, tt.hint) {
				t.Fatalf("got %+v", err)
			}
			if tt.advised != nil {
				k.Converge(unit(t, tt.advised))
			}
		})
	}
}

// TestFirewalldLockout: what takes away the rules by which alone froyo is let in is refused.
func TestFirewalldLockout(t *testing.T) {
	const (
		service = "<?xml version=\"1.0\"?>\n<service>\n  <port protocol=\"udp\" port=\"22\"/>\n  <port port='20-30' protocol='tcp'/>\n</service>\n"
		zone    = "public\n  target: default\n  services: dhcpv6-client\n  ports: \n  rich rules: \n"
		allow   = `have firewalld let it in before: cmd("firewall-cmd --permanent --add-port=22/tcp"), with the port of its sshd; where there is another way to the host, allow_lockout = True`
	)
	in := func(lines string) func(h *daemonHost) { return func(h *daemonHost) { h.zones += lines } }
	for _, tt := range []struct {
		name  string
		host  func(h *daemonHost)
		opens bool
	}{
		{"nothing lets it in", in(""), false},
		{"another port", in("  ports: 23/tcp 22/udp\n"), false},
		{"the port", in("  ports: 80/tcp 20-30/tcp\n"), true},
		{"every protocol", in("  protocols: tcp\n"), true},
		{"the service", func(h *daemonHost) {
			in("  services: ssh\n")(h)
			h.Files["/usr/lib/firewalld/services/ssh.xml"] = text(service)
		}, true},
		{"the service, moved", func(h *daemonHost) {
			in("  services: ssh\n")(h)
			h.Files["/usr/lib/firewalld/services/ssh.xml"] = text(service)
			h.Files["/etc/firewalld/services/ssh.xml"] = text(`<service><port port="2222" protocol="tcp"/></service>`)
		}, false},
		{"a service that is not known", in("  services: mine\n"), true},
		{"a service of another's name", in("  services: ../mine\n"), true},
		{"a rich rule", in("\trule priority=\"1\" family=\"ipv4\" source address=\"192.0.2.0/24\" port port=\"22\" protocol=\"tcp\" accept\n"), true},
		{"a rich rule for all ports", in("\trule source address=\"192.0.2.0/24\" accept\n"), true},
		{"a rich rule for others", in("\trule family=\"ipv4\" source address=\"10.0.0.0/8\" accept\n\trule family=\"ipv6\" accept\n\trule port port=\"22\" protocol=\"udp\" accept\n\trule protocol value=\"esp\" accept\n\trule service name=\"dhcpv6-client\" accept\n\trule port port=\"22\" protocol=\"tcp\" drop\n"), false},
		{"the zone of an interface", func(h *daemonHost) {
			h.active, h.zones = "inner\n  interfaces: eth1\n", h.zones+"\ninner\n  target: ACCEPT\n"
		}, true},
		{"a zone of other sources", func(h *daemonHost) {
			h.active, h.zones = "inner\n  sources: 10.0.0.0/8\n", h.zones+"\ninner\n  target: ACCEPT\n\ntrusted\n  target: ACCEPT\n"
		}, false},
		{"another default zone", func(h *daemonHost) {
			h.zones += "  ports: 22/tcp\n\ninner\n  ports: 80/tcp\n"
			h.Files["/etc/firewalld/firewalld.conf"] = text("# x\nDefaultZone=inner\n")
		}, false},
		{"another policy", func(h *daemonHost) { h.others = "  ports: 22/tcp\n" }, true},
		{"it is not known who asks", func(h *daemonHost) { h.peer = "" }, true},
		{"from the host itself", func(h *daemonHost) { h.peer = "127.0.0.1 127.0.0.1 22\n" }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newFirewalld()
			h.peer, h.zones = "192.0.2.7 192.0.2.1 22\n", zone
			for _, dir := range []string{"/usr", "/usr/lib", "/usr/lib/firewalld", "/usr/lib/firewalld/services", "/etc/firewalld/services"} {
				h.Files[dir] = &providertest.Node{Type: op.TypeDir}
			}
			h.Files["/usr/lib/firewalld/services/dhcpv6-client.xml"] = text(`<service><port protocol="udp" port="546"/><destination ipv6="fe80::/64"/></service>`)
			k := providertest.New(t, providertest.Native(types()), h)
			k.Converge(unit(t, rules(ssh)))
			tt.host(h)
			if _, err := k.Plan(unit(t, rules(given{"name": "web", "port": 80}))); (err == nil) != tt.opens {
				t.Errorf("rules that take SSH away: %+v", err)
			}
			gone := unit(t, given{"state": "absent"})
			change, err := k.Plan(gone)
			if err != nil || (len(change.Needs) == 0) != tt.opens || !tt.opens && change.Needs[0].Hint != allow {
				t.Fatalf("removed: %+v, %+v", change.Needs, err)
			}
			if !tt.opens {
				k.Converge(unit(t, given{"policy": "accept", "rules": []any{given{"name": "web", "port": 80}}}))
				k.Converge(unit(t, given{"state": "absent", "allow_lockout": true}))
				k.Converge(unit(t, rules(ssh)))
				h.zones += "  ports: 22/tcp\n\ninner\n  ports: 22/tcp\n" // what the hint advises
			}
			k.Converge(gone)
		})
	}
}
