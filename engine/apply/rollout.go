package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
)

// play carries out one play, batch by batch.
func (s *scheduler) play(ctx context.Context, index int, p Play, all []*hostRun) {
	s.throttles, s.onces = map[string]*throttle{}, map[string]*once{}
	var runs, selected []*hostRun
	named := make(map[string]bool, len(p.Hosts))
	for _, name := range p.Hosts {
		named[name] = true
	}
	for _, r := range all {
		if named[r.host.Host.Name] {
			selected = append(selected, r)
		}
		if part := r.host.Plays[index]; part != nil {
			runs = append(runs, r)
			r.begin(p.Name, part)
			s.recall(part)
		}
	}
	done := 0
	for k, n := range batches(len(runs), p.Batch) {
		if stopped := halt(p, selected, runs[done:]); stopped != nil {
			for _, r := range runs[done:] {
				r.stay(stopped)
			}
			break
		}
		s.take(ctx, Batch{Play: p.Name, Index: k}, runs[done:done+n])
		s.batch(ctx, index, runs[done:done+n])
		stop(p.Name, runs[done:done+n])
		done += n
	}
	for _, r := range runs {
		if index == r.last {
			r.end()
		}
	}
}

// batch carries out a play's part on some of its hosts: their units and
// handlers, and when all are through, verify. A host that has nothing more to
// do then says so at once.
func (s *scheduler) batch(ctx context.Context, index int, runs []*hostRun) {
	verifies := slices.ContainsFunc(runs, func(r *hostRun) bool { return len(r.play.Verify) > 0 })
	s.phase(runs, func(r *hostRun) {
		r.units(ctx)
		if verifies {
			return
		}
		r.through()
		if index == r.last {
			r.end()
		}
	})
	if verifies {
		s.phase(runs, func(r *hostRun) {
			r.run(ctx, r.play.Verify)
			r.through()
		})
	}
}

// halt is why a play does not go on to the hosts that are left: its verify
// failed, or too many of its hosts did. nil is that it does.
func halt(p Play, selected, left []*hostRun) *diag.Error {
	if len(left) == len(selected) && p.MaxFail == nil {
		return nil
	}
	var bad, unverified []string
	for _, r := range selected {
		if r.err != nil {
			bad = append(bad, r.host.Host.Name)
		}
		if r.unverified {
			unverified = append(unverified, r.host.Host.Name)
		}
	}
	switch {
	case len(unverified) > 0:
		return &diag.Error{Summary: fmt.Sprintf("play %q stopped before this host: its verify failed on %s", p.Name, inventory.FoldNames(unverified))}
	case p.MaxFail != nil && len(bad) > p.MaxFail.Down(len(p.Hosts)):
		return &diag.Error{Summary: fmt.Sprintf("play %q stopped before this host: %d of its %d hosts failed or could not be reached (%s), and max_fail is %s",
			p.Name, len(bad), len(p.Hosts), inventory.FoldNames(bad), p.MaxFail)}
	}
	return nil
}

// stop takes all hosts of a play out of the run where its verify failed on one
// of them: what was rolled out is not well.
func stop(play string, runs []*hostRun) {
	var bad []string
	for _, r := range runs {
		if r.unverified {
			bad = append(bad, r.host.Host.Name)
		}
	}
	if len(bad) == 0 {
		return
	}
	for _, r := range runs {
		if r.err != nil {
			continue
		}
		r.err = (&diag.Error{
			Summary: fmt.Sprintf("verify of play %q failed on %s, so the play stops here as well", play, strings.TrimSpace(inventory.FoldNames(bad))),
			Host:    r.host.Host.Name, Code: diag.Failed,
		}).WithHint("what was changed stays; once it is well, the same run does the rest")
		r.count.Failed++
		r.Events.Emit(event.Event{Kind: event.HostStopped, Host: r.host.Host.Name, Play: play, Err: r.err})
	}
}
