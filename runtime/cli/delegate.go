package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
)

// delegate gives the engine a host of the inventory that units of others act
// on, which need not be one of the run's. It shares its connection with all.
func (r *run) delegate(ctx context.Context, name string) (*inventory.Host, plan.Target, error) {
	h := r.inventory.Host(name)
	if h == nil {
		return nil, nil, fmt.Errorf("the inventory has no host %s", name)
	}
	t, err := r.connect(ctx, h)
	return h, t, err
}

// delegatesSeen notes which machines answered on which units of others act. Those
// of the run itself are noted as its hosts.
func (r *recording) delegatesSeen(ctx context.Context, hosts []*plan.Host, now time.Time) error {
	seen := map[string]bool{}
	for _, h := range hosts {
		seen[h.Host.Name] = true
	}
	for _, h := range hosts {
		for _, s := range h.Steps() {
			if s.On == nil || s.On.MachineID() == "" || seen[s.On.Host.Name] {
				continue
			}
			seen[s.On.Host.Name] = true
			if err := r.sighting(ctx, s.On, now); err != nil {
				return err
			}
		}
	}
	return nil
}
