package sshconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"
	"github.com/openfroyo/froyo/runner/escape"
)

// parsed is what the operator's ssh_config files say. It understands Host,
// Match all, Match originalhost and Include. Of everything else it keeps where
// it stands: for hosts that it may concern, the ssh program has to be asked.
type parsed struct {
	sections []section
	homely   bool // a file includes others by a path that depends on the home directory
}

// section is one block of settings. It applies where its own patterns match
// and those of the blocks that its file was included from.
type section struct {
	within []*ssh_config.Host
	block  *ssh_config.Host
	// unclear says what of a file could not be evaluated, and where; then there is no block.
	unclear string
}

// lookup collects what applies to a host, by lower-case names. Where that is
// not all that may apply, unclear says what else there is.
func (c *parsed) lookup(alias string) (found Settings, unclear string) {
	found = Settings{}
	for _, s := range c.sections {
		if !s.matches(alias) {
			continue
		}
		if s.unclear != "" {
			return nil, s.unclear
		}
		for _, node := range s.block.Nodes {
			if kv, ok := node.(*ssh_config.KV); ok {
				name := strings.ToLower(kv.Key)
				found[name] = append(found[name], kv.Value)
			}
		}
	}
	return found, ""
}

func (s section) matches(alias string) bool {
	for _, outer := range s.within {
		if !outer.Matches(alias) {
			return false
		}
	}
	return s.unclear != "" || s.block.Matches(alias)
}

// readConfig reads ssh_config files, the earlier winning.
func readConfig(home string, files []string) *parsed {
	r := &configReader{home: home, config: &parsed{}}
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
	config *parsed
}

// file reads one file, included from within blocks.
func (r *configReader) file(path string, within []*ssh_config.Host, depth int) {
	if r.files++; r.files > maxConfigFiles || depth > maxIncludeDepth {
		r.unclear(path, 0, "too many files are included", within)
		return
	}
	text, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.unclear(path, 0, err.Error(), within)
		return
	}
	header := "Host *"
	var body []string
	flush := func(line int) *ssh_config.Host {
		block, err := parseBlock(header, body)
		body = nil
		if err != nil {
			r.unclear(path, line, err.Error(), within)
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
			header = r.header(path, number, key, value, within)
		case "include":
			if block := flush(number - 1); block != nil {
				r.include(path, value, append(slices.Clip(within), block), depth)
			}
		default:
			if value == "" {
				r.unclear(path, number, key+" has no value", within)
				continue
			}
			body = append(body, line)
		}
	}
	flush(number)
}

// header gives the Host line that stands for a Host or Match line.
func (r *configReader) header(path string, line int, key, value string, within []*ssh_config.Host) string {
	const never = "Host !*"
	words := strings.Fields(strings.ReplaceAll(value, `"`, ""))
	if key == "host" && len(words) > 0 {
		return "Host " + strings.Join(words, " ")
	}
	if len(words) == 1 && strings.EqualFold(words[0], "all") {
		return "Host *"
	}
	if len(words) == 2 && strings.EqualFold(words[0], "originalhost") {
		return "Host " + strings.ReplaceAll(words[1], ",", " ")
	}
	r.unclear(path, line, key+" "+value, within)
	return never
}

// include reads the files that an Include line names.
func (r *configReader) include(from, value string, within []*ssh_config.Host, depth int) {
	for pattern := range strings.FieldsSeq(strings.ReplaceAll(value, `"`, "")) {
		switch {
		case strings.HasPrefix(pattern, "~/"):
			r.config.homely = true
			pattern = filepath.Join(r.home, pattern[2:])
		case !filepath.IsAbs(pattern) && strings.HasPrefix(from, "/etc/ssh/"):
			pattern = filepath.Join("/etc/ssh", pattern)
		case !filepath.IsAbs(pattern):
			r.config.homely = true
			pattern = filepath.Join(r.home, ".ssh", pattern)
		}
		matches, err := filepath.Glob(pattern)
		if err != nil {
			r.unclear(from, 0, err.Error(), within)
		}
		for _, match := range matches {
			r.file(match, within, depth+1)
		}
	}
}

// unclear keeps that something could not be evaluated, at its place among the blocks.
func (r *configReader) unclear(path string, line int, text string, within []*ssh_config.Host) {
	place := path
	if line > 0 {
		place += ":" + strconv.Itoa(line)
	}
	r.config.sections = append(r.config.sections, section{within: within, unclear: escape.Text(place + ": " + text)})
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
