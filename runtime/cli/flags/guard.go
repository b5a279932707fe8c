package flags

import (
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/guard"
)

// The bounds of --guard-window.
const (
	minWindow = 5 * time.Second
	maxWindow = time.Hour
)

// Guard is the flags of commands that change hosts, of what happens where a change could lock froyo out.
type Guard struct {
	NoGuard bool          `name:"no-guard" help:"Apply units that could lock froyo out without guard: the host puts nothing back."`
	Window  time.Duration `name:"guard-window" placeholder:"DURATION" default:"60s" help:"Have a host put back what was there unless froyo gets in over a new connection within this time, such as 5m. Three quarters of it are for the change."`
}

// CheckWindow refuses a time that cannot be.
func (f *Guard) CheckWindow() error {
	if f.Window != 0 && (f.Window < minWindow || f.Window > maxWindow) {
		return diag.Errorf(diag.Pos{}, "--guard-window %s: want %s to %s", f.Window, minWindow, maxWindow)
	}
	return nil
}

// Given is one of the flags that is given, or "".
func (f *Guard) Given() string {
	switch {
	case f.NoGuard:
		return "--no-guard"
	case f.Window != 0 && f.Window != guard.DefaultWindow:
		return "--guard-window"
	}
	return ""
}
