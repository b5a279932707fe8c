package event_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

func TestLines(t *testing.T) {
	var got strings.Builder
	l := event.NewLines(&got)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l.Emit(event.Event{Kind: event.RunStarted, Time: at, Text: "apply", Total: 2})
	l.Emit(event.Event{
		Kind: event.UnitFinished, Time: at, Host: "h1", Play: "web", Unit: unit.ParseLocal("h1", "file[/a]"),
		Pos: diag.Pos{File: "site.star", Line: 3}, Action: abi.Update, Status: unit.Changed, Elapsed: 9 * time.Millisecond,
	})
	l.Emit(event.Event{Kind: event.HostFailed, Time: at, Host: "h2", Unreachable: true, Err: errors.New("<no>\u009b & \x1b[31m")})
	errs := []error{l.Plan(map[string]string{"format": "x"}), l.Recap(map[string]event.Counts{"h1": {OK: 1, Changed: 1}, "h2": {Unreachable: 1}}), l.Err()}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want := `{"event":"run.started","time":"2026-01-02T03:04:05Z","text":"apply","total":2}
{"event":"unit.finished","time":"2026-01-02T03:04:05Z","host":"h1","play":"web","unit":"file[/a]","pos":{"file":"site.star","line":3},"action":"update","status":"changed","elapsed_ms":9}
{"event":"host.failed","time":"2026-01-02T03:04:05Z","host":"h2","error":"<no>\u009b & \u001b[31m","unreachable":true}
{"event":"plan","plan":{"format":"x"}}
{"event":"recap","hosts":{"h1":{"ok":1,"changed":1,"unreachable":0,"failed":0,"skipped":0},"h2":{"ok":0,"changed":0,"unreachable":1,"failed":0,"skipped":0}}}
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

// full cannot be written to.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAnErrorOfWritingIsKept(t *testing.T) {
	l := event.NewLines(full{})
	l.Emit(event.Event{Kind: event.RunStarted})
	l.Emit(event.Event{Kind: event.RunFinished})
	if err := l.Err(); err == nil || err.Error() != "no space left" {
		t.Errorf("got %v, expected what the first write said", err)
	}
}

var _ event.Sink = (*event.Lines)(nil)
