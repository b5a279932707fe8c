// Package repository holds the resource types that decide which packages a host gets: repositories, pkg_repo of apt and yum_repo of
// dnf and zypper, proxies and other settings, apt_conf, versions that stay, pkg_hold, answers to what they ask, debconf, and all packages at once, pkg_upgrade and pkg_autoremove. Each is a pure description of what to read and what to change.
//
// It imports providers/sdk, providers/textfile and what lies below, and like every guest neither fmt nor encoding/json.
package repository

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[PkgRepo, PkgRepoState](set, "pkg_repo")
	sdk.Add[YumRepo, YumRepoState](set, "yum_repo")
	sdk.Add[PkgHold, PkgHoldState](set, "pkg_hold")
	sdk.Add[AptConf, textfile.WholeState](set, "apt_conf")
	sdk.Add[Debconf, DebconfState](set, "debconf")
	sdk.Add[PkgUpgrade, WholeState](set, "pkg_upgrade")
	sdk.Add[PkgAutoremove, WholeState](set, "pkg_autoremove")
	return set
}
