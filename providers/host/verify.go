package host

import (
	"bytes"
	"context"
	"errors"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// verify asks every request of a batch again, alone and in a fresh instance,
// where the options want that, and fails those that are answered differently.
func (m *Module) verify(ctx context.Context, batch []question) error {
	if !m.runtime.options.Verify {
		return nil
	}
	for _, q := range batch {
		var again abi.Reply
		err := m.ask(ctx, []question{{request: q.request, reply: &again, body: q.body}}, true)
		if c, crashed := errors.AsType[*crash](err); crashed {
			again = m.failure(c.message, c.output)
		} else if err != nil {
			return err
		}
		first, err := codec.Marshal(q.reply)
		if err != nil {
			return err
		}
		second, err := codec.Marshal(again)
		if err != nil {
			return err
		}
		if !bytes.Equal(first, second) {
			*q.reply = m.failure("is not deterministic: it answered the same request in two ways",
				"first:  "+string(first)+"\nsecond: "+string(second))
		}
	}
	return nil
}
