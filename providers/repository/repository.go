// Package repository holds the resource type of repositories from which packages come: pkg_repo. It is a pure description of
// what to read and what to change.
//
// It imports providers/sdk, providers/textfile and what lies below, and like every guest neither fmt nor encoding/json.
package repository

import "github.com/openfroyo/froyo/providers/sdk"

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[PkgRepo, PkgRepoState](set, "pkg_repo")
	return set
}
