package op

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The kinds of op that read.
const (
	KindStat   Kind = "fs.stat"
	KindRead   Kind = "fs.read"
	KindText   Kind = "fs.text"
	KindList   Kind = "fs.list"
	KindGetent Kind = "getent"
	KindNeed   Kind = "need.query"
	KindFacts  Kind = "facts"
)

// Stat asks what is at a path.
type Stat struct {
	Path string `json:"path"`
	// Follow looks through symbolic links; without it a link is reported as such.
	Follow bool `json:"follow,omitempty"`
	// Unsafe follows links as the kernel does, whoever made them. Without it a link
	// of a user who is neither root nor the runner's own leads only to what belongs to
	// the same user, and anything else is an error with CodeUnsafe. So it is for all ops on files.
	Unsafe bool `json:"unsafe,omitempty"`
}

func (s *Stat) kind() Kind      { return KindStat }
func (s *Stat) changes() bool   { return false }
func (s *Stat) subject() string { return s.Path }
func (s *Stat) validate() error { return checkPath(s.Path) }

func (s *Stat) scope() Scope          { return ScopePaths }
func (s *Stat) check(r *Result) error { return fits(r.Stat != nil) }

// Read asks for a file's digest and content. Content larger than Limit bytes,
// or whose SHA-256 (hex) equals Unless, is left out: only the digest comes back.
// A file that is larger than Limit, where there is one, and has another size than
// Size, which is that of the content it is compared with, is not read at all.
type Read struct {
	Path   string `json:"path"`
	Limit  int64  `json:"limit,omitempty"`
	Unless string `json:"unless,omitempty"`
	Size   int64  `json:"size,omitempty"`
	// NoFollow does not read through a link at the path: it is no regular file.
	NoFollow bool `json:"no_follow,omitempty"`
	Unsafe   bool `json:"unsafe,omitempty"`
}

func (r *Read) kind() Kind      { return KindRead }
func (r *Read) changes() bool   { return false }
func (r *Read) subject() string { return r.Path }
func (r *Read) validate() error {
	if r.Limit < 0 || r.Size < 0 {
		return errors.New("limit or size is negative")
	}
	return checkPath(r.Path)
}

func (r *Read) scope() Scope               { return ScopePaths }
func (r *Read) relays() bool               { return false }
func (r *Read) check(answer *Result) error { return fits(answer.Read != nil) }

// Text asks for what a text file says, so that a unit can edit it. A link at the path is
// not read through.
type Text struct {
	Path string `json:"path"`
	// Limit is how many bytes the text may have; of a longer file only the size comes back.
	Limit  int64 `json:"limit"`
	Unsafe bool  `json:"unsafe,omitempty"`
}

func (t *Text) kind() Kind      { return KindText }
func (t *Text) changes() bool   { return false }
func (t *Text) subject() string { return t.Path }
func (t *Text) validate() error {
	if t.Limit <= 0 || t.Limit > MaxText {
		return errors.New("limit is " + strconv.FormatInt(t.Limit, 10) + ", expected 1 to " + strconv.Itoa(MaxText))
	}
	return checkPath(t.Path)
}

func (t *Text) scope() Scope               { return ScopePaths }
func (t *Text) check(answer *Result) error { return fits(answer.Text != nil) }

// MaxText is the most bytes of a text that a unit may read as a whole, to edit it.
const MaxText = 1 << 20

// List asks for the entries of a directory, at most Limit of them. With
// Recurse it descends, without following links. With Unless only entries
// whose mode or owner differ from it come back.
type List struct {
	Path    string      `json:"path"`
	Recurse bool        `json:"recurse,omitempty"`
	Limit   int         `json:"limit,omitempty"`
	Unless  *Attributes `json:"unless,omitempty"`
	// Tally counts all entries and their bytes, beyond Limit too.
	Tally bool `json:"tally,omitempty"`
	// Mounts names what is mounted at the path or below it, which nothing descends into.
	Mounts bool `json:"mounts,omitempty"`
	// Newer, where it is above 0, leaves out what has not changed in so many seconds.
	Newer  int64 `json:"newer,omitempty"`
	Unsafe bool  `json:"unsafe,omitempty"`
}

func (l *List) kind() Kind      { return KindList }
func (l *List) changes() bool   { return false }
func (l *List) subject() string { return l.Path }
func (l *List) validate() error {
	if l.Limit < 0 {
		return errors.New("limit is negative")
	}
	return checkPath(l.Path)
}

func (l *List) scope() Scope { return ScopePaths }

// check refuses entries that lead out of the directory.
func (l *List) check(r *Result) error {
	if r.List == nil {
		return errOtherKind
	}
	if l.Limit > 0 && len(r.List.Entries) > l.Limit {
		return errors.New(strconv.Itoa(len(r.List.Entries)) + " entries, more than asked for")
	}
	for _, e := range r.List.Entries {
		for part := range strings.SplitSeq(e.Path, "/") {
			if part == "" || part == "." || part == ".." {
				return errors.New("an entry with the path " + e.Path)
			}
		}
	}
	return nil
}

// Getent looks a name up in a system database: passwd, group or shadow, which is the host's own file alone.
type Getent struct {
	DB  string `json:"db"`
	Key string `json:"key"`
	// Hash is that of a password with which the one of shadow is compared, on the host: only whether it is
	// the same comes back.
	Hash string `json:"hash,omitempty"`
}

func (g *Getent) kind() Kind      { return KindGetent }
func (g *Getent) changes() bool   { return false }
func (g *Getent) subject() string { return g.DB }
func (g *Getent) validate() error {
	if g.DB == "" || g.Key == "" {
		return errors.New("db and key must be given")
	}
	return nil
}

func (g *Getent) scope() Scope          { return ScopeNone }
func (g *Getent) check(r *Result) error { return fits(r.Getent != nil) }

// Need asks whether what a unit needs is there. It tells nothing of what the unit does.
type Need struct {
	Users  []string `json:"users,omitempty"`  // by their names
	Groups []string `json:"groups,omitempty"` // by their names
	// Program is an absolute path, or a name that is searched for in Search, a PATH; "" for the one that programs get.
	Program string `json:"program,omitempty"`
	Search  string `json:"search,omitempty"`
	Dir     string `json:"dir,omitempty"` // a directory
}

func (n *Need) kind() Kind    { return KindNeed }
func (n *Need) changes() bool { return false }
func (n *Need) subject() string {
	return strings.Join(slices.DeleteFunc(slices.Concat(n.Users, n.Groups, []string{n.Program, n.Dir}), func(s string) bool { return s == "" }), " ")
}

func (n *Need) validate() error {
	if n.subject() == "" {
		return errors.New("nothing is asked for")
	}
	return nil
}

func (n *Need) scope() Scope { return ScopeNone }

// check refuses an answer about what was not asked for.
func (n *Need) check(r *Result) error {
	switch {
	case r.Need == nil:
		return errOtherKind
	case !within(r.Need.NoUsers, n.Users) || !within(r.Need.NoGroups, n.Groups), r.Need.NoProgram && n.Program == "", r.Need.NoDir && n.Dir == "":
		return errors.New("the answer is about what was not asked for")
	case len(r.Need.Near) > r.Need.Lacking():
		return errors.New("more names that are near than names that are missing")
	}
	return nil
}

func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// NeedResult says what of that is not there. The zero value is that all is, or that this cannot be told.
type NeedResult struct {
	NoUsers   []string `json:"no_users,omitempty"`
	NoGroups  []string `json:"no_groups,omitempty"`
	NoProgram bool     `json:"no_program,omitempty"`
	NoDir     bool     `json:"no_dir,omitempty"`
	// Near has, for each of NoUsers, then of NoGroups, then for the program, the name of one that there is and
	// that it may be a misspelling of, or "". It is empty where there is none for any of them.
	Near []string `json:"near,omitempty"`
}

// NearUser is a user that there is, of nearly the name of the nth that is not there, or "".
func (r *NeedResult) NearUser(n int) string { return r.near(n) }

// NearGroup is a group that there is, of nearly the name of the nth that is not there, or "".
func (r *NeedResult) NearGroup(n int) string { return r.near(len(r.NoUsers) + n) }

// NearProgram is a program that there is, of nearly the name of the one that is not there, or "".
func (r *NeedResult) NearProgram() string { return r.near(len(r.NoUsers) + len(r.NoGroups)) }

func (r *NeedResult) near(n int) string {
	if n >= len(r.Near) {
		return ""
	}
	return r.Near[n]
}

// Lacking is how many things are missing.
func (r *NeedResult) Lacking() int {
	n := len(r.NoUsers) + len(r.NoGroups)
	for _, is := range []bool{r.NoProgram, r.NoDir} {
		if is {
			n++
		}
	}
	return n
}

// Facts asks for namespaces of facts, such as "os.basic".
type Facts struct {
	Namespaces []string `json:"namespaces"`
}

func (f *Facts) kind() Kind      { return KindFacts }
func (f *Facts) changes() bool   { return false }
func (f *Facts) subject() string { return "" }
func (f *Facts) validate() error {
	if len(f.Namespaces) == 0 {
		return errors.New("no namespace was asked for")
	}
	return nil
}

func (f *Facts) scope() Scope          { return ScopeNone }
func (f *Facts) check(r *Result) error { return fits(r.Facts != nil) }

// Type is what kind of thing is at a path.
type Type string

// The types of files.
const (
	TypeFile   Type = "file"
	TypeDir    Type = "directory"
	TypeLink   Type = "link"
	TypeFIFO   Type = "fifo"
	TypeSocket Type = "socket"
	TypeBlock  Type = "block"
	TypeChar   Type = "char"
)

// StatResult describes what is at a path. It holds nothing that changes
// without the file changing, so that equal results mean equal states.
type StatResult struct {
	Exists bool   `json:"exists"`
	Type   Type   `json:"type,omitempty"`
	Mode   uint32 `json:"mode,omitempty"` // permission bits with setuid, setgid, sticky
	UID    uint32 `json:"uid"`
	GID    uint32 `json:"gid"`
	Owner  string `json:"owner,omitempty"` // name, or the id as decimal where it has none
	Group  string `json:"group,omitempty"`
	Size   int64  `json:"size,omitempty"` // bytes; regular files only
	Target string `json:"target,omitempty"`
	// Lossy says that Target is not UTF-8, so bytes of it were replaced.
	Lossy bool `json:"lossy,omitempty"`
	// Real is the path that links in its directories lead to, where it is another than
	// was asked for; without Follow only.
	Real string `json:"real,omitempty"`
	// NoParent says that nothing is there, nor is the directory that would hold it;
	// without Follow only.
	NoParent bool `json:"no_parent,omitempty"`
}

// ReadResult describes a file's content. Sum is set for regular files only;
// anything else has Exists alone. One that was not read has no Sum, but the time
// of its last change, which tells that it is still the same.
type ReadResult struct {
	Exists  bool   `json:"exists"`
	Regular bool   `json:"regular,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Sum     string `json:"sum,omitempty"`   // SHA-256, hex
	MTime   int64  `json:"mtime,omitempty"` // nanoseconds since 1970
	Content *Blob  `json:"content,omitempty"`
}

// TextResult is a text file, or what else is at its path. It holds nothing that a file of the same
// text would not have, so that it is known beforehand what it will be after a write.
type TextResult struct {
	Exists bool `json:"exists"`
	// NoParent says that there is no directory which could hold the file.
	NoParent bool   `json:"no_parent,omitempty"`
	Type     Type   `json:"type,omitempty"`
	Target   string `json:"target,omitempty"` // of a link
	Text     string `json:"text,omitempty"`
	// Long is how many bytes the file has where they are more than the limit.
	Long int64 `json:"long,omitempty"`
	// Binary says that it is not UTF-8 text, so that Text is not its content.
	Binary bool `json:"binary,omitempty"`
}

// Entry is one name below a listed directory.
type Entry struct {
	Path  string `json:"path"` // relative to the listed directory
	Type  Type   `json:"type"`
	Mode  uint32 `json:"mode"`
	Owner string `json:"owner"`
	Group string `json:"group"`
	Size  int64  `json:"size,omitempty"`
	// Lossy says that Path is not UTF-8, so bytes of it were replaced.
	Lossy bool `json:"lossy,omitempty"`
}

// ListResult holds entries in the order of their paths; More says that the limit cut them.
type ListResult struct {
	Exists  bool    `json:"exists"`
	Entries []Entry `json:"entries,omitempty"`
	More    bool    `json:"more,omitempty"`
	// With Tally: how many entries there are, how many of them are directories, and the
	// bytes of the regular files among them. Beyond says that it stopped counting there.
	Count  int   `json:"count,omitempty"`
	Dirs   int   `json:"dirs,omitempty"`
	Bytes  int64 `json:"bytes,omitempty"`
	Beyond bool  `json:"beyond,omitempty"`
	// With Mounts: the first mount points, relative to the directory; "." is itself.
	Mounts []string `json:"mounts,omitempty"`
}

// shorten keeps the first entries.
func (r *ListResult) shorten() bool {
	if len(r.Entries) == 0 {
		return false
	}
	r.More = true
	r.Entries = r.Entries[:len(r.Entries)/2]
	return true
}

// GetentResult is one entry of a system database, its fields split at colons;
// the password field is always "x".
type GetentResult struct {
	Found  bool     `json:"found"`
	Fields []string `json:"fields,omitempty"`
	// Of shadow only: whether the password is locked, was never set, and is the one of Hash.
	Locked bool `json:"locked,omitempty"`
	Unset  bool `json:"unset,omitempty"`
	Same   bool `json:"same,omitempty"`
}
