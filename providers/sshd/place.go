package sshd

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
)

// mark begins the unit's lines in the main file.
const mark = "# BEGIN froyo sshd "

func (s Sshd) begin() string { return mark + s.Name + "\n" }
func (s Sshd) end() string   { return "# END froyo sshd " + s.Name + "\n" }

// files are the main file and the unit's own as they should be; the latter is "" where it is not to be there.
func (s Sshd) files(t *sdk.T, now State) (main, own string) {
	rest := s.without(now.Main.Text)
	if s.State == absent {
		return rest, ""
	}
	settings := s.settings(t)
	if now.Directory && len(now.Before) == 0 && includedFirst(rest, settings) {
		return rest, "# Made by froyo, which puts it back as it is: sshd of a runbook.\n" + settings.text()
	}
	block := s.begin() + settings.text() + s.end()
	if p := cut(now.Main.Text, s); p.is && onlyBlocks(p.before) { // those of other units may be before it
		return p.before + block + p.after, ""
	}
	return block + rest, ""
}

// onlyBlocks reports whether a text is blocks of units of the type and nothing else.
func onlyBlocks(text string) bool {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for text != "" {
		name, rest, is := strings.Cut(strings.TrimPrefix(text, mark), "\n")
		if !is || !strings.HasPrefix(text, mark) {
			return false
		}
		if _, text, is = strings.Cut(rest, Sshd{Name: name}.end()); !is {
			return false
		}
	}
	return true
}

// parts are the main file around a unit's block.
type parts struct {
	before, lines, after string
	is                   bool
	open                 bool // its end was taken away
}

// cut takes the main file apart. Where it has no block, all of it is before. Its lines may have got other ends since.
func cut(main string, s Sshd) parts {
	is, from, to, at := false, 0, 0, 0
	for line := range strings.Lines(main) {
		mark := strings.TrimRight(line, "\r\n") + "\n"
		switch {
		case !is && mark == s.begin():
			is, from, to = true, at, at+len(line)
		case is && mark == s.end():
			return parts{before: main[:from], lines: main[to:at], after: main[at+len(line):], is: true}
		}
		at += len(line)
	}
	return parts{before: main, open: is}
}

// block is what the unit has in the main file, without the marks.
func (s Sshd) block(main string) string {
	return cut(main, s).lines
}

// place says where the unit's lines are, nil for nowhere.
func (s Sshd) place(main string, own bool) any {
	p := cut(main, s)
	switch {
	case own:
		return s.file()
	case p.is && onlyBlocks(p.before):
		return "top of " + mainFile
	case p.is:
		return mainFile
	}
	return nil
}

// without is the main file without the unit's block.
func (s Sshd) without(main string) string {
	p := cut(main, s)
	return p.before + p.after
}

// includedFirst reports whether sshd reads the directory before it reads any of these settings elsewhere. Other files that are included
// before may hold what they like.
func includedFirst(text string, settings lines) bool {
	for line := range strings.Lines(text) {
		words := fields(line)
		if len(words) == 0 {
			continue
		}
		key := strings.ToLower(words[0])
		switch {
		case key == "include":
			return slices.ContainsFunc(words[1:], func(pattern string) bool {
				return pattern == directory+"/*.conf" || pattern == "sshd_config.d/*.conf"
			}) && len(words) == 2
		case key == "match", settings.has(key):
			return false
		}
	}
	return false
}
