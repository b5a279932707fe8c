package repository

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// PkgRepo is a repository of packages. Its fields are described in pkg_repo.cue.
type PkgRepo struct {
	Name          string            `json:"name"`
	State         string            `json:"state"`
	URIs          words             `json:"uris"`
	Suites        words             `json:"suites"`
	Components    words             `json:"components"`
	Types         words             `json:"types"`
	Architectures words             `json:"architectures"`
	Key           *op.Blob          `json:"key"`
	SignedBy      string            `json:"signed_by"`
	Options       map[string]string `json:"options"`
	Enabled       bool              `json:"enabled"`
	Priority      *int64            `json:"priority"`
}

// words is a text, or a list of texts.
type words any

// list is the texts of words.
func list(w words) []string {
	switch v := w.(type) {
	case string:
		return []string{v}
	case []any:
		all := make([]string, len(v))
		for i, e := range v {
			all[i], _ = e.(string)
		}
		return all
	}
	return nil
}

// PkgRepoState is what is there of a repository.
type PkgRepoState struct {
	Sources textfile.WholeState `json:"sources"`
	Pin     textfile.WholeState `json:"pin"`
	Keys    bool                `json:"keys"` // the directory of keys
	Key     op.StatResult       `json:"key"`
	KeySum  string              `json:"key_sum,omitempty"`
	// Fetched says that the lists of all its releases are there.
	Fetched bool `json:"fetched"`
}

// Output is what a repository offers to later units.
type Output struct {
	Changed bool `json:"changed"`
}

const (
	absent = "absent"
	keys   = "/etc/apt/keyrings"
	lists  = "/var/lib/apt/lists/"
	public = 0o644
	root   = "root"
	// notEnabled begins a file that apt does not read.
	notEnabled = "Enabled: no\n"
)

func (p PkgRepo) sources() textfile.Whole {
	return textfile.Whole{Path: "/etc/apt/sources.list.d/" + p.Name + ".sources", Mode: public}
}

func (p PkgRepo) pin() textfile.Whole {
	return textfile.Whole{Path: "/etc/apt/preferences.d/" + p.Name + ".pref", Mode: public, Label: "priority"}
}

func (p PkgRepo) key() string { return keys + "/" + p.Name + ".asc" }

// Read implements sdk.Resource.
func (p PkgRepo) Read(t *sdk.T) PkgRepoState {
	read := &op.Read{Path: p.key(), NoFollow: true}
	ops := slices.Concat(p.sources().Ops(), p.pin().Ops(), []op.Op{{Stat: &op.Stat{Path: keys}}, {Stat: &op.Stat{Path: p.key()}}, {Read: read}})
	first := len(ops)
	for _, name := range p.lists() {
		ops = append(ops, op.Op{Stat: &op.Stat{Path: lists + name + "InRelease"}}, op.Op{Stat: &op.Stat{Path: lists + name + "Release"}})
	}
	results := t.All(ops...)
	s := PkgRepoState{
		Sources: p.sources().State(t, results), Pin: p.pin().State(t, results[2:]),
		Keys: t.Must(results[4]).Stat.Exists, Key: *t.Must(results[5]).Stat, KeySum: t.Must(results[6]).Read.Sum, Fetched: true,
	}
	for i := first; i < len(results); i += 2 {
		s.Fetched = s.Fetched && (t.Must(results[i]).Stat.Exists || t.Must(results[i+1]).Stat.Exists)
	}
	return s
}

// lists are the beginnings of the names under which apt keeps the lists of the releases. Of what has no release of that
// name, such as a directory, it is not known.
func (p PkgRepo) lists() []string {
	var names []string
	if p.State == absent || !p.Enabled {
		return nil
	}
	for _, uri := range list(p.URIs) {
		for _, suite := range list(p.Suites) {
			if strings.HasPrefix(uri, "http") && !strings.HasSuffix(suite, "/") {
				names = append(names, fileName(strings.TrimSuffix(uri, "/")+"/dists/"+suite+"/"))
			}
		}
	}
	return names
}

// fileName is how apt calls the file of a URI: without its scheme and user, with what means something in names as %xx, and
// with _ for each slash.
func fileName(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	host, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	var b strings.Builder
	for _, c := range []byte(host + "/" + path) {
		switch {
		case c == '/':
			b.WriteByte('_')
		case strings.IndexByte(`\|{}[]<>"^~_=!@#$%^&*`, c) >= 0 || c <= ' ' || c >= 0x7f:
			b.WriteString("%" + strconv.FormatUint(uint64(c>>4), 16) + strconv.FormatUint(uint64(c&15), 16))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Plan implements sdk.Resource.
func (p PkgRepo) Plan(t *sdk.T, now PkgRepoState) {
	if p.State == absent {
		p.remove(t, now)
	} else {
		p.bring(t, now)
	}
	t.Output(Output{Changed: t.Acted()})
}

func (p PkgRepo) remove(t *sdk.T, now PkgRepoState) {
	known := now.counts()
	p.sources().Remove(t, now.Sources)
	p.pin().Remove(t, now.Pin)
	if now.Key.Exists {
		t.Action(abi.Delete)
		t.Differ("key", blob(now.KeySum), nil)
		t.Effect(op.Op{Remove: &op.Remove{Path: p.key()}})
	}
	if known {
		p.fetch(t)
	}
}

// blob refers to content that a diff shows by its digest.
func blob(sum string) any {
	if sum == "" {
		return nil
	}
	return "sha256:" + sum[:min(12, len(sum))]
}

func (p PkgRepo) bring(t *sdk.T, now PkgRepoState) {
	suites, parts := list(p.Suites), list(p.Components)
	flat := slices.ContainsFunc(suites, func(s string) bool { return strings.HasSuffix(s, "/") })
	switch {
	case flat && len(parts) > 0:
		t.Fail(op.Permanent, "a release that ends with / has no components", "", "leave components out")
	case !flat && len(parts) == 0:
		t.Fail(op.Permanent, "the release "+suites[0]+" has components, and none is named", "", `give components = "main", or what the repository calls them`)
	}
	text := p.text()
	changed := now.Sources.Text != text || !now.Sources.Exists
	if p.Key != nil {
		changed = p.bringKey(t, now) || changed
	}
	p.sources().Write(t, now.Sources, text)
	if pin := p.pinText(); pin != "" {
		p.pin().Write(t, now.Pin, pin)
	} else {
		p.pin().Remove(t, now.Pin)
	}
	switch {
	case p.Enabled && !now.Fetched && !changed:
		t.Differ("fetched", false, true)
		p.fetch(t)
	case changed && (p.Enabled || now.counts()):
		p.fetch(t)
	}
}

// counts reports whether apt has read the file: with one that it does not read no package comes or goes.
func (s PkgRepoState) counts() bool {
	return s.Sources.Exists && !strings.HasPrefix(s.Sources.Text, notEnabled)
}

// bringKey brings the key, which apt reads as a user of its own, and reports whether it is another one than before.
func (p PkgRepo) bringKey(t *sdk.T, now PkgRepoState) bool {
	another := p.Key.Sum != now.KeySum
	if another {
		t.Differ("key", blob(now.KeySum), blob(p.Key.Sum))
	}
	theirs := false
	if now.Key.Exists {
		theirs = t.Differ("key mode", textfile.Octal(now.Key.Mode), textfile.Octal(public))
		theirs = t.Differ("key owner", now.Key.Owner, root) || theirs
		theirs = t.Differ("key group", now.Key.Group, root) || theirs
	}
	if !another && !theirs {
		return false
	}
	if !now.Keys {
		t.Effect(op.Op{Mkdir: &op.Mkdir{Path: keys, Attributes: op.Attributes{Mode: new(uint32(0o755))}}})
	}
	p.writeKey(t)
	return another
}

func (p PkgRepo) writeKey(t *sdk.T) {
	mode := uint32(public)
	t.Effect(op.Op{Write: &op.Write{Path: p.key(), Content: p.Key, Attributes: op.Attributes{Mode: &mode, Owner: root, Group: root}}})
}

// fetch has the package lists fetched.
func (p PkgRepo) fetch(t *sdk.T) {
	if t.Effect(op.Op{PkgEnsure: &op.PkgEnsure{Update: true, Source: p.sources().Path}}); t.Acting() {
		t.Changed()
	}
}

// Potential implements sdk.HasPotential.
func (p PkgRepo) Potential(t *sdk.T) {
	if p.State == absent {
		p.sources().PotentialRemove(t)
		t.Effect(op.Op{Remove: &op.Remove{Path: p.key()}})
	} else {
		p.sources().PotentialWrite(t)
		p.pin().PotentialWrite(t)
		if p.Key != nil {
			t.Effect(op.Op{Mkdir: &op.Mkdir{Path: keys, Attributes: op.Attributes{Mode: new(uint32(0o755))}}})
			p.writeKey(t)
		}
	}
	p.pin().PotentialRemove(t)
	p.fetch(t)
}

// text is the file in the format deb822.
func (p PkgRepo) text() string {
	var b strings.Builder
	field := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	if !p.Enabled {
		b.WriteString(notEnabled)
	}
	field("Types", strings.Join(list(p.Types), " "))
	field("URIs", strings.Join(list(p.URIs), " "))
	field("Suites", strings.Join(list(p.Suites), " "))
	field("Components", strings.Join(list(p.Components), " "))
	field("Architectures", strings.Join(list(p.Architectures), " "))
	if p.Key != nil {
		field("Signed-By", p.key())
	}
	field("Signed-By", p.SignedBy)
	for _, name := range slices.Sorted(maps.Keys(p.Options)) {
		field(name, p.Options[name])
	}
	return b.String()
}

// pinText is the file of the priority, "" for none.
func (p PkgRepo) pinText() string {
	if p.Priority == nil {
		return ""
	}
	var hosts []string
	for _, uri := range list(p.URIs) {
		_, rest, _ := strings.Cut(uri, "://")
		host, _, _ := strings.Cut(rest[strings.LastIndexByte(rest, '@')+1:], "/")
		host, _, _ = strings.Cut(host, ":")
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	parts := make([]string, len(hosts))
	for i, host := range hosts {
		parts[i] = "Package: *\nPin: origin \"" + host + "\"\nPin-Priority: " + strconv.FormatInt(*p.Priority, 10) + "\n"
	}
	return strings.Join(parts, "\n")
}
