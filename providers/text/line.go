package text

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/pyre"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Line is a line of a text file. Its fields are described in line.cue.
type Line struct {
	textfile.Edit
	Line         *string `json:"line"`
	State        string  `json:"state"`
	Regexp       string  `json:"regexp"`
	SearchString string  `json:"search_string"`
	Backrefs     bool    `json:"backrefs"`
	InsertAfter  string  `json:"insertafter"`
	InsertBefore string  `json:"insertbefore"`
	FirstMatch   bool    `json:"firstmatch"`
}

// Read implements sdk.Resource.
func (l Line) Read(t *sdk.T) textfile.State { return l.Edit.Read(t) }

// Plan implements sdk.Resource.
func (l Line) Plan(t *sdk.T, now textfile.State) {
	if open := l.open(t); open {
		return
	}
	if l.Backrefs && l.Regexp == "" {
		t.Fail(op.Permanent, "backrefs = True fills in the groups of regexp, which is not given", "", "give regexp, or leave backrefs out")
	}
	if l.State == absent {
		if l.Line == nil && l.Regexp+l.SearchString == "" {
			t.Fail(op.Permanent, "it is not said which lines are to go", "", "give line, regexp or search_string")
		}
		l.Edit.Plan(t, now, true, func(text string) string { return l.without(t, text) })
		return
	}
	l.Edit.Plan(t, now, false, func(text string) string {
		after := l.with(t, text)
		if after != text && l.with(t, after) != after {
			t.Fail(op.Permanent, "regexp does not find the line that it is replaced by, so that each apply would replace another one", "", "have regexp match the right line, too: regexp = \"^#?Port\" for line = \"Port 22\"")
		}
		return after
	})
}

// Potential implements sdk.HasPotential.
func (l Line) Potential(t *sdk.T) { l.Edit.Potential(t) }

const absent = "absent"

// open announces a change of which not all is known yet, and reports whether that is so.
func (l Line) open(t *sdk.T) bool {
	return l.Unknown(t, "line", "regexp", "search_string", "insertafter", "insertbefore")
}

// without removes the lines that are meant.
func (l Line) without(t *sdk.T, text string) string {
	re := compile(t, "regexp", l.Regexp, pyre.Flags{})
	all := textfile.Lines(text)
	left := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return l.matches(re, line) != nil })
	if len(left) == len(all) {
		return text
	}
	return strings.Join(left, "")
}

// matches finds the line that is meant; of one found without a pattern the match is empty.
func (l Line) matches(re *pattern, line string) *pyre.Match {
	switch {
	case re != nil:
		return re.search(line)
	case l.SearchString != "":
		if strings.Contains(line, l.SearchString) {
			return &pyre.Match{}
		}
	case l.Line != nil && textfile.Bare(line) == *l.Line:
		return &pyre.Match{}
	}
	return nil
}

// place is where a line is, or where it goes.
type place struct {
	at     int         // of the line that is replaced or right already, -1 for none
	match  *pyre.Match // of the pattern; nil where the line was found by itself
	insert int         // before which line a new one goes, -1 where nothing says so
}

// find looks for the place in the lines that are there. What the pattern finds counts first, then the line itself.
func (l Line) find(all []string, re, beside *pattern) place {
	p := place{at: -1, insert: -1}
	for i, line := range all {
		if re == nil && l.SearchString == "" {
			break
		}
		if m := l.matches(re, line); m != nil {
			p.at, p.match = i, m
			if l.FirstMatch {
				break
			}
		}
	}
	if p.at >= 0 {
		return p
	}
	for i, line := range all {
		switch {
		case l.Line != nil && textfile.Bare(line) == *l.Line:
			p.at = i
		case (p.insert < 0 || !l.FirstMatch) && beside.search(line) != nil:
			if p.insert = i; l.InsertAfter != "" {
				p.insert++
			}
		}
	}
	return p
}

// with makes sure that the line is there.
func (l Line) with(t *sdk.T, text string) string {
	re := compile(t, "regexp", l.Regexp, pyre.Flags{})
	var beside *pattern
	switch {
	case l.InsertBefore != "" && l.InsertBefore != "BOF":
		beside = compile(t, "insertbefore", l.InsertBefore, pyre.Flags{})
	case l.InsertAfter != "" && l.InsertAfter != "EOF" && l.InsertAfter != "BOF":
		beside = compile(t, "insertafter", l.InsertAfter, pyre.Flags{})
	}
	all := textfile.Lines(text)
	end := endOf(all)
	p := l.find(all, re, beside)
	switch {
	case p.at >= 0:
		line := *l.Line
		if l.Backrefs && p.match != nil && re != nil {
			line = re.expand(p.match, *l.Line)
		}
		if textfile.Bare(all[p.at]) == line && strings.HasSuffix(all[p.at], "\n") {
			return text
		}
		all[p.at] = line + end
		return strings.Join(all, "")
	case l.Backrefs:
		return text
	case l.InsertBefore == "BOF" || l.InsertAfter == "BOF":
		p.insert = 0
	case p.insert < 0:
		p.insert = len(all)
	}
	return strings.Join(slices.Insert(ended(all, p.insert, end), p.insert, *l.Line+end), "")
}

// ended gives the last line its end where another one follows.
func ended(all []string, at int, end string) []string {
	if n := len(all); at == n && n > 0 && !strings.HasSuffix(all[n-1], "\n") {
		all[n-1] += end
	}
	return all
}
