package accounts

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// PamLimits is a limit of sessions. Its fields are described in pam_limits.cue.
type PamLimits struct {
	textfile.Edit
	Domain    string `json:"domain"`
	LimitType string `json:"limit_type"`
	LimitItem string `json:"limit_item"`
	Value     any    `json:"value"` // a number, or a string
	State     string `json:"state"`
}

// Read implements sdk.Resource.
func (l PamLimits) Read(t *sdk.T) textfile.State { return l.file().Read(t) }

// Plan implements sdk.Resource.
func (l PamLimits) Plan(t *sdk.T, now textfile.State) {
	l.file().Plan(t, now, l.State == absent, l.edit)
}

// Potential implements sdk.HasPotential.
func (l PamLimits) Potential(t *sdk.T) { l.file().Potential(t) }

func (l PamLimits) file() textfile.Edit {
	l.Create = true
	return l.Edit
}

func (l PamLimits) value() string {
	switch v := l.Value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatInt(int64(v), 10)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// edit makes the first line of the limit the right one, and takes away the others: of several the last one counts.
func (l PamLimits) edit(text string) string {
	want := []string{l.Domain, l.LimitType, l.LimitItem, l.value()}
	var out strings.Builder
	there := l.State == absent
	for _, line := range textfile.Lines(text) {
		fields, _, _ := strings.Cut(line, "#")
		has := strings.Fields(fields)
		switch {
		case len(has) < 3 || !slices.Equal(has[:3], want[:3]):
			out.WriteString(line)
		case there:
		case slices.Equal(has, want):
			there = true
			out.WriteString(line)
		default:
			there = true
			out.WriteString(strings.Join(want, "\t") + "\n")
		}
	}
	if !there {
		if s := out.String(); s != "" && !strings.HasSuffix(s, "\n") {
			out.WriteByte('\n')
		}
		out.WriteString(strings.Join(want, "\t") + "\n")
	}
	return out.String()
}
