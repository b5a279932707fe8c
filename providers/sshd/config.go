package sshd

import (
	"slices"
	"strconv"
	"strings"
)

// Place is a line of the configuration that sets what the unit does.
type Place struct {
	File string `json:"file"`
	Line string `json:"line"` // its number
	Text string `json:"text"`
	// Match is the line of the block in which it stands, "" for one that is for all connections.
	Match string `json:"match,omitempty"`
	// Before is the file in the directory by which sshd comes to the line before it comes to the unit's own, "" for none.
	Before string `json:"before,omitempty"`
}

func (p Place) at() string { return p.File + ":" + p.Line }

// level is a file that sshd is reading.
type level struct{ file, match, before string }

// places are the lines that set one of the settings, of a configuration as look tells it.
func (s Sshd) places(told string, settings lines) []Place {
	var found []Place
	var open []level
	for line := range strings.Lines(told) {
		line = strings.TrimRight(line, "\r\n")
		if path, is := strings.CutPrefix(line, "+"); is {
			open = append(open, s.enter(path, open))
			continue
		}
		if len(open) == 0 {
			continue
		}
		now := &open[len(open)-1]
		if line == "-" {
			open = open[:len(open)-1]
			continue
		}
		number, text, _ := strings.Cut(line, ":")
		words := fields(text)
		if len(words) == 0 {
			continue
		}
		switch key := strings.ToLower(words[0]); {
		case key == "match":
			now.match = strings.TrimSpace(text)
		case settings.has(key):
			found = append(found, Place{File: now.file, Line: number, Text: text, Match: now.match, Before: now.before})
		}
	}
	return found
}

// enter is a file that is read behind a line of the last that is open, in whose block it is.
func (s Sshd) enter(path string, open []level) level {
	in := level{file: path}
	if len(open) > 0 {
		last := open[len(open)-1]
		in.match, in.before = last.match, last.before
	}
	if name, is := strings.CutPrefix(path, directory+"/"); is && in.before == "" && path < s.file() {
		in.before = name
	}
	return in
}

// others are the places that are not a unit's own.
func (now State) others(s Sshd) []Place {
	main := cut(now.Main.Text, s)
	first := strings.Count(main.before, "\n") + 1
	last := first + 1 + strings.Count(main.lines, "\n")
	return slices.DeleteFunc(slices.Clone(now.Places), func(p Place) bool {
		n, err := strconv.Atoi(p.Line)
		return p.File == s.file() || main.is && p.File == mainFile && err == nil && n >= first && n <= last
	})
}

// options are the settings on the command line of sshd, as they would stand in a file. One that runs tells of it as
// "sshd: /usr/sbin/sshd -D [listener] ...", in one word.
func options(command string) []string {
	var all []string
	next := ""
	for word := range strings.FieldsSeq(command) {
		option, value := next, word
		if next = ""; option == "" {
			option, value = word, ""
			if len(word) > 2 {
				option, value = word[:2], word[2:]
			}
			if option != "-o" && option != "-p" {
				continue
			}
			if value == "" {
				next = option
				continue
			}
		}
		if option == "-p" {
			value = "Port=" + value
		}
		all = append(all, value)
	}
	return all
}

// values are how the settings stand in a file, by their keys as sshd -T spells them.
func (all lines) values() map[string]string {
	values := map[string]string{}
	for _, l := range all {
		for line := range strings.Lines(l.text()) {
			key := canonical(l.keyword)
			values[key] = strings.TrimSpace(values[key] + " " + strings.Join(fields(line)[1:], " "))
			if l.keyword != questions && key == strings.ToLower(questions) { // its other name, with the same value
				values[key] = word(l.value)
			}
		}
	}
	return values
}

// notes are what blocks of Match, and the command line of sshd, set otherwise than the unit does.
func (now State) notes(s Sshd, settings lines) []string {
	const most = 10
	var all []string
	values := settings.values()
	for _, o := range now.Options {
		if words := fields(o); settings.has(words[0]) && !strings.EqualFold(strings.Join(words[1:], " "), values[canonical(words[0])]) {
			all = append(all, "sshd was started with "+o+", which counts before what the unit sets: see /etc/default/ssh, /etc/sysconfig/sshd and its service")
		}
	}
	for _, p := range now.others(s) {
		words := fields(p.Text)
		value := strings.Join(words[1:], " ")
		if p.Match == "" || strings.EqualFold(value, values[canonical(words[0])]) {
			continue
		}
		if len(all) == most {
			return append(all, "more blocks of Match set otherwise what the unit sets: see sshd -T -C user=NAME")
		}
		all = append(all, p.at()+" sets "+words[0]+" "+value+` for "`+p.Match+`", whatever the unit sets`)
	}
	return all
}

// lockDown is the line of onboarding's block that closes what the unit would open again, "" for none.
func lockDown(main string, settings lines) string {
	values := settings.values()
	is, n := false, 0
	for line := range strings.Lines(main) {
		line = strings.TrimRight(line, "\r\n")
		n++
		switch words := fields(line); {
		case line == onboarded || line == onboardedEnd:
			is = line == onboarded
		case is && len(words) > 1:
			if value, set := values[canonical(words[0])]; set && !strings.EqualFold(value, words[1]) {
				return mainFile + ":" + strconv.Itoa(n) + ` ("` + line + `")`
			}
		}
	}
	return ""
}

// The marks of onboarding's block.
const (
	maker        = "froyo"
	onboarding   = maker + " onboard"
	onboarded    = "# BEGIN " + onboarding
	onboardedEnd = "# END " + onboarding
)

// fields are the words of a line of sshd_config: there may be one = behind the first, quotes around each, and a comment behind them.
func fields(line string) []string {
	var words []string
	line = strings.TrimLeft(line, " \t")
	for line != "" {
		var word string
		word, line = cutWord(line, len(words) == 0)
		words = append(words, word)
		line = strings.TrimLeft(line, " \t\r\n\f")
		if len(words) == 1 {
			line = strings.TrimLeft(strings.TrimPrefix(line, "="), " \t\r\n\f")
		}
		if strings.HasPrefix(line, "#") {
			break
		}
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "#") {
		return nil
	}
	return words
}

// cutWord is the first word of a line and what is behind it. A keyword ends before a =, too.
func cutWord(line string, keyword bool) (word, rest string) {
	ends := " \t\r\n\f"
	if keyword {
		ends += "="
	}
	var b strings.Builder
	var quote byte
	for i := range len(line) {
		switch c := line[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.IndexByte(ends, c) >= 0:
			return b.String(), line[i:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
