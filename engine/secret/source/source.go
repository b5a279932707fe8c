// Package source is where the secrets of runbooks come from: the workspace's store, the environment, files and programs, in one
// table. A secret is asked for once in a run, and only if it is used; one that is to be generated is made of the workspace's key
// and what the plan says of it, and is kept when the plan begins to be applied.
//
// It imports engine/diag, engine/secret and its vault, and engine/wording.
package source

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/vault"
)

// maxSize bounds a secret.
const maxSize = 1 << 20

// Store keeps the secrets of a workspace.
type Store interface {
	// Get gives a secret; found is whether there is one, and the error why it cannot be read, or that there is none.
	Get(ctx context.Context, name string) (value []byte, found bool, err error)
	// Free says why there cannot be a secret of a name beside those that there are, or is nil.
	Free(name string) error
	// Create keeps a secret that is not there yet; created is whether it was not.
	Create(ctx context.Context, name string, value []byte) (created bool, err error)
}

// Options say what secrets are read from.
type Options struct {
	Store Store
	// Dir is what the names of files start from, and where programs run; Env is their environment, and what env: reads.
	Dir string
	Env []string
	// Seal gives the keyed digest of the workspace, of which secrets are generated, too.
	Seal func() (func([]byte) string, error)
	// Vault opens files that ansible-vault encrypted; nil where none can be.
	Vault *vault.Vault
	// Warn is told what is no error.
	Warn func(*diag.Error)
	// StandIn is that nothing is asked: every secret is another text.
	StandIn bool
}

// source reads secrets of one kind. What a runbook names is what follows the kind and a colon.
type source interface {
	read(ctx context.Context, what string) (string, error)
}

// The kinds of sources. The names of the store have no kind before them.
const (
	kept       = "store"
	ofVariable = "env"
	ofFile     = "file"
	ofCommand  = "command"
	ofVault    = "vault"
)

// sources are all kinds but the store.
func sources(o Options) map[string]source {
	return map[string]source{
		ofVariable: environment{o.Env},
		ofFile:     files{o.Dir, o.Warn},
		ofCommand:  commands{o.Dir, o.Env, o.Warn, commandTime},
		ofVault:    vaultFiles{files{o.Dir, o.Warn}, o.Vault},
	}
}

// split takes the name of a secret apart.
func (s *Set) split(name string) (kind, what string, err error) {
	kind, what, has := strings.Cut(name, ":")
	if !has {
		kind, what = kept, name
	}
	_, known := s.kinds[kind]
	switch {
	case strings.TrimSpace(what) == "":
		return "", "", refused("secret %q: it has no name", name).WithHint(`secret("db/password"), secret("env:DB_PASSWORD")`)
	case known || !has:
		return kind, what, nil
	}
	kinds := slices.Sorted(maps.Keys(s.kinds))
	e := refused("secret %q: there is no source %q", name, kind)
	if near := diag.Nearest(kind, kinds); near != "" {
		return "", "", e.WithHint("did you mean %s:%s?", near, what)
	}
	return "", "", e.WithHint("the name of one of the store has no colon; other sources are %s", strings.Join(kinds, ":, ")+":")
}

// ofRunbook is an error for which no host is to blame, whatever hosts had answered before.
func ofRunbook(err error) error {
	if err == nil {
		return nil
	}
	e := *diag.Of(err)
	e.Code = cmp.Or(e.Code, diag.Usage)
	return &e
}

// refused is an error of the runbook or the workspace, which no host is to blame for.
func refused(format string, args ...any) *diag.Error {
	return &diag.Error{Summary: fmt.Sprintf(format, args...), Code: diag.Usage}
}
