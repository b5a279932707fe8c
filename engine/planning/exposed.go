package planning

import (
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/providers/abi"
)

// exposed warns of secrets in the command lines of programs: every user of the
// host can read them while the program runs.
func exposed(host string, steps []*plan.Step) []*diag.Error {
	if !secret.Any() {
		return nil
	}
	var warnings []*diag.Error
	for _, s := range steps {
		if s.Change == nil || !holdsArgument(s.Change.Effects) && !holdsArgument(s.Potential) {
			continue
		}
		w := &diag.Error{
			Summary: s.Unit.ID.Local() + ": its command line holds a sensitive value, which every user of the host can read while it runs",
			Pos:     s.Unit.Pos, Stack: s.Unit.Stack, Host: host,
		}
		warnings = append(warnings, w.WithHint("pass it in the environment or on standard input: env = {\"PASSWORD\": ...}, stdin = ..."))
	}
	return warnings
}

func holdsArgument(effects []abi.Effect) bool {
	for _, e := range effects {
		if x := e.Op.Exec; x != nil && secret.Marked(x.Shell+strings.Join(x.Argv, " ")) {
			return true
		}
		if w := e.Op.Write; w != nil && secret.Marked(w.Check) {
			return true
		}
	}
	return false
}
