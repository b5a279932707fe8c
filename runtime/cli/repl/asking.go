package repl

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/cli/client"
)

// asking asks hosts for the entry under way. Once an entry has asked two hosts of those that hosts() gave for the same facts, it is
// going through them, and the others are asked side by side.
type asking struct {
	prompt *client.Prompt
	next   runbook.Reader

	mu       sync.Mutex
	ctx      context.Context   //nolint:containedctx // that of the entry
	hosts    []*inventory.Host // that hosts() gave last
	asked    map[string]string // the first host that was asked, by what it was asked for
	together map[string]bool   // what all were asked for
	lost     []string          // hosts that did not answer
	screen   func()            // takes the screen away; nil where there is none
}

// of is the reader of an entry.
func (a *asking) of(next runbook.Reader) runbook.Reader {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = next
	return a
}

// begin begins an entry.
func (a *asking) begin(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ctx, a.asked, a.together = ctx, map[string]string{}, map[string]bool{}
}

// gave notes the hosts that hosts() gave.
func (a *asking) gave(hosts []*inventory.Host) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hosts = hosts
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

// others are the hosts that are to be asked for something, too; nil for none.
func (a *asking) others(h *inventory.Host, what string) []*inventory.Host {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.screen == nil {
		a.screen = a.prompt.Fleet.Show("asking", []*inventory.Host{h})
	}
	first, known := a.asked[what]
	if !known {
		a.asked[what] = h.Name
		return nil
	}
	isGiven := func(name string) bool {
		return slices.ContainsFunc(a.hosts, func(g *inventory.Host) bool { return g.Name == name })
	}
	if first == h.Name || a.together[what] || !isGiven(first) || !isGiven(h.Name) {
		return nil
	}
	a.together[what] = true
	a.screen()
	a.screen = a.prompt.Fleet.Show("asking", a.hosts)
	return a.hosts
}

// Facts implements runbook.Reader.
func (a *asking) Facts(ctx context.Context, h *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if all := a.others(h, n.Name); all != nil && (n.Own == nil || n.Own.Script == "") {
		_, _ = a.prompt.Fleet.Collector.Collect(ctx, all, []*facts.Namespace{n}, false) // whom it fails for is told when it is that host's turn
	}
	told, err := a.next.Facts(ctx, h, n)
	a.note(h, err)
	return told, err
}

// Do implements runbook.Reader.
func (a *asking) Do(ctx context.Context, h *inventory.Host, user string, o op.Op) (op.Result, error) {
	if all := a.others(h, ""); all != nil {
		a.prompt.Fleet.Each(all, func(_ int, h *inventory.Host) { _, _ = a.prompt.Fleet.Collector.Pool.Connect(ctx, h) }) // as above
	}
	result, err := a.next.Do(ctx, h, user, o)
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
