package system

import (
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Hostname is the host's name. Its fields are described in hostname.cue.
type Hostname struct {
	Name string `json:"name"`
	File string `json:"file"`
}

// HostnameState is the file with the name, and the name in the running kernel.
type HostnameState struct {
	File textfile.WholeState `json:"file"`
	Live op.TextResult       `json:"live"`
}

const kernelName = "/proc/sys/kernel/hostname"

func (h Hostname) file() textfile.Whole { return textfile.Whole{Path: h.File, Mode: 0o644} }

// Read implements sdk.Resource.
func (h Hostname) Read(t *sdk.T) HostnameState {
	results := t.All(append(h.file().Ops(), op.Op{Text: &op.Text{Path: kernelName, Limit: maxValue, Unsafe: true}})...)
	return HostnameState{h.file().State(t, results), *t.Must(results[2]).Text}
}

// Plan implements sdk.Resource.
func (h Hostname) Plan(t *sdk.T, now HostnameState) {
	// The name may stand there with a comment or without an end.
	if !now.File.Exists || now.File.Type != op.TypeFile || firstWord(now.File.Text) != h.Name {
		h.file().Write(t, now.File, h.Name+"\n")
	}
	if before := strings.TrimSpace(now.Live.Text); before != h.Name {
		t.Differ("name", before, h.Name)
		h.set(t)
	}
	t.Output(Output{Changed: t.Acted()})
}

// Potential implements sdk.HasPotential.
func (h Hostname) Potential(t *sdk.T) {
	h.file().PotentialWrite(t)
	h.set(t)
}

func (h Hostname) set(t *sdk.T) {
	// Not by kernelName, which containers may not write.
	run(t, "hostname", h.Name)
}

// firstWord is the first line of a text that says something.
func firstWord(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line
		}
	}
	return ""
}
