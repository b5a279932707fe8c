package languages

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// PythonArgs say which packages of Python are meant, and where pip finds more: arguments of pip and pip_requirements.
type PythonArgs struct {
	Venv         string `json:"venv"`
	Python       string `json:"python"`
	SitePackages bool   `json:"site_packages"`
	IndexURL     string `json:"index_url"`
	FindLinks    string `json:"find_links"`
	NoIndex      bool   `json:"no_index"`
	BreakSystem  bool   `json:"break_system_packages"`
}

// python is an environment of Python, or the system's own.
type python PythonArgs

// PythonState is what is there of an environment.
type PythonState struct {
	NoPython bool `json:"no_python,omitempty"`
	NoVenv   bool `json:"no_venv,omitempty"`
	// NoModules says that python cannot make environments, or has no pip.
	NoModules bool `json:"no_modules,omitempty"`
}

// ready reports whether there is a pip to be asked.
func ready(s PythonState) bool { return !s.NoPython && !s.NoVenv && !s.NoModules }

// program is the Python whose packages these are.
func (p python) program() string {
	if p.Venv != "" {
		return p.Venv + "/bin/python"
	}
	return p.Python
}

// look finds what is there.
func (p python) look(t *sdk.T) PythonState {
	s := PythonState{}
	if p.Venv != "" {
		trusted(t, p.Venv+"/bin")
		s.NoVenv = !t.Must(t.Do(op.Op{Stat: &op.Stat{Path: p.program(), Follow: true}})).Stat.Exists
	}
	if p.Venv == "" || s.NoVenv {
		if s.NoPython = lacks(t, p.Python); !s.NoPython {
			modules := "import pip"
			if s.NoVenv {
				modules = "import ensurepip, venv"
			}
			s.NoModules = ask(t, p.Python, "-B", "-c", modules).RC != 0
		}
	}
	return s
}

// prepare announces what the host lacks, and makes the environment where there is none.
func (p python) prepare(t *sdk.T, s PythonState) {
	switch {
	case s.NoPython:
		needProgram(t, p.Python, "python3")
	case s.NoModules && s.NoVenv:
		t.Needs(abi.Need{
			What: "venv and ensurepip of " + p.Python, Kind: "program", Name: "python3-venv", Paths: []string{"/usr/lib/python3"},
			Hint: `what brings them has to be declared before, such as pkg("python3-venv")`,
		})
	case s.NoModules:
		t.Needs(abi.Need{
			What: "pip of " + p.Python, Kind: "program", Name: "pip", Paths: []string{"/usr/lib/python3/dist-packages/pip"},
			Hint: `what brings it has to be declared before, such as pkg("python3-pip")`,
		})
	}
	if s.NoVenv {
		t.Differ("venv", nil, p.Venv)
		p.create(t)
	}
}

func (p python) create(t *sdk.T) {
	argv := []string{p.Python, "-m", "venv"}
	if p.SitePackages {
		argv = append(argv, "--system-site-packages")
	}
	run(t, append(argv, p.Venv)...)
}

// install has pip install what, which is a package, or a file.
func (p python) install(t *sdk.T, upgrade bool, what ...string) {
	argv := append([]string{p.program(), "-m", "pip", "install"}, p.options()...)
	if upgrade {
		argv = append(argv, "--upgrade")
	}
	run(t, append(argv, what...)...)
}

// options are those of every installation, and of what would be installed.
func (p python) options() []string {
	return append(p.sources(), p.breaking()...)
}

// sources are where packages come from.
func (p python) sources() []string {
	options := []string{"--no-input", "--disable-pip-version-check"}
	if p.IndexURL != "" {
		options = append(options, "--index-url="+p.IndexURL)
	}
	if p.FindLinks != "" {
		options = append(options, "--find-links="+p.FindLinks)
	}
	if p.NoIndex {
		options = append(options, "--no-index")
	}
	return options
}

func (p python) breaking() []string {
	if p.BreakSystem {
		return []string{"--break-system-packages"}
	}
	return nil
}

// canonical is a name as pip compares it: its case does not count, nor which of "-", "_" and "." is in it.
func canonical(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), "[")
	var b strings.Builder
	separated := false
	for i := range len(name) {
		switch c := name[i]; c {
		case '-', '_', '.':
			separated = true
		default:
			if separated {
				b.WriteByte('-')
			}
			separated = false
			b.WriteByte(c)
		}
	}
	return b.String()
}

// fits reports whether a version is the one that is wanted, or begins as wanted before a final ".*". Zeros at the end do not count.
func fits(want, version string) bool {
	want, version = strings.ToLower(want), strings.ToLower(version)
	if beginning, open := strings.CutSuffix(want, ".*"); open {
		return version == beginning || strings.HasPrefix(version, beginning+".") || trim(version) == trim(beginning)
	}
	return trim(version) == trim(want)
}

// trim takes zeros from the end of a version that is made of numbers alone.
func trim(version string) string {
	if strings.Trim(version, "0123456789.") != "" {
		return version
	}
	for strings.HasSuffix(version, ".0") {
		version = strings.TrimSuffix(version, ".0")
	}
	return version
}
