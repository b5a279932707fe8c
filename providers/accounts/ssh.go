package accounts

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// sshFile is a file of a user's that SSH reads. Only what cannot be somebody else's is read and written: the home belongs
// to the user, who may have left links there.
type sshFile struct {
	User string
	// Path is where it is, "" for Name in the directory .ssh of the user's home.
	Path, Name string
	Mode       uint32
	// Dir makes the directory, where it is the user's.
	Dir bool
}

// sshState is what is there of it.
type sshState struct {
	// Known says that the user is there.
	Known bool   `json:"known"`
	GID   string `json:"gid,omitempty"`
	Home  string `json:"home,omitempty"`
	// Path is where the file is.
	Path string `json:"path,omitempty"`
	textfile.WholeState
	FileGID string         `json:"file_gid,omitempty"`
	Dir     place          `json:"dir"`
	NoHome  bool           `json:"no_home,omitempty"`
	Lacks   *op.NeedResult `json:"lacks,omitempty"`
}

// place is a directory, or what is in its place.
type place struct {
	Exists bool    `json:"exists"`
	Type   op.Type `json:"type,omitempty"`
	Mode   uint32  `json:"mode,omitempty"`
	Owner  string  `json:"owner,omitempty"`
	GID    string  `json:"gid,omitempty"`
}

const sshDirMode = 0o700

// at is where the file is in a home.
func (f sshFile) at(home string) string {
	if f.Path != "" {
		return f.Path
	}
	return strings.TrimSuffix(home, "/") + "/.ssh/" + f.Name
}

func directory(path string) string { return path[:max(1, strings.LastIndexByte(path, '/'))] }

// read asks for the file where it mostly is, and again where it is elsewhere.
func (f sshFile) read(t *sdk.T) sshState {
	home := "/home/" + f.User
	if f.User == "root" {
		home = "/root"
	}
	ask := []op.Op{entry("passwd", f.User)}
	if users := named(f.User); len(users) > 0 {
		ask = append(ask, op.Op{Need: &op.Need{Users: users}})
	}
	first := len(ask)
	got := t.All(append(ask, f.looks(home)...)...)
	e := t.Must(got[0]).Getent
	now := sshState{Known: e.Found, GID: field(e, fieldGID), Home: field(e, fieldHome)}
	if first > 1 {
		now.Lacks = lacks(t, got[1])
	}
	if !now.Known || f.Path == "" && !strings.HasPrefix(now.Home, "/") {
		return now
	}
	looked := got[first:]
	if now.Home != home {
		looked = t.All(f.looks(now.Home)...)
	}
	now.Path = f.at(now.Home)
	now.WholeState = textfile.Whole{}.State(t, looked[:2])
	now.FileGID = strconv.FormatUint(uint64(looked[1].Stat.GID), 10)
	dir := t.Must(looked[2]).Stat
	now.Dir = place{Exists: dir.Exists, Type: dir.Type, Mode: dir.Mode, Owner: dir.Owner, GID: strconv.FormatUint(uint64(dir.GID), 10)}
	now.NoHome = !t.Must(looked[3]).Stat.Exists
	return now
}

// looks are the questions about the file in a home.
func (f sshFile) looks(home string) []op.Op {
	path := f.at(home)
	if !strings.HasPrefix(home, "/") {
		home = "/"
	}
	return append(textfile.Whole{Path: path}.Ops(), op.Op{Stat: &op.Stat{Path: directory(path)}}, op.Op{Stat: &op.Stat{Path: home, Follow: true}})
}

// plan brings the file into the state that edit makes of it. absent says that the unit only takes away.
func (f sshFile) plan(t *sdk.T, now sshState, absent bool, edit func(text string) string) {
	if !now.Known {
		f.await(t, now, absent)
		return
	}
	if now.Path == "" {
		t.Fail(op.Conflict, "the user "+f.User+" has no home directory", "", "give path")
	}
	f.refuse(t, now)
	if absent && !now.Exists {
		return
	}
	if !now.Exists {
		t.Action(abi.Create)
	}
	f.planDir(t, now, absent)
	after := edit(now.Text)
	written := t.DifferText("content", now.Text, after, !now.Exists)
	differs := !absent && f.differ(t, now)
	switch {
	case written:
		t.Effect(op.Op{Write: &op.Write{Path: now.Path, Content: &op.Blob{Text: &after}, Attributes: f.attributes(now.GID)}})
	case differs:
		t.Effect(op.Op{Attr: &op.Attr{Path: now.Path, Attributes: f.attributes(now.GID)}})
	}
}

// refuse fails the unit where something else is in the way.
func (f sshFile) refuse(t *sdk.T, now sshState) {
	where := now.Path
	switch {
	case now.Dir.Exists && now.Dir.Type != op.TypeDir:
		where = directory(now.Path)
		t.Fail(op.Conflict, "a "+string(now.Dir.Type)+" is in the way at "+where, "", "look at it, and move it away")
	case !now.Exists:
	case now.Type != op.TypeFile:
		t.Fail(op.Conflict, "a "+string(now.Type)+" is in the way at "+where, "", "look at it, and move it away")
	case now.Long > 0 || now.Binary:
		t.Fail(op.Conflict, where+" is no text of at most 1 MiB", "", "look at it, and move it away")
	}
}

// planDir makes the directory, and gives it to the user.
func (f sshFile) planDir(t *sdk.T, now sshState, absent bool) {
	dir := directory(now.Path)
	switch {
	case !f.Dir || f.Path != "":
		if !now.Dir.Exists {
			textfile.NeedDirectory(t, now.Path)
		}
	case !now.Dir.Exists:
		if now.NoHome {
			textfile.NeedDirectory(t, dir)
		}
		t.Differ("directory", nil, dir)
		t.Effect(op.Op{Mkdir: &op.Mkdir{Path: dir, Attributes: f.dirAttributes(now.GID)}})
	case !absent:
		differs := t.Differ("directory mode", octal(now.Dir.Mode), octal(sshDirMode))
		differs = t.Differ("directory owner", now.Dir.Owner, f.User) || differs
		if t.Differ("directory group", now.Dir.GID, now.GID) || differs {
			t.Effect(op.Op{Attr: &op.Attr{Path: dir, Attributes: f.dirAttributes(now.GID)}})
		}
	}
}

// differ compares mode and owner of the file.
func (f sshFile) differ(t *sdk.T, now sshState) bool {
	differs := false
	for _, field := range []struct{ name, before, after string }{
		{"mode", octal(now.Mode), octal(f.Mode)}, {"owner", now.Owner, f.User}, {"group", now.FileGID, now.GID},
	} {
		var before any
		if now.Exists {
			before = field.before
		}
		differs = t.Differ(field.name, before, field.after) || differs
	}
	return differs
}

// await announces what is done once the user is there.
func (f sshFile) await(t *sdk.T, now sshState, absent bool) {
	if absent { // nobody is let in
		return
	}
	t.Action(abi.Create)
	need(t, "", now.Lacks)
	t.DifferUnknown("content", nil)
	f.potential(t)
}

// potential asks for all that plan may do.
func (f sshFile) potential(t *sdk.T) {
	open := []string{"group"}
	if f.Path == "" {
		open = append(open, "path")
	}
	if f.Dir && f.Path == "" {
		t.Effect(op.Op{Mkdir: &op.Mkdir{Attributes: f.dirAttributes("")}}, open...)
		t.Effect(op.Op{Attr: &op.Attr{Attributes: f.dirAttributes("")}}, open...)
	}
	t.Effect(op.Op{Attr: &op.Attr{Path: f.Path, Attributes: f.attributes("")}}, open...)
	t.Effect(op.Op{Write: &op.Write{Path: f.Path, Attributes: f.attributes("")}}, append(open, "content")...)
}

func (f sshFile) attributes(gid string) op.Attributes {
	mode := f.Mode
	return op.Attributes{Mode: &mode, Owner: f.User, Group: gid}
}

func (f sshFile) dirAttributes(gid string) op.Attributes {
	mode := uint32(sshDirMode)
	return op.Attributes{Mode: &mode, Owner: f.User, Group: gid}
}

func octal(bits uint32) string {
	s := strconv.FormatUint(uint64(bits), 8)
	for len(s) < 4 {
		s = "0" + s
	}
	return s
}

// publicKey is a public key as SSH's files have it.
type publicKey struct {
	before  string // options of a user's key, or the names of a host's
	kind    string
	key     string // base64
	comment string
}

// is reports whether two lines are of one key, whatever else they say.
func (k publicKey) is(other publicKey) bool { return k.kind == other.kind && k.key == other.key }

func (k publicKey) line() string {
	return strings.TrimLeft(strings.TrimRight(k.before+" "+k.kind+" "+k.key+" "+k.comment, " "), " ")
}

// parseKey reads a line with a public key, and reports whether it is one.
func parseKey(line string) (publicKey, bool) {
	line = strings.TrimSpace(line)
	if k, ok := bare(line); ok {
		return k, true
	}
	at := word(line)
	k, ok := bare(strings.TrimLeft(line[at:], " \t"))
	k.before = line[:at]
	return k, ok && at > 0
}

// bare reads a public key that begins with its kind.
func bare(line string) (publicKey, bool) {
	kind, rest := cutBlank(line)
	key, comment := cutBlank(rest)
	return publicKey{kind: kind, key: key, comment: comment}, isKey(kind, key)
}

func cutBlank(text string) (first, rest string) {
	at := strings.IndexAny(text, " \t")
	if at < 0 {
		return text, ""
	}
	return text[:at], strings.TrimLeft(text[at:], " \t")
}

// word is how long the first word of a line is: blanks between quotes belong to it.
func word(line string) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && line[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			return i
		}
	}
	return len(line)
}

// isKey reports whether a key is base64 of what says itself that it is of the kind.
func isKey(kind, key string) bool {
	data, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(data) < 4 || kind == "" {
		return false
	}
	n := int(data[0])<<24 | int(data[1])<<16 | int(data[2])<<8 | int(data[3])
	return n == len(kind) && len(data) > 4+n && string(data[4:4+n]) == kind
}

// texts are those of an argument that is one text or a list of them.
func texts(argument any) []string {
	switch v := argument.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, e := range v {
			if text, ok := e.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// keys reads the keys of an argument, which fails the unit where one is none. What is refused is not shown: it
// may be a private key.
func keys(t *sdk.T, argument any) []publicKey {
	var all []publicKey
	for i, text := range texts(argument) {
		for n, line := range strings.Split(text, "\n") {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			k, ok := parseKey(line)
			if !ok || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				t.Fail(op.Permanent, "line "+strconv.Itoa(n+1)+" of key "+strconv.Itoa(i+1)+" is no public key, which is a type and what is behind it in base64",
					"", "give what ssh-keygen writes into the .pub file")
			}
			all = append(all, k)
		}
	}
	return all
}
