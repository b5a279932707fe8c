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

// part is a file of a new workspace.
type part struct {
	name string
	mode fs.FileMode
	make func(dir string) ([]byte, error)
}

// parts lists the files of a new workspace. data has a .gitignore of its own,
// so that keys are never committed, whatever the repository around it ignores.
func parts() []part {
	return []part{
		{settingsFile, 0o644, fixed("froyo.cue")},
		{inventoryFile, 0o644, fixed("inventory.cue")},
		{runbookFile, 0o644, fixed("site.star")},
		{filepath.Join("policies", "README.md"), 0o644, fixed("policies.md")},
		{filepath.Join(dataFolder, ".gitignore"), 0o644, fixed("gitignore")},
		{filepath.Join(dataFolder, "keys", "agekey"), 0o600, ageKey},
		{filepath.Join(dataFolder, "keys", "signing"), 0o600, signingKey},
		{filepath.Join(dataFolder, "keys", "signing.pub"), 0o644, signingPublicKey},
	}
}

func fixed(name string) func(string) ([]byte, error) {
	return func(string) ([]byte, error) { return template.ReadFile("template/" + name) }
}

// Init makes what is missing of a workspace in dir and returns the names of
// what it made. What is there is kept as it is, so it does no harm to run it
// again. A directory that others can write to is refused.
func Init(dir string, env Env) (w *Workspace, created []string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	if err := (&Workspace{env: env}).trustOne(dir); err != nil {
		return nil, nil, err
	}
	for _, p := range parts() {
		made, err := p.write(dir)
		if err != nil {
			return nil, created, err
		}
		if made {
			created = append(created, p.name)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, dataFolder, "blobs"), 0o700); err != nil {
		return nil, created, err
	}
	w, err = Find(dir, env)
	return w, created, err
}

// write makes the file, unless there is one already.
func (p part) write(dir string) (made bool, err error) {
	name := filepath.Join(dir, p.name)
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := makeDirs(dir, p.name); err != nil {
		return false, err
	}
	data, err := p.make(dir)
	if err != nil {
		return false, err
	}
	err = writeNew(name, data, p.mode)
	if errors.Is(err, fs.ErrExist) {
		return false, nil // another froyo was quicker
	}
	return err == nil, err
}

// makeDirs makes the directories above a file: data is the owner's alone.
func makeDirs(dir, name string) error {
	mode := fs.FileMode(0o755)
	if strings.HasPrefix(name, dataFolder+string(filepath.Separator)) {
		mode = 0o700
	}
	return os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), mode)
}
