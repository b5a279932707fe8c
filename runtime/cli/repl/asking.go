package repl

import (
	"context"
	"errors"
	"sync"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/cli/client"
)

// asking asks hosts for the entry under way. An entry that asks the hosts that hosts() gave it in their order, one after the other, is
// going through them: the next ones are then asked ahead, side by side, at most three for each that it has asked.
type asking struct {
	prompt *client.Prompt
	below  runbook.Reader

	mu     sync.Mutex
	ctx    context.Context   //nolint:containedctx // that of the entry
	hosts  []*inventory.Host // that hosts() gave last in this entry
	rounds map[string]*round // by what hosts are asked for
	lost   []string          // hosts that did not answer
	screen func()            // takes the screen away; nil where there is none
}

// round is how far an entry has gone through the hosts.
type round struct {
	asked, ahead int  // hosts
	broken       bool // it asks in another order
}

// of is the reader of an entry.
func (a *asking) of(below runbook.Reader) runbook.Reader {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.below = below
	return a
}

// begin begins an entry.
func (a *asking) begin(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ctx, a.hosts, a.rounds = ctx, nil, map[string]*round{}
}

// gave notes the hosts that hosts() gave.
func (a *asking) gave(hosts []*inventory.Host) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hosts, a.rounds = hosts, map[string]*round{}
}

// end takes the screen away.
func (a *asking) end() {
	a.mu.Lock()
	end := a.screen
	a.screen = nil
	a.mu.Unlock()
	if end != nil {
		end()
	}
}

// takeLost gives the hosts that did not answer, once.
func (a *asking) takeLost() (lost []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	lost, a.lost = a.lost, nil
	return lost
}

// next are the hosts that are to be asked for something together with one, nil for that alone.
func (a *asking) next(h *inventory.Host, what string) []*inventory.Host {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx.Err() != nil {
		return nil
	}
	if a.screen == nil {
		a.screen = a.prompt.Fleet.Show("asking", []*inventory.Host{h})
	}
	r := a.rounds[what]
	if r == nil {
		r = &round{}
		a.rounds[what] = r
	}
	switch {
	case r.broken, r.asked > 0 && a.hosts[r.asked-1].Name == h.Name:
		return nil
	case r.asked == len(a.hosts) || a.hosts[r.asked].Name != h.Name:
		r.broken = true
		return nil
	}
	if r.asked++; r.asked < 2 || r.asked <= r.ahead {
		return nil
	}
	r.ahead = min(len(a.hosts), 4*r.asked)
	hosts := a.hosts[r.asked-1 : r.ahead]
	a.screen()
	a.screen = a.prompt.Fleet.Show("asking", hosts)
	return hosts
}

// Facts implements runbook.Reader.
func (a *asking) Facts(ctx context.Context, h *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	h, err := a.prompt.Host(h.Name) // as it is now: a value may be of before reload()
	if err != nil {
		return nil, err
	}
	if all := a.next(h, n.Name); all != nil && (n.Own == nil || n.Own.Script == "") {
		_, _ = a.prompt.Fleet.Collector.Collect(ctx, all, []*facts.Namespace{n}, false) // whom it fails for is told when it is that host's turn
	}
	told, err := a.below.Facts(ctx, h, n)
	a.note(h, err)
	return told, err
}

// Do implements runbook.Reader.
func (a *asking) Do(ctx context.Context, h *inventory.Host, user string, o op.Op) (op.Result, error) {
	h, err := a.prompt.Host(h.Name)
	if err != nil {
		return op.Result{}, err
	}
	if all := a.next(h, ""); all != nil {
		a.prompt.Fleet.Each(all, func(_ int, h *inventory.Host) { _, _ = a.prompt.Fleet.Collector.Pool.Connect(ctx, h) }) // as above
	}
	result, err := a.below.Do(ctx, h, user, o)
	a.note(h, err)
	return result, err
}

// note notes a host that is lost.
func (a *asking) note(h *inventory.Host, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if lost, ok := errors.AsType[*target.Error](err); ok && lost.Unreachable() || errors.Is(err, context.Canceled) {
		a.lost = append(a.lost, h.Name)
	}
}
