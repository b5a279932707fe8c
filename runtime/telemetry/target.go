package telemetry

import (
	"context"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Target makes spans of what is done on a host. With a nil Trace it returns next itself.
func (t *Trace) Target(host string, next plan.Target) plan.Target {
	if t == nil {
		return next
	}
	return &traced{trace: t, host: host, next: next}
}

// traced passes steps on and makes a span of each. Steps travel together, so
// each span of a round trip lasts as long as the trip.
type traced struct {
	trace *Trace
	host  string
	next  plan.Target
}

// Do implements plan.Target.
func (t *traced) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	began := time.Now()
	results, err := t.next.Do(ctx, steps)
	t.trace.ops(t.host, began, steps, err, func(i int) *op.Error { return results[i].Error })
	return results, err
}

// Run implements plan.Target.
func (t *traced) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	began := time.Now()
	outcomes, err := t.next.Run(ctx, steps)
	ran := steps
	if err == nil {
		for i, o := range outcomes {
			if !o.Ran && o.Result.Error == nil {
				ran = steps[:i]
				break
			}
		}
	}
	t.trace.ops(t.host, began, ran, err, func(i int) *op.Error { return outcomes[i].Result.Error })
	return outcomes, err
}

// ops makes spans of one round trip. failure tells how a step went wrong; it is
// not asked where the trip as a whole did.
func (t *Trace) ops(hostName string, began time.Time, steps []target.Step, err error, failure func(int) *op.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ended := time.Now()
	for i, s := range steps {
		whose, local := unit.SplitSent(hostName, s.Unit) // another host's where that delegates it
		h := t.host(whose, began)
		parent := h.span
		if s.Unit != "" {
			parent = t.unit(h, local, began)
		}
		span := t.start(parent, string(s.Op.Kind()), began, attribute.Int("froyo.batch", len(steps)))
		if path := subject(s.Op); path != "" && !secret.Marked(path) {
			span.SetAttributes(attribute.String("froyo.subject", path))
		}
		if s.User != "" {
			span.SetAttributes(attribute.String("froyo.user", s.User))
		}
		if err != nil {
			fail(span, err)
		} else if e := failure(i); e != nil {
			span.SetStatus(codes.Error, string(e.Class))
		}
		span.End(trace.WithTimestamp(ended))
	}
}

// subject is the path or program of an op. A shell's command line is not told,
// since it may hold what an argument list would, nor what a URL has beside its
// server.
func subject(o op.Op) string {
	switch o.SubjectKind() {
	case op.SubjectCommand:
		return "sh"
	case op.SubjectURL:
		u, err := url.Parse(o.Subject())
		if err != nil {
			return ""
		}
		return u.Scheme + "://" + u.Host
	case op.SubjectName:
	}
	return o.Subject()
}
