// Package fleet is the hosts of a run: one session with each, opened when it is first
// needed, what hosts tell of themselves, and what they note while they work. How to get
// to a host is chosen from a table of openers, one for each kind of connection.
//
// It imports the engine's leaves, engine/plan for its Target, and what lies below.
package fleet

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/samehost"
	contract "github.com/openfroyo/froyo/runner/guard"
)

// Session is an open connection to a host. The host's runner starts with the first op.
type Session interface {
	plan.Target
	// Warm starts what acts as user beside other work.
	Warm(user string)
	// Ready waits until that is there.
	Ready(ctx context.Context, user string) error
	// DialContext connects from the host to an address, as user.
	DialContext(ctx context.Context, user, address string, port int) (net.Conn, error)
	Close(ctx context.Context) error
}

// Hooks are what a session tells beside the results of ops.
type Hooks struct {
	// Restricted is told which commands sudo allows as user, where it does not allow all.
	Restricted func(user string, commands []string)
	// LoggedIn is told how the host let us in; nil drops it.
	LoggedIn func(Login)
	// Note is told what a unit of the host waits for.
	Note func(unit, text string)
	// Guard is told of a guard that an earlier run has left, and that has put back what was there; nil drops it.
	Guard func(*contract.State)
	// Output is given what a unit's programs print, as they do, after left bytes that are missing; nil asks for none.
	Output func(unit string, stderr bool, text string, left int64)
	// Name keeps the names of one machine apart; nil does not.
	Name *samehost.Name
}

// Login is how a host let us in.
type Login struct {
	User, Address string   // who logged in where, "" for this machine
	By            string   // "password", or the key's type and fingerprint
	Source        string   // the key's file, or "agent"
	Jumps         []string // hosts on the way
	HostKey       string   // the type and the fingerprint of the host's key
}

// Opener opens a session with a host over one kind of connection.
type Opener func(ctx context.Context, h *inventory.Host, hooks Hooks) (Session, error)

// Openers are the openers by the kind of connection that a host has.
type Openers map[string]Opener

// Open opens a session with a host, which outlives restarts of the host.
func (o Openers) Open(ctx context.Context, h *inventory.Host, hooks Hooks) (Session, error) {
	open := o[h.Connection]
	if open == nil {
		return nil, fmt.Errorf("no transport has connections of the kind %q", h.Connection)
	}
	return newLasting(ctx, h.Name, func(ctx context.Context) (Session, error) { return open(ctx, h, hooks) }, hooks)
}

// HooksOf sends what sessions tell to notes, what programs print to live, unless that is nil, and what sudo restricts to
// events.
func HooksOf(h *inventory.Host, notes *Notes, live *Live, events event.Sink, machines *samehost.Hosts) Hooks {
	hooks := Hooks{
		Restricted: func(user string, commands []string) {
			text := "sudo allows as " + user + " only " + strings.Join(commands, ", ")
			events.Emit(event.Event{Kind: event.HostLimited, Time: time.Now(), Host: h.Name, Text: text})
		},
		Note: func(unit, text string) { notes.Take(h.Name, unit, text) },
		Guard: func(s *contract.State) {
			events.Emit(event.Event{Kind: event.HostWarned, Time: time.Now(), Host: h.Name, Err: told(h.Name, s)})
		},
	}
	if live != nil {
		hooks.Output = func(unit string, stderr bool, text string, left int64) { live.Take(h.Name, unit, stderr, text, left) }
	}
	if machines != nil {
		hooks.Name = machines.Host(h.Name)
	}
	return hooks
}
