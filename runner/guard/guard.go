// Package guard is the contract with the dead-man switch of a host: a small program that keeps how one gets in to the host
// before a change that could cut that off, and puts it back unless it is told in time, over a new connection, that one still
// gets in.
//
// It is plain data, and imports nothing of ours.
package guard

import "slices"

// Dir is where the guard of a host is, with what it keeps. Only root can look into it.
const Dir = "/var/lib/froyo/guard"

// StateFile is what the guard of a host is at: a State. Without it the host is not guarded, and has nothing to tell.
const StateFile = Dir + "/state"

// Name is the program's.
const Name = "froyo-guard"

// What the program can be told to do.
const (
	Arm     = "arm"     // keep what is there, and put it back when the time is up; a Config is on standard input
	Settle  = "settle"  // have sshd take what is on disk, so that a new connection proves that
	Confirm = "confirm" // one still gets in: leave the host as it is
	Restore = "restore" // put back what was there, now
	Dismiss = "dismiss" // the time was up long ago, and none watched: leave the host as it is
	Watch   = "watch"   // wait for the time to be up; for the guard itself
	Boot    = "boot"    // the host has booted: if that was within the window, what was there is put back; for the guard itself
)

// Config is what a guard is armed with.
type Config struct {
	ID  string `json:"id"`
	Run string `json:"run,omitempty"`
	// Window is how long the guard waits, in milliseconds.
	Window int64 `json:"window"`
	// Login is who the connection logs in as, "" where that is not known.
	Login string `json:"login,omitempty"`
	// Paths are kept beside what is kept always, with what is below them, Places without. Services are looked at beside sshd and the like.
	Paths    []string `json:"paths,omitempty"`
	Places   []string `json:"places,omitempty"`
	Services []string `json:"services,omitempty"`
	// Anew is that sshd is started anew as a proof, whatever was changed: what the units do is not in the files that are kept.
	Anew bool `json:"anew,omitempty"`
	// Units are the units that are guarded, for who finds the guard later.
	Units []string `json:"units,omitempty"`
}

// Phase is how far a guard has come.
type Phase string

// The phases.
const (
	Armed     Phase = "armed"
	Confirmed Phase = "confirmed" // it has removed itself
	Restored  Phase = "restored"  // it has removed all but what it has to tell
	Dismissed Phase = "dismissed" // it has removed itself, and put back nothing
)

// Why a guard restored its host.
const (
	NotConfirmed = "unconfirmed" // the time was up
	Booted       = "booted"
	Asked        = "asked"
	BadSSHD      = "sshd"    // what is on disk is nothing that sshd could start with
	Lost         = "lost"    // what the guard was at was removed, not by itself
	NoRestart    = "restart" // sshd could not be started again
)

// State is what the guard of a host is at.
type State struct {
	Config
	Phase Phase `json:"phase"`
	// Boot and Until are the boot that it was armed in, and when its time is up, in milliseconds of that boot; Left is how
	// much of that is left, in what the program answers.
	Boot  string `json:"boot,omitempty"`
	Until int64  `json:"until,omitempty"`
	Left  int64  `json:"left,omitempty"`
	// Settled is that sshd has taken what is on disk: what gets in from then on proves that.
	Settled bool `json:"settled,omitempty"`
	// Why tells why the host was restored, Said what a program said about it. Restored names what was put back, Failed what
	// could not be.
	Why      string   `json:"why,omitempty"`
	Said     string   `json:"said,omitempty"`
	Restored []string `json:"restored,omitempty"`
	Failed   []string `json:"failed,omitempty"`
}

// Add notes what was put back, each once, and what could not be.
func (s *State) Add(restored, failed []string) {
	for _, name := range restored {
		if !slices.Contains(s.Restored, name) {
			s.Restored = append(s.Restored, name)
		}
	}
	s.Failed = append(s.Failed, failed...)
}
