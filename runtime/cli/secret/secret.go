// Package secret is froyo secret: the secrets of a workspace, and who can read them.
//
// It imports runtime/cli/here, runtime/cli/rotate and engine/secret/store.
package secret

import (
	"context"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/cli/rotate"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Command is froyo secret.
type Command struct {
	Set        setCommand        `cmd:"" help:"Keep a secret, from standard input or the terminal; replaces an earlier one."`
	Get        getCommand        `cmd:"" help:"Print a secret."`
	List       listCommand       `cmd:"" help:"List the secrets, and which of them you can read."`
	Edit       editCommand       `cmd:"" help:"Change a secret in an editor."`
	Rotate     rotate.Command    `cmd:"" help:"Give a secret another value, and bring that to the hosts that have it."`
	Rm         rmCommand         `cmd:"" help:"Remove secrets."`
	Recipients recipientsCommand `cmd:"" help:"Look at who can read the secrets, and change it: list, add, rm."`
}

// Keys are the flags that say by which keys secrets are opened.
type Keys struct {
	Identity []string `name:"identity" placeholder:"FILE" complete:"files" help:"Open secrets with the age or SSH key of FILE (also: FROYO_IDENTITY), besides the workspace's own and those of ~/.ssh."`
}

// Open opens the store of the workspace around the current directory.
func (k *Keys) Open(e *console.Console) (*store.Store, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, err
	}
	return here.Secrets(e, w, k.Identity...)
}

// change opens the store of a command that writes into it, and that the audit log has to tell of.
func (k *Keys) change(ctx context.Context, e *console.Console) (*store.Store, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, err
	}
	s, err := k.Open(e)
	if err != nil {
		return nil, err
	}
	return s, here.Auditable(ctx, w)
}

// note adds to the audit log what was done with which secrets or recipients. Values are no part of it.
func note(ctx context.Context, e *console.Console, action string, which ...string) error {
	w, err := here.Workspace(e)
	if err != nil {
		return err
	}
	return here.Audit(ctx, w, state.Audit{Action: "secret " + action, Detail: strings.Join(which, "\n")})
}

// say prints a line on standard error, for people.
func say(e *console.Console, text string) {
	fmt.Fprintln(e.Stderr, e.Style(e.Stderr).Wrap("", text, 0, 2))
}

// caution prints a warning.
func caution(e *console.Console, summary, hint string) {
	e.Errors.Warnings([]*diag.Error{{Summary: summary, Hint: hint}})
}

// names are names in a sentence.
func names(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return ui.Readable(strings.Join(all, ", "))
}
