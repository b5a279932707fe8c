package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/runtime/ui/report"
	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

func TestJSONLines(t *testing.T) {
	var got strings.Builder
	j := report.NewJSONLines(&got)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, e := range uitest.Events() {
		e.Time = at
		j.Emit(e)
	}
	if err := j.Recap([]apply.Count{{Host: "h1", OK: 1}}); err != nil {
		t.Fatal(err)
	}
	uitest.Golden(t, "events.jsonl", got.String())
}

var _ event.Sink = (*report.JSONLines)(nil)
