package state

import (
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/storefault"
)

// Faults are the words for what can be wrong with a state.
var Faults = storefault.Words{
	Store:    "the state",
	Corrupt:  "nothing was changed; restore the file from a backup, or move it and openfroyo.made away to begin anew: what was protected or pending is forgotten then",
	ReadOnly: "froyo records what it does before it reports it: give it a directory it may write to",
	Full:     "make room and run again; what was recorded before is kept",
	Busy:     "wait for the other froyo to finish",
}

// UnderWay is the error of who would resume a run that a process is executing.
func UnderWay(run string, pid int) *diag.Error {
	d := &diag.Error{Summary: fmt.Sprintf("run %s is still running, in process %d", run, pid), Code: diag.Locked}
	return d.WithHint("wait until it has ended")
}
