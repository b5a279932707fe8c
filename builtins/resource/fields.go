package resource

import (
	"slices"

	"github.com/openfroyo/froyo/engine/schema"
)

// MetaFields describes the arguments that every resource takes.
func MetaFields() []schema.Field {
	return []schema.Field{
		{Name: "require", Kind: "unit or list of units", Doc: "Units that must have succeeded before. Units whose results a lambda reads are required automatically."},
		{Name: "notify", Kind: "handler or list of handlers", Doc: "Handlers to run once, after the play's units, if this one changes something."},
		{Name: "on_change", Kind: "unit or list of units", Doc: "Execute this unit only if one of these units changed something in this run."},
		{Name: "when", Kind: "lambda or bool", Doc: "Decides whether to execute the unit; a lambda is called at apply: `when = lambda: ver.rc == 0`."},
		{Name: "tags", Kind: "string or list of strings", Doc: "Words to select units by, with `--tags` and `--skip-tags`."},
		{Name: "retry", Kind: "retry or int", Doc: "How often to retry after a failure that may be temporary: `retry = retry(attempts = 5, delay = \"2s\")`."},
		{Name: "timeout", Kind: "duration", Doc: "How long each of its operations on the host may take, such as `\"5m\"`."},
		{Name: "on_failure", Kind: "function", Doc: "Called with the host while planning; the units that it declares are executed only if the unit fails, before the run of the host ends."},
		{Name: "ignore_failure", Kind: "bool", Default: false, HasDefault: true, Doc: "Continue with the host if the unit fails; later units can read `unit.failed`."},
		{Name: "throttle", Kind: "int", Doc: "How many hosts may execute this unit at the same time, from 1 to 10000."},
		{Name: "run_once", Kind: "bool", Default: false, HasDefault: true, Doc: "Execute the unit on one host for all hosts of the play, on the first one that can plan it: the others wait for it and take over its result. Handlers that it notifies run on that host only."},
		{Name: "lifecycle", Kind: "lifecycle", Doc: "Differences to ignore, and protection from removal: `lifecycle = lifecycle(prevent_destroy = True, ignore_changes = [\"mode\"])`."},
		{Name: "become", Kind: "bool", Doc: "Whether to act as root, or as the host's `become_user`. Default: as the play says, else the host."},
		{Name: "run_as", Kind: "string", Doc: "The user to act as."},
		{Name: "sensitive", Kind: "bool", Default: false, HasDefault: true, Doc: "Keeps the unit's content and output out of plans, logs and state."},
		{Name: "guard", Kind: "bool", Default: false, HasDefault: true, Doc: "Applies the unit under guard: unless froyo gets in over a new connection afterwards, within the window of --guard-window, the host puts back what was there. Units that could lock out are guarded without it."},
	}
}

// metaNames are the names of MetaFields.
var metaNames = []string{"require", "notify", "on_change", "when", "tags", "retry", "timeout", "on_failure", "ignore_failure", "throttle", "run_once", "lifecycle", "become", "run_as", "sensitive", "guard"}

// MetaNames lists the arguments that every resource takes, for suggestions.
func MetaNames() []string { return slices.Clone(metaNames) }
