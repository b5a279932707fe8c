// Package names translates between the names and ids of users and groups. It
// reads the files itself, since os/user would make the runner a good deal
// larger and asks nothing but the same files.
//
// It is a leaf: it imports runner/op and the standard library only.
package names

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// The databases of names.
const (
	Passwd = "passwd"
	Group  = "group"
)

// Bounds of the databases.
const (
	maxDatabase = 64 << 20
	maxAsked    = 10_000
)

// Names looks names and ids up: in passwd and group, and what is not there
// through Ask. It may be used by several goroutines.
type Names struct {
	etc string
	ask Ask

	mu     sync.Mutex
	tables map[string]*table
}

// Ask returns the line that a directory service has for a key, or "".
type Ask func(ctx context.Context, db, key string) string

// New returns the names of the databases in the directory etc. ask may be nil.
func New(etc string, ask Ask) *Names {
	return &Names{etc: etc, ask: ask, tables: map[string]*table{}}
}

// table is one database as of the last change of its file.
type table struct {
	stamp  stamp
	byName map[string]Entry
	byID   map[string]Entry
	asked  map[string]Entry // what Ask said, nil for nothing
}

// Entry is one line, split at colons: at least 7 fields for passwd, 4 for group.
type Entry []string

// stamp changes when a file does.
type stamp struct {
	ino  uint64
	size int64
	at   syscall.Timespec
}

// find returns the entry for a name or decimal id, or nil. It does not hold the
// lock while a directory service is asked.
func (n *Names) find(ctx context.Context, db, key string) Entry {
	n.mn.Lock()
	t := n.table(db)
	e, known := t.lookup(key)
	n.mn.Unlock()
	if known {
		return e
	}
	e = n.ask(ctx, db, key)
	n.mn.Lock()
	defer n.mn.Unlock()
	if len(t.asked) >= maxAsked {
		clear(t.asked)
	}
	if ctx.Err() == nil {
		t.asked[key] = e
	}
	return e
}

// forget drops what getent said about a key.
func (n *Names) forget(db, key string) {
	n.mn.Lock()
	defer n.mn.Unlock()
	delete(n.table(db).asked, key)
}

func (t *table) lookup(key string) (Entry, bool) {
	if e, ok := t.byName[key]; ok {
		return e, true
	}
	if e, ok := t.byID[key]; ok {
		return e, true
	}
	e, ok := t.asked[key]
	return e, ok
}

// table returns the database, read again where its file changed. A file that
// cannot be read counts as empty, as it does for the C library.
func (n *Names) table(db string) *table {
	path := n.root + "etc/" + db
	now := stampOf(path)
	if t := n.tables[db]; t != nil && t.stamp == now {
		return t
	}
	t := &table{stamp: now, byName: map[string]Entry{}, byID: map[string]Entry{}, asked: map[string]Entry{}}
	n.tables[db] = t
	text, err := readSmall(path, maxDatabase)
	if err != nil {
		return t
	}
	for line := range strings.SplitSeq(text, "\n") {
		t.add(db, line)
	}
	return t
}

func (t *table) add(db, line string) {
	e := parseEntry(db, line)
	if e == nil {
		return
	}
	if _, known := t.byName[e[0]]; !known { // the first one counts
		t.byName[e[0]] = e
	}
	if _, known := t.byID[e[2]]; !known {
		t.byID[e[2]] = e
	}
}

// parseEntry splits a line of a database, or returns nil for what is none. It
// hides the password.
func parseEntry(db, line string) Entry {
	e := Entry(strings.Split(clean(line), ":"))
	fields := 4
	if db == Passwd {
		fields = 7
	}
	if len(e) != fields || e[0] == "" || e[0][0] == '#' || e[0][0] == '+' || e[0][0] == '-' {
		return nil
	}
	if _, err := strconv.ParseUint(e[2], 10, 32); err != nil {
		return nil
	}
	e[1] = "x"
	return e
}

// name returns the name of an id, or the id as decimal.
func (n *Names) name(ctx context.Context, db string, id uint32) string {
	key := strconv.FormatUint(uint64(id), 10)
	n.mn.Lock()
	e := n.table(db).byID[key]
	n.mn.Unlock()
	if e == nil {
		e = n.find(ctx, db, key)
	}
	if e != nil && e[2] == key {
		return e[0]
	}
	return key
}

func (n *Names) userName(ctx context.Context, uid uint32) string {
	return n.name(ctx, Passwd, uid)
}

func (n *Names) groupName(ctx context.Context, gid uint32) string {
	return n.name(ctx, Group, gid)
}

// id returns the id of a name or of a decimal id, which need not have a name.
func (n *Names) id(ctx context.Context, db, name string) (uint32, error) {
	n.mn.Lock()
	e := n.table(db).byName[name]
	n.mn.Unlock()
	if e == nil {
		if n, err := strconv.ParseUint(name, 10, 32); err == nil && n != 1<<32-1 {
			return uint32(n), nil
		}
		e = n.find(ctx, db, name)
	}
	if e == nil {
		what := "user"
		if db == Group {
			what = "group"
		}
		return 0, refusal("no"+what, "there is no "+what+" "+strconv.Quote(name))
	}
	n, err := strconv.ParseUint(e[2], 10, 32)
	return uint32(n), err
}

// stampOf returns the zero stamp for a file that is not there.
func stampOf(path string) stamp {
	var st syscall.Stat_t
	if syscall.Stat(path, &st) != nil {
		return stamp{}
	}
	return stamp{ino: uint64(st.Ino), size: st.Size, at: st.Mtim}
}

// readSmall returns a system file's content, refusing more than limit bytes.
func readSmall(path string, limit int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if int64(len(content)) > limit {
		return "", errors.New(path + " is larger than " + strconv.FormatInt(limit, 10) + " bytes")
	}
	return string(content), nil
}
