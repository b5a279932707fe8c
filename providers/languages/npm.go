package languages

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/codec"
)

// Npm is a package of Node.js. Its fields are described in npm.cue.
type Npm struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Version  string `json:"version"`
	Path     string `json:"path"`
	Prefix   string `json:"prefix"`
	Registry string `json:"registry"`
	Scripts  bool   `json:"ignore_scripts"`
	Npm      string `json:"npm"`
}

// NpmState is what is there of a package.
type NpmState struct {
	NoNpm   bool   `json:"no_npm,omitempty"`
	Version string `json:"version,omitempty"`
	// Newest is what the registry has.
	Newest string `json:"newest,omitempty"`
}

// tree is what npm ls says.
type tree struct {
	Dependencies map[string]struct {
		Version string `json:"version"`
	} `json:"dependencies"`
	Error struct {
		Code string `json:"code"`
	} `json:"error"`
}

// Read implements sdk.Resource.
func (n Npm) Read(t *sdk.T) NpmState {
	s := NpmState{}
	switch {
	case n.Path != "":
		trusted(t, n.Path+"/node_modules")
	case n.Prefix != "":
		trusted(t, n.Prefix+"/lib/node_modules")
	}
	if s.NoNpm = lacks(t, n.Npm); s.NoNpm {
		return s
	}
	// npm says by its exit code that something is missing, and prints the tree all the same.
	argv := append([]string{n.Npm, "ls", "--json", "--depth=0"}, n.places()...)
	r := ask(t, argv...)
	var found tree
	err := codec.Unmarshal([]byte(strings.TrimSpace(r.Stdout)), &found)
	if err != nil || found.Error.Code != "" && found.Error.Code != "ENOENT" { // of a directory that is not there
		failed(t, argv, r, "")
	}
	if v := found.Dependencies[n.Name].Version; word(v) {
		s.Version = v
	}
	if n.State == latest {
		argv := append([]string{n.Npm, "view", "--json", "--no-update-notifier", "--logs-max=0"}, n.sources()...)
		argv = append(argv, n.Name+"@latest", "version")
		r := ask(t, argv...)
		if r.RC != 0 || codec.Unmarshal([]byte(strings.TrimSpace(r.Stdout)), &s.Newest) != nil || !word(s.Newest) {
			failed(t, argv, r, "")
		}
	}
	return s
}

// Plan implements sdk.Resource.
func (n Npm) Plan(t *sdk.T, now NpmState) {
	defer func() { t.Output(PackageOutput{Changed: t.Acted(), Before: now.Version}) }()
	if n.State == absent {
		if now.Version != "" {
			t.Action(abi.Delete)
			t.Differ("version", now.Version, nil)
			n.uninstall(t)
		}
		return
	}
	if now.Version != "" && (n.Version == "" || fits(n.Version, now.Version)) && (n.State != latest || now.Newest == now.Version) {
		return
	}
	t.Action(abi.Update)
	var before any = now.Version
	if now.Version == "" {
		before = nil
		t.Action(abi.Create)
	}
	if now.NoNpm {
		needProgram(t, n.Npm, "npm")
	}
	differ(t, before, now.Newest, n.Version)
	n.install(t)
}

// Potential implements sdk.HasPotential.
func (n Npm) Potential(t *sdk.T) {
	if n.State == absent {
		n.uninstall(t)
		return
	}
	n.install(t)
}

func (n Npm) install(t *sdk.T) {
	argv := append([]string{n.Npm, "install"}, n.places()...)
	argv = append(append(argv, n.sources()...), "--no-audit", "--no-fund")
	if n.Scripts {
		argv = append(argv, "--ignore-scripts")
	}
	what := n.Name
	switch {
	case n.Version != "":
		what += "@" + n.Version
	case n.State == latest:
		what += "@latest"
	}
	run(t, append(argv, what)...)
}

func (n Npm) uninstall(t *sdk.T) {
	argv := append([]string{n.Npm, "uninstall"}, n.places()...)
	run(t, append(argv, "--no-audit", "--no-fund", n.Name)...)
}

// places are the options that say where packages are. npm keeps no log of what only asks.
func (n Npm) places() []string {
	options := []string{"--no-update-notifier", "--logs-max=0"}
	switch {
	case n.Path != "":
		return append(options, "--prefix="+n.Path)
	case n.Prefix != "":
		return append(options, "--global", "--prefix="+n.Prefix)
	}
	return append(options, "--global")
}

func (n Npm) sources() []string {
	if n.Registry == "" {
		return nil
	}
	return []string{"--registry=" + n.Registry}
}
