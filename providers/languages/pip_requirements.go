package languages

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// PipRequirements are the packages that a file names. Its fields are described in pip_requirements.cue.
type PipRequirements struct {
	Path  string `json:"path"`
	State string `json:"state"`
	PythonArgs
}

// RequirementsState is what is there of them.
type RequirementsState struct {
	PythonState
	NoFile bool `json:"no_file,omitempty"`
	// Missing is what would be installed, as pip names it: "flask-2.0 jinja2-3.1".
	Missing string `json:"missing,omitempty"`
}

// Read implements sdk.Resource.
func (p PipRequirements) Read(t *sdk.T) RequirementsState {
	s := RequirementsState{PythonState: python(p.PythonArgs).look(t)}
	s.NoFile = !t.Must(t.Do(op.Op{Stat: &op.Stat{Path: p.Path, Follow: true}})).Stat.Exists
	if s.NoFile || !ready(s.PythonState) {
		return s
	}
	argv := append([]string{python(p.PythonArgs).program(), "-B", "-m", "pip", "install", "--dry-run"}, python(p.PythonArgs).options()...)
	if p.State == latest {
		argv = append(argv, "--upgrade")
	}
	argv = append(argv, "--requirement", p.Path)
	r := ask(t, argv...)
	switch {
	case r.RC != 0 && strings.Contains(r.Stderr, "no such option: --dry-run"):
		failed(t, argv, r, "pip 22.2 is the first that can tell; upgrade it before: "+p.upgrade())
	case r.RC != 0:
		failed(t, argv, r, "")
	}
	for line := range strings.Lines(r.Stdout) {
		if all, ok := strings.CutPrefix(strings.TrimSpace(line), "Would install "); ok {
			s.Missing = all
		}
	}
	return s
}

// upgrade is how a runbook brings a newer pip.
func (p PipRequirements) upgrade() string {
	if p.Venv == "" {
		return `pip("pip", state = "latest")`
	}
	return `pip("pip", venv = "` + p.Venv + `", state = "latest")`
}

// Plan implements sdk.Resource.
func (p PipRequirements) Plan(t *sdk.T, now RequirementsState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	if now.NoFile {
		t.Needs(abi.Need{
			What: "file " + p.Path, Kind: "file", Name: p.Path, Paths: []string{p.Path},
			Hint: "declare it before: file(\"" + p.Path + "\", source = \"requirements.txt\")",
		})
	}
	if ready(now.PythonState) && !now.NoFile && now.Missing == "" {
		return
	}
	t.Action(abi.Update)
	if now.NoVenv {
		t.Action(abi.Create)
	}
	python(p.PythonArgs).prepare(t, now.PythonState)
	if now.Missing == "" {
		t.DifferUnknown("packages", nil)
	} else {
		t.Differ("packages", nil, now.Missing)
	}
	python(p.PythonArgs).install(t, p.State == latest, "--requirement", p.Path)
}

// Potential implements sdk.HasPotential.
func (p PipRequirements) Potential(t *sdk.T) {
	if p.Venv != "" {
		python(p.PythonArgs).create(t)
	}
	python(p.PythonArgs).install(t, p.State == latest, "--requirement", p.Path)
}
