package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runtime/telemetry"
)

var motd = unit.ID{Host: "h1", Type: "file", Key: "/etc/motd"}

func TestLogLevels(t *testing.T) {
	events := []event.Event{
		{Kind: event.HostStarted, Host: "h1"},
		{Kind: event.UnitStarted, Host: "h1", Unit: motd},
		{Kind: event.UnitFinished, Host: "h1", Unit: motd, Status: unit.Unchanged},
		{Kind: event.UnitFinished, Host: "h1", Unit: motd, Status: unit.Changed},
		{Kind: event.UnitFinished, Host: "h1", Unit: motd, Status: unit.Failed, Err: errors.New("no")},
	}
	var out bytes.Buffer
	sink := telemetry.Log(telemetry.NewLogger(&out, "r1"))
	for _, e := range events {
		sink.Emit(e)
	}
	levels := []any{}
	for _, line := range decodeLines(t, &out) {
		levels = append(levels, line["level"])
	}
	if got, want := fmt.Sprint(levels), "[info debug debug info error]"; got != want {
		t.Errorf("levels are %s, want %s", got, want)
	}
}

func TestLogFields(t *testing.T) {
	var out bytes.Buffer
	sink := telemetry.Log(telemetry.NewLogger(&out, "r1"))
	sink.Emit(event.Event{
		Kind: event.UnitFinished, Host: "h1", Play: "web", Unit: motd, Pos: diag.Pos{File: "site.star", Line: 3},
		Action: abi.Update, Status: unit.Failed, Elapsed: 1500 * time.Microsecond,
		Err: &diag.Error{Summary: "exit status 1 \x1b[31m", Detail: "password=hunter2", Hint: "look"},
	})
	want := []map[string]any{{
		"level": "error", "run": "r1", "host": "h1", "play": "web", "unit": "file[/etc/motd]", "at": "site.star:3",
		"action": "update", "status": "failed", "elapsed_ms": 1.5, "error": "exit status 1 \x1b[31m", "message": "unit.finished",
	}}
	raw := out.String()
	got := decodeLines(t, &out)
	for _, line := range got {
		if line["time"] == nil {
			t.Error("the line has no time")
		}
		delete(line, "time")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(raw, "\x1b") {
		t.Errorf("the log holds a raw escape: %q", raw)
	}
}

func decodeLines(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for dec := json.NewDecoder(out); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func BenchmarkLogOff(b *testing.B) {
	sink := telemetry.Log(zerolog.Nop())
	e := event.Event{Kind: event.UnitFinished, Host: "h1", Unit: motd}
	b.ReportAllocs()
	for b.Loop() {
		sink.Emit(e)
	}
}
