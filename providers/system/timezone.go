package system

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Timezone is the host's time zone. Its fields are described in timezone.cue.
type Timezone struct {
	Name string `json:"name"`
	File string `json:"file"`
}

// TimezoneState is where the zone is said, and whether the host knows the wanted one.
type TimezoneState struct {
	Link  op.StatResult       `json:"link"`
	Text  textfile.WholeState `json:"text"`
	Known bool                `json:"known"`
}

const (
	zones    = "/usr/share/zoneinfo/"
	zoneText = "/etc/timezone" // Debian's
)

func (z Timezone) text() textfile.Whole { return textfile.Whole{Path: zoneText, Mode: 0o644} }

// Read implements sdk.Resource.
func (z Timezone) Read(t *sdk.T) TimezoneState {
	results := t.All(append(z.text().Ops(),
		op.Op{Stat: &op.Stat{Path: z.File}}, op.Op{Stat: &op.Stat{Path: zones + z.Name, Follow: true}})...)
	return TimezoneState{*t.Must(results[2]).Stat, z.text().State(t, results), t.Must(results[3]).Stat.Type == op.TypeFile}
}

// Plan implements sdk.Resource.
func (z Timezone) Plan(t *sdk.T, now TimezoneState) {
	if !now.Known {
		t.Needs(abi.Need{
			What: "time zone " + z.Name, Kind: "file", Name: zones + z.Name, Paths: []string{zones + z.Name},
			Hint: "is the name right? zones come with the package tzdata, which has to be declared before",
		})
	}
	if was := zoneOf(now.Link); was != z.Name {
		switch {
		case now.Link.Exists && now.Link.Type != op.TypeLink && now.Link.Type != op.TypeFile:
			t.Fail(op.Conflict, "a "+string(now.Link.Type)+" is in the way at "+z.File, "", "move it away")
		case now.Link.Exists && now.Link.Type == op.TypeFile:
			t.Action(abi.Replace)
			t.Differ("type", now.Link.Type, op.TypeLink)
		case !now.Link.Exists:
			t.Action(abi.Create)
		}
		var before any
		if now.Link.Type == op.TypeLink {
			before = now.Link.Target
		}
		t.Differ("target", before, zones+z.Name)
		z.link(t)
	}
	if now.Text.Exists && strings.TrimSpace(now.Text.Text) != z.Name {
		z.text().Write(t, now.Text, z.Name+"\n")
	}
	t.Output(Output{Changed: t.Acted()})
}

// Potential implements sdk.HasPotential.
func (z Timezone) Potential(t *sdk.T) {
	z.link(t)
	z.text().PotentialWrite(t)
}

func (z Timezone) link(t *sdk.T) {
	t.Effect(op.Op{Link: &op.Link{Path: z.File, Target: zones + z.Name}})
}

// zoneOf is the zone that a link leads to, or "".
func zoneOf(link op.StatResult) string {
	if link.Type != op.TypeLink {
		return ""
	}
	if _, zone, is := strings.Cut(link.Target, "/zoneinfo/"); is {
		return zone
	}
	return ""
}
