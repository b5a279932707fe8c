// Package sshdconf reads what sshd_config sets, with the files that it includes: which value counts for all connections, and which
// other ones count below a Match, for some of them.
//
// It is a leaf: it imports the standard library only.
package sshdconf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Path is where the configuration is, and directory what relative patterns of Include begin at.
const (
	Path      = "/etc/ssh/sshd_config"
	directory = "/etc/ssh/"
)

// Bounds of what is read: sshd itself follows no more than 16 files that include each other.
const (
	maxDepth = 16
	maxFiles = 256
)

// File is one that matches a pattern.
type File struct {
	Name, Text string
	// Unread says that there may be something that cannot be read.
	Unread bool
}

// Setting is a word with its value, and where it stands.
type Setting struct {
	Key, Value string // the word in small letters, its first argument
	File       string
	Line       int
	Text       string // the line
	Match      string // the line of the Match that it stands below, "" where it counts for all connections
}

// String names the place and the line.
func (s Setting) String() string {
	text := fmt.Sprintf("%s:%d, %q", s.File, s.Line, s.Text)
	if s.Match != "" {
		text += fmt.Sprintf(" below %q", s.Match)
	}
	return text
}

// Config is all that is set, in the order in which sshd reads it.
type Config struct {
	Settings []Setting
	// Unread are files that could not be read.
	Unread []string
}

// Read reads the configuration. fetch gives the files that match an absolute pattern, in the order of their names.
func Read(fetch func(pattern string) ([]File, error)) (*Config, error) {
	r := reader{fetch: fetch}
	if err := r.pattern(Path, "", 0); err != nil {
		return nil, err
	}
	return &r.config, nil
}

type reader struct {
	fetch  func(pattern string) ([]File, error)
	config Config
	files  int
}

// pattern reads the files that match a pattern, below the Match that it is included under.
func (r *reader) pattern(pattern, match string, depth int) error {
	if depth > maxDepth {
		return errors.New("more than 16 files of sshd_config include each other")
	}
	files, err := r.fetch(pattern)
	if err != nil {
		return err
	}
	for _, f := range files {
		if r.files++; r.files > maxFiles {
			return errors.New("sshd_config includes more than 256 files")
		}
		if f.Unread {
			r.config.Unread = append(r.config.Unread, f.Name)
			continue
		}
		if err := r.file(f, match, depth); err != nil {
			return err
		}
	}
	return nil
}

// file reads a file. A Match in it ends with it.
func (r *reader) file(f File, match string, depth int) error {
	n := 0
	for line := range strings.Lines(f.Text) {
		n++
		all := words(line)
		if len(all) == 0 {
			continue
		}
		text := strings.TrimSpace(line)
		switch key := alias(strings.ToLower(all[0])); {
		case key == "match":
			match = text
		case key == "include":
			for _, pattern := range all[1:] {
				if !strings.HasPrefix(pattern, "/") {
					pattern = directory + pattern
				}
				if err := r.pattern(pattern, match, depth+1); err != nil {
					return err
				}
			}
		case len(all) > 1:
			r.config.Settings = append(r.config.Settings, Setting{Key: key, Value: all[1], File: f.Name, Line: n, Text: text, Match: match})
		}
	}
	return nil
}

// alias is the word of today for one of older versions.
func alias(key string) string {
	switch key {
	case "challengeresponseauthentication", "skeyauthentication":
		return "kbdinteractiveauthentication"
	}
	return key
}

// words are those of a line, without quotes and comments. Behind the first there may be a "=".
func words(line string) (all []string) {
	const blank = " \t\r\n\f"
	for rest := strings.Trim(line, blank); rest != "" && rest[0] != '#'; rest = strings.TrimLeft(rest, blank) {
		if len(all) == 1 && rest[0] == '=' {
			if rest = strings.TrimLeft(rest[1:], blank); rest == "" {
				break
			}
		}
		var word string
		word, rest = first(rest, len(all) == 0)
		all = append(all, word)
	}
	return all
}

// first cuts off a word. The first of a line ends at a "=", too.
func first(text string, keyword bool) (word, rest string) {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && (strings.IndexByte(" \t\r\n\f", c) >= 0 || keyword && c == '='):
			return b.String(), text[i:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// Others are the settings below a Match that have another value than is wanted of their word.
func (c *Config) Others(wanted map[string]string) []Setting {
	return slices.DeleteFunc(slices.Clone(c.Settings), func(s Setting) bool {
		want, is := wanted[s.Key]
		return !is || s.Match == "" || strings.EqualFold(s.Value, want)
	})
}

// First is what counts for all connections: the first value of a word that stands below no Match.
func (c *Config) First(key string) (Setting, bool) {
	for _, s := range c.Settings {
		if s.Key == key && s.Match == "" {
			return s, true
		}
	}
	return Setting{}, false
}
