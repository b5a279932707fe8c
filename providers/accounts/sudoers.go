package accounts

import (
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Sudoers is a file of sudo's rules. Its fields are described in sudoers.cue.
type Sudoers struct {
	Name    string  `json:"name"`
	State   string  `json:"state"`
	Rule    any     `json:"rule"` // a string, or a list of strings
	Content *string `json:"content"`
}

// SudoersState is what is at the file's path.
type SudoersState struct {
	textfile.WholeState
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

const visudo = "visudo"

func (s Sudoers) file() textfile.Whole {
	return textfile.Whole{Path: "/etc/sudoers.d/" + s.Name, Mode: 0o440, Validate: visudo + " -cf %s"}
}

// text is what the file has to say.
func (s Sudoers) text() string {
	switch rule := s.Rule.(type) {
	case string:
		return rule + "\n"
	case []any:
		var text strings.Builder
		for _, line := range rule {
			line, _ := line.(string)
			text.WriteString(line + "\n")
		}
		return text.String()
	}
	if s.Content == nil {
		return ""
	}
	return strings.TrimSuffix(*s.Content, "\n") + "\n" // without its end sudo does not take the last line
}

// Read implements sdk.Resource.
func (s Sudoers) Read(t *sdk.T) SudoersState {
	got := t.All(append(s.file().Ops(), op.Op{Need: &op.Need{Program: visudo}})...)
	return SudoersState{WholeState: s.file().State(t, got), Lacks: lacks(t, got[2])}
}

// Plan implements sdk.Resource.
func (s Sudoers) Plan(t *sdk.T, now SudoersState) {
	switch {
	case s.State == absent:
		s.file().Remove(t, now.WholeState)
	case t.Unknown("rule"), t.Unknown("content"):
		need(t, visudo, now.Lacks)
		t.DifferUnknown("content", nil)
		s.file().PotentialWrite(t)
	default:
		if s.Rule == nil && s.Content == nil {
			t.Fail(op.Permanent, "it is not said what the file allows", "", "give rule or content")
		}
		need(t, visudo, now.Lacks)
		s.file().Write(t, now.WholeState, s.text())
	}
	t.Output(Output{Changed: t.Acted()})
}

// Potential implements sdk.HasPotential.
func (s Sudoers) Potential(t *sdk.T) {
	if s.State == absent {
		s.file().PotentialRemove(t)
		return
	}
	s.file().PotentialWrite(t)
}
