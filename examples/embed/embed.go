// Command embed uses froyo as a library: it plans the runbook site.star of a directory for this machine,
// inspects the plan, approves it, applies it, and prints events as they come.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: embed DIRECTORY")
		os.Exit(2)
	}
	if err := embed(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func embed(ctx context.Context, dir string) (err error) {
	w, err := workspace.Find(dir, workspace.Env{Home: dir, UID: os.Getuid(), SudoUID: -1})
	if err != nil {
		return err
	}
	types, err := wire.Types(ctx, filepath.Join(dir, "guests"))
	if err != nil {
		return err
	}
	by := worker.Here()
	transports := wire.NewTransports(wire.Login{Operator: by.Operator, Home: dir, Environ: os.Environ()})
	defer func() { err = errors.Join(err, transports.Close(), types.Close(ctx)) }()
	job, err := run.Load(ctx, run.Services{
		Workspace: wire.Workspace(w), Files: os.DirFS(dir), Read: wire.Starlark, Types: types, Worker: by, Version: "embed",
		Warn: func(w *diag.Error) { fmt.Println("warning:", w) },
	}, run.Spec{Root: dir, Main: "site.star", Vars: vars.Set{Given: map[string]any{}, Inventory: inventory.Localhost()}})
	if err != nil {
		return err
	}
	r, err := job.Begin(ctx, run.Options{Command: "apply", Forks: 1, Openers: transports.Openers()})
	if err != nil {
		return err
	}
	result := &run.Result{}
	defer func() { err = errors.Join(err, r.Close(ctx, diag.CodeOf(err), result.Counts)) }()
	r.Listen(event.Func(func(e event.Event) { fmt.Println(e.Kind, e.Host, e.Unit, e.Status) }))
	if err := r.Plan(ctx); err != nil {
		return err
	}
	if s := plan.Summarize(r.Planned().Hosts); s.Pending() != 1 {
		return fmt.Errorf("%d changes are pending, want 1: %w", s.Pending(), r.Planned().Errors())
	}
	if err := r.Approve(ctx, run.Approval{By: "another user", Time: time.Now()}); err != nil {
		return err
	}
	applied, err := r.Apply(ctx, run.Steps{})
	if err != nil {
		return err
	}
	result = applied
	return result.Err
}
