package wire

import (
	"context"
	"crypto/ed25519"

	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/script"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Workspace is a workspace whose state and queue are files in its state directory.
func Workspace(w *workspace.Workspace) run.Workspace { return &place{w} }

// place implements run.Workspace.
type place struct{ workspace *workspace.Workspace }

func (p *place) ID() string         { return p.workspace.ID() }
func (p *place) Queue() queue.Queue { return Queue(p.workspace.StateDir()) }

func (p *place) State(ctx context.Context) (state.Store, error) {
	return State(ctx, p.workspace)
}

func (p *place) Kept(ctx context.Context) (state.Store, error) {
	return Kept(ctx, p.workspace)
}

func (p *place) Sealer() (func([]byte) string, error) { return p.workspace.Sealer() }

func (p *place) Signer() (ed25519.PrivateKey, error) { return p.workspace.Signer() }

// Starlark reads runbooks that are written in Starlark.
func Starlark(ctx context.Context, s run.Source) (runbook.Program, error) {
	o := script.Options{
		FS: s.Files, Main: s.Main, Action: s.Action, Types: s.Types, Inventory: s.Inventory, Facts: s.Facts, Vars: s.Vars, Declared: s.Declared, Print: s.Print, Seal: s.Seal,
	}
	if s.Secrets != nil {
		o.Secrets = s.Secrets
	}
	p, err := script.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	return p, nil
}
