package agent

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// The databases of names.
const (
	dbPasswd = "passwd"
	dbGroup  = "group"
)

// Bounds of the databases.
const (
	maxDatabase = 64 << 20
	maxAsked    = 10_000
)

// users looks names and ids up: in /etc/passwd and /etc/group, and for what is
// not there through the program getent, which knows directory services.
type users struct {
	root string
	run  runner

	mu     sync.Mutex
	tables map[string]*table
}

// runner runs a program and returns how it ended.
type runner func(ctx context.Context, p program) (*op.ExecResult, error)

func newUsers(root string, run runner) *users {
	return &users{root: root, run: run, tables: map[string]*table{}}
}

// table is one database as of the last change of its file.
type table struct {
	stamp  stamp
	byName map[string]entry
	byID   map[string]entry
	asked  map[string]entry // what getent said, nil for nothing
}

// entry is one line, split at colons: at least 7 fields for passwd, 4 for group.
type entry []string

// stamp changes when a file does.
type stamp struct {
	ino  uint64
	size int64
	at   syscall.Timespec
}

// find returns the entry for a name or decimal id, or nil. It does not hold the
// lock while a directory service is asked.
func (u *users) find(ctx context.Context, db, key string) entry {
	u.mu.Lock()
	t := u.table(db)
	e, known := t.lookup(key)
	u.mu.Unlock()
	if known {
		return e
	}
	e = u.ask(ctx, db, key)
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(t.asked) >= maxAsked {
		clear(t.asked)
	}
	if ctx.Err() == nil {
		t.asked[key] = e
	}
	return e
}

// forget drops what getent said about a key.
func (u *users) forget(db, key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.table(db).asked, key)
}

func (t *table) lookup(key string) (entry, bool) {
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
func (u *users) table(db string) *table {
	path := u.root + "etc/" + db
	now := stampOf(path)
	if t := u.tables[db]; t != nil && t.stamp == now {
		return t
	}
	t := &table{stamp: now, byName: map[string]entry{}, byID: map[string]entry{}, asked: map[string]entry{}}
	u.tables[db] = t
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
func parseEntry(db, line string) entry {
	e := entry(strings.Split(clean(line), ":"))
	fields := 4
	if db == dbPasswd {
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

// ask runs getent. A machine without it, or one that does not know the key,
// gives nil.
func (u *users) ask(ctx context.Context, db, key string) entry {
	if u.root != "/" || strings.HasPrefix(key, "-") {
		return nil
	}
	got, err := u.run(ctx, program{argv: []string{"getent", db, key}, limit: 1 << 20})
	if err != nil || got.RC != 0 {
		return nil
	}
	line, _, _ := strings.Cut(got.Stdout, "\n")
	return parseEntry(db, line)
}

// name returns the name of an id, or the id as decimal.
func (u *users) name(ctx context.Context, db string, id uint32) string {
	key := strconv.FormatUint(uint64(id), 10)
	u.mu.Lock()
	e := u.table(db).byID[key]
	u.mu.Unlock()
	if e == nil {
		e = u.find(ctx, db, key)
	}
	if e != nil && e[2] == key {
		return e[0]
	}
	return key
}

func (u *users) userName(ctx context.Context, uid uint32) string {
	return u.name(ctx, dbPasswd, uid)
}

func (u *users) groupName(ctx context.Context, gid uint32) string {
	return u.name(ctx, dbGroup, gid)
}

// id returns the id of a name or of a decimal id, which need not have a name.
func (u *users) id(ctx context.Context, db, name string) (uint32, error) {
	u.mu.Lock()
	e := u.table(db).byName[name]
	u.mu.Unlock()
	if e == nil {
		if n, err := strconv.ParseUint(name, 10, 32); err == nil && n != 1<<32-1 {
			return uint32(n), nil
		}
		e = u.find(ctx, db, name)
	}
	if e == nil {
		what := "user"
		if db == dbGroup {
			what = "group"
		}
		return 0, refusal("no"+what, "there is no "+what+" "+strconv.Quote(name))
	}
	n, err := strconv.ParseUint(e[2], 10, 32)
	return uint32(n), err
}

// getent answers the op.
func (m *machine) getent(ctx context.Context, g *op.Getent) (*op.GetentResult, error) {
	if g.DB != dbPasswd && g.DB != dbGroup {
		return nil, refusal("nodb", "there is no database "+strconv.Quote(g.DB)+", expected passwd or group")
	}
	m.users.forget(g.DB, g.Key)
	e := m.users.find(ctx, g.DB, g.Key)
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	return &op.GetentResult{Found: e != nil, Fields: slices.Clone(e)}, nil
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
