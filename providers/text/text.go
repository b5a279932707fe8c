// Package text holds the resource types that edit text files in place: line, block, replace and ini. Each is a
// pure function of the text that is there and of its arguments, and says the same as the module of Ansible of
// that name where the two have an argument in common.
//
// It imports providers/sdk and what lies below, and providers/pyre for patterns.
package text

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Line, textfile.State](set, "line")
	sdk.Add[Block, textfile.State](set, "block")
	sdk.Add[Replace, textfile.State](set, "replace")
	sdk.Add[Ini, textfile.State](set, "ini")
	return set
}
