package rollout

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/wording"
)

// stopReason is why a play does not go on to the hosts that are left: its verify
// failed, or too many of its hosts did. nil is that it does.
func stopReason(p Play, selected, left []*host) *diag.Error {
	if len(left) == len(selected) && p.MaxFail == nil {
		return nil
	}
	var bad, unverified []string
	for _, h := range selected {
		if h.member.Err() != nil {
			bad = append(bad, h.name)
		}
		if h.unverified {
			unverified = append(unverified, h.name)
		}
	}
	switch {
	case len(unverified) > 0:
		return &diag.Error{Summary: fmt.Sprintf("play %q stopped before this host: its verify failed on %s", p.Name, inventory.FoldNames(unverified))}
	case p.MaxFail != nil && len(bad) > p.MaxFail.Down(len(p.Hosts)):
		return &diag.Error{Summary: fmt.Sprintf("play %q stopped before this host: %d of its %s failed or could not be reached (%s), and max_fail is %s",
			p.Name, len(bad), wording.Plural(len(p.Hosts), "host"), inventory.FoldNames(bad), p.MaxFail)}
	}
	return nil
}

// stopUnverified takes all hosts of a batch out of the run where the play's
// verify failed on one of them: what was rolled out does not work.
func stopUnverified(play string, hosts []*host) {
	var bad []string
	for _, h := range hosts {
		if h.unverified {
			bad = append(bad, h.name)
		}
	}
	if len(bad) == 0 {
		return
	}
	for _, h := range hosts {
		if h.member.Err() != nil {
			continue
		}
		h.member.Stop((&diag.Error{
			Summary: fmt.Sprintf("verify of play %q failed on %s, so the play stops here as well", play, strings.TrimSpace(inventory.FoldNames(bad))),
		}).WithHint("what was changed stays; fix the cause, and the same run does the rest"))
	}
}
