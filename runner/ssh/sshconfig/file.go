package sshconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// parsed is what the operator's ssh_config files say. It understands Host,
// Match all, Match originalhost and Include. Of everything else it keeps where
// it stands: for hosts that it may concern, the ssh program has to be asked.
type parsed struct {
	sections []section
	judged   []entry // those below what only ssh can judge: their places are known
	homely   bool    // a file includes others by a path that depends on the home directory
	// algorithm reports whether ssh has an algorithm for an option; nil is that it has all.
	algorithm func(option, name string) bool
}

// section is one block of settings. It applies where its own patterns match
// and those of the blocks that its file was included from.
type section struct {
	within  [][]string
	entries []entry
}

// entry is one setting.
type entry struct {
	name   string
	values []string
	place  string // FILE:LINE
	// unclear says what could not be evaluated; then there are no values.
	unclear string
	unknown bool // the name is not known, which IgnoreUnknown may allow
	wrong   bool // it is a value that ssh does not take
}

// lookup collects what applies to a host, by lower-case names. Where that is
// not all that may apply, unclear is what else there is; elsewhere is a line of
// no concern here that ssh may not take, which keeps it from all hosts.
func (c *parsed) lookup(alias string) (found Settings, unclear, elsewhere *entry) {
	found = Settings{}
	for _, s := range c.sections {
		others := !s.matches(alias)
		for _, e := range s.entries {
			if e.unknown && matchesAny(strings.Split(found.Get("ignoreunknown"), ","), e.name) {
				continue
			}
			if (others || options[e.name].effect == Ignored) && elsewhere == nil && c.doubtful(&e) {
				elsewhere = &e
			}
			if others {
				continue
			}
			if e.unclear != "" {
				return nil, &e, nil
			}
			// ssh reads the values of lines that do not count, too.
			if found[e.name] != nil && !c.sound(e.name, e.values) {
				return nil, &entry{place: e.place, unclear: e.name + " " + e.values[0], wrong: true}, nil
			}
			found.add(e)
		}
	}
	return found, nil, elsewhere
}

// doubtful reports whether ssh may not take a line, whichever hosts it is for.
func (c *parsed) doubtful(e *entry) bool {
	return e.unknown || e.wrong || e.unclear == "" && !c.sound(e.name, e.values)
}

// text is the line, for messages.
func (e *entry) text() string {
	if e.unclear != "" {
		return e.unclear
	}
	return e.name + " " + strings.Join(e.values, " ")
}

// add adds a setting, unless an earlier one wins.
func (s Settings) add(e entry) {
	if options[e.name].form != each && s[e.name] != nil {
		return
	}
	// Of these two the first that is given counts.
	jumps := s.Get("proxyjump") != "" && !strings.EqualFold(s.Get("proxyjump"), "none")
	if e.name == "proxyjump" && s["proxycommand"] != nil || e.name == "proxycommand" && jumps {
		return
	}
	for _, v := range e.values {
		if options[e.name].form == each && slices.Contains(s.All(e.name), v) {
			continue
		}
		s[e.name] = append(s[e.name], Value{v, e.place})
	}
}

func (s section) matches(alias string) bool {
	return !slices.ContainsFunc(s.within, func(patterns []string) bool { return !matchesAny(patterns, alias) })
}

// words are the values of a line of which the ssh program told only the whole.
func (c *parsed) words(name, line string) []string {
	for _, e := range c.all() {
		if e.name == name && strings.Join(e.values, " ") == line {
			return e.values
		}
	}
	return strings.Fields(line)
}

// all are all settings.
func (c *parsed) all() []entry {
	var all []entry
	for _, s := range c.sections {
		all = append(all, s.entries...)
	}
	return append(all, c.judged...)
}

// place finds where a setting stands of which the ssh program told the value.
func (c *parsed) place(name, value string) string {
	for _, e := range c.all() {
		if e.name == name && slices.Contains(e.values, value) {
			return e.place
		}
	}
	return ""
}

// readConfig reads ssh_config files, the earlier winning.
func readConfig(home string, files []string) *parsed {
	r := &configReader{home: home, config: &parsed{}}
	for _, file := range files {
		r.system = file == systemConfig
		r.file(file, nil, 0)
	}
	return r.config
}

const (
	systemConfig    = "/etc/ssh/ssh_config"
	maxIncludeDepth = 16
	maxConfigFiles  = 1000
	maxConfigSize   = 4 << 20
)

// configReader takes files apart into blocks, so that what one block holds
// cannot spoil another.
type configReader struct {
	home   string
	system bool // what is read belongs to the machine, and not to the operator
	files  int
	config *parsed
}

// block is where the reader is within a file.
type block struct {
	path   string
	line   int
	outer  [][]string // of the blocks that the file was included from
	own    []string   // the block's own patterns
	judged bool       // only ssh can tell whether the block applies
	fresh  bool       // the block has no section yet
}

func (b *block) place() string {
	if b.line == 0 {
		return b.path
	}
	return b.path + ":" + strconv.Itoa(b.line)
}

// within are all patterns that have to match.
func (b *block) within() [][]string { return append(slices.Clip(b.outer), b.own) }

var everything = []string{"*"}

// file reads one file, included from within blocks.
func (r *configReader) file(path string, within [][]string, depth int) {
	b := &block{path: path, outer: within, own: everything, fresh: true}
	if r.files++; r.files > maxConfigFiles || depth > maxIncludeDepth {
		r.unclear(b, "too many files are included")
		return
	}
	text, err := r.read(path, depth)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.unclear(b, err.Error())
		return
	}
	for line := range strings.Lines(text) {
		b.line++
		switch key, rest := cutKeyword(line); key {
		case "":
		case "host", "match":
			r.header(b, key, rest)
		case "include":
			r.include(b, rest, depth)
		default:
			r.setting(b, key, rest)
		}
	}
}

// setting keeps one setting of a block.
func (r *configReader) setting(b *block, key, rest string) {
	name := key
	if to := aliases[key]; to != "" {
		name = to
	}
	o, known := options[name]
	e := entry{name: name, place: b.place()}
	values, ok := o.read(rest)
	switch {
	case rest == "":
		e.unclear, e.wrong = key+" has no value", true
	case !known:
		e.unclear, e.unknown = key+", which is not an option that froyo knows", true
	case !ok:
		e.unclear, e.wrong = key+" "+rest, true
	case flags[name] && !sound(name, values):
		e.unclear, e.wrong = key+" "+rest, true
	case o.effect == Asked && !strings.EqualFold(values[0], "no"), name == "proxyjump" && strings.ContainsAny(rest, blank+`"'`):
		e.unclear = key + " " + rest
	default:
		e.values = values
	}
	r.keep(b, e)
}

// keep puts an entry at its place among the blocks.
func (r *configReader) keep(b *block, e entry) {
	if b.judged {
		r.config.judged = append(r.config.judged, e)
		return
	}
	if b.fresh {
		r.config.sections = append(r.config.sections, section{within: b.within()})
		b.fresh = false
	}
	last := &r.config.sections[len(r.config.sections)-1]
	last.entries = append(last.entries, e)
}

// unclear keeps that something could not be evaluated.
func (r *configReader) unclear(b *block, text string) {
	r.keep(b, entry{place: b.place(), unclear: text})
}

// header begins a block by its Host or Match line.
func (r *configReader) header(b *block, key, rest string) {
	b.own, b.judged, b.fresh = everything, false, true
	args, ok := splitWords(rest)
	switch {
	case !ok || len(args) == 0 || slices.Contains(args, ""):
	case key == "host":
		b.own = args
		return
	case len(args) == 1 && strings.EqualFold(args[0], "all"):
		return
	case len(args) == 2 && strings.EqualFold(args[0], "originalhost") && args[1] == strings.ToLower(args[1]):
		b.own = strings.Split(args[1], ",")
		return
	}
	r.unclear(b, key+" "+rest)
	b.judged, b.fresh = true, true
}

// include reads the files that an Include line names.
func (r *configReader) include(b *block, rest string, depth int) {
	patterns, ok := splitWords(rest)
	if !ok || len(patterns) == 0 {
		r.unclear(b, "include "+rest)
		return
	}
	for _, pattern := range patterns {
		switch {
		case strings.HasPrefix(pattern, "~/"):
			r.config.homely = true
			pattern = filepath.Join(r.home, pattern[2:])
		case strings.HasPrefix(pattern, "~"), strings.ContainsAny(pattern, "{$%"):
			r.unclear(b, "include "+rest)
			continue
		case !filepath.IsAbs(pattern) && r.system:
			pattern = filepath.Join("/etc/ssh", pattern)
		case !filepath.IsAbs(pattern):
			r.config.homely = true
			pattern = filepath.Join(r.home, ".ssh", pattern)
		}
		if b.judged {
			continue // ssh reads them, if it comes to that
		}
		matches, err := filepath.Glob(pattern)
		if err != nil {
			r.unclear(b, err.Error())
		}
		for _, match := range matches {
			r.file(match, b.within(), depth+1)
		}
	}
	b.fresh = true // what follows comes after the files
}

// read reads a file. Those that ssh reads by itself must be the operator's or
// root's alone, since they name commands that are run.
func (r *configReader) read(path string, depth int) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfigSize {
		return "", errors.New("not a file of sensible size")
	}
	if depth > 0 || path == filepath.Join(r.home, ".ssh", "config") {
		stat, ok := info.Sys().(*syscall.Stat_t)
		if info.Mode()&0o22 != 0 || ok && stat.Uid != 0 && int(stat.Uid) != os.Getuid() {
			return "", errors.New("others may write into it")
		}
	}
	text, err := os.ReadFile(path)
	return string(text), err
}
