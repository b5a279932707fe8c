package event_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/target"
)

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		event event.Event
	}{
		{"host", event.Event{Kind: event.HostStarted, Time: at, Host: "h1", Total: 3}},
		{"unit", event.Event{
			Kind: event.UnitFinished, Time: at, Host: "h1", Play: "web", Unit: unit.ParseLocal("h1", "file[/etc/motd]"),
			Pos: diag.Pos{File: "site.star", Line: 3}, Action: abi.Update, Status: unit.Failed, Elapsed: 1500 * time.Millisecond, Ignored: true,
			Err: (&diag.Error{Summary: "no space left", Detail: "df: 100%"}).WithHint("make room"),
		}},
		{"host lost", event.Event{Kind: event.HostFailed, Time: at, Host: "h1", Unreachable: true, Err: &target.Error{Host: "h1", Message: "gone", Hint: "look"}}},
		{"other error", event.Event{Kind: event.HostFailed, Time: at, Err: errors.New("<odd>")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data, err := event.Encode(test.event)
			if err != nil {
				t.Fatal(err)
			}
			got, err := event.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.event.Record(), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnErrorIsTakenApart(t *testing.T) {
	r := event.Event{Err: &target.Error{Host: "h1", Message: "gone", Detail: "evidence", Hint: "look"}}.Record()
	if r.Error != "gone" || r.Detail != "evidence" || r.Hint != "look" || r.Time.IsZero() {
		t.Errorf("%+v", r)
	}
}
