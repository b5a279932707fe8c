package complete

import (
	"context"

	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
)

// secrets lists the secrets of the workspace, or those who can read them.
func (c *cursor) secrets(ctx context.Context, kind string) (found []proposal) {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	w, err := here.Workspace(e)
	if err != nil {
		return nil // the command itself says what is wrong
	}
	s, err := here.Secrets(e, w)
	if err != nil {
		return nil
	}
	if kind == "recipients" {
		all, err := s.Recipients(ctx)
		if err != nil {
			return nil
		}
		for _, r := range all {
			if r.Name != "" {
				found = append(found, proposal{r.Name, r.Key})
			} else {
				found = append(found, proposal{r.Key, ""})
			}
		}
		return found
	}
	if kind == "keys" {
		all, err := keys.Of(s).List(ctx)
		if err != nil {
			return nil
		}
		for _, one := range all {
			found = append(found, proposal{one.Name, one.Type})
		}
		return found
	}
	all, err := s.List(ctx)
	if err != nil {
		return nil
	}
	for _, one := range all {
		found = append(found, proposal{one.Name, "changed " + wording.When(one.Changed)})
	}
	return found
}
