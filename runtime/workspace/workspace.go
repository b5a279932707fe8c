// Package workspace knows the directory in which an operator works: its
// settings, and where state, keys and caches live. It refuses a directory that
// others could have written to, because what stands there is run with the
// operator's rights on every host.
//
// It imports engine/diag, engine/cuefile, and age for its keys.
package workspace

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/cuefile"
	"github.com/openfroyo/froyo/engine/diag"
)

// Names in a workspace.
const (
	settingsFile  = "froyo.cue"
	inventoryFile = "inventory.cue"
	runbookFile   = "site.star"
	dataFolder    = "data"
)

//go:embed settings.cue
var settingsSchema string

// Env is what a workspace needs to know of its process.
type Env struct {
	Home      string // the operator's home directory
	StateHome string // $XDG_STATE_HOME, or ""
	CacheHome string // $XDG_CACHE_HOME, or ""
	UID       int
	// SudoUID is who called sudo, where UID is root by that; else -1. Their files are trusted as one's own.
	SudoUID int
	// SudoUser and SSHConnection are the variables of these names, which say from where the operator is logged in.
	SudoUser      string
	SSHConnection string
}

// Login is what the environment says of the operator's login: SUDO_USER and SSH_CONNECTION.
func (w *Workspace) Login() (sudoUser, sshConnection string) {
	return w.env.SudoUser, w.env.SSHConnection
}

// Settings are what froyo.cue says.
type Settings struct {
	Name      string `json:"name"`
	Inventory string `json:"inventory"`
	Forks     int    `json:"forks"`
	User      string `json:"user"`
	Become    bool   `json:"become"`
	// VaultPassword is the password of Ansible's vault.
	VaultPassword Secret `json:"vaultPassword"`
}

// Secret is a value that is named and not said.
type Secret struct {
	Name string `json:"secret"`
}

// Workspace is where a runbook belongs. Outside of a workspace Root is "" and
// state lives with the user's own.
type Workspace struct {
	Root     string
	Settings Settings
	env      Env
	dir      string // the directory that was asked for
	state    string // where state lives
}

// Find returns the workspace around dir: the nearest directory upward that holds
// froyo.cue. The search ends at the operator's home directory, at the root, and
// where a directory cannot be entered. Without a workspace the result has no Root.
func Find(dir string, env Env) (*Workspace, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w := &Workspace{env: env, dir: dir}
	for at := dir; ; at = filepath.Dir(at) {
		_, err := os.Stat(filepath.Join(at, settingsFile))
		if err == nil {
			w.Root, w.state = at, filepath.Join(at, dataFolder)
			return w, w.load()
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		if at == filepath.Dir(at) || at == env.Home || errors.Is(err, fs.ErrPermission) {
			w.state, err = env.stateDir(dir)
			return w, err
		}
	}
}

// load trusts and reads the settings.
func (w *Workspace) load() error {
	name := filepath.Join(w.Root, settingsFile)
	if err := w.Trust(name); err != nil {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := cuefile.Read(name, text, settingsSchema)
	if err != nil {
		return err
	}
	return file.Value.Decode(&w.Settings)
}

// stateDir is where the state of runbooks in dir lives outside of a workspace.
func (e Env) stateDir(dir string) (string, error) {
	home, err := e.userDir(e.StateHome, "XDG_STATE_HOME", ".local", "state")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(home, "froyo", filepath.Base(dir)+"-"+hex.EncodeToString(sum[:8])), nil
}

// StateMoves tells where the state of runbooks in dir is as long as dir is no
// workspace, and where it is once it is one.
func StateMoves(dir string, env Env) (from, to string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", "", err
	}
	from, err = env.stateDir(dir)
	return from, filepath.Join(dir, dataFolder), err
}

// userDir is the user's directory for some kind of data: what the environment
// sets, else one below the home directory. As the XDG specification has it,
// relative paths in the environment do not count.
func (e Env) userDir(set, variable string, below ...string) (string, error) {
	switch {
	case filepath.IsAbs(set):
		return set, nil
	case filepath.IsAbs(e.Home):
		return filepath.Join(e.Home, filepath.Join(below...)), nil
	}
	return "", (&diag.Error{Summary: "there is no home directory to keep things in: HOME is not set"}).
		WithHint("set HOME, or %s", variable)
}

// ID names the workspace in the store: its directory.
func (w *Workspace) ID() string { return w.base() }

func (w *Workspace) base() string {
	if w.Root != "" {
		return w.Root
	}
	return w.dir
}

// Inventory returns the workspace's inventory, or nothing where it has none.
func (w *Workspace) Inventory() []string {
	if w.Root == "" {
		return nil
	}
	name := w.Settings.Inventory
	if name == "" {
		name = inventoryFile
		if _, err := os.Stat(filepath.Join(w.Root, name)); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(w.Root, name)
	}
	return []string{name}
}

// StateDir is where state lives: data in the workspace. Outside of one it is a directory
// of the user's state directory, one for each directory with runbooks, so that they do not mix.
func (w *Workspace) StateDir() string { return w.state }

// SecretsDir is where the workspace's secrets are, and AgeKey the file of its own key for them; neither needs to be there. Outside of a
// workspace there are none: both are "".
func (w *Workspace) SecretsDir() string { return w.below("secrets") }

// AgeKey is the file of the workspace's own key for secrets.
func (w *Workspace) AgeKey() string { return w.below(dataFolder, "keys", "agekey") }

// below is a path in the workspace.
func (w *Workspace) below(parts ...string) string {
	if w.Root == "" {
		return ""
	}
	return filepath.Join(append([]string{w.Root}, parts...)...)
}

// CacheDir makes and returns the directory for what can be made anew. It is never
// inside a workspace, and no other user may write to it: compiled code is kept there.
func (w *Workspace) CacheDir() (string, error) {
	home, err := w.env.userDir(w.env.CacheHome, "XDG_CACHE_HOME", ".cache")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(home, "froyo")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", (&diag.Error{Summary: fmt.Sprintf("make the cache directory: %v", err), Cause: err}).
			WithHint("set XDG_CACHE_HOME to a directory of your own")
	}
	return dir, w.trustOne(dir)
}
