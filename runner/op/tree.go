package op

import (
	"errors"
	"strconv"
)

// The kinds of op on trees.
const (
	KindTreeQuery Kind = "tree.query"
	KindTreeSync  Kind = "tree.sync"
)

// Mirror is a directory that shall hold what the list of a tree says: see runner/tree.
type Mirror struct {
	Path string `json:"path"`
	Tree *Blob  `json:"tree"`
	// Exclude are patterns of names that are left alone, whatever is there.
	Exclude []string `json:"exclude,omitempty"`
	// Delete is for what the tree does not have: it is removed, and so is what is in the way.
	Delete bool `json:"delete,omitempty"`
	// Attributes are those of all that the tree has: Mode of its files and DirMode of its directories, where they are not the
	// tree's own.
	Attributes
	// Absent is for what the tree has: it is removed, and directories that are empty then.
	Absent bool `json:"absent,omitempty"`
	Unsafe bool `json:"unsafe,omitempty"`
}

func (m *Mirror) subject() string { return m.Path }
func (m *Mirror) content() *Blob  { return m.Tree }
func (m *Mirror) validate() error {
	if m.Tree == nil {
		return errors.New("tree is missing")
	}
	if err := m.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(m.Path)
}

// TreeQuery asks in what a directory differs from a tree, by the content of its files.
type TreeQuery struct{ Mirror }

func (q *TreeQuery) kind() Kind    { return KindTreeQuery }
func (q *TreeQuery) changes() bool { return false }
func (q *TreeQuery) scope() Scope  { return ScopePaths }
func (q *TreeQuery) withContent(b *Blob) Op {
	with := *q
	with.Tree = b
	return Op{TreeQuery: &with}
}

// MaxTold bounds how many names of one sort are told.
const MaxTold = 20

// check refuses an answer that could not be.
func (q *TreeQuery) check(r *Result) error {
	if r.Tree == nil {
		return errOtherKind
	}
	for _, p := range []*TreePart{&r.Tree.Missing, &r.Tree.Differing, &r.Tree.Extra, &r.Tree.InTheWay} {
		if len(p.Names) > MaxTold || p.Count < len(p.Names) {
			return errors.New("more names than there may be")
		}
	}
	if r.Tree.Bytes < 0 {
		return errors.New("less than nothing is to be sent")
	}
	return nil
}

// TreePart is some of the names of a tree: how many, and the first.
type TreePart struct {
	Count int      `json:"count,omitempty"`
	Names []string `json:"names,omitempty"`
}

// TreeResult is in what a directory differs from a tree.
type TreeResult struct {
	Exists bool `json:"exists"` // the directory
	// Missing is what the tree has and the directory does not, Differing what is otherwise there, each with how, and Extra what is
	// to be removed. InTheWay is what is no file where the tree has one, or no directory.
	Missing   TreePart `json:"missing"`
	Differing TreePart `json:"differing"`
	Extra     TreePart `json:"extra"`
	InTheWay  TreePart `json:"in_the_way"`
	// Pick are the files whose content has to be sent, and Bytes is how much that is.
	Pick  string `json:"pick,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	// Digest is of all that differs, beyond what is named.
	Digest string `json:"digest,omitempty"`
}

// TreeSync makes a directory, which is made with its parents where it is missing, hold what a tree has. Each file is replaced
// atomically. Pick says of which files the content comes; of others only the mode and owner are seen to.
type TreeSync struct {
	Mirror
	Pick string `json:"pick,omitempty"`
}

func (s *TreeSync) kind() Kind    { return KindTreeSync }
func (s *TreeSync) changes() bool { return true }
func (s *TreeSync) scope() Scope  { return ScopeSomePath }
func (s *TreeSync) picks() string { return s.Pick }
func (s *TreeSync) doing() string {
	return either(s.Absent, "removing what was brought into ", "bringing files into ") + s.Path
}
func (s *TreeSync) takes() (may, only bool) { return s.Absent || s.Delete, s.Absent }
func (s *TreeSync) withContent(b *Blob) Op {
	with := *s
	with.Tree = b
	return Op{TreeSync: &with}
}

func (s *TreeSync) tell(w Words) string {
	w.Told("path", "tree", "exclude", "delete", "absent", "pick")
	parts := s.Attributes.tell(w)
	if len(s.Exclude) > 0 {
		parts = append(parts, "without "+quoted(w, s.Exclude))
	}
	if s.Delete {
		parts = append(parts, "removing what the tree does not have")
	}
	tree := "a tree"
	if s.Tree != nil {
		tree += " whose list has " + tellBlob(s.Tree)
	}
	if s.Absent {
		return "removes " + tree + " from " + w.Quote(s.Path) + brackets(parts)
	}
	switch n := len(s.Pick); {
	case n > maxPickTold:
		parts = append(parts, "with the content of entries that are listed in "+strconv.Itoa(n)+" bytes")
	case n > 0:
		parts = append(parts, "with the content of its entries "+s.Pick)
	}
	return "brings " + tree + " into " + w.Quote(s.Path) + brackets(parts)
}

// maxPickTold bounds how long a list of numbers is that is told.
const maxPickTold = 200
