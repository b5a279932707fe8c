package systemd

import (
	"context"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// maxUnits bounds how many services are told.
const maxUnits = 10_000

// Units tells the loaded services. A host that has no systemd, or whose
// systemd does not answer, has none and no manager.
func (m *Manager) Units(ctx context.Context) *op.SvcUnits {
	result := &op.SvcUnits{Units: map[string]op.SvcUnit{}}
	if !m.runs() {
		return result
	}
	answers, err := m.exchange(ctx, []call{manager("ListUnits", false)})
	if err != nil {
		return result
	}
	units, err := listed(answers[0])
	if err != nil {
		return result
	}
	result.Manager = "systemd"
	for _, u := range units {
		if strings.HasSuffix(u.id, ".service") && len(result.Units) < maxUnits {
			result.Units[u.id] = op.SvcUnit{Active: u.Active, Sub: u.Sub, Load: u.Load}
		}
	}
	return result
}
