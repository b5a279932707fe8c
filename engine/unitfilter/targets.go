package unitfilter

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
)

// Targets narrow which units take part, by their names. The zero value takes
// all. It is safe for concurrent use.
type Targets struct {
	only, exclude []*pattern
	// pathKey reports whether units of a type are told apart by a path.
	pathKey func(typ string) bool

	mu      sync.Mutex
	kept    map[string][]string // unit → hosts where a target requires it
	dropped map[string][]string // unit → hosts where it requires one that is excluded
	order   []string            // of kept and dropped
	seen    map[string]bool     // names of units, for the nearest
}

// pattern is one --target or --exclude.
type pattern struct {
	text    string
	host    func(name string) bool // nil for every host
	unit    *regexp.Regexp
	path    *regexp.Regexp // unit, for those whose key is a path
	matched bool
}

// shape finds what a pattern is made of: HOST/TYPE[KEY], or without the host; before
// TYPE there may be the host that the unit acts on, with a colon.
var shape = regexp.MustCompile(`^(?:([^/\s]+)/)?((?:[^/\s\[]+:)?[a-z0-9_*?]+)\[(?s:(.*))\]$`)

// Parse reads patterns: file[/etc/motd], h1/file[*], web*/cmd[re?load],
// lb1:cmd[drain *].
// In the type and the key * is any text and ? one character; brackets are
// themselves, because names of units have them. The host is a name, a glob or
// a range of the inventory's. Of types that pathKey is true for the key is a path,
// of which any spelling is meant.
func Parse(only, exclude []string, pathKey func(typ string) bool) (*Targets, error) {
	t := &Targets{pathKey: pathKey, kept: map[string][]string{}, dropped: map[string][]string{}, seen: map[string]bool{}}
	for _, list := range []struct {
		flag  string
		texts []string
		into  *[]*pattern
	}{{"--target", only, &t.only}, {"--exclude", exclude, &t.exclude}} {
		for _, text := range list.texts {
			p, err := parsePattern(text)
			if err != nil {
				return nil, (&diag.Error{Summary: fmt.Sprintf("%s %s: %v", list.flag, text, err), Cause: err}).
					WithHint("name units as the plan does: 'file[/etc/motd]', 'h1/file[*]', 'cmd[reload *]'")
			}
			*list.into = append(*list.into, p)
		}
	}
	return t, nil
}

func parsePattern(text string) (*pattern, error) {
	m := shape.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("not the name of a unit, TYPE[KEY] or HOST/TYPE[KEY]")
	}
	p := &pattern{text: text, unit: unitRegexp(m[2], m[3]), path: unitRegexp(m[2], hostpath.Clean(m[3]))}
	if m[1] == "" {
		return p, nil
	}
	var err error
	p.host, err = inventory.NameGlob(m[1])
	return p, err
}

// Name is a pattern of names of units.
type Name struct {
	pattern *pattern
	pathKey func(typ string) bool
}

// ParseName reads one pattern as Parse does.
func ParseName(text string, pathKey func(typ string) bool) (*Name, error) {
	p, err := parsePattern(text)
	return &Name{p, pathKey}, err
}

// Matches reports whether a unit is meant.
func (n *Name) Matches(id unit.ID) bool { return n.pattern.matches(id, n.pathKey(id.Type)) }

func unitRegexp(typ, key string) *regexp.Regexp {
	return regexp.MustCompile(`^` + globRegexp(typ) + `\[` + globRegexp(key) + `\]$`)
}

// globRegexp writes a glob as a regular expression.
func globRegexp(glob string) string {
	var b strings.Builder
	for _, r := range glob {
		switch r {
		case '*':
			b.WriteString(`(?s:.*)`)
		case '?':
			b.WriteString(`(?s:.)`)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

func (p *pattern) matches(id unit.ID, pathKey bool) bool {
	named := p.unit
	if pathKey {
		named = p.path
	}
	return (p.host == nil || p.host(id.Host)) && named.MatchString(id.Local())
}

// Only and Exclude are the patterns as they were given.
func (t *Targets) Only() []string    { return texts(t.only) }
func (t *Targets) Exclude() []string { return texts(t.exclude) }

func texts(patterns []*pattern) []string {
	var out []string
	for _, p := range patterns {
		out = append(out, p.text)
	}
	return out
}

// Filter returns the plays of one host with the units that take part: those
// that are targeted and all that these require, without those that are
// excluded and all that require one of these. The others end at once as
// skipped, as those do that Tags leave out.
func (t *Targets) Filter(plays []*unit.Play) []*unit.Play {
	if len(t.only)+len(t.exclude) == 0 {
		return plays
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*unit.Unit
	for _, p := range plays {
		all = slices.Concat(all, p.Units, p.Verify)
	}
	takes := t.take(all)
	kept := make([]*unit.Play, len(plays))
	for i, p := range plays {
		kept[i] = p.Keep(func(u *unit.Unit) bool { return taken(u, takes[u.ID]) })
	}
	return kept
}

// take decides over the units of a host, which come after all that they require.
func (t *Targets) take(all []*unit.Unit) map[unit.ID]bool {
	taken := map[unit.ID]bool{}
	for _, u := range slices.Backward(all) {
		switch targeted := t.match(t.only, u.ID); {
		case targeted || len(t.only) == 0:
			taken[u.ID] = true
		case !taken[u.ID]:
			continue
		default:
			t.tell(t.kept, u.ID)
		}
		for _, id := range u.Require {
			taken[id] = true // where it is another host's or left out by its tags, that says nothing
		}
	}
	out := map[unit.ID]bool{}
	for _, u := range all {
		isOut := func(id unit.ID) bool { return out[id] }
		switch {
		case t.match(t.exclude, u.ID):
			out[u.ID] = true
		case taken[u.ID] && slices.ContainsFunc(u.Require, isOut):
			out[u.ID] = true
			t.tell(t.dropped, u.ID)
		}
		if out[u.ID] {
			delete(taken, u.ID)
		}
	}
	return taken
}

// match reports whether one of patterns means the unit, and notes the name.
func (t *Targets) match(patterns []*pattern, id unit.ID) bool {
	found := false
	for _, p := range patterns {
		if p.matches(id, t.pathKey(id.Type)) {
			p.matched, found = true, true
		}
	}
	t.seen[id.Local()] = true
	return found
}

func (t *Targets) tell(list map[string][]string, id unit.ID) {
	name := id.Local()
	if len(t.kept[name])+len(t.dropped[name]) == 0 {
		t.order = append(t.order, name)
	}
	list[name] = append(list[name], id.Host)
}

// Notes say which units take part, or do not, though they were not named.
func (t *Targets) Notes() []*diag.Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var notes []*diag.Error
	for _, name := range t.order {
		if hosts := t.kept[name]; len(hosts) > 0 {
			notes = append(notes, &diag.Error{Host: inventory.FoldNames(hosts), Unit: name, Summary: "takes part, because a target requires it"})
		}
		if hosts := t.dropped[name]; len(hosts) > 0 {
			notes = append(notes, &diag.Error{Host: inventory.FoldNames(hosts), Unit: name, Summary: "is left out, because it requires one that is excluded"})
		}
	}
	return notes
}

// Unmatched is an error where a pattern means no unit of any host that was filtered.
func (t *Targets) Unmatched() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range slices.Concat(t.only, t.exclude) {
		if p.matched {
			continue
		}
		d := &diag.Error{Summary: fmt.Sprintf("no unit is named %s", p.text)}
		name := p.text
		if m := shape.FindStringSubmatch(name); m[1] != "" {
			name = strings.TrimPrefix(name, m[1]+"/")
		}
		if near := diag.Nearest(name, slices.Sorted(maps.Keys(t.seen))); near != "" {
			return d.WithHint("did you mean %q?", near)
		}
		return d.WithHint("froyo plan --list-units lists them")
	}
	return nil
}
