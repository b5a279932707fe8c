package text

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/pyre"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
)

// Block is a block of lines in a text file. Its fields are described in block.cue.
type Block struct {
	textfile.Edit
	Block        string `json:"block"`
	State        string `json:"state"`
	Marker       string `json:"marker"`
	MarkerBegin  string `json:"marker_begin"`
	MarkerEnd    string `json:"marker_end"`
	InsertAfter  string `json:"insertafter"`
	InsertBefore string `json:"insertbefore"`
}

// defaultMarker marks blocks for which the runbook gives no marker.
const defaultMarker = "# {mark} FROYO MANAGED BLOCK"

// Read implements sdk.Resource.
func (b Block) Read(t *sdk.T) textfile.State { return b.Edit.Read(t) }

// Plan implements sdk.Resource.
func (b Block) Plan(t *sdk.T, now textfile.State) {
	if !b.Unknown(t, "block", "insertafter", "insertbefore") {
		b.Edit.Plan(t, now, b.State == absent, func(text string) string { return b.edit(t, text) })
	}
}

// Potential implements sdk.HasPotential.
func (b Block) Potential(t *sdk.T) { b.Edit.Potential(t) }

// marks are the lines around the block, without their ends.
func (b Block) marks() (first, last string) {
	marker := b.Marker
	if marker == "" {
		marker = defaultMarker
	}
	return strings.ReplaceAll(marker, "{mark}", b.MarkerBegin), strings.ReplaceAll(marker, "{mark}", b.MarkerEnd)
}

func (b Block) edit(t *sdk.T, text string) string {
	first, last := b.marks()
	all := textfile.Lines(text)
	from, to := -1, -1
	for i, line := range all {
		switch textfile.Bare(line) {
		case first:
			from = i
		case last:
			to = i
		}
	}
	at := 0
	if from >= 0 && to >= 0 {
		at = min(from, to)
		all = slices.Delete(all, at, max(from, to)+1)
	} else {
		at = b.place(t, all)
	}
	block := textfile.Lines(b.Block)
	if b.State == absent || len(block) == 0 {
		return strings.Join(all, "")
	}
	end := endOf(all)
	added := make([]string, 0, len(block)+2)
	for _, line := range slices.Concat([]string{first}, block, []string{last}) {
		added = append(added, textfile.Bare(line)+end)
	}
	if at > 0 && !strings.HasSuffix(all[at-1], "\n") {
		all[at-1] += end
	}
	return strings.Join(slices.Insert(all, at, added...), "")
}

// place is before which line a new block goes.
func (b Block) place(t *sdk.T, all []string) int {
	var beside *pattern
	switch {
	case b.InsertBefore == "BOF":
		return 0
	case b.InsertBefore != "":
		beside = compile(t, "insertbefore", b.InsertBefore, pyre.Flags{})
	case b.InsertAfter != "" && b.InsertAfter != "EOF":
		beside = compile(t, "insertafter", b.InsertAfter, pyre.Flags{})
	}
	at := len(all)
	for i, line := range all {
		if beside.search(line) != nil {
			if at = i; b.InsertAfter != "" {
				at++
			}
		}
	}
	return at
}

// endOf is how the lines of a text end, by the first of them.
func endOf(all []string) string {
	if len(all) > 0 && strings.HasSuffix(all[0], "\r\n") {
		return "\r\n"
	}
	return "\n"
}
