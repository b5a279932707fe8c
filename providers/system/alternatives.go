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
	// Link is where the name is, and Broken what is there where that does not lead to the choice: nothing, or something else.
	Link   string         `json:"link,omitempty"`
	Broken *op.StatResult `json:"broken,omitempty"`
}

// links is where dpkg has the links that those of names lead to.
const links = "/etc/alternatives/"

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
		case "Link":
			s.Link = value
		case "Alternative":
			s.Choices = append(s.Choices, value)
		}
	}
	if strings.HasPrefix(s.Link, "/") { // that it is there update-alternatives does not say
		if there := t.Must(t.Do(op.Op{Stat: &op.Stat{Path: s.Link}})).Stat; there.Type != op.TypeLink || there.Target != links+a.Name {
			s.Broken = there
		}
	}
	return s
}

// Plan implements sdk.Resource.
func (a Alternatives) Plan(t *sdk.T, now AlternativesState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	broken := a.State != "present" && a.linked(t, now)
	if a.State == "auto" {
		if now.Exists && !now.Auto {
			t.Differ("status", "manual", "auto")
			broken = true
		}
		if broken {
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
	if a.State == "selected" && (now.Value != a.Path || now.Auto || broken) {
		var before any
		if now.Exists {
			before = now.Value
		}
		switch {
		case now.Value != a.Path:
			t.Differ("value", before, a.Path)
		case now.Auto:
			t.Differ("status", "auto", "manual")
		}
		a.choose(t)
	}
}

// linked reports whether the name's link has to be made anew, which update-alternatives does with each choice.
func (a Alternatives) linked(t *sdk.T, now AlternativesState) bool {
	if now.Broken == nil {
		return false
	}
	if now.Broken.Exists && now.Broken.Type != op.TypeLink {
		t.Fail(op.Conflict, "a "+string(now.Broken.Type)+" is in the way at "+now.Link, "", "move it away")
	}
	var before any
	if now.Broken.Exists {
		before = now.Broken.Target
	}
	return t.Differ("link "+now.Link, before, links+a.Name)
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
