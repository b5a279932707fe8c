package cli

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runtime/ui"
)

// printEffects prints what a plan does on the hosts, one line for each effect.
func (e *env) printEffects(effects []plan.Effect, asJSON bool) error {
	out := bufio.NewWriter(e.Stdout)
	if !asJSON {
		for _, effect := range effects {
			fmt.Fprintln(out, ui.Readable(effect.String())+"  on "+ui.On(effect.Hosts))
		}
		return out.Flush()
	}
	if effects == nil {
		effects = []plan.Effect{}
	}
	text, err := json.MarshalIndent(effects, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n", dial.EscapeJSON(text))
	return out.Flush()
}
