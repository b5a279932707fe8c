// Package system holds the resource types of a host's own settings: sysctl, kernel_module, host_entry, hostname,
// timezone, locale and alternatives. Each is a
// pure description, in one place with its schema, of what to read and what to change.
//
// It imports providers/sdk, providers/textfile and what lies below, and like every guest neither fmt nor encoding/json.
package system

import (
	"github.com/openfroyo/froyo/providers/sdk"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Sysctl, SysctlState](set, "sysctl")
	sdk.Add[KernelModule, KernelModuleState](set, "kernel_module")
	sdk.Add[Alternatives, AlternativesState](set, "alternatives")
	sdk.Add[Locale, LocaleState](set, "locale")
	sdk.Add[HostEntry, HostEntryState](set, "host_entry")
	sdk.Add[Hostname, HostnameState](set, "hostname")
	sdk.Add[Timezone, TimezoneState](set, "timezone")
	return set
}

// Output is what the units offer to later ones.
type Output struct {
	Changed bool `json:"changed"`
}

// States of what may be there or not.
const absent = "absent"
