package adhoc

import (
	"context"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
)

// Proposal is a word that a command line may go on with, and what it is.
type Proposal struct{ Word, Text string }

// Proposals are the words that may follow words, which stand behind froyo run.
func (c *Command) Proposals(ctx context.Context, e *console.Console) (found []Proposal) {
	all, err := c.all(ctx, e)
	if err != nil {
		return nil // the command itself says what is wrong
	}
	if len(c.Words) == 0 {
		found = append(found, Proposal{shellWord, "A prompt on many hosts at once"})
		for _, one := range all {
			found = append(found, Proposal{one.Name, first(one.Doc)})
		}
		return found
	}
	i := slices.IndexFunc(all, func(l listed) bool { return l.Name == c.Words[0] })
	if i < 0 {
		return nil
	}
	for _, p := range all[i].Params {
		found = append(found, Proposal{p.Name + "=", p.Type})
	}
	if all[i].Kind != "type" {
		return found
	}
	types, err := wire.Types(ctx, "")
	if err != nil {
		return nil
	}
	defer func() { _ = types.Close(ctx) }() // nothing was loaded
	t := types.Type(c.Words[0])
	for _, name := range slices.Sorted(maps.Keys(Arguments(t))) {
		n := t.Index(name)
		if n < 0 {
			found = append(found, Proposal{name + "=", ""})
			continue
		}
		found = append(found, Proposal{name + "=", first(t.Fields[n].Doc)})
		for _, value := range t.Fields[n].Enum {
			found = append(found, Proposal{name + "=" + value, ""})
		}
	}
	return found
}
