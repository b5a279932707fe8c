package network

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// nftRules is a firewall as a table of nftables.
type nftRules Firewall

func (f nftRules) table() string { return "froyo_" + f.Name }

func (f nftRules) unit() string { return "froyo-firewall-" + f.Name + ".service" }

func (f nftRules) load(t *sdk.T) { run(t, nft, "-f", f.rulesFile().Path) }

func (f nftRules) enable(t *sdk.T) { run(t, "systemctl", "enable", "--now", f.unit()) }

func (f nftRules) disable(t *sdk.T) { run(t, "systemctl", "disable", "--now", f.unit()) }

func (f nftRules) unload(t *sdk.T) { run(t, nft, "delete", "table", "inet", f.table()) }

func (f nftRules) rulesFile() textfile.Whole {
	return textfile.Whole{Path: rulesDir + "/" + f.Name + ".froyo.nft", Mode: public, Label: "rules", Validate: "nft -c -f %s"}
}

func (f nftRules) unitFile() textfile.Whole {
	return textfile.Whole{Path: "/etc/systemd/system/" + f.unit(), Mode: public, Label: "unit"}
}

// unitText is the unit that loads the rules at boot. The file of nftables.service usually removes all tables first.
func (f nftRules) unitText() string {
	load := "/usr/sbin/nft -f " + f.rulesFile().Path + "\n"
	return "# Managed by froyo: changes made by hand are undone.\n[Unit]\nDescription=Firewall " + f.Name + "\nDefaultDependencies=no\n" +
		"Wants=network-pre.target\nBefore=network-pre.target shutdown.target\nConflicts=shutdown.target\nAfter=nftables.service systemd-modules-load.service\n" +
		"PartOf=nftables.service\nReloadPropagatedFrom=nftables.service\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=" + load + "ExecReload=" + load +
		"\n[Install]\nWantedBy=sysinit.target\n"
}

// live is what nft lists of the table.
func (f nftRules) live(t *sdk.T, r *op.ExecResult) string {
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
func (f nftRules) wanted(t *sdk.T, r *op.ExecResult) string {
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

// use brings the rules and the unit.
func (f nftRules) use(t *sdk.T, now FirewallState) {
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
func (f nftRules) differ(t *sdk.T, now FirewallState) {
	switch {
	case now.Wanted == "":
		t.DifferUnknown("live", nil)
	case now.Live == "":
		t.Differ("live", false, true)
	default:
		t.DifferText("live", now.Live, now.Wanted, false)
	}
}

// need announces that the host lacks nft.
func (f nftRules) need(t *sdk.T, now FirewallState) {
	if now.Lacks != nil {
		t.Needs(abi.Need{
			What: "program nft", Kind: "program", Name: nft, Paths: []string{"/usr/sbin/nft", "/usr/bin/nft", "/sbin/nft"},
			Hint: `declare the package that brings it before: pkg("nftables")`,
		})
	}
}

func (f nftRules) mkdir(t *sdk.T) {
	mode := uint32(0o755)
	t.Effect(op.Op{Mkdir: &op.Mkdir{Path: rulesDir, Attributes: op.Attributes{Mode: &mode, Owner: "root", Group: "root"}}})
}

// leave removes the table, the file and the unit.
func (f nftRules) leave(t *sdk.T, now FirewallState) (found bool) {
	if now.Unit.Exists {
		f.disable(t)
	}
	f.unitFile().Remove(t, now.Unit)
	if now.Unit.Exists {
		run(t, "systemctl", "daemon-reload")
	}
	f.rulesFile().Remove(t, now.Rules)
	if now.Live != "" {
		t.Differ("live", true, nil)
		f.unload(t)
	}
	return now.Unit.Exists || now.Rules.Exists || now.Live != ""
}

// potential is all that may be done with nftables.
func (f nftRules) potential(t *sdk.T) {
	f.disable(t)
	f.unitFile().PotentialRemove(t)
	run(t, "systemctl", "daemon-reload")
	f.rulesFile().PotentialRemove(t)
	f.unload(t)
	if f.State == absent {
		return
	}
	f.mkdir(t)
	f.rulesFile().PotentialWrite(t)
	f.load(t)
	f.unitFile().PotentialWrite(t)
	f.enable(t)
}
