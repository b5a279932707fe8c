// Package linux holds the resource types of Linux hosts: file, cmd, script, pkg and service. Each is
// a pure description, in one place with its schema, of what to read and what to change.
//
// It imports providers/sdk and what lies below, and like every guest neither
// fmt nor encoding/json; wasm/ makes a guest of it.
package linux

import "github.com/openfroyo/froyo/providers/sdk"

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[File, FileState](set, "file")
	sdk.Add[Cmd, CmdState](set, "cmd")
	sdk.Add[Script, CmdState](set, "script")
	sdk.Add[Pkg, PkgFound](set, "pkg")
	sdk.Add[Service, ServiceFound](set, "service")
	return set
}
