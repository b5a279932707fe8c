package op

import (
	"errors"
	"strconv"
)

// KindTree is the kind of Tree.
const KindTree Kind = "tree.sync"

// Tree makes a directory, which is made with its parents where it is missing, hold what the list of a tree says: see runner/tree.
// Each file is replaced atomically. With Query it only asks in what the directory differs, by the content of its files.
type Tree struct {
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
	Query  bool `json:"query,omitempty"`
	// Pick says of which files the content comes; of others only the mode and owner are seen to.
	Pick   string `json:"pick,omitempty"`
	Unsafe bool   `json:"unsafe,omitempty"`
}

func (t *Tree) kind() Kind      { return KindTree }
func (t *Tree) changes() bool   { return !t.Query }
func (t *Tree) subject() string { return t.Path }
func (t *Tree) scope() Scope    { return ScopeSomePath }
func (t *Tree) picks() string   { return t.Pick }
func (t *Tree) content() *Blob  { return t.Tree }
func (t *Tree) doing() string {
	return either(t.Absent, "removing what was brought into ", "bringing files into ") + t.Path
}
func (t *Tree) takes() (may, only bool) { return t.Absent || t.Delete, t.Absent }
func (t *Tree) withContent(b *Blob) Op {
	with := *t
	with.Tree = b
	return Op{Tree: &with}
}

func (t *Tree) validate() error {
	if t.Tree == nil {
		return errors.New("tree is missing")
	}
	if err := t.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(t.Path)
}

// check refuses an answer that could not be.
func (t *Tree) check(r *Result) error {
	if !t.Query {
		return fits(r.Done != nil)
	}
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

func (t *Tree) tell(w Words) string {
	w.Told("path", "tree", "exclude", "delete", "absent", "query", "pick")
	parts := t.Attributes.tell(w)
	if len(t.Exclude) > 0 {
		parts = append(parts, "without "+quoted(w, t.Exclude))
	}
	if t.Delete {
		parts = append(parts, "removing what the tree does not have")
	}
	tree := "a tree"
	if t.Tree != nil {
		tree += " whose list has " + tellBlob(t.Tree)
	}
	if t.Query {
		return "compares " + w.Quote(t.Path) + " with " + tree + brackets(parts)
	}
	if t.Absent {
		return "removes " + tree + " from " + w.Quote(t.Path) + brackets(parts)
	}
	switch n := len(t.Pick); {
	case n > maxPickTold:
		parts = append(parts, "with the content of entries that are listed in "+strconv.Itoa(n)+" bytes")
	case n > 0:
		parts = append(parts, "with the content of its entries "+t.Pick)
	}
	return "brings " + tree + " into " + w.Quote(t.Path) + brackets(parts)
}

// MaxTold bounds how many names of one sort are told.
const MaxTold = 20

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

// maxPickTold bounds how long a list of numbers is that is told.
const maxPickTold = 200
