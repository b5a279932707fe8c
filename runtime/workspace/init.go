package workspace

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed all:template
var template embed.FS

// InitOptions say what kind of workspace to make.
type InitOptions struct {
	// Solo is a workspace for this machine alone, to begin with.
	Solo bool
}

// Init makes what is missing of a workspace in dir and returns the names of
// what it made. What is there is kept as it is.
func Init(dir string, _ InitOptions, env Env) (w *Workspace, created []string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	type part struct {
		name string
		mode fs.FileMode
		make func() ([]byte, error)
	}
	fixed := func(name string) func() ([]byte, error) {
		return func() ([]byte, error) { return template.ReadFile("template/" + name) }
	}
	for _, p := range []part{
		{settingsFile, 0o644, fixed("froyo.cue")},
		{inventoryFile, 0o644, fixed("inventory.cue")},
		{runbookFile, 0o644, fixed("site.star")},
		{".gitignore", 0o644, fixed("gitignore")},
		{filepath.Join("policies", "README.md"), 0o644, fixed("policies.md")},
		{filepath.Join("data", "keys", "agekey"), 0o600, ageKey},
		{filepath.Join("data", "keys", "signing"), 0o600, signingKey},
	} {
		data, err := p.make()
		if err != nil {
			return nil, created, err
		}
		if err := makeFolders(dir, p.name); err != nil {
			return nil, created, err
		}
		switch err := writeNew(filepath.Join(dir, p.name), data, p.mode); {
		case errors.Is(err, fs.ErrExist):
		case err != nil:
			return nil, created, err
		default:
			created = append(created, p.name)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "data", "blobs"), 0o700); err != nil {
		return nil, created, err
	}
	w, err = Find(dir, env)
	return w, created, err
}

// makeFolders makes the folders above a file: data is the owner's alone.
func makeFolders(dir, name string) error {
	mode := fs.FileMode(0o755)
	if strings.HasPrefix(name, "data"+string(filepath.Separator)) {
		mode = 0o700
	}
	return os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), mode)
}
