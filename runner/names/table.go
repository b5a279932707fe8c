package names

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Entry is one line of a database, split at its colons: 7 fields for passwd, 4
// for group. The field of the password is always "x".
type Entry []string

// idField is where an entry has its id, in decimal without leading zeros.
const idField = 2

// table is one database as of the last change of its file.
type table struct {
	stamp  stamp
	byName map[string]Entry
	byID   map[string]Entry
	asked  map[string]Entry // what Ask said, nil for nothing
}

// stamp changes when a file does.
type stamp struct {
	ino  uint64
	size int64
	at   syscall.Timespec
}

// table returns a database, read again where its file changed. A file that
// cannot be read counts as empty, as it does for the C library. The lock must
// be held.
func (n *Names) table(db string) *table {
	path := filepath.Join(n.etc, db)
	now := stampOf(path)
	if t := n.tables[db]; t != nil && t.stamp == now {
		return t
	}
	t := &table{stamp: now, byName: map[string]Entry{}, byID: map[string]Entry{}, asked: map[string]Entry{}}
	n.tables[db] = t
	if now.size > maxFile {
		return t
	}
	text, err := os.ReadFile(path) //nolint:gosec // the path is ours
	if err != nil {
		return t
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		t.add(parse(db, line))
	}
	return t
}

// stampOf returns the zero stamp for a file that is not there.
func stampOf(path string) stamp {
	var st syscall.Stat_t
	if syscall.Stat(path, &st) != nil {
		return stamp{}
	}
	return stamp{ino: st.Ino, size: st.Size, at: st.Mtim}
}

// add takes an entry in. Of several for a name or an id the first one counts.
func (t *table) add(e Entry) {
	if e == nil {
		return
	}
	if _, known := t.byName[e[0]]; !known {
		t.byName[e[0]] = e
	}
	if _, known := t.byID[e[idField]]; !known {
		t.byID[e[idField]] = e
	}
}

func (t *table) find(key string) (Entry, bool) {
	for _, m := range []map[string]Entry{t.byName, t.byID, t.asked} {
		if e, ok := m[key]; ok {
			return e, true
		}
	}
	return nil, false
}

// parse splits a line, or returns nil for what is no entry: comments, the
// references of the old NIS, and damage.
func parse(db, line string) Entry {
	fields := 4
	if db == Passwd {
		fields = 7
	}
	e := Entry(strings.SplitN(strings.ToValidUTF8(line, "\uFFFD"), ":", fields+1))
	if len(e) != fields || e[0] == "" || strings.ContainsRune("#+-", rune(e[0][0])) {
		return nil
	}
	id, err := parseID(e[idField])
	if err != nil {
		return nil
	}
	e[1], e[idField] = "x", strconv.FormatUint(uint64(id), 10)
	return e
}
