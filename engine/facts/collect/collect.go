// Package collect knows the facts of many hosts: it takes what is kept while that is fresh, asks for the rest, all of a host at
// once and many hosts side by side, and keeps what they tell.
//
// It imports engine/facts, engine/fleet and the declarations of the store.
package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Collector asks hosts and keeps what they tell. Its methods may be called by many goroutines.
type Collector struct {
	Pool *fleet.Pool
	// Store is where facts are kept, nil where they are not; Workspace is its ID there.
	Store     state.Store
	Workspace string
	// Function has a function of the workspace tell facts, which may ask the host by way of a reader.
	Function func(ctx context.Context, h *inventory.Host, n *facts.Namespace, r runbook.Reader) (map[string]any, error)
	// Forks bounds the hosts that are asked at once.
	Forks int
	// Events is told which hosts were reached and which failed; Warn of machines that were replaced.
	Events event.Sink
	Warn   func(*diag.Error)

	mu    sync.Mutex
	known map[string]map[string]Fact // by host and namespace, as they were kept
}

// Fact is what is known of a namespace of a host.
type Fact struct {
	Values map[string]any
	Time   time.Time
	Source string // what told it
	TTL    time.Duration
	// Kept says that it was not asked for now.
	Kept bool
	// Err is why there are no values.
	Err error
}

// Fresh reports whether it may be relied on.
func (f Fact) Fresh(now time.Time) bool { return f.Err == nil && now.Before(f.Time.Add(f.TTL)) }

// Answer is what is known of a host.
type Answer struct {
	Host      *inventory.Host
	MachineID string
	// Facts are by namespace.
	Facts map[string]Fact
	// Err is why the host could not be asked.
	Err error
}

// Kept gives what is kept of a host's facts, fresh or not.
func (c *Collector) Kept(ctx context.Context, h *inventory.Host) (map[string]Fact, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept, ok := c.known[h.Name]; ok || c.Store == nil {
		return kept, nil
	}
	stored, err := c.Store.Facts(ctx, c.Workspace, h.Name)
	if err != nil {
		return nil, err
	}
	kept := map[string]Fact{}
	for _, s := range stored {
		f := Fact{Time: s.Time, Source: s.Source, TTL: s.TTL, Kept: true}
		if err := codec.Unmarshal(s.Data, &f.Values); err != nil {
			return nil, fmt.Errorf("kept facts %s of %s: %w", s.Namespace, h.Name, err)
		}
		kept[s.Namespace] = f
	}
	if c.known == nil {
		c.known = map[string]map[string]Fact{}
	}
	c.known[h.Name] = kept
	return kept, nil
}

// Collect gives namespaces of the facts of hosts, in the hosts' order. What is kept and fresh is not asked for again, unless
// anew is set. What hosts tell is kept. The error is that of the whole; of a host it is in its answer.
func (c *Collector) Collect(ctx context.Context, hosts []*inventory.Host, namespaces []*facts.Namespace, anew bool) ([]Answer, error) {
	answers := make([]Answer, len(hosts))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(c.Forks, 1))
	for i, h := range hosts {
		g.Go(func() error {
			var err error
			answers[i], err = c.host(gctx, h, namespaces, anew)
			if answers[i].Err != nil {
				lost, ok := errors.AsType[*target.Error](answers[i].Err)
				c.emit(event.Event{Kind: event.HostFailed, Time: time.Now(), Host: h.Name, Err: answers[i].Err, Unreachable: ok && lost.Unreachable()})
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return answers, c.keep(ctx, answers)
}

// note takes what a host told in place of what was kept of it.
func (c *Collector) note(h *inventory.Host, told map[string]Fact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := maps.Clone(c.known[h.Name])
	if known == nil {
		known = map[string]Fact{}
	}
	for name, f := range told {
		if f.Err == nil {
			f.Kept = true
			known[name] = f
		}
	}
	if c.known == nil {
		c.known = map[string]map[string]Fact{}
	}
	c.known[h.Name] = known
}

// forget drops what is kept of a host.
func (c *Collector) forget(h *inventory.Host) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]map[string]Fact{}
	}
	c.known[h.Name] = map[string]Fact{}
}

func (c *Collector) emit(e event.Event) {
	if c.Events != nil {
		c.Events.Emit(e)
	}
}

// host gives the facts of one host.
func (c *Collector) host(ctx context.Context, h *inventory.Host, namespaces []*facts.Namespace, anew bool) (Answer, error) {
	a := Answer{Host: h, Facts: map[string]Fact{}}
	kept, err := c.Kept(ctx, h)
	if err != nil {
		return a, err
	}
	now := time.Now()
	var ask, call []*facts.Namespace
	for _, n := range namespaces {
		f, found := kept[n.Name]
		switch {
		case !anew && found && f.Fresh(now) && n.Check(f.Values) == nil:
			a.Facts[n.Name] = f
		case n.Own != nil && n.Own.Script != "":
			call = append(call, n)
		default:
			ask = append(ask, n)
		}
	}
	before, _ := kept[facts.Basic].Values["machine_id"].(string)
	if a.MachineID = before; len(ask)+len(call) == 0 {
		return a, nil
	}
	told, err := c.Pool.Collect(ctx, h, ask)
	if err != nil {
		a.Err = err
		return a, nil
	}
	if a.MachineID = c.Pool.Known(h).MachineID(); before != "" && a.MachineID != before {
		c.forget(h) // another machine: nothing that was kept is its own
		return c.host(ctx, h, namespaces, true)
	}
	c.emit(event.Event{Kind: event.HostReached, Time: time.Now(), Host: h.Name})
	for i, n := range ask {
		a.Facts[n.Name] = Fact{Values: told[i].Values, Err: told[i].Err, Time: now, TTL: n.TTL, Source: n.Source()}
	}
	c.note(h, a.Facts) // what functions read is not older than this
	for _, n := range call {
		values, err := c.Function(ctx, h, n, c.Reader())
		a.Facts[n.Name] = Fact{Values: values, Err: err, Time: now, TTL: n.TTL, Source: n.Source()}
	}
	c.note(h, a.Facts)
	c.emit(event.Event{Kind: event.HostFinished, Time: time.Now(), Host: h.Name})
	return a, nil
}

// keep stores what was told now. A host without a machine-id cannot be told from another of its name, so that nothing of it is kept.
func (c *Collector) keep(ctx context.Context, answers []Answer) error {
	if c.Store == nil {
		return nil
	}
	var told []state.Fact
	for _, a := range answers {
		if a.MachineID == "" || allKept(a.Facts) {
			continue
		}
		known, err := c.Store.HostSeen(ctx, state.Sighting{Workspace: c.Workspace, Host: a.Host.Name, MachineID: a.MachineID, Time: time.Now()})
		if err != nil {
			return err
		}
		if known.Replaced != "" && c.Warn != nil {
			c.Warn(Replaced(a.Host.Name, a.MachineID, known.Replaced))
		}
		for name, f := range a.Facts {
			if f.Kept || f.Err != nil {
				continue
			}
			data, err := json.Marshal(f.Values)
			if err != nil {
				return err
			}
			told = append(told, state.Fact{
				Workspace: c.Workspace, Host: a.Host.Name, MachineID: a.MachineID, Namespace: name, Data: data, Time: f.Time, TTL: f.TTL, Source: f.Source,
			})
		}
	}
	if len(told) == 0 {
		return nil
	}
	return c.Store.PutFacts(ctx, told)
}

// allKept reports whether nothing was told now.
func allKept(known map[string]Fact) bool {
	for _, f := range known {
		if !f.Kept {
			return false
		}
	}
	return true
}

// Replaced says that another machine answers under a host's name than before.
func Replaced(host, now, before string) *diag.Error {
	return (&diag.Error{
		Host:    host,
		Summary: fmt.Sprintf("a new machine answers under this name (machine-id %s, before %s); what was known of the old one is kept apart", now, before),
	}).WithHint("if that is a surprise, find out which machine you are talking to")
}

// Reader answers what an evaluation asks of hosts: facts that are kept and fresh, and for the rest the hosts themselves.
func (c *Collector) Reader() runbook.Reader { return reader{c} }

type reader struct{ c *Collector }

// Facts implements runbook.Reader. What was asked for is kept.
func (r reader) Facts(ctx context.Context, h *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if n.Own != nil && n.Own.Script != "" {
		kept, err := r.c.Kept(ctx, h)
		if err != nil {
			return nil, err
		}
		if f, found := kept[n.Name]; found && f.Fresh(time.Now()) && n.Check(f.Values) == nil {
			return f.Values, nil
		}
		return nil, fmt.Errorf("%s: %w", n.Name, runbook.ErrNotKnown)
	}
	answers, err := r.c.Collect(ctx, []*inventory.Host{h}, []*facts.Namespace{n}, false)
	if err != nil {
		return nil, err
	}
	if answers[0].Err != nil {
		return nil, answers[0].Err
	}
	f := answers[0].Facts[n.Name]
	return f.Values, f.Err
}

// Do implements runbook.Reader.
func (r reader) Do(ctx context.Context, h *inventory.Host, user string, o op.Op) (op.Result, error) {
	return r.c.Pool.Do(ctx, h, user, o)
}
