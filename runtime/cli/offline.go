package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/op"
)

// wanted is what a runbook wants of a host, as far as that is known without asking it.
type wanted struct {
	host *inventory.Host
	*plan.Evaluation
}

// offline evaluates the runbook for each host without connecting to any, with
// the facts that earlier runs stored. Where one is missing that host is
// evaluated up to there, which is told.
func (j *job) offline(ctx context.Context) ([]wanted, error) {
	store, err := j.openStored(ctx)
	if err != nil {
		return nil, err
	}
	defer store.close() //nolint:errcheck // it was only read
	var all []wanted
	var errs []error
	var partly partly
	for _, h := range j.selection.hosts {
		ev, stopped, err := j.evaluate(ctx, h, store)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, wanted{h, ev})
		j.env.errors.Warnings(ev.Warnings)
		if stopped != nil {
			partly.add(h.Name, stopped)
		}
	}
	partly.tell(j.env.Stderr)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, j.targets.Unmatched()
}

// partly collects hosts that could not be evaluated to the end, by where that was.
type partly struct {
	places []string
	hosts  map[string][]string
	why    map[string]string
}

func (p *partly) add(host string, stopped *diag.Error) {
	if p.hosts == nil {
		p.hosts, p.why = map[string][]string{}, map[string]string{}
	}
	if p.hosts[stopped.Summary] == nil {
		p.places = append(p.places, stopped.Summary)
		p.why[stopped.Summary] = stopped.Detail
	}
	p.hosts[stopped.Summary] = append(p.hosts[stopped.Summary], host)
}

func (p *partly) tell(w io.Writer) {
	for _, place := range p.places {
		why := p.why[place]
		if hosts := p.hosts[place]; len(hosts) > 1 {
			why = "what it needs of these hosts is not known without a connection"
		}
		fmt.Fprintf(w, "%s: %s (%s)\n", inventory.FoldNames(p.hosts[place]), place, why)
	}
}

// stored answers what is known of hosts without a connection: the facts that
// earlier runs kept. It implements builtins.Reader.
type stored struct {
	facts state.Hosts // nil where nothing was ever stored
	where string
	close func() error
}

// Facts implements builtins.Reader.
func (s *stored) Facts(ctx context.Context, h *inventory.Host, namespace string) (map[string]any, error) {
	if s.facts == nil {
		return nil, fmt.Errorf("facts of %s: %w", h.Name, builtins.ErrNotKnown)
	}
	facts, err := s.facts.Facts(ctx, s.where, h.Name)
	if err != nil {
		return nil, err
	}
	for _, f := range facts {
		if f.Namespace != namespace || !f.Fresh(time.Now()) {
			continue
		}
		var values map[string]any
		if err := json.Unmarshal(f.Data, &values); err != nil {
			return nil, fmt.Errorf("stored facts of %s: %w", h.Name, err)
		}
		return values, nil
	}
	return nil, fmt.Errorf("facts of %s: %w", h.Name, builtins.ErrNotKnown)
}

// Do implements builtins.Reader: no host is asked.
func (*stored) Do(_ context.Context, h *inventory.Host, _ string, o op.Op) (op.Result, error) {
	return op.Result{}, fmt.Errorf("%s of %s: %w", o, h.Name, builtins.ErrNotKnown)
}

var _ builtins.Reader = (*stored)(nil)
