package ssh

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"github.com/openfroyo/froyo/runner/dial"
)

// config is what the operator's ssh_config files say. It understands Host,
// Match all, Match host and Include; blocks under any other Match are left out,
// and so is what cannot be parsed: ssh_config is somebody else's file, and
// never a reason to stop.
type config struct {
	sections []section
	notes    []string
}

// section is one block of settings. It applies where its own patterns match
// and those of the blocks that its file was included from.
type section struct {
	within []*ssh_config.Host
	block  *ssh_config.Host
}

// settings are the values that apply to one host, the first of each name winning.
type settings map[string][]string

func (s settings) all(name string) []string { return s[name] }

func (s settings) get(name string) string {
	if len(s[name]) == 0 {
		return ""
	}
	return s[name][0]
}

// lookup collects what applies to a host, by lower-case names.
func (c *config) lookup(alias string) settings {
	found := settings{}
	for _, s := range c.sections {
		if !s.matches(alias) {
			continue
		}
		for _, node := range s.block.Nodes {
			if kv, ok := node.(*ssh_config.KV); ok {
				name := strings.ToLower(kv.Key)
				found[name] = append(found[name], kv.Value)
			}
		}
	}
	return found
}

func (s section) matches(alias string) bool {
	for _, outer := range s.within {
		if !outer.Matches(alias) {
			return false
		}
	}
	return s.block.Matches(alias)
}

// readConfig reads ssh_config files, the earlier winning.
func readConfig(home string, files []string) *config {
	r := &configReader{home: home, config: &config{}}
	for _, file := range files {
		r.file(file, nil, 0)
	}
	return r.config
}

const (
	maxIncludeDepth = 16
	maxConfigFiles  = 1000
	maxConfigSize   = 4 << 20
)

// configReader takes files apart into blocks, so that what one block holds
// cannot spoil another, and hands each block to the parser.
type configReader struct {
	home   string
	files  int
	config *config
}

// file reads one file, included from within blocks.
func (r *configReader) file(path string, within []*ssh_config.Host, depth int) {
	if r.files++; r.files > maxConfigFiles || depth > maxIncludeDepth {
		r.note(path, 0, "too many files are included")
		return
	}
	text, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.note(path, 0, err.Error())
		return
	}
	header := "Host *"
	var body []string
	flush := func(line int) *ssh_config.Host {
		block, err := parseBlock(header, body)
		body = nil
		if err != nil {
			r.note(path, line, err.Error())
			return nil
		}
		r.config.sections = append(r.config.sections, section{within: within, block: block})
		return block
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		switch key, value := cutSetting(line); key {
		case "":
		case "host", "match":
			flush(number - 1)
			header = r.header(path, number, key, value)
		case "include":
			if block := flush(number - 1); block != nil {
				r.include(path, value, append(slices.Clip(within), block), depth)
			}
		default:
			if value != "" {
				body = append(body, line)
			}
		}
	}
	flush(number)
}

// header gives the Host line that stands for a Host or Match line.
func (r *configReader) header(path string, line int, key, value string) string {
	const never = "Host !*"
	words := strings.Fields(strings.ReplaceAll(value, `"`, ""))
	if key == "host" && len(words) > 0 {
		return "Host " + strings.Join(words, " ")
	}
	if len(words) == 1 && strings.EqualFold(words[0], "all") {
		return "Host *"
	}
	if len(words) == 2 && (strings.EqualFold(words[0], "host") || strings.EqualFold(words[0], "originalhost")) {
		return "Host " + strings.ReplaceAll(words[1], ",", " ")
	}
	r.note(path, line, "not supported, so the block is left out: "+key+" "+value)
	return never
}

// include reads the files that an Include line names.
func (r *configReader) include(from, value string, within []*ssh_config.Host, depth int) {
	for pattern := range strings.FieldsSeq(strings.ReplaceAll(value, `"`, "")) {
		switch {
		case strings.HasPrefix(pattern, "~/"):
			pattern = filepath.Join(r.home, pattern[2:])
		case !filepath.IsAbs(pattern) && strings.HasPrefix(from, "/etc/ssh/"):
			pattern = filepath.Join("/etc/ssh", pattern)
		case !filepath.IsAbs(pattern):
			pattern = filepath.Join(r.home, ".ssh", pattern)
		}
		matches, err := filepath.Glob(pattern)
		if err != nil {
			r.note(from, 0, err.Error())
		}
		for _, match := range matches {
			r.file(match, within, depth+1)
		}
	}
}

func (r *configReader) note(path string, line int, text string) {
	place := path
	if line > 0 {
		place += ":" + strconv.Itoa(line)
	}
	r.config.notes = append(r.config.notes, dial.Escape(place+": "+text))
}

// parseBlock parses one block by itself.
func parseBlock(header string, body []string) (*ssh_config.Host, error) {
	parsed, err := ssh_config.DecodeBytes([]byte(header + "\n" + strings.Join(body, "\n") + "\n"))
	if err != nil {
		return nil, err
	}
	if len(parsed.Hosts) != 2 {
		return nil, errors.New("not one block")
	}
	return parsed.Hosts[1], nil
}

// cutSetting splits "Key value" and "Key=value"; comments and empty lines have no key.
func cutSetting(line string) (key, value string) {
	if strings.HasPrefix(line, "#") {
		return "", ""
	}
	end := strings.IndexAny(line, " \t=")
	if end < 0 {
		return strings.ToLower(line), ""
	}
	value = strings.TrimSpace(line[end:])
	value = strings.TrimSpace(strings.TrimPrefix(value, "="))
	if comment := strings.Index(value, " #"); comment >= 0 {
		value = value[:comment]
	}
	return strings.ToLower(line[:end]), strings.TrimSpace(value)
}

func readBounded(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfigSize {
		return "", errors.New("not a file of sensible size")
	}
	text, err := os.ReadFile(path)
	return string(text), err
}
