package machine

import (
	"context"
	"errors"
	"io/fs"
	"os"

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
			}
		}
		return missing
	}
	r.NoUsers, r.NoGroups = lacks(names.Passwd, n.Users), lacks(names.Group, n.Groups)
	r.NoProgram = n.Program != "" && m.programs.Lacks(n.Program, n.Search)
	if n.Dir != "" {
		_, err := os.Stat(n.Dir)
		r.NoDir = errors.Is(err, fs.ErrNotExist)
	}
	c.Result.Need = r
	return perform.Stopped(ctx)
}
