package uitest

import (
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// Events are those of a host: a unit that changes, one that is right, one that fails.
func Events() []event.Event {
	id := unit.ID{Host: "h1", Type: "file", Key: "/etc/motd"}
	return []event.Event{
		{Kind: event.HostStarted, Host: "h1"},
		{Kind: event.UnitStarted, Host: "h1", Unit: id},
		{Kind: event.UnitFinished, Host: "h1", Unit: id, Status: unit.Changed, Elapsed: 2 * time.Second},
		{Kind: event.UnitFinished, Host: "h1", Unit: id, Status: unit.Unchanged},
		{Kind: event.UnitFinished, Host: "h1", Unit: id, Status: unit.Failed, Err: errors.New("x")},
		{Kind: event.Printed, Pos: diag.Pos{File: "a.star", Line: 1}, Text: "hello \x1b]0;x\x07"},
		{Kind: event.HostFinished, Host: "h1"},
	}
}
