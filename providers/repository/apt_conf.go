package repository

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// AptConf is a file of settings of apt. Its fields are described in apt_conf.cue.
type AptConf struct {
	Name     string         `json:"name"`
	State    string         `json:"state"`
	Settings map[string]any `json:"settings"`
	Private  bool           `json:"private"`
}

func (a AptConf) file() textfile.Whole {
	w := textfile.Whole{
		Path: "/etc/apt/apt.conf.d/" + a.Name, Mode: public,
		Validate: "! command -v apt-config >/dev/null || apt-config -c %s dump >/dev/null",
	}
	if a.Private {
		w.Mode = 0o600
	}
	return w
}

// Read implements sdk.Resource.
func (a AptConf) Read(t *sdk.T) textfile.WholeState { return a.file().Read(t) }

// Plan implements sdk.Resource.
func (a AptConf) Plan(t *sdk.T, now textfile.WholeState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	switch {
	case a.State == absent:
		a.file().Remove(t, now)
	case a.file().Unknown(t, now, "settings"):
	default:
		a.file().Write(t, now, a.text())
	}
}

// Potential implements sdk.HasPotential.
func (a AptConf) Potential(t *sdk.T) {
	if a.State == absent {
		a.file().PotentialRemove(t)
	} else {
		a.file().PotentialWrite(t)
	}
}

func (a AptConf) text() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(a.Settings)) {
		line := func(name, value string) { b.WriteString(name + " \"" + value + "\";\n") }
		switch v := a.Settings[name].(type) {
		case string:
			line(name, v)
		case bool:
			line(name, strconv.FormatBool(v))
		case int64:
			line(name, strconv.FormatInt(v, 10))
		default:
			for _, value := range list(v) {
				line(name+"::", value)
			}
		}
	}
	return b.String()
}
