package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/rs/zerolog"

	"github.com/openfroyo/froyo/runtime/telemetry"
)

// logger logs a run to standard error: for people on a terminal, as JSON elsewhere.
func (e *env) logger(run string) zerolog.Logger {
	var w io.Writer = e.Stderr
	if isTerminal(e.Stderr) {
		w = zerolog.ConsoleWriter{Out: e.Stderr, NoColor: !e.color(e.Stderr), TimeFormat: "15:04:05.000"}
	}
	return telemetry.NewLogger(w, e.verbose, run)
}

// openTrace begins the trace of a run, or returns nil where none is wanted.
func (e *env) openTrace(file, run string) (*telemetry.Trace, error) {
	switch file {
	case "":
		return nil, nil
	case "-":
		return telemetry.NewTrace(e.Stderr, Version(), run)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	e.atExit = append(e.atExit, f.Close)
	return telemetry.NewTrace(f, Version(), run)
}
