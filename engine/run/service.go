package run

import (
	"context"
	"crypto/ed25519"
	"io/fs"
	"os"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/secret/source"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/worker"
)

// Services are what a run works with. All fields but Secrets, Printed, Collects and Narrow must be set.
type Services struct {
	Workspace Workspace
	// Files are what the runbook is read from.
	Files fs.FS
	// Read reads runbooks of one language.
	Read   func(ctx context.Context, s Source) (runbook.Program, error)
	Types  *catalog.Catalog
	Worker worker.Identity
	// Version is froyo's.
	Version string
	// Warn is told what is no error; it may be called by many goroutines.
	Warn func(*diag.Error)
	// Collects opens the directory to which files of hosts are brought; nil is that there is none.
	Collects func() (*os.Root, error)
	// Narrow gives the limit that leaves the hosts of these that are to take part; nil is that all are.
	Narrow func(ctx context.Context, hosts []*inventory.Host) (limit string, err error)
	// Secrets are what the runbook asks for; nil is that there are none.
	Secrets *source.Set
	// Printed is told what a runbook prints before a plan is made; nil drops it.
	Printed func(pos diag.Pos, host, text string)
}

// Workspace is where the runs of a runbook belong together.
type Workspace interface {
	// ID names it in the store.
	ID() string
	// State opens its state, making what is missing; Kept opens it if there is one, else it returns nil.
	State(ctx context.Context) (state.Store, error)
	Kept(ctx context.Context) (state.Store, error)
	// Queue is its queue.
	Queue() queue.Queue
	// Sealer gives the keyed digest that stands for what must not be shown.
	Sealer() (func([]byte) string, error)
	// Signer gives the key that signs its plans.
	Signer() (ed25519.PrivateKey, error)
}

// Source is what a runbook is read from.
type Source struct {
	Files     fs.FS
	Main      string        // its path in Files, with slashes
	Action    *runbook.Call // that is run in place of its plays, nil for these
	Types     []*schema.Type
	Inventory *inventory.Inventory
	Vars      map[string]any
	Secrets   *source.Set
	// Declared are the variables that vars.cue declares, and whether hosts have values of their own.
	Declared map[string]bool
	// Facts are the namespaces that hosts can tell.
	Facts *facts.Registry
	// Print takes what it prints; it is called by many goroutines.
	Print func(pos diag.Pos, host, text string)
	Seal  func() (func([]byte) string, error)
}
