// Package units holds the resource types of what hosts do at set times and at boot: each unit is a file that a program
// of the host reads, written as a whole.
//
// It imports providers/sdk and what lies below, and providers/textfile.
package units

import (
	"github.com/openfroyo/froyo/providers/sdk"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Cron, CronState](set, "cron")
	sdk.Add[Logrotate, LogrotateState](set, "logrotate")
	sdk.Add[Tmpfiles, TmpfilesState](set, "tmpfiles")
	sdk.Add[SystemdUnit, SystemdUnitState](set, "systemd_unit")
	sdk.Add[Timer, TimerState](set, "timer")
	return set
}

const absent = "absent"

// Output is what a unit offers to later ones.
type Output struct {
	Changed bool `json:"changed"`
}
