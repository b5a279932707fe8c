// Package workspace is froyo init: making the directory in which an operator works.
//
// It imports runtime/workspace and runtime/cli/here.
package workspace

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Init is froyo init.
type Init struct {
	Dir  string `arg:"" optional:"" type:"path" help:"Directory of the workspace; default: the current one."`
	Solo bool   `help:"Make a workspace for this machine alone, to whose inventory hosts can be added. So far there is no other kind, so it may be left out."`
}

// Help gives the command's example.
func (*Init) Help() string {
	return `Example:
  froyo init lab && cd lab && froyo plan`
}

// Run makes what is missing of a workspace, and keeps what is there.
func (c *Init) Run(ctx context.Context, e *console.Console) error {
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return err
		}
	}
	if err := adoptState(ctx, e, dir); err != nil {
		return err
	}
	w, created, err := workspace.Init(dir, here.Env(e))
	if err != nil {
		return err
	}
	created = append(created, defaultKey(ctx, e, w)...)
	for _, name := range created {
		fmt.Fprintf(e.Stdout, "made %s\n", ui.Readable(name))
	}
	if len(created) == 0 {
		fmt.Fprintf(e.Stdout, "%s is a workspace already; nothing was changed\n", ui.Readable(w.Root))
	}
	next := "froyo plan"
	if path := here.Path(dir); path != "." {
		next = "cd " + wording.Quote(path) + " && " + next
	}
	_, err = fmt.Fprintln(e.Stdout, "Next: "+next)
	return err
}

// defaultKey makes the first SSH key of a workspace, and returns the names of what it made. A workspace without one is as good for all that
// needs no key.
func defaultKey(ctx context.Context, e *console.Console, w *workspace.Workspace) []string {
	created, err := firstKey(ctx, e, w)
	if err != nil {
		d := diag.Of(err)
		e.Errors.Warnings([]*diag.Error{{Summary: "the key " + keys.Default + " was not made: " + d.Summary, Hint: "remove the cause, then: froyo key new " + keys.Default}})
	}
	return created
}

// firstKey makes the key, unless there is one, or the secrets are not the operator's to read.
func firstKey(ctx context.Context, e *console.Console, w *workspace.Workspace) (created []string, err error) {
	s, err := here.Secrets(e, w)
	if err != nil {
		return nil, err
	}
	s.Notice = nil // it is said as what was made
	k := keys.Of(s)
	if there, err := k.Exists(ctx, keys.Default); there || err != nil {
		return nil, err
	}
	readers, err := s.Recipients(ctx)
	if err != nil || len(readers) > 0 && !slices.ContainsFunc(readers, func(r store.Recipient) bool { return r.Mine }) {
		return nil, err
	}
	if _, err = k.New(ctx, keys.Default, "ed25519"); err != nil {
		return nil, err
	}
	files := []string{k.File(keys.Default), k.PublicFile(keys.Default)}
	if len(readers) == 0 {
		files = append([]string{filepath.Join(s.Dir(), "recipients")}, files...)
	}
	for _, file := range files {
		created = append(created, filepath.Join(filepath.Base(s.Dir()), strings.TrimPrefix(file, s.Dir())))
	}
	return created, nil
}

// adoptState moves the state of runs that were made in a directory before it was
// a workspace: what they protect and what is pending still counts.
func adoptState(ctx context.Context, e *console.Console, dir string) error {
	from, to, err := workspace.StateMoves(dir, here.Env(e))
	if err != nil {
		return err
	}
	found, occupied, err := wire.MoveState(ctx, from, to)
	switch {
	case err != nil || !found:
		return err
	case occupied:
		e.Errors.Warnings([]*diag.Error{{
			Summary: "the state of runs from before this was a workspace is in " + from + ", and does not count here",
			Hint:    "remove it when it is no longer needed",
		}})
		return nil
	}
	_, err = fmt.Fprintf(e.Stdout, "moved the state of earlier runs to %s\n", ui.Readable(filepath.Join(here.Path(dir), filepath.Base(to))))
	return err
}
