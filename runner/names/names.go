// Package names translates between the names and ids of users and groups. It
// reads the files itself, since os/user would make the runner a good deal
// larger and reads nothing but the same files.
//
// It is a leaf: it imports runner/op and the standard library only.
package names

import (
	"context"
	"iter"
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
)

// The databases.
const (
	Passwd = "passwd"
	Group  = "group"
)

// Bounds of the databases.
const (
	maxFile  = 64 << 20 // bytes
	maxAsked = 10_000   // answers kept
)

// Names looks names and ids up: in the files passwd and group, and what is not
// there through Ask. It may be used by several goroutines.
type Names struct {
	etc string
	ask Ask

	mu     sync.Mutex
	tables map[string]*table
}

// Ask returns the line that a directory service has for a name or decimal id,
// or "".
type Ask func(ctx context.Context, db, key string) string

// New returns the names that the files in the directory etc have. ask may be nil.
func New(etc string, ask Ask) *Names {
	return &Names{etc: etc, ask: ask, tables: map[string]*table{}}
}

// Find returns the entry for a name or decimal id, or nil. What it learned from
// Ask it keeps until the file changes.
func (n *Names) Find(ctx context.Context, db, key string) Entry {
	n.mu.Lock()
	t := n.table(db)
	e, known := t.find(key)
	n.mu.Unlock()
	if known || n.ask == nil || strings.HasPrefix(key, "-") {
		return e
	}
	line, _, _ := strings.Cut(n.ask(ctx, db, key), "\n") // without the lock, since it takes time
	e = parse(db, line)
	if ctx.Err() != nil {
		return e // it says nothing about the key
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(t.asked) >= maxAsked {
		clear(t.asked)
	}
	t.asked[key] = e
	return e
}

// Forget drops what Ask said about a key, so that Find asks again.
func (n *Names) Forget(db, key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.table(db).asked, key)
}

// All ranges over the names that the file of a database has, in no order.
func (n *Names) All(db string) iter.Seq[string] {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Keys(maps.Clone(n.table(db).byName))
}

// User returns the name of a user, or the id as decimal where it has none.
func (n *Names) User(ctx context.Context, uid uint32) string { return n.name(ctx, Passwd, uid) }

// Group returns the name of a group, or the id as decimal where it has none.
func (n *Names) Group(ctx context.Context, gid uint32) string { return n.name(ctx, Group, gid) }

func (n *Names) name(ctx context.Context, db string, id uint32) string {
	key := strconv.FormatUint(uint64(id), 10)
	n.mu.Lock()
	e := n.table(db).byID[key]
	n.mu.Unlock()
	if e == nil {
		e = n.Find(ctx, db, key)
	}
	if e == nil || e[idField] != key {
		return key
	}
	return e[0]
}

// UID returns the id of a user, given the name or the id as decimal.
func (n *Names) UID(ctx context.Context, user string) (uint32, error) {
	return n.id(ctx, Passwd, "user", user)
}

// GID returns the id of a group, given the name or the id as decimal.
func (n *Names) GID(ctx context.Context, group string) (uint32, error) {
	return n.id(ctx, Group, "group", group)
}

// id prefers names, also those that look like a number. A decimal id need not
// have a name.
func (n *Names) id(ctx context.Context, db, what, name string) (uint32, error) {
	n.mu.Lock()
	e := n.table(db).byName[name]
	n.mu.Unlock()
	if e == nil {
		if id, err := parseID(name); err == nil {
			return id, nil
		}
		e = n.Find(ctx, db, name)
	}
	if e == nil {
		return 0, &op.Error{
			Class: op.Permanent, Code: "no" + what,
			Message: "there is no " + what + " " + strconv.Quote(name),
		}
	}
	return parseID(e[idField])
}

// parseID reads an id. The highest number means "none" to the kernel.
func parseID(s string) (uint32, error) {
	id, err := strconv.ParseUint(s, 10, 32)
	if err == nil && id == 1<<32-1 {
		err = strconv.ErrRange
	}
	return uint32(id), err
}
