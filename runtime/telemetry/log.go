// Package telemetry lets a run be watched by machines: a log of its events,
// and spans of run, host, unit and op. Both speak of names, paths and
// outcomes, never of content, arguments or output, so there is nothing to
// redact; both cost next to nothing while they are off.
//
// It imports the engine; only runtime/cli imports it.
package telemetry

import (
	"errors"
	"io"

	"github.com/rs/zerolog"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/escape"
)

// NewLogger makes a logger of a run, or where that is "", of a command as a whole. Each line has a level: debug is
// for each step, info for what an operator follows, error for what failed.
func NewLogger(w io.Writer, run string) zerolog.Logger {
	with := zerolog.New(shown{w}).Level(zerolog.DebugLevel).With().Timestamp()
	if run != "" {
		with = with.Str("run", run)
	}
	return with.Logger()
}

// shown writes lines of JSON that a terminal only shows.
type shown struct{ w io.Writer }

func (s shown) Write(line []byte) (int, error) {
	if _, err := s.w.Write(escape.JSON(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// Log makes a sink that logs events.
func Log(logger zerolog.Logger) event.Sink {
	return event.Func(func(e event.Event) {
		if level := level(e); e.Kind != event.UnitOutput && level >= logger.GetLevel() {
			fields(logger.WithLevel(level), e).Msg(string(e.Kind))
		}
	})
}

// level grades an event: what failed, what an operator follows, what happens in between.
func level(e event.Event) zerolog.Level {
	switch {
	case e.Err != nil:
		return zerolog.ErrorLevel
	case e.Kind == event.UnitStarted, e.Kind == event.UnitNoted, e.Kind == event.HostReached, e.Kind == event.UnitFinished && e.Status != unit.Changed:
		return zerolog.DebugLevel
	}
	return zerolog.InfoLevel
}

func fields(line *zerolog.Event, e event.Event) *zerolog.Event {
	text := func(name, value string) {
		if value != "" {
			line.Str(name, secret.Mask(value))
		}
	}
	text("host", e.Host)
	text("play", e.Play)
	if e.Unit.Type != "" {
		line.Str("unit", e.Unit.Local())
	}
	text("at", e.Pos.String())
	text("action", string(e.Action))
	text("status", string(e.Status))
	text("reason", e.Reason)
	text("text", e.Text)
	if e.Elapsed > 0 {
		line.Dur("elapsed_ms", e.Elapsed)
	}
	if e.Total > 0 {
		line.Int("total", e.Total)
	}
	if e.Err != nil {
		line.Str("error", summary(e.Err))
	}
	return line
}

// summary is an error's one line, without the evidence from hosts that may go with it.
func summary(err error) string {
	if d, ok := errors.AsType[*diag.Error](err); ok {
		return secret.Mask(d.Summary)
	}
	return secret.Mask(err.Error())
}
