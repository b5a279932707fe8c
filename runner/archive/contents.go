package archive

import (
	"crypto/sha256"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
)

// Limits of what is read of an archive.
type Limits struct {
	Members int64
	Bytes   int64
	// Packed is the archive's own size: without Trusted it may not hold more than maxRatio times as much.
	Packed  int64
	Trusted bool // Bytes was chosen for this very archive
}

// An archive that holds so many times its own size, and more than a little, is there to fill a disk.
const (
	maxRatio    = 250
	ratioBeyond = 256 << 20
)

// Choice says which members there are, and under which names.
type Choice struct {
	Strip   int
	Exclude []string
	// Reserved is a name that no member of the directory itself may have.
	Reserved string
	// SetID allows setuid, setgid and sticky bits, since modes are given otherwise.
	SetID bool
}

// Entry is a member that was read to its end, under the name that it gets.
type Entry struct {
	Member
	Sum string // of a file's content: SHA-256
}

// Contents reads all members, refuses what may not become a file, and returns those that are chosen: directories before
// what they hold, among them those that have no member of their own, which have no mode.
func Contents(r Reader, limits Limits, choice Choice, stopped func() error) ([]Entry, error) {
	c := &contents{limits: limits, choice: choice, at: map[string]int{}, names: map[string]string{}}
	for {
		m, content, err := r.Next()
		if errors.Is(err, io.EOF) {
			return c.entries, c.links()
		}
		if err == nil {
			err = stopped()
		}
		if err == nil {
			err = c.add(m, content)
		}
		if err != nil {
			return nil, err
		}
	}
}

type contents struct {
	limits  Limits
	choice  Choice
	members int64
	bytes   int64
	entries []Entry
	at      map[string]int    // the entries, by their names
	names   map[string]string // by the names of the members they are of
}

func (c *contents) add(m *Member, content io.Reader) error {
	if c.members++; c.members > c.limits.Members {
		return invalid("it has more than " + strconv.FormatInt(c.limits.Members, 10) + " members")
	}
	if m.Size > c.limits.Bytes-c.bytes {
		return invalid("it holds more than " + strconv.FormatInt(c.limits.Bytes, 10) + " bytes")
	}
	if c.bytes += m.Size; !c.limits.Trusted && c.bytes > ratioBeyond && c.bytes/maxRatio > c.limits.Packed {
		return invalid("it holds more than " + strconv.Itoa(maxRatio) + " times its own size, as archives do that are there to fill a disk; max_bytes allows it")
	}
	if m.Kind == File || m.Kind == Dir {
		if what := c.setBits(m); what != "" {
			return &Invalid{m.Name, "is " + what + "; mode gives all members other permissions"}
		}
	}
	name, ok := c.choice.Name(m.Name)
	if !ok || name == "" && m.Kind == Dir {
		return nil
	}
	e := Entry{Member: *m}
	e.Name = name
	if m.Kind == File {
		sum := sha256.New()
		n, err := io.Copy(sum, content)
		if err != nil {
			return err
		}
		if n != m.Size {
			return &Invalid{m.Name, "is damaged: it ends in the middle"}
		}
		e.Sum = hex(sum.Sum(nil))
	}
	return c.place(m.Name, e)
}

func (c *contents) setBits(m *Member) string {
	switch {
	case c.choice.SetID:
	case m.Mode&0o4000 != 0:
		return "setuid"
	case m.Mode&0o2000 != 0:
		return "setgid"
	}
	return ""
}

// Name is the name that a member gets, if it is chosen.
func (c *Choice) Name(member string) (string, bool) {
	if Matches(c.Exclude, member) {
		return "", false
	}
	name := member
	for range c.Strip {
		_, rest, found := strings.Cut(name, "/")
		if !found {
			return "", false
		}
		name = rest
	}
	return name, true
}

// Matches reports whether one of the patterns is for a name, or for a directory that it is in.
func Matches(patterns []string, name string) bool {
	for _, p := range patterns {
		for at := name; at != "."; at = path.Dir(at) {
			if ok, err := path.Match(p, at); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// place adds an entry, behind the directories that it is in.
func (c *contents) place(member string, e Entry) error {
	if first, _, _ := strings.Cut(e.Name, "/"); e.Name == "" || first == c.choice.Reserved {
		return &Invalid{member, "has the name of the record that is kept of what was unpacked"}
	}
	if err := c.parents(member, e.Name); err != nil {
		return err
	}
	c.names[member] = e.Name
	i, twice := c.at[e.Name]
	switch {
	case !twice:
		c.at[e.Name] = len(c.entries)
		c.entries = append(c.entries, e)
	case e.Kind == Dir && c.entries[i].Kind == Dir:
		c.entries[i] = e
	default:
		return &Invalid{member, "is there twice"}
	}
	return nil
}

// parents makes sure that a name is in directories, not below files or links.
func (c *contents) parents(member, name string) error {
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		dir := name[:i]
		at, known := c.at[dir]
		switch {
		case !known:
			c.at[dir] = len(c.entries)
			c.entries = append(c.entries, Entry{Member: Member{Name: dir, Kind: Dir}})
		case c.entries[at].Kind != Dir:
			return &Invalid{member, "is below the " + string(c.entries[at].Kind) + " " + quote(dir)}
		}
	}
	return nil
}

// links checks where links lead, once all names are known.
func (c *contents) links() error {
	for i := range c.entries {
		e := &c.entries[i]
		switch e.Kind {
		case Link:
			if err := within(e); err != nil {
				return err
			}
		case HardLink:
			name, known := c.names[e.Link]
			at := c.at[name]
			if !known || at >= i || c.entries[at].Kind != File && c.entries[at].Kind != HardLink {
				return &Invalid{e.Name, "is a hard link to " + quote(e.Link) + ", which is no file before it in the archive"}
			}
			e.Link, e.Sum, e.Size = name, c.entries[at].Sum, c.entries[at].Size
			if c.bytes += e.Size; c.bytes > c.limits.Bytes { // it becomes a file of its own
				return invalid("it holds more than " + strconv.FormatInt(c.limits.Bytes, 10) + " bytes")
			}
		}
	}
	return nil
}

// within refuses a link that leads out of the directory.
func within(e *Entry) error {
	if !Stays(e.Name, e.Link) {
		return &Invalid{e.Name, "is a link that leads out of the directory, to " + quote(e.Link)}
	}
	return nil
}

// Stays reports whether a link of that name leads to a place in its tree. Only at its beginning may a target go up: behind
// another link, .. would lead to where nobody can tell.
func Stays(name, target string) bool {
	depth := strings.Count(name, "/")
	if target == "" || strings.HasPrefix(target, "/") || len(target) > maxPath || strings.ContainsRune(target, 0) {
		return false
	}
	down := false
	for part := range strings.SplitSeq(target, "/") {
		switch {
		case part == "" || part == ".":
		case part != "..":
			down = true
		case down || depth == 0:
			return false
		default:
			depth--
		}
	}
	return true
}

// hex stands here because encoding/hex brings fmt.
func hex(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&0xF])
	}
	return string(out)
}
