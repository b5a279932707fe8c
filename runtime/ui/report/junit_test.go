package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runtime/ui/report"
)

// TestJUnitIsXMLWhateverHostsSay has names and evidence that XML cannot hold.
func TestJUnitIsXMLWhateverHostsSay(t *testing.T) {
	hostile := "a\x00b\x1b[31m<&>\"']]>\xff\ufffe\u0085\ud7ff" + string(rune(0x10ffff))
	id := unit.ID{Host: "h1", Type: "file", Key: hostile}
	p := &plan.Play{Steps: []*plan.Step{
		{Unit: &unit.Unit{ID: id, Pos: diag.Pos{File: hostile, Line: 3}}},
		{Unit: &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: "/b"}}},
		{Unit: &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: "/c"}}, Dormant: true},
	}}
	hosts := []*plan.Host{
		{Host: &inventory.Host{Name: "h1"}, Plays: map[int]*plan.Play{0: p}},
		{Host: &inventory.Host{Name: "h2"}, Err: errors.New(hostile)},
	}
	j := report.NewJUnit()
	j.Emit(event.Event{
		Kind: event.UnitFinished, Host: "h1", Unit: id, Status: unit.Failed, Elapsed: 1500 * time.Millisecond,
		Err: &diag.Error{Summary: hostile, Detail: hostile, Hint: hostile},
	})
	var got strings.Builder
	if err := j.Write(&got, hostile, []string{hostile}, hosts); err != nil {
		t.Fatal(err)
	}
	dec := xml.NewDecoder(strings.NewReader(got.String()))
	for {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, got.String())
		}
	}
	for _, want := range []string{`tests="4" failures="1" errors="1" skipped="2" time="1.500"`, `name="file[a\x00b\x1b[31m&lt;&amp;&gt;`, `<skipped message="not reached">`, `<skipped message="nothing called for its handler">`} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("lacks %q:\n%s", want, got.String())
		}
	}
	if strings.ContainsAny(got.String(), "\x00\x1b\u0085") {
		t.Errorf("control characters are left: %q", got.String())
	}
}
