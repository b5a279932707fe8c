package system

import (
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// HostEntry is a line of /etc/hosts. Its fields are described in host_entry.cue.
type HostEntry struct {
	Address string   `json:"address"`
	Names   []string `json:"names"`
	State   string   `json:"state"`
	File    string   `json:"file"`
}

// HostEntryState is the file.
type HostEntryState = textfile.State

// file is how the file is edited.
func (h HostEntry) file() textfile.Edit { return textfile.Edit{Path: h.File, Create: true} }

// Read implements sdk.Resource.
func (h HostEntry) Read(t *sdk.T) HostEntryState { return h.file().Read(t) }

// Plan implements sdk.Resource.
func (h HostEntry) Plan(t *sdk.T, now HostEntryState) {
	h.file().Plan(t, now, h.State == absent, h.edit)
}

// Potential implements sdk.HasPotential.
func (h HostEntry) Potential(t *sdk.T) { h.file().Potential(t) }

// edit is the text with one line of the address, or none.
func (h HostEntry) edit(text string) string {
	var out []string
	done := h.State == absent
	for _, line := range textfile.Lines(text) {
		entry, comment, commented := strings.Cut(textfile.Bare(line), "#")
		fields := strings.Fields(entry)
		if len(fields) < 2 || !strings.EqualFold(fields[0], h.Address) {
			out = append(out, line)
			continue
		}
		if done {
			continue
		}
		done = true
		if strings.Join(fields[1:], " ") != strings.Join(h.Names, " ") {
			line = h.line()
			if commented {
				line = strings.TrimSuffix(line, "\n") + " #" + comment + "\n"
			}
		}
		out = append(out, line)
	}
	if !done {
		if n := len(out); n > 0 && !strings.HasSuffix(out[n-1], "\n") {
			out[n-1] += "\n"
		}
		out = append(out, h.line())
	}
	return strings.Join(out, "")
}

func (h HostEntry) line() string { return h.Address + " " + strings.Join(h.Names, " ") + "\n" }
