package op

import (
	"errors"
	"strconv"
)

// KindOverlap is the kind of Overlap.
const KindOverlap Kind = "fs.overlap"

// Loss is what an op makes go away, whatever it puts in its place: what is at a
// path, and, of a Tree, all that a directory there holds. A link at the path is
// lost itself, not what it leads to.
type Loss struct {
	Path string `json:"path"`
	Tree bool   `json:"tree,omitempty"`
	// File says that the file itself is written into, and so lost under all its names.
	File bool `json:"file,omitempty"`
	// Own is the path to keep that may be lost all the same, or "".
	Own string `json:"own,omitempty"`
	// Verb says how: "remove", "write over". It is for this side only.
	Verb string `json:"-"`
}

// loser is an op that may make something go away.
type loser interface{ loses() Loss }

func (w *Write) loses() Loss  { return Loss{Path: w.Path, File: w.InPlace, Verb: "write over"} }
func (l *Link) loses() Loss   { return Loss{Path: l.Path, Verb: "put a link in the place of"} }
func (r *Remove) loses() Loss { return Loss{Path: r.Path, Tree: r.Recurse, Verb: "remove"} }

// Loses is what the op may make go away, and whether there is any such thing.
// What a program or a package does is not known.
func (o Op) Loses() (Loss, bool) {
	if l, ok := o.body().(loser); ok {
		return l.loses(), true
	}
	return Loss{}, false
}

// Overlap asks which of the losses concern which of the paths to keep, as the
// kernel sees them: through whatever links and bind mounts they are named.
// Neither needs to exist. The controller asks for it, never a guest.
type Overlap struct {
	Losses []Loss   `json:"losses"`
	Keep   []string `json:"keep"`
}

// maxOverlap bounds the losses and the paths of one question.
const maxOverlap = 4096

func (o *Overlap) kind() Kind      { return KindOverlap }
func (o *Overlap) changes() bool   { return false }
func (o *Overlap) subject() string { return o.Losses[0].Path }
func (o *Overlap) validate() error {
	if len(o.Losses) == 0 || len(o.Keep) == 0 {
		return errors.New("nothing is lost, or nothing is to be kept")
	}
	if len(o.Losses) > maxOverlap || len(o.Keep) > maxOverlap {
		return errors.New("more than " + strconv.Itoa(maxOverlap) + " paths")
	}
	for _, l := range o.Losses {
		if err := checkPath(l.Path); err != nil {
			return err
		}
	}
	for _, p := range o.Keep {
		if err := checkPath(p); err != nil {
			return err
		}
	}
	return nil
}

func (o *Overlap) check(r *Result) error {
	if r.Overlap == nil {
		return errOtherKind
	}
	return r.Overlap.Validate(o)
}

// OverlapResult holds what would be lost, in the order of the losses; at most
// one pair for each of them.
type OverlapResult struct {
	Pairs []OverlapPair `json:"pairs,omitempty"`
}

// OverlapPair says that a loss concerns a path to keep.
type OverlapPair struct {
	Loss int `json:"loss"` // places in the question
	Keep int `json:"keep"`
	// Below is where the path to keep is, as seen from the loss; "" is that they are the same.
	Below string `json:"below,omitempty"`
	// Links and Mounts are what makes two paths lead to one place.
	Links  []string `json:"links,omitempty"`
	Mounts []string `json:"mounts,omitempty"`
}

// Validate checks that the pairs are ones of what was asked.
func (r *OverlapResult) Validate(asked *Overlap) error {
	last := -1
	for _, p := range r.Pairs {
		if p.Loss <= last || p.Loss >= len(asked.Losses) || p.Keep < 0 || p.Keep >= len(asked.Keep) {
			return errors.New("a pair that was not asked about")
		}
		if len(p.Links) > 2 || len(p.Mounts) > 2 {
			return errors.New("a pair with more links or mounts than two paths have")
		}
		last = p.Loss
	}
	return nil
}
