// Package guard keeps hosts from being cut off: before units are applied that could do that, a small program on the host keeps
// how one gets in, and puts that back unless froyo gets in over a new connection in time.
//
// It imports engine/plan, engine/diag and the contracts of the runner.
package guard

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// DefaultWindow is how long a host waits to be told that froyo still gets in.
const DefaultWindow = time.Minute

// Session is a connection to a host.
type Session interface {
	plan.Target
	Close(ctx context.Context) error
}

// Keeper guards hosts. All fields must be set.
type Keeper struct {
	// Open opens a connection to a host that has nothing in common with the one that is open already.
	Open func(ctx context.Context, h *plan.Host) (Session, error)
	// Program gives the guard for a platform, named as Go names platforms.
	Program func(goos, goarch string) ([]byte, error)
	// Login is who logs in to a host, "" where nobody does.
	Login func(h *plan.Host) string
	// Run names the run.
	Run string
	// Window is how long a host waits.
	Window time.Duration
}

// Window is the time in which units that stand together are applied and proven.
type Window struct {
	host  *plan.Host
	user  string // who the guard is told what to do as
	id    string
	until time.Time
	last  time.Duration // of the window, which is for the proof
}

// NewWindow is a window that begins now: three quarters of it are for changes.
func NewWindow(h *plan.Host, length time.Duration) *Window {
	return &Window{host: h, id: newID(), until: time.Now().Add(length), last: length / 4}
}

// Left is how much time there is for changes.
func (w *Window) Left() time.Duration { return time.Until(w.until.Add(-w.last)) }

// Length is how long the window is.
func (w *Window) Length() time.Duration { return 4 * w.last }

// Until is when the time is up.
func (w *Window) Until() time.Time { return w.until }

// UndoneError is a change that the host has taken back, since nothing proved in time that froyo still gets in.
type UndoneError struct{ State guard.State }

func (e *UndoneError) Error() string { return "the host has put back what was there" }

// Arm has a host keep how one gets in, before the first of units acts.
func (k *Keeper) Arm(ctx context.Context, h *plan.Host, steps []*plan.Step) (*Window, error) {
	w := NewWindow(h, k.Window)
	w.user = actsAs(h, steps)
	arch, _ := h.Facts[facts.Basic]["arch"].(string)
	program, err := k.Program("linux", arch)
	if err != nil {
		return nil, k.cannot(err)
	}
	config := guard.Config{ID: w.id, Run: k.Run, Window: k.Window.Milliseconds(), Login: k.Login(h)}
	for _, s := range steps {
		config.Units = append(config.Units, s.Unit.ID.Local())
		if paths := pathsOf(s); onlyPlaces(s) {
			config.Places = append(config.Places, paths...)
		} else {
			config.Paths = append(config.Paths, paths...)
		}
		config.Services = append(append(config.Services, services(s)...), aliased(s)...)
		config.Anew = config.Anew || s.Unit.Order.Lockout.Wanted
	}
	text, err := codec.Marshal(config)
	if err != nil {
		return nil, err
	}
	dir, mode := guard.Dir+"/"+w.id, uint32(0o700)
	verb := w.verb(guard.Arm)
	verb.Op.Exec.Stdin, verb.Op.Exec.Background = op.NewBlob(text), true
	outcomes, err := h.Target.Run(ctx, []target.Step{
		{Op: op.Op{Mkdir: &op.Mkdir{Path: dir, Attributes: op.Attributes{Mode: &mode}}}, User: w.user},
		{Op: op.Op{Write: &op.Write{Path: w.program(), Content: op.NewBlob(program), Attributes: op.Attributes{Mode: &mode}}}, User: w.user},
		verb,
	})
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		if o.Result.Error != nil {
			w.leave(ctx)
			return nil, k.cannot(o.Result.Error)
		}
	}
	state, err := answer(outcomes[2].Result)
	if err != nil {
		w.leave(ctx)
		return nil, k.cannot(err)
	}
	w.until = time.Now().Add(time.Duration(state.Left) * time.Millisecond)
	return w, nil
}

// pathsOf are the paths that a step manages.
func pathsOf(s *plan.Step) []string {
	var paths []string
	for _, c := range s.Unit.Order.Claims {
		if c.Namespace == unit.PathNamespace && (c.Owns || c.Edits) {
			paths = append(paths, c.Name)
		}
	}
	if s.Real != "" {
		paths = append(paths, s.Real)
	}
	return append(paths, s.Leads...)
}

// onlyPlaces reports whether a step changes nothing but owner and mode of directories, or makes them: what is below is none of
// its business, however much that is.
func onlyPlaces(s *plan.Step) bool {
	if s.Change == nil || len(s.Change.Effects)+len(s.Potential) == 0 {
		return false
	}
	for _, e := range slices.Concat(s.Change.Effects, s.Potential) {
		if o := e.Op; o.MayChange() && o.Mkdir == nil && (o.Attr == nil || o.Attr.Recurse) {
			return false
		}
	}
	return true
}

// actsAs is who can guard the host: root, where any of the units is root's.
func actsAs(h *plan.Host, steps []*plan.Step) string {
	for _, s := range steps {
		if s.Unit.User == "root" {
			return "root"
		}
	}
	return h.Host.ActsAs()
}

// cannot is a host that cannot be guarded.
func (*Keeper) cannot(err error) error {
	return (&diag.Error{Summary: "it could lock froyo out, and the host cannot be guarded: " + err.Error(), Code: diag.Failed, Cause: err}).
		WithHint("act as root there (become); or, where there is another way to the host, do without: --no-guard of apply")
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

func (w *Window) program() string { return guard.Dir + "/" + w.id + "/" + guard.Name }

// verb tells the guard what to do.
func (w *Window) verb(what string) target.Step {
	return target.Step{Op: op.Op{Exec: &op.Exec{Argv: []string{w.program(), what}, Dir: "/", Public: true, Limit: op.MaxOutput}}, User: w.user, Timeout: 2 * time.Minute}
}

// errGone is a guard that is not there any more.
var errGone = errors.New("the host is not guarded any more")

// unansweredError is that an armed guard was told that one gets in, and its answer was lost.
type unansweredError struct{ error }

// Unwrap returns why.
func (e *unansweredError) Unwrap() error { return e.error }

// answer reads what the guard says.
func answer(r op.Result) (*guard.State, error) {
	switch {
	case r.Error != nil:
		return nil, r.Error
	case r.Exec == nil:
		return nil, errors.New("the guard gave no answer")
	case r.Exec.RC != 0:
		return nil, errors.New(strings.TrimSpace(r.Exec.Stderr))
	}
	s := &guard.State{}
	if err := codec.Unmarshal([]byte(r.Exec.Stdout), s); err != nil {
		return nil, fmt.Errorf("the guard's answer: %w", err)
	}
	return s, nil
}

// Undone is the error of units that a host has taken back.
func Undone(s guard.State, last error) *diag.Error {
	why := map[string]string{
		guard.NotConfirmed: "froyo did not get in over a new connection in time",
		guard.Booted:       "the host was restarted before froyo had got in over a new connection",
		guard.Asked:        "froyo did not get in over a new connection in time",
		guard.BadSSHD:      "sshd refuses what is on disk: " + s.Said,
		guard.Lost:         "what the guard of the host was at was removed before it was told that froyo gets in",
		guard.NoRestart:    "sshd could not be started anew: " + s.Said,
	}[s.Why]
	if why == "" {
		why = "nothing proved that froyo still gets in"
	}
	came := ", so the host has put back what was there"
	switch {
	case len(s.Failed) > 0:
		came = ", and the host could not put back all that was there"
	case len(s.Restored) == 0:
		came = "; the host is as it was before: nothing was to be put back"
	}
	e := &diag.Error{Summary: why + came, Code: diag.Failed, Cause: &UndoneError{s}}
	var lines []string
	if last != nil && s.Why != guard.BadSSHD && s.Why != guard.NoRestart {
		lines = append(lines, "the last attempt: "+last.Error())
	}
	if len(s.Restored) > 0 {
		lines = append(lines, "put back: "+Names(s.Restored))
	}
	if len(s.Failed) > 0 {
		lines = append(lines, "could not be put back: "+Names(s.Failed))
	}
	e.Detail = strings.Join(lines, "\n")
	switch {
	case len(s.Failed) == 0 && (s.Why == guard.BadSSHD || s.Why == guard.NoRestart):
		return e.WithHint("change the unit so that sshd runs, and can be started with what it leaves")
	case len(s.Failed) > 0:
		return e.WithHint("repair what could not be put back while one still gets in, then apply again")
	}
	return e.WithHint("change the unit so that it lets in who logs in; or, where it needs longer, --guard-window 5m")
}

// maxNamed bounds the names in a message.
const maxNamed = 20

// Names are what was put back, as it is told.
func Names(names []string) string {
	names = slices.Clone(names)
	if more := len(names) - maxNamed; more > 0 {
		names = append(names[:maxNamed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
