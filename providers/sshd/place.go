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

// leaves reports whether a text of sshd_config sets none of these settings, and includes nothing that might.
func leaves(text string, settings lines) bool {
	for line := range strings.Lines(text) {
		words := fields(line)
		if len(words) > 0 && (strings.EqualFold(words[0], "include") || settings.has(strings.ToLower(words[0]))) {
			return false
		}
	}
	return true
}

// fields are the words of a line of sshd_config: there may be one = behind the first, and quotes around each.
func fields(line string) []string {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return nil
	}
	end := strings.IndexAny(line, " \t=")
	if end < 0 {
		return []string{line}
	}
	rest := strings.TrimLeft(line[end:], " \t")
	rest = strings.TrimPrefix(rest, "=")
	words := []string{line[:end]}
	for w := range strings.FieldsSeq(rest) {
		words = append(words, strings.Trim(w, `"`))
	}
	return words
}
