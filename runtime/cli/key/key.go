// Package key is froyo key: the SSH keys of a workspace, which are encrypted with its secrets.
//
// It imports runtime/cli/{client,flags,here,runbook}, engine/keys and engine/onboard.
package key

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
)

// Command is froyo key.
type Command struct {
	List   listCommand   `cmd:"" help:"List the SSH keys of the workspace."`
	New    newCommand    `cmd:"" help:"Make a key; one that is there stays."`
	Rotate rotateCommand `cmd:"" help:"Give a key a successor, which is proved on every host before the old one goes."`
	Rm     rmCommand     `cmd:"" help:"Remove a key by which no host is reached."`
	Import importCommand `cmd:"" help:"Take in a private key of OpenSSH or PEM."`
	Export exportCommand `cmd:"" help:"Print the public half of a key, or the private one."`
}

// Opens are the flags that say by which keys the workspace's are opened.
type Opens struct {
	Identity []string `name:"identity" placeholder:"FILE" complete:"files" help:"Open keys with the age or SSH key of FILE (also: FROYO_IDENTITY), besides the workspace's own and those of ~/.ssh."`
}

// open opens the keys of the workspace around the current directory.
func (o *Opens) open(e *console.Console) (*store.Store, *keys.Keys, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, nil, err
	}
	s, err := here.Secrets(e, w, o.Identity...)
	if err != nil {
		return nil, nil, err
	}
	return s, keys.Of(s), nil
}

// change opens the keys for a command that writes one, and that the audit log has to tell of.
func (o *Opens) change(ctx context.Context, e *console.Console) (*keys.Keys, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, err
	}
	_, k, err := o.open(e)
	if err != nil {
		return nil, err
	}
	return k, here.Auditable(ctx, w)
}

// say prints a line on standard error, for people.
func say(e *console.Console, text string) {
	fmt.Fprintln(e.Stderr, e.Style(e.Stderr).Wrap("", text, 0, 2))
}

// note adds to the audit log what was done with which key.
func note(ctx context.Context, e *console.Console, action, name string) error {
	w, err := here.Workspace(e)
	if err != nil {
		return err
	}
	return here.Audit(ctx, w, state.Audit{Action: "key " + action, Detail: name})
}

// made says which key there is now, and how it came to be.
func made(ctx context.Context, e *console.Console, k *keys.Keys, one keys.Key, action string) error {
	if err := note(ctx, e, action, one.Name+" "+one.Fingerprint); err != nil {
		return err
	}
	say(e, fmt.Sprintf("%s is kept in %s: %s %s", one.Name, k.File(one.Name), one.Type, one.Fingerprint))
	_, err := fmt.Fprintln(e.Stdout, one.Line)
	return err
}

// caution prints a warning.
func caution(e *console.Console, summary, hint string) {
	e.Errors.Warnings([]*diag.Error{{Summary: summary, Hint: hint}})
}
