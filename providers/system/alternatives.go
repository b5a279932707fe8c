package system

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Alternatives is a choice between programs. Its fields are described in alternatives.cue.
type Alternatives struct {
	Name     string `json:"name"`
	Path     string `json:"path"`
	State    string `json:"state"`
	Link     string `json:"link"`
	Priority int64  `json:"priority"`
}

// AlternativesState is a choice as update-alternatives tells it.
type AlternativesState struct {
	Exists  bool     `json:"exists"`
	Auto    bool     `json:"auto,omitempty"`
	Value   string   `json:"value,omitempty"`
	Choices []string `json:"choices,omitempty"`
}

// Read implements sdk.Resource.
func (a Alternatives) Read(t *sdk.T) AlternativesState {
	r := t.Must(t.Do(op.Op{Exec: &op.Exec{Argv: []string{"update-alternatives", "--query", a.Name}, ReadOnly: true, Limit: op.MaxOutput}})).Exec
	if r.RC != 0 { // it has no such name
		return AlternativesState{}
	}
	s := AlternativesState{Exists: true}
	for line := range strings.Lines(r.Stdout) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch field {
		case "Status":
			s.Auto = value == "auto"
		case "Value":
			s.Value = value
		case "Alternative":
			s.Choices = append(s.Choices, value)
		}
	}
	return s
}

// Plan implements sdk.Resource.
func (a Alternatives) Plan(t *sdk.T, now AlternativesState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	if a.State == "auto" {
		if now.Exists && !now.Auto {
			t.Differ("status", "manual", "auto")
			run(t, "update-alternatives", "--auto", a.Name)
		}
		return
	}
	if !slices.Contains(now.Choices, a.Path) {
		if a.Link == "" {
			t.Needs(abi.Need{
				What: "choice " + a.Path + " of " + a.Name, Kind: "program", Name: a.Path, Paths: []string{a.Path},
				Hint: "is the path right? what brings it, such as its package, has to be declared before; or give link, to make it a choice",
			})
		} else {
			if !now.Exists {
				t.Action(abi.Create)
			}
			t.Differ("choice", nil, a.Path)
			a.install(t)
		}
	}
	if a.State == "selected" && (now.Value != a.Path || now.Auto) {
		var before any
		if now.Exists {
			before = now.Value
		}
		if now.Value != a.Path {
			t.Differ("value", before, a.Path)
		} else {
			t.Differ("status", "auto", "manual")
		}
		a.choose(t)
	}
}

// Potential implements sdk.HasPotential.
func (a Alternatives) Potential(t *sdk.T) {
	if a.State == "auto" {
		run(t, "update-alternatives", "--auto", a.Name)
		return
	}
	if a.Link != "" {
		a.install(t)
	}
	if a.State == "selected" {
		a.choose(t)
	}
}

func (a Alternatives) install(t *sdk.T) {
	run(t, "update-alternatives", "--install", a.Link, a.Name, a.Path, strconv.FormatInt(a.Priority, 10))
}

func (a Alternatives) choose(t *sdk.T) {
	run(t, "update-alternatives", "--set", a.Name, a.Path)
}
