// Package availability holds the resource types that wait until a host brings up what later units need, and that restart a
// host: wait_for and reboot. Each is a pure description of what to read and what to do.
//
// It imports providers/sdk and what lies below, and like every guest neither fmt nor encoding/json.
package availability

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[WaitFor, WaitState](set, "wait_for")
	sdk.Add[Reboot, RebootState](set, "reboot")
	return set
}

// milliseconds reads a time that the schema found to be one.
func milliseconds(t *sdk.T, argument, text string) int64 {
	ms, ok := sdk.Milliseconds(text)
	if !ok || ms > op.MaxWait {
		t.Fail(op.Permanent, argument+" "+text+" is no time of at most a day", "", `write "10s", "1m30s" or "2h"`)
	}
	return ms
}
