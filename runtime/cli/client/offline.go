package client

import (
	"context"
	"fmt"
	"io"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Offline evaluates the runbook for each host without connecting to any, and tells which
// hosts could not be evaluated to the end.
func (l *Loaded) Offline(ctx context.Context) ([]run.Wanted, error) {
	all, err := l.Job.Offline(ctx)
	var partly partly
	for _, w := range all {
		if w.Stopped != nil {
			partly.add(w.Host.Name, w.Stopped)
		}
	}
	partly.tell(l.Console.Stderr)
	return all, err
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
		fmt.Fprintf(w, "%s: %s (%s)\n", ui.Readable(inventory.FoldNames(p.hosts[place])), ui.Readable(place), ui.Readable(why))
	}
}
