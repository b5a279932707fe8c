package telemetry

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// Trace makes spans of a run: the run, its hosts, their units, the ops of each.
// It implements event.Sink, and takes the ops by way of Target. A nil Trace is
// off: every method does nothing.
type Trace struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	run      trace.Span
	out      *sink

	mu    sync.Mutex // guards hosts and what they hold
	hosts map[string]*host
}

// host is the open span of a host, and those of its units.
type host struct {
	span  trace.Span
	units map[string]trace.Span
}

// NewTrace writes spans to w, a line of JSON each, until Close. The provider is
// this trace's own: nothing global is set.
func NewTrace(w io.Writer, version, run string) (*Trace, error) {
	out := &sink{w: shown{w}}
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(out))
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sdk.AlwaysSample()),
		sdk.WithBatcher(exporter, sdk.WithBlocking()), // a span is never dropped
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "froyo"), attribute.String("service.version", version))),
	)
	t := &Trace{provider: provider, tracer: provider.Tracer("froyo"), out: out, hosts: map[string]*host{}}
	t.run = t.start(nil, "run", time.Now(), attribute.String("froyo.run", run))
	return t, nil
}

// start opens a span below parent, or a root where that is nil.
func (t *Trace) start(parent trace.Span, name string, at time.Time, attrs ...attribute.KeyValue) trace.Span {
	ctx := context.Background()
	if parent != nil {
		ctx = trace.ContextWithSpan(ctx, parent)
	}
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(at), trace.WithAttributes(attrs...))
	return span
}

// Emit implements event.Sink.
func (t *Trace) Emit(e event.Event) {
	if t == nil || e.Host == "" {
		return
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch h := t.host(e.Host, e.Time); e.Kind {
	case event.HostPlanned:
		h.span.SetAttributes(attribute.Int("froyo.units", e.Total))
		h.endUnits(e.Time)
	case event.HostFailed:
		fail(h.span, e.Err)
		h.endUnits(e.Time)
	case event.UnitStarted:
		t.unit(h, e.Unit.Local(), e.Time)
	case event.UnitFinished:
		t.endUnit(h, e)
	case event.HostFinished:
		fail(h.span, e.Err)
		h.endUnits(e.Time)
		h.span.End(trace.WithTimestamp(e.Time))
		delete(t.hosts, e.Host)
	}
}

// host returns the open span of a host, opening it where there is none.
func (t *Trace) host(name string, at time.Time) *host {
	h := t.hosts[name]
	if h == nil {
		h = &host{span: t.start(t.run, "host", at, attribute.String("froyo.host", name)), units: map[string]trace.Span{}}
		t.hosts[name] = h
	}
	return h
}

// unit returns the open span of a unit, opening it where there is none.
func (t *Trace) unit(h *host, name string, at time.Time) trace.Span {
	span := h.units[name]
	if span == nil {
		span = t.start(h.span, "unit", at, attribute.String("froyo.unit", name))
		h.units[name] = span
	}
	return span
}

func (t *Trace) endUnit(h *host, e event.Event) {
	name := e.Unit.Local()
	span := t.unit(h, name, e.Time.Add(-e.Elapsed))
	span.SetAttributes(attribute.String("froyo.action", string(e.Action)), attribute.String("froyo.status", string(e.Status)))
	if e.Status == unit.Failed {
		fail(span, e.Err)
	}
	span.End(trace.WithTimestamp(e.Time))
	delete(h.units, name)
}

func (h *host) endUnits(at time.Time) {
	for name, span := range h.units {
		span.End(trace.WithTimestamp(at))
		delete(h.units, name)
	}
}

func fail(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, summary(err))
	}
}

// Close ends what is open and returns once all is written.
func (t *Trace) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	now := time.Now()
	for _, h := range t.hosts {
		h.endUnits(now)
		h.span.End(trace.WithTimestamp(now))
	}
	clear(t.hosts)
	t.run.End(trace.WithTimestamp(now))
	t.mu.Unlock()
	return errors.Join(t.provider.Shutdown(ctx), t.out.failure())
}

// sink keeps the first error of writing for Close: the exporter would hand it
// to a global handler, which prints.
type sink struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
	return len(p), nil
}

func (s *sink) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
