package op

import (
	"errors"
	"strconv"
)

// The kinds of op on the host lock.
const (
	KindLock  Kind = "lock.acquire"
	KindWatch Kind = "lock.watch"
)

// Lock acquires the host for one run: as long as the runner lives, no other run
// may change it. Where another run has it, the answer is an error of the code
// CodeHeld with its holder. Journals that other runs have left on the host go
// with it. The controller asks for it, never a guest.
type Lock struct {
	Run   string `json:"run"`
	Owner string `json:"owner"` // alice@laptop
	// Since is when the run began, in milliseconds since 1970.
	Since int64 `json:"since"`
	// Token tells the attempts of one run apart: the higher takes over from the lower.
	// It is a moment of the attempt in milliseconds since 1970.
	Token int64 `json:"token"`
	// Name is what the run calls the host.
	Name string `json:"name,omitempty"`
	// Shared is the lock that the run has on the machine under another name, as an
	// error of the code CodeShared told; this name then depends on that lock.
	Shared *Watch `json:"shared,omitempty"`
	// Break is a run whose lock is broken.
	Break string `json:"break,omitempty"`
	// Kill ends what that run left running; without it the host is refused as long as that runs.
	Kill bool `json:"kill,omitempty"`
	// WaitMS is how long to wait for another run to end.
	WaitMS int64 `json:"wait_ms,omitempty"`
}

func (l *Lock) kind() Kind      { return KindLock }
func (l *Lock) changes() bool   { return false }
func (l *Lock) subject() string { return l.Run }
func (l *Lock) validate() error {
	if l.Run == "" || l.Owner == "" {
		return errors.New("run or owner is empty")
	}
	if len(l.Run)+len(l.Owner)+len(l.Break) > maxLock {
		return errors.New("run and owner are too long")
	}
	if l.Kill && !IsRun(l.Break) {
		return errors.New("run " + strconv.Quote(l.Break) + ", whose processes are to be ended, is no name of a run")
	}
	if l.WaitMS < 0 {
		return errors.New("the wait is negative")
	}
	if l.Shared != nil {
		return l.Shared.validate()
	}
	return nil
}

// Watch makes all further changes of a runner depend on the lock that another
// runner of the host holds for its run. Where that is lost the answer is an error
// of the code CodeBroken, where the lock's file cannot be seen one of CodeUnseen.
// The runner that holds the lock answers whether it still does. The controller
// asks for it, never a guest.
type Watch struct {
	Run   string `json:"run"`
	Token int64  `json:"token"`
	UID   int    `json:"uid"` // of the runner that holds the lock
}

func (w *Watch) kind() Kind      { return KindWatch }
func (w *Watch) changes() bool   { return false }
func (w *Watch) subject() string { return w.Run }
func (w *Watch) validate() error {
	switch {
	case w.Run == "":
		return errors.New("run is empty")
	case len(w.Run) > maxLock:
		return errors.New("run is too long")
	case w.UID < 0:
		return errors.New("the user's id is negative")
	}
	return nil
}

// maxLock bounds the texts of a lock.
const maxLock = 1 << 10

// Holder is who holds a host's lock. All but PID, UID and Trusted is what the run
// said of itself, and empty where it did not; of a lock of another user's it may be
// anything at all.
type Holder struct {
	Run   string `json:"run,omitempty"`
	Owner string `json:"owner,omitempty"`
	Since int64  `json:"since,omitempty"` // milliseconds since 1970
	PID   int    `json:"pid,omitempty"`   // of the runner
	Token int64  `json:"token,omitempty"`
	Name  string `json:"name,omitempty"` // what the run calls the host
	UID   int    `json:"uid,omitempty"`  // of the lock's file
	// Trusted says that the lock is root's, or of the user whose runner tells of it.
	Trusted bool `json:"trusted,omitempty"`
	// Running is what the run left running on the host, its runner being gone.
	Running []Process `json:"running,omitempty"`
}

// Process is a program that runs on a host for a run.
type Process struct {
	PID   int   `json:"pid"`
	UID   int   `json:"uid"`             // whose it is, -1 where that is not known
	Since int64 `json:"since,omitempty"` // milliseconds since 1970
	// Command is its command line, shortened, without what cannot be printed. Anybody may have written it.
	Command string `json:"command"`
	// Run is the run that it says it belongs to, the name of one at least.
	Run string `json:"run,omitempty"`
	// Trusted says that root or the runner's own user started the process, and what it has its run from: others may name any run.
	Trusted bool `json:"trusted,omitempty"`
}

// The codes of host locks.
const (
	CodeHeld   = "held"   // another run has the host
	CodeShared = "shared" // the run itself has the host, under another name
	CodeBroken = "broken" // the run no longer has the host
	CodeUnseen = "unseen" // the lock cannot be seen from here
)
