package machine

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// look tells what of an op's needs is not there. What it may not look at counts as there.
func (m *Machine) look(ctx context.Context, c *perform.Call) error {
	n, r := c.Op.Need, &op.NeedResult{}
	lacks := func(db string, keys []string) (missing []string) {
		for _, key := range keys {
			if m.names.Forget(db, key); m.names.Find(ctx, db, key) == nil {
				missing = append(missing, key)
				r.Near = append(r.Near, nearest(key, m.names.All(db)))
			}
		}
		return missing
	}
	r.NoUsers, r.NoGroups = lacks(names.Passwd, n.Users), lacks(names.Group, n.Groups)
	if n.Program != "" && m.programs.Lacks(n.Program, n.Search) {
		r.NoProgram = true
		r.Near = append(r.Near, nearest(n.Program, m.programs.Names(n.Program, n.Search)))
	}
	if n.Dir != "" {
		_, err := os.Stat(n.Dir)
		r.NoDir = errors.Is(err, fs.ErrNotExist)
	}
	if !slices.ContainsFunc(r.Near, func(name string) bool { return name != "" }) {
		r.Near = nil
	}
	c.Result.Need = r
	return perform.Stopped(ctx)
}

// nearest is the one of some names that another may be a misspelling of, or "". Of names that are as near
// it is the first in order, so that equal hosts answer alike. Short names are near too many.
func nearest(name string, all iter.Seq[string]) string {
	best, least := "", (len(name)+1)/4+1
	if len(name) < 4 {
		return ""
	}
	for other := range all {
		if long := len(other) - len(name); max(long, -long) >= least+1 {
			continue
		}
		if d := distance(name, other); d < least || d == least && best != "" && other < best {
			best, least = other, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, substitutions and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
