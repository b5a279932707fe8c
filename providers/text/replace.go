package text

import (
	"github.com/openfroyo/froyo/providers/pyre"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Replace is a pattern and what stands in its place in a text file. Its fields are described in replace.cue.
type Replace struct {
	textfile.Edit
	Regexp  string `json:"regexp"`
	Replace string `json:"replace"`
	After   string `json:"after"`
	Before  string `json:"before"`
}

// Read implements sdk.Resource.
func (r Replace) Read(t *sdk.T) textfile.State { return r.Edit.Read(t) }

// Plan implements sdk.Resource.
func (r Replace) Plan(t *sdk.T, now textfile.State) {
	if r.Unknown(t, "regexp", "replace", "after", "before") {
		return
	}
	r.Edit.Plan(t, now, false, func(text string) string {
		after := r.edit(t, text)
		if after != text && r.edit(t, after) != after {
			t.Fail(op.Permanent, "replacing what "+quote(r.Regexp)+" matches does not end: it matches in what it is replaced by, too", "", "have the pattern not match what is right already, for example with ^ and $")
		}
		return after
	})
}

// Potential implements sdk.HasPotential.
func (r Replace) Potential(t *sdk.T) { r.Edit.Potential(t) }

func (r Replace) edit(t *sdk.T, text string) string {
	re := compile(t, "regexp", r.Regexp, pyre.Flags{Multiline: true})
	from, to := 0, len([]rune(text))
	if section := r.section(t); section != nil {
		m := section.search(text)
		if m == nil {
			return text
		}
		from, to = m.Span(section.group("subsection"))
	}
	all := []rune(text)
	return string(all[:from]) + re.replace(string(all[from:to]), r.Replace) + string(all[to:])
}

// section is a pattern whose group subsection is the part of the text that counts, or nil for all of it.
func (r Replace) section(t *sdk.T) *pattern {
	switch {
	case r.After != "" && r.Before != "":
		return compile(t, "after and before", r.After+"(?P<subsection>.*?)"+r.Before, pyre.Flags{DotAll: true})
	case r.After != "":
		return compile(t, "after", r.After+"(?P<subsection>.*)", pyre.Flags{DotAll: true})
	case r.Before != "":
		return compile(t, "before", "(?P<subsection>.*)"+r.Before, pyre.Flags{DotAll: true})
	}
	return nil
}
