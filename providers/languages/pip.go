package languages

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
)

// Pip is a package of Python. Its fields are described in pip.cue.
type Pip struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	Version string `json:"version"`
	PythonArgs
}

// PipState is what is there of a package.
type PipState struct {
	PythonState
	Version string `json:"version,omitempty"`
	// Newest is what the index has, where that is another.
	Newest string `json:"newest,omitempty"`
}

// Read implements sdk.Resource.
func (p Pip) Read(t *sdk.T) PipState {
	s := PipState{PythonState: python(p.PythonArgs).look(t)}
	if !ready(s.PythonState) {
		return s
	}
	argv := []string{python(p.PythonArgs).program(), "-B", "-m", "pip", "list", "--format=freeze", "--no-input", "--disable-pip-version-check"}
	r := ask(t, argv...)
	if r.RC != 0 {
		failed(t, argv, r, "")
	}
	for line := range strings.Lines(r.Stdout) {
		name, version, ok := strings.Cut(strings.TrimSpace(line), "==")
		if ok && word(version) && canonical(name) == canonical(p.Name) {
			s.Version = version
		}
	}
	if p.State == latest && s.Version != "" {
		s.Newest = p.newest(t)
	}
	return s
}

// newest asks the index, and is "" where it has none that is newer.
func (p Pip) newest(t *sdk.T) string {
	argv := append([]string{python(p.PythonArgs).program(), "-B", "-m", "pip", "list", "--outdated", "--format=columns"}, python(p.PythonArgs).sources()...)
	r := ask(t, argv...)
	if r.RC != 0 {
		failed(t, argv, r, "")
	}
	for line := range strings.Lines(r.Stdout) {
		fields := strings.Fields(line) // name, version, latest, type
		if len(fields) >= 3 && canonical(fields[0]) == canonical(p.Name) && word(fields[2]) {
			return fields[2]
		}
	}
	return ""
}

// Plan implements sdk.Resource.
func (p Pip) Plan(t *sdk.T, now PipState) {
	defer func() { t.Output(PackageOutput{Changed: t.Acted(), Before: now.Version}) }()
	if p.State == absent {
		if now.Version != "" {
			t.Action(abi.Delete)
			t.Differ("version", now.Version, nil)
			p.uninstall(t)
		}
		return
	}
	if now.Version != "" && (p.Version == "" || fits(p.Version, now.Version)) && now.Newest == "" {
		return
	}
	t.Action(abi.Update)
	var before any = now.Version
	if now.Version == "" {
		before = nil
		t.Action(abi.Create)
	}
	python(p.PythonArgs).prepare(t, now.PythonState)
	differ(t, before, now.Newest, p.Version)
	p.ensure(t)
}

// Potential implements sdk.HasPotential.
func (p Pip) Potential(t *sdk.T) {
	if p.State == absent {
		p.uninstall(t)
		return
	}
	if p.Venv != "" {
		python(p.PythonArgs).create(t)
	}
	p.ensure(t)
}

func (p Pip) ensure(t *sdk.T) {
	what := p.Name
	if p.Version != "" {
		what += "==" + p.Version
	}
	python(p.PythonArgs).install(t, p.State == latest, what)
}

func (p Pip) uninstall(t *sdk.T) {
	name, _, _ := strings.Cut(p.Name, "[")
	argv := append([]string{python(p.PythonArgs).program(), "-m", "pip", "uninstall", "--yes", "--no-input", "--disable-pip-version-check"}, python(p.PythonArgs).breaking()...)
	run(t, append(argv, name)...)
}
