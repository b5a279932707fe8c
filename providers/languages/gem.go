package languages

import (
	"cmp"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Gem is a gem of Ruby. Its fields are described in gem.cue.
type Gem struct {
	Name       string `json:"name"`
	State      string `json:"state"`
	Version    string `json:"version"`
	InstallDir string `json:"install_dir"`
	User       bool   `json:"user_install"`
	Source     string `json:"source"`
	Gem        string `json:"gem"`
}

// GemState is what is there of a gem.
type GemState struct {
	NoGem bool `json:"no_gem,omitempty"`
	// Versions are those that were installed, the newest first, and Own those that are part of Ruby.
	Versions []string `json:"versions,omitempty"`
	Own      []string `json:"own,omitempty"`
	// Newest is what the source has.
	Newest string `json:"newest,omitempty"`
}

// Read implements sdk.Resource.
func (g Gem) Read(t *sdk.T) GemState {
	s := GemState{}
	if g.InstallDir != "" {
		trusted(t, g.InstallDir)
	}
	if s.NoGem = lacks(t, g.Gem); s.NoGem {
		return s
	}
	s.Versions, s.Own = g.listed(t)
	if g.State == latest {
		argv := []string{g.Gem, "list", "--remote", "--exact", g.Name}
		if g.Source != "" {
			argv = []string{g.Gem, "list", "--remote", "--exact", "--source=" + g.Source, g.Name}
		}
		r := ask(t, argv...)
		newest, _ := g.versions(r.Stdout)
		switch {
		case r.RC != 0:
			failed(t, argv, r, "")
		case len(newest) == 0:
			t.Fail(op.Permanent, "there is no gem "+g.Name+" in "+cmp.Or(g.Source, "the host's sources of gems"), "", "")
		}
		s.Newest = newest[0]
	}
	return s
}

// program runs gem where a directory of its own is the one it works in: only for an installation is there an option.
func (g Gem) program() []string {
	if g.InstallDir == "" {
		return []string{g.Gem}
	}
	return []string{"env", "GEM_HOME=" + g.InstallDir, "GEM_PATH=" + g.InstallDir, g.Gem}
}

// listed asks gem which versions there are.
func (g Gem) listed(t *sdk.T) (installed, own []string) {
	argv := append(g.program(), "list", "--local", "--exact", g.Name)
	r := ask(t, argv...)
	if r.RC != 0 {
		failed(t, argv, r, "")
	}
	return g.versions(r.Stdout)
}

// versions reads "rake (13.1.0, default: 13.0.6)", where a platform may stand behind a version.
func (g Gem) versions(said string) (installed, own []string) {
	for line := range strings.Lines(said) {
		list, ok := strings.CutPrefix(strings.TrimSpace(line), g.Name+" (")
		if !ok {
			continue
		}
		for item := range strings.SplitSeq(strings.TrimSuffix(list, ")"), ", ") {
			item, isOwn := strings.CutPrefix(item, "default: ")
			version, _, _ := strings.Cut(item, " ")
			switch {
			case !word(version):
			case isOwn:
				own = append(own, version)
			default:
				installed = append(installed, version)
			}
		}
	}
	return installed, own
}

// Plan implements sdk.Resource.
func (g Gem) Plan(t *sdk.T, now GemState) {
	before := ""
	if all := append(append([]string{}, now.Versions...), now.Own...); len(all) > 0 {
		before = all[0]
	}
	defer func() { t.Output(PackageOutput{Changed: t.Acted(), Before: before}) }()
	if g.State == absent {
		g.planRemoval(t, now)
		return
	}
	for _, v := range append(append([]string{}, now.Versions...), now.Own...) {
		if now.Newest != "" && v == now.Newest || now.Newest == "" && (g.Version == "" || fits(g.Version, v)) {
			return
		}
	}
	t.Action(abi.Update)
	var old any = before
	if before == "" {
		old = nil
		t.Action(abi.Create)
	}
	if now.NoGem {
		needProgram(t, g.Gem, "ruby")
	}
	differ(t, old, now.Newest, g.Version)
	g.install(t)
}

func (g Gem) planRemoval(t *sdk.T, now GemState) {
	var going []string
	for _, v := range now.Versions {
		if g.Version == "" || fits(g.Version, v) {
			going = append(going, v)
		}
	}
	if len(going) == 0 {
		if len(now.Own) > 0 {
			t.Reason("a part of Ruby itself, which stays")
		}
		return
	}
	t.Action(abi.Delete)
	t.Differ("version", strings.Join(going, ", "), nil)
	g.uninstall(t)
}

// Potential implements sdk.HasPotential.
func (g Gem) Potential(t *sdk.T) {
	if g.State == absent {
		g.uninstall(t)
		return
	}
	g.install(t)
}

func (g Gem) install(t *sdk.T) {
	argv := append([]string{g.Gem, "install", "--no-document"}, g.versioned()...)
	if g.InstallDir != "" {
		argv = append(argv, "--install-dir="+g.InstallDir)
	}
	argv = append(argv, g.user()...)
	if g.Source != "" {
		argv = append(argv, "--clear-sources", "--source="+g.Source)
	}
	run(t, append(argv, g.Name)...)
}

// uninstall refuses where other gems need it, as gem itself would ask.
func (g Gem) uninstall(t *sdk.T) {
	argv := append(g.program(), "uninstall", "--all", "--executables", "--abort-on-dependent")
	argv = append(append(argv, g.versioned()...), g.user()...)
	run(t, append(argv, g.Name)...)
}

// versioned is the option that says which version.
func (g Gem) versioned() []string {
	if beginning, open := strings.CutSuffix(g.Version, ".*"); open {
		return []string{"--version=~> " + beginning + ".0"}
	}
	if g.Version != "" {
		return []string{"--version=" + g.Version}
	}
	return nil
}

func (g Gem) user() []string {
	if g.User {
		return []string{"--user-install"}
	}
	return nil
}
