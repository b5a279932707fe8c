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
	if before, _, is := strings.Cut(now.Main.Text, s.begin()); is && onlyBlocks(before) { // those of other units may be before it
		return before + block + strings.TrimPrefix(rest, before), ""
	}
	return block + rest, ""
}

// onlyBlocks reports whether a text is blocks of units of the type and nothing else.
func onlyBlocks(text string) bool {
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

// block is what the unit has in the main file, without the marks.
func (s Sshd) block(main string) string {
	_, rest, is := strings.Cut(main, s.begin())
	if !is {
		return ""
	}
	lines, _, _ := strings.Cut(rest, s.end())
	return lines
}

// place says where the unit's lines are, nil for nowhere.
func (s Sshd) place(main string, own bool) any {
	before, _, is := strings.Cut(main, s.begin())
	switch {
	case own:
		return s.file()
	case is && onlyBlocks(before):
		return "top of " + mainFile
	case is:
		return mainFile
	}
	return nil
}

// open reports whether somebody took away the end of the unit's block.
func (s Sshd) open(main string) bool {
	_, rest, is := strings.Cut(main, s.begin())
	return is && !strings.Contains(rest, s.end())
}

// without is the main file without the unit's block.
func (s Sshd) without(text string) string {
	before, rest, is := strings.Cut(text, s.begin())
	if !is {
		return text
	}
	_, after, is := strings.Cut(rest, s.end())
	if !is {
		return text // somebody took the end away, which check refuses
	}
	return before + after
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
