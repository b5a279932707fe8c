// Package wire is the one list of concrete parts: the store, the queue, the transports and the
// packages of resource types. It knows no terminal; every client of engine/run takes its parts from here.
//
// It imports what it lists, and the packages of the engine that declare what they are.
package wire

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/queue/bolt"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// State opens the state of a workspace, and makes what is missing of it.
func State(ctx context.Context, w *workspace.Workspace) (state.Store, error) {
	s, err := sqlite.Open(ctx, w.StateDir())
	if err != nil {
		return nil, err
	}
	s.Author(audit.Author{User: worker.Operator(), Origin: worker.Origin(w.Login()), Key: sync.OnceValues(w.Signer), Keys: w.PlanKeys})
	return s, nil
}

// Kept opens the state of a workspace, or returns nil where nothing is kept. It makes nothing.
func Kept(ctx context.Context, w *workspace.Workspace) (state.Store, error) {
	if there, err := sqlite.Exists(w.StateDir()); err != nil || !there {
		return nil, err
	}
	return State(ctx, w)
}

// MoveState moves what is kept in one directory to another. It tells whether there was
// anything to move, and whether the other holds a state already: then nothing is moved.
func MoveState(ctx context.Context, from, to string) (found, occupied bool, err error) {
	if found, err = sqlite.Exists(from); err != nil || !found {
		return found, false, err
	}
	if occupied, err = sqlite.Exists(to); err != nil || occupied {
		return found, occupied, err
	}
	return true, false, sqlite.Move(ctx, from, to)
}

// Queue is the queue that is kept in dir. Its file is made with the first item.
func Queue(dir string) queue.Queue { return bolt.New(filepath.Join(dir, "queue.db"), time.Now) }

// Types opens the packages of resource types that come with froyo. What their guests are compiled
// to is kept in cacheDir, or nowhere where that is "".
func Types(ctx context.Context, cacheDir string) (*catalog.Catalog, error) {
	all, err := packages()
	if err != nil {
		return nil, err
	}
	return catalog.Open(ctx, cacheDir, all...)
}

// PackageOf is Types for who needs one resource type: only its package is opened, or all where none has it. The
// definitions of all types take longer to read than a command on a host.
func PackageOf(ctx context.Context, cacheDir, typ string) (*catalog.Catalog, error) {
	all, err := packages()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		has, err := p.Has(typ)
		if err != nil {
			return nil, err
		}
		if has {
			return catalog.Open(ctx, cacheDir, p)
		}
	}
	return catalog.Open(ctx, cacheDir, all...)
}

// packages are those that come with froyo.
func packages() ([]catalog.Source, error) {
	var all []catalog.Source
	for _, name := range providers.Names() {
		files, err := providers.Package(name)
		if err != nil {
			return nil, err
		}
		all = append(all, catalog.Source{Name: name, Files: files})
	}
	return all, nil
}
