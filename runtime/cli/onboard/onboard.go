// Package onboard is froyo onboard: it makes managed targets of hosts, and keeps the list of them.
//
// It imports runtime/cli/client, runtime/cli/flags, runtime/cli/runbook and engine/onboard.
package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Command is froyo onboard.
type Command struct {
	SSH      sshCommand      `cmd:"" name:"ssh" help:"Make a managed target of a host that lets somebody in by SSH."`
	Batch    batchCommand    `cmd:"" help:"Onboard the hosts of a file, side by side."`
	Rollback rollbackCommand `cmd:"" help:"Restore a host as it was before."`
	List     listCommand     `cmd:"" help:"List the hosts that were onboarded."`
	Show     showCommand     `cmd:"" help:"Show one of them."`
	Rekey    rekeyCommand    `cmd:"" help:"Give a target another key, which is proven before the old one goes."`
	Forget   forgetCommand   `cmd:"" help:"Drop a host from the list. Nothing is done on the host."`
}

// way is how to get to hosts.
type way struct {
	AcceptNew bool   `name:"accept-new" help:"Take the key of a host that is not known. A changed key is always refused."`
	SSHConfig string `name:"ssh-config" placeholder:"FILE" type:"path" complete:"files" help:"Read this file instead of ~/.ssh/config."`
	Timeout   int    `placeholder:"SECONDS" help:"How long to wait for a connection (ssh_config's ConnectTimeout, else 10)."`
}

func (w *way) login() flags.Login {
	return flags.Login{AcceptNew: w.AcceptNew, SSHConfig: w.SSHConfig, Timeout: w.Timeout}
}

// session is the workspace, and the ways to hosts. close must follow.
type session struct {
	console    *console.Console
	workspace  *workspace.Workspace
	transports *wire.Transports
	prover     *onboard.Prover
	asking     sync.Mutex // of several hosts one is asked about at a time
	// labels are those of hosts that are registered already.
	labels map[*onboard.Entry]map[string]string
}

// opened does something with the ways to hosts, and has hints said in the words of the command.
func opened(e *console.Console, w *way, said *strings.Replacer, do func(s *session) error) error {
	e.Errors.Words = said
	s, err := open(e, w)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.close())
}

// open opens the ways to hosts. It connects to none.
func open(e *console.Console, w *way) (*session, error) {
	at, err := here.Workspace(e)
	if err != nil {
		return nil, err
	}
	e.Errors.Own = client.AdHoc
	s := &session{console: e, workspace: at, labels: map[*onboard.Entry]map[string]string{}}
	login := w.login()
	if s.transports, err = login.Transports(e, here.Credentials(e, at, nil)); err != nil {
		return nil, err
	}
	s.prover = &onboard.Prover{Doors: s.transports, Workspace: at.ID(), Register: s.register}
	if e.Interactive() {
		s.prover.Trust = func(ctx context.Context, en *onboard.Entry, key string) (bool, error) {
			s.asking.Lock()
			defer s.asking.Unlock()
			yes, err := e.Confirm(ctx, fmt.Sprintf("The key of %s is not known: %s. Is that the host's?", en.Address, key))
			return yes, gone(err)
		}
		s.prover.Ask = func(_ context.Context, en *onboard.Entry) (*inventory.Credential, error) {
			s.asking.Lock()
			defer s.asking.Unlock()
			ask, err := e.Password(fmt.Sprintf("password of %s at %s", en.Login, en.Address), passwordVariable)
			if err != nil {
				return nil, err
			}
			text, err := ask()
			return &inventory.Credential{Text: secret.Given(text), Pos: diag.Pos{File: "the password that was typed"}}, err
		}
	}
	return s, nil
}

// gone takes the end of the input for no.
func gone(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (s *session) close() error { return s.transports.Close() }

// with does something with the state, which is made where there is none.
func (s *session) with(ctx context.Context, do func(store state.Store) error) (err error) {
	store, err := wire.State(ctx, s.workspace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(store)
}

// register records a target, and who registered it.
func (s *session) register(ctx context.Context, t state.Target) error {
	t.Since = time.Now()
	return s.record(ctx, t, "onboard")
}

// record records a target, and who did so by what.
func (s *session) record(ctx context.Context, t state.Target, action string) error {
	return s.with(ctx, func(store state.Store) error {
		return store.Register(ctx, t, state.Audit{
			Time: time.Now(), Action: action, Hosts: t.Name, Outcome: audit.Done, Detail: fmt.Sprintf("%s as %s@%s by %s", t.Name, t.User, t.Address, cmp.Or(t.Key, t.KeyFile)),
		})
	})
}
