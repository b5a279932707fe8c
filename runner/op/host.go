package op

import (
	"errors"
	"strconv"
	"strings"
)

// The kinds of op on the host as a whole.
const (
	KindWait    Kind = "host.wait"
	KindRestart Kind = "host.restart"
)

// MaxWait bounds how long may be waited for, in milliseconds.
const MaxWait = 24 * 3600 * 1000

// Wait waits on the host until one thing is so: a port answers, a path is there, or a unit of the service manager runs; with
// Gone until it is no longer so. It changes nothing. A thing that does not come about in time is an error, of the class Transient.
type Wait struct {
	// Port is one on Address, a name or an IP address.
	Port    int    `json:"port,omitempty"`
	Address string `json:"address,omitempty"`
	// Path is there, of whatever type; with Contains it is a file that holds that text.
	Path     string `json:"path,omitempty"`
	Contains string `json:"contains,omitempty"`
	Unit     string `json:"unit,omitempty"` // its full name: "nginx.service"
	Gone     bool   `json:"gone,omitempty"`
	// TimeoutMS bounds the whole, attempts are IntervalMS apart. Both in milliseconds.
	TimeoutMS  int64 `json:"timeout_ms"`
	IntervalMS int64 `json:"interval_ms"`
}

func (w *Wait) kind() Kind    { return KindWait }
func (w *Wait) changes() bool { return false }
func (w *Wait) probes()       {}
func (w *Wait) ends()         {}
func (w *Wait) scope() Scope  { return ScopeNone }
func (w *Wait) subject() string {
	switch {
	case w.Path != "":
		return w.Path
	case w.Unit != "":
		return w.Unit
	}
	return w.Address + ":" + strconv.Itoa(w.Port)
}

func (w *Wait) lasts() int64 { return w.TimeoutMS }

func (w *Wait) validate() error {
	things := 0
	for _, given := range []bool{w.Port != 0, w.Path != "", w.Unit != ""} {
		if given {
			things++
		}
	}
	switch {
	case things != 1:
		return errors.New("give one of port, path and unit")
	case w.Port < 0 || w.Port > 65535 || (w.Port != 0) != (w.Address != ""):
		return errors.New("port is not within 1 to 65535, or stands without an address")
	case w.Contains != "" && (w.Path == "" || w.Gone):
		return errors.New("contains is for a file that is there")
	case w.TimeoutMS <= 0 || w.TimeoutMS > MaxWait || w.IntervalMS <= 0 || w.IntervalMS > MaxWait:
		return errors.New("timeout and interval must be positive, and at most a day")
	case w.Path != "":
		return checkPath(w.Path)
	case w.Unit != "":
		return checkUnit(w.Unit)
	}
	return nil
}

func (w *Wait) check(r *Result) error { return fits(r.Wait != nil) }
func (w *Wait) tell(words Words) string {
	words.Told("port", "address", "path", "contains", "unit", "gone", "timeout_ms", "interval_ms")
	return "waits until " + w.Condition(words.Quote) + ", " + words.Milliseconds(w.TimeoutMS) + " at most, looking every " + words.Milliseconds(w.IntervalMS)
}

// Condition is what is waited for, as the end of "until": "/run/app is there". quote spells values.
func (w *Wait) Condition(quote func(string) string) string {
	var all []string // one, of an op that is valid
	if w.Contains != "" {
		all = append(all, quote(w.Path)+either(w.Gone, " no longer contains ", " contains ")+quote(w.Contains))
	} else if w.Path != "" {
		all = append(all, quote(w.Path)+either(w.Gone, " is gone", " is there"))
	}
	if w.Unit != "" {
		all = append(all, quote(w.Unit)+either(w.Gone, " has stopped", " runs"))
	}
	if w.Port != 0 || w.Address != "" {
		all = append(all, "port "+strconv.Itoa(w.Port)+" of "+quote(w.Address)+either(w.Gone, " is closed", " is open"))
	}
	return strings.Join(all, " and ")
}

// WaitResult is a thing that came about.
type WaitResult struct {
	ElapsedMS int64 `json:"elapsed_ms"` // how long that took
}

// Restart restarts the host. Its runner only begins that; whoever opened the session waits until the host has booted again,
// at most TimeoutMS milliseconds, and goes on with it.
type Restart struct {
	TimeoutMS int64 `json:"timeout_ms"`
}

func (r *Restart) kind() Kind                { return KindRestart }
func (r *Restart) changes() bool             { return true }
func (r *Restart) ends()                     {}
func (r *Restart) byPrograms()               {}
func (r *Restart) scope() Scope              { return ScopeNone }
func (r *Restart) subject() string           { return "" }
func (r *Restart) doing() string             { return "restarting the host" }
func (r *Restart) lasts() int64              { return r.TimeoutMS }
func (r *Restart) takes() (may, only bool)   { return false, false }
func (r *Restart) brings() (Brought, string) { return BringsAnything, "" }
func (r *Restart) validate() error {
	if r.TimeoutMS <= 0 || r.TimeoutMS > MaxWait {
		return errors.New("timeout must be positive, and at most a day")
	}
	return nil
}

func (r *Restart) tell(w Words) string {
	w.Told("timeout_ms")
	return "restarts the host and waits until it has booted, " + w.Milliseconds(r.TimeoutMS) + " at most"
}
