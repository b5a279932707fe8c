package network

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Firewall is a table of nftables. Its fields are described in firewall.cue.
type Firewall struct {
	Name          string         `json:"name"`
	State         string         `json:"state"`
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
	Peer string `json:"peer,omitempty"`
	// Other is the program that decides about the host's packets, "" for none.
	Other string `json:"other,omitempty"`
}

const (
	rulesDir = "/etc/nftables.d"
	public   = 0o644
	nft      = "nft"
)

func (f Firewall) table() string { return "froyo_" + f.Name }
func (f Firewall) unit() string  { return "froyo-firewall-" + f.Name + ".service" }

func (f Firewall) rulesFile() textfile.Whole {
	return textfile.Whole{Path: rulesDir + "/" + f.Name + ".froyo.nft", Mode: public, Label: "rules", Validate: "nft -c -f %s"}
}

func (f Firewall) unitFile() textfile.Whole {
	return textfile.Whole{Path: "/etc/systemd/system/" + f.unit(), Mode: public, Label: "unit"}
}

// unitText is the unit that loads the rules at boot. The file of nftables.service usually removes all tables first.
func (f Firewall) unitText() string {
	load := "/usr/sbin/nft -f " + f.rulesFile().Path + "\n"
	return "# Managed by froyo: changes made by hand are undone.\n[Unit]\nDescription=Firewall " + f.Name + "\nDefaultDependencies=no\n" +
		"Wants=network-pre.target\nBefore=network-pre.target shutdown.target\nConflicts=shutdown.target\nAfter=nftables.service systemd-modules-load.service\n" +
		"PartOf=nftables.service\nReloadPropagatedFrom=nftables.service\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=" + load + "ExecReload=" + load +
		"\n[Install]\nWantedBy=sysinit.target\n"
}

// Read implements sdk.Resource.
func (f Firewall) Read(t *sdk.T) FirewallState {
	ops := append(f.rulesFile().Ops(), f.unitFile().Ops()...)
	ops = append(ops,
		op.Op{Stat: &op.Stat{Path: rulesDir}},
		op.Op{SvcQuery: &op.SvcQuery{Names: []string{f.unit(), "firewalld.service"}}},
		op.Op{Text: &op.Text{Path: "/etc/ufw/ufw.conf", Limit: op.MaxText}},
		op.Op{Need: &op.Need{Program: nft}},
		op.Op{Exec: &op.Exec{Argv: []string{nft, "-s", "list", "table", "inet", f.table()}, ReadOnly: true, Limit: op.MaxOutput}},
	)
	if f.State != absent {
		text := ruleset(f).text(t)
		ops = append(ops,
			op.Op{Exec: &op.Exec{Argv: []string{"unshare", "--net", "sh", "-c", "nft -f - && nft -s list ruleset"}, Stdin: &op.Blob{Text: &text}, ReadOnly: true, Limit: op.MaxOutput}},
			op.Op{Exec: &op.Exec{Shell: findPeer, ReadOnly: true}},
		)
	}
	results := t.All(ops...)
	units := t.Must(results[5]).SvcQuery.Units
	s := FirewallState{
		Rules: f.rulesFile().State(t, results), Unit: f.unitFile().State(t, results[2:]),
		NoDirectory: !t.Must(results[4]).Stat.Exists, Boot: units[0],
	}
	switch {
	case units[1].Running():
		s.Other = "firewalld"
	case strings.Contains("\n"+t.Must(results[6]).Text.Text, "\nENABLED=yes"):
		s.Other = "ufw"
	}
	if need := t.Must(results[7]).Need; need.Lacking() > 0 {
		s.Lacks = need
		return s
	}
	s.Live = f.live(t, t.Must(results[8]).Exec)
	if f.State != absent {
		s.Wanted = f.wanted(t, t.Must(results[9]).Exec)
		s.Peer = strings.TrimSpace(t.Must(results[10]).Exec.Stdout)
	}
	return s
}

// live is what nft lists of the table.
func (f Firewall) live(t *sdk.T, r *op.ExecResult) string {
	switch {
	case r.RC == 0 && r.StdoutCut:
		t.Fail(op.Permanent, "nft lists more than 1 MiB of the table "+f.table(), "", "")
	case r.RC == 0:
		return r.Stdout
	case !strings.Contains(r.Stderr, "No such file or directory"):
		t.Fail(op.Permanent, "nft cannot list the table "+f.table(), strings.TrimSpace(r.Stderr), "")
	}
	return ""
}

// wanted is what nft lists of the rules, where it takes them.
func (f Firewall) wanted(t *sdk.T, r *op.ExecResult) string {
	said := strings.TrimSpace(r.Stderr)
	switch {
	case r.RC == 0 && !r.StdoutCut:
		return r.Stdout
	case r.RC == 0:
		t.Fail(op.Permanent, "nft lists more than 1 MiB of the rules", "", "")
	case strings.HasPrefix(said, "unshare:"):
		t.Fail(op.Permanent, "the rules cannot be tried in a network namespace of their own", said, "")
	}
	t.Fail(op.Permanent, "nft does not take the rules", said, "")
	return ""
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
	ruleset(f).guard(t, now.Peer)
	f.need(t, now)
	fresh := !now.Rules.Exists && !now.Unit.Exists
	text := ruleset(f).text(t)
	if now.NoDirectory {
		f.mkdir(t)
		now.Rules.NoParent = false
	}
	f.rulesFile().Write(t, now.Rules, text)
	if now.Live == "" || now.Live != now.Wanted {
		f.differ(t, now)
		f.load(t)
	}
	unit := f.unitText()
	f.unitFile().Write(t, now.Unit, unit)
	changed := now.Unit.Text != unit || !now.Unit.Exists
	if changed || now.Boot.Outdated {
		if !changed {
			t.Differ("definition", "outdated", "read again")
		}
		run(t, "systemctl", "daemon-reload")
	}
	enabled, running := now.Boot.File == "enabled" && !now.Boot.Stale, now.Boot.Running()
	if !enabled || !running {
		t.Differ("boot", enabled && running, true)
		f.enable(t)
	}
	if !fresh && (!now.Rules.Exists || !now.Unit.Exists) {
		t.Action(abi.Update) // a part of it is there
	}
}

// differ tells what the kernel has, and what it gets.
func (f Firewall) differ(t *sdk.T, now FirewallState) {
	switch {
	case now.Wanted == "":
		t.DifferUnknown("live", nil)
	case now.Live == "":
		t.Differ("live", false, true)
	default:
		t.DifferText("live", now.Live, now.Wanted, false)
	}
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

// need announces what the host lacks, or has too much of.
func (f Firewall) need(t *sdk.T, now FirewallState) {
	if now.Lacks != nil {
		t.Needs(abi.Need{
			What: "program nft", Kind: "program", Name: nft, Paths: []string{"/usr/sbin/nft", "/usr/bin/nft", "/sbin/nft"},
			Hint: `declare the package that brings it before: pkg("nftables")`,
		})
	}
	if now.Other == "" {
		return
	}
	hint := `end it before: service("firewalld", state = "stopped", enabled = False)`
	if now.Other == "ufw" {
		hint = `end it before: cmd("ufw disable", onlyif = "grep -qx ENABLED=yes /etc/ufw/ufw.conf")`
	}
	t.Needs(abi.Need{
		What: "packet filter that is free (" + now.Other + " decides about the same packets)", Kind: "filter", Name: now.Other, Hint: hint,
	})
}

func (f Firewall) mkdir(t *sdk.T) {
	mode := uint32(0o755)
	t.Effect(op.Op{Mkdir: &op.Mkdir{Path: rulesDir, Attributes: op.Attributes{Mode: &mode, Owner: "root", Group: "root"}}})
}

// load has the kernel take the rules, all or none.
func (f Firewall) load(t *sdk.T) { run(t, nft, "-f", f.rulesFile().Path) }

func (f Firewall) enable(t *sdk.T)  { run(t, "systemctl", "enable", "--now", f.unit()) }
func (f Firewall) disable(t *sdk.T) { run(t, "systemctl", "disable", "--now", f.unit()) }

func (f Firewall) remove(t *sdk.T, now FirewallState) {
	if now.Unit.Exists {
		f.disable(t)
	}
	f.unitFile().Remove(t, now.Unit)
	if now.Unit.Exists {
		run(t, "systemctl", "daemon-reload")
	}
	f.rulesFile().Remove(t, now.Rules)
	if now.Live != "" {
		t.Action(abi.Delete)
		t.Differ("live", true, nil)
		f.unload(t)
	}
}

func (f Firewall) unload(t *sdk.T) { run(t, nft, "delete", "table", "inet", f.table()) }

// Potential implements sdk.HasPotential.
func (f Firewall) Potential(t *sdk.T) {
	if f.State == absent {
		f.disable(t)
		f.unitFile().PotentialRemove(t)
		run(t, "systemctl", "daemon-reload")
		f.rulesFile().PotentialRemove(t)
		f.unload(t)
		return
	}
	f.mkdir(t)
	f.rulesFile().PotentialWrite(t)
	f.load(t)
	f.unitFile().PotentialWrite(t)
	run(t, "systemctl", "daemon-reload")
	f.enable(t)
}
