package op

import "errors"

// Lease takes the host for one run: as long as the runner lives, no other run
// may change it. Where another run has it, the answer is an error of the code
// CodeHeld with its holder. Journals that other runs have left on the host go
// with it. The controller asks for it, never a guest.
type Lease struct {
	Run   string `json:"run"`
	Owner string `json:"owner"` // alice@laptop
	// Since is when the run began, in milliseconds since 1970.
	Since int64 `json:"since"`
	// Token tells the attempts of one run apart: the higher takes over from the lower.
	Token int64 `json:"token"`
	// Name is what the run calls the host. Two names of one machine share it.
	Name string `json:"name,omitempty"`
	// Break is a run whose lease is taken from it.
	Break string `json:"break,omitempty"`
	// WaitMS is how long to wait for another run to end.
	WaitMS int64 `json:"wait_ms,omitempty"`
}

func (l *Lease) kind() Kind      { return KindLease }
func (l *Lease) changes() bool   { return false }
func (l *Lease) subject() string { return l.Run }
func (l *Lease) validate() error {
	if l.Run == "" || l.Owner == "" {
		return errors.New("run or owner is empty")
	}
	if len(l.Run)+len(l.Owner)+len(l.Break) > maxLease {
		return errors.New("run and owner are too long")
	}
	if l.WaitMS < 0 {
		return errors.New("the wait is negative")
	}
	return nil
}

// maxLease bounds the texts of a lease.
const maxLease = 1 << 10

// Holder is who has a host's lease. All but PID is what the run said of itself,
// and empty where it did not.
type Holder struct {
	Run   string `json:"run,omitempty"`
	Owner string `json:"owner,omitempty"`
	Since int64  `json:"since,omitempty"` // milliseconds since 1970
	PID   int    `json:"pid,omitempty"`   // of the runner
}

// The codes of leases.
const (
	CodeHeld   = "held"   // another run has the host
	CodeBroken = "broken" // another run has taken the host from this one
)
