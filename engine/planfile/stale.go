package planfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// Stale tells how a host differs from its saved plan, or returns nil where it
// is as it was: the same machine, the same inputs, the same units, each found
// as it was found then.
func Stale(saved, now *Host) *diag.Error {
	stale := func(pos diag.Pos, name, format string, args ...any) *diag.Error {
		e := diag.Errorf(pos, format, args...).WithCode(diag.Stale).
			WithHint("nothing was done on this host; make a new plan and review it")
		e.Host, e.Unit = saved.Name, name
		if !sameJSON(saved.Inputs, now.Inputs) { // which may be why
			e.Detail = changed(saved.Inputs, now.Inputs)
		}
		return e
	}
	if saved.Error != "" {
		return stale(diag.Pos{}, "", "the saved plan does not hold this host: %s", saved.Error)
	}
	if saved.MachineID != now.MachineID {
		return stale(diag.Pos{}, "", "another machine answers: machine-id %s, planned for %s", orNone(now.MachineID), orNone(saved.MachineID))
	}
	var hook *diag.Error
	for i := range max(len(saved.Units), len(now.Units)) {
		switch {
		case i >= len(now.Units):
			u := saved.Units[i]
			return stale(u.Pos, u.Unit, "the unit is planned, but the runbook no longer wants it on this host")
		case i >= len(saved.Units):
			u := now.Units[i]
			return stale(u.Pos, u.Unit, "the runbook now wants a unit that is not in the plan")
		}
		was, is := saved.Units[i], now.Units[i]
		if was.Unit != is.Unit {
			return stale(is.Pos, is.Unit, "the runbook now wants this unit where the plan has %s", was.Unit)
		}
		if why, detail := unitDiffers(&was, &is); why != "" {
			e := stale(was.Pos, was.Unit, "%s", why)
			e.Detail = strings.Trim(detail+"\n"+e.Detail, "\n")
			if !unit.IsHook(was.Handler) {
				return e
			}
			if hook == nil { // what the play changes decides about its hooks, and is told first
				hook = e
			}
		}
	}
	if hook != nil {
		return hook
	}
	if pos, why := barriersDiffer(saved.Barriers, now.Barriers); why != "" {
		return stale(pos, "", "%s", why)
	}
	if !sameJSON(saved.Inputs, now.Inputs) {
		return stale(diag.Pos{}, "", "what the runbook learned from the host (facts, reads, vars) has changed since the plan")
	}
	return nil
}

// unitDiffers says what changed about a unit since it was planned, or "", and in detail from
// what to what.
func unitDiffers(was, is *Unit) (why, detail string) {
	switch {
	case was.Error == "" && is.Error != "":
		return "it can no longer be planned: " + is.Error, ""
	case !sameJSON(was.Before, is.Before):
		return "the host has changed since the plan", changed(was.Before, is.Before)
	case !sameJSON(was.Args, is.Args):
		return "its arguments are no longer those of the plan", changed(was.Args, is.Args)
	case was.PendingHandler == nil && is.PendingHandler != nil:
		return fmt.Sprintf("run %s since the plan left its handler pending", is.PendingHandler.Run), ""
	case was.PendingHandler != nil && is.PendingHandler == nil:
		return "its handler was pending then, and has run or been dropped since", ""
	case was.Action != is.Action:
		return fmt.Sprintf("it would now do %q, planned was %q", is.Action, was.Action), ""
	}
	a, errA := json.Marshal(was)
	b, errB := json.Marshal(is)
	switch {
	case errA == nil && errB == nil && sameJSON(a, b):
		return "", ""
	case was.Sensitive && was.Digest != is.Digest:
		return "it is no longer as planned", "what it finds or sets is sensitive and has another digest"
	}
	return "it is no longer as planned", changed(a, b)
}

// sameJSON compares what JSON texts say: white space does not count, nor how a
// character is spelled.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return len(a) == 0 && len(b) == 0
	}
	return bytes.Equal(x.Bytes(), y.Bytes()) || reflect.DeepEqual(valueOf(a), valueOf(b))
}

// valueOf reads a JSON text, with its numbers as they are written.
func valueOf(text json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return text // equal to nothing but itself
	}
	return value
}

func orNone(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
