package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/printable"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// batchSize is how many requests cross into a guest at once: beyond it they
// gain little, and one that fails makes the others of its batch wait.
const batchSize = min(20, abi.MaxRequests)

// Call asks the guest once about each request and returns its replies in
// their order. A request that fails has the reason in its reply, the others have
// theirs as if it had not been there. The error is for what concerns all: the
// guest cannot be used, or ctx is over.
func (m *Module) Call(ctx context.Context, requests []abi.Request) ([]abi.Reply, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	if err := m.Prepare(ctx); err != nil {
		return nil, err
	}
	replies := make([]abi.Reply, len(requests))
	batches := m.batches(requests, replies)
	errs := make([]error, len(batches))
	var next atomic.Int64
	work := func() {
		for n := int(next.Add(1)) - 1; n < len(batches); n = int(next.Add(1)) - 1 {
			if errs[n] = m.answer(ctx, batches[n]); errs[n] != nil {
				next.Store(int64(len(batches)))
			}
		}
	}
	var workers sync.WaitGroup
	for range min(cap(m.guest.slots), len(batches)) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
	return replies, cmp.Or(errs...)
}

// question is one request on its way.
type question struct {
	request *abi.Request
	reply   *abi.Reply
	body    []byte // the request as JSON
}

// batches encodes the requests and groups those that cross together.
func (m *Module) batches(requests []abi.Request, replies []abi.Reply) [][]question {
	var batches [][]question
	var batch []question
	size := 0
	for n := range requests {
		q := question{request: &requests[n], reply: &replies[n]}
		var err error
		if q.body, err = codec.Marshal(q.request); err != nil {
			*q.reply = m.failure("the request cannot be encoded: "+err.Error(), "")
			continue
		}
		if len(callBody([]question{q})) > abi.MaxCall {
			*q.reply = m.failure(fmt.Sprintf("the request has %d bytes, more than %d", len(q.body), abi.MaxCall), "")
			continue
		}
		if len(batch) == batchSize || size+len(q.body) > abi.MaxCall/2 && len(batch) > 0 {
			batches, batch, size = append(batches, batch), nil, 0
		}
		batch, size = append(batch, q), size+len(q.body)
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// callBody puts a call together from requests that are encoded already.
func callBody(batch []question) []byte {
	size := 64
	for _, q := range batch {
		size += len(q.body) + 1
	}
	out := append(make([]byte, 0, size), `{"abi":`...)
	out = strconv.AppendInt(out, abi.Version, 10)
	out = append(out, `,"requests":[`...)
	for n, q := range batch {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(out, q.body...)
	}
	return append(out, "]}"...)
}

// answer gets the replies of a batch. Where the guest crashes, the request
// that it says it was at is taken out and asked alone, and the others go on
// without; where it does not say, each is asked alone.
func (m *Module) answer(ctx context.Context, batch []question) error {
	rest := slices.Clone(batch)
	for len(rest) > 1 {
		err := m.ask(ctx, rest, false)
		if err == nil {
			return m.verify(ctx, batch)
		}
		c, crashed := errors.AsType[*crash](err)
		if !crashed {
			return err
		}
		if c.mark == 0 || c.mark > len(rest) {
			break
		}
		if err := m.askAlone(ctx, rest[c.mark-1]); err != nil {
			return err
		}
		rest = slices.Delete(rest, c.mark-1, c.mark)
	}
	for _, q := range rest {
		if err := m.askAlone(ctx, q); err != nil {
			return err
		}
	}
	return m.verify(ctx, batch)
}

// askAlone asks one request. It is blamed for a crash only if that happens in
// a fresh instance, where nothing else can be the reason.
func (m *Module) askAlone(ctx context.Context, q question) error {
	for _, fresh := range []bool{false, true} {
		err := m.ask(ctx, []question{q}, fresh)
		c, crashed := errors.AsType[*crash](err)
		if !crashed {
			return err
		}
		*q.reply = m.failure(c.message, c.output)
		if c.fresh {
			break
		}
	}
	return nil
}

// ask makes one call. An error is a *crash, or nothing that a guest can be blamed for.
func (m *Module) ask(ctx context.Context, batch []question, fresh bool) error {
	i, err := m.guest.take(ctx, fresh)
	if err != nil {
		if c, crashed := errors.AsType[*crash](err); crashed {
			// No request was in it: the guest as a whole is of no use.
			return &Error{Provider: m.manifest.Name, Message: c.message, Detail: printable.Lines(c.output), hint: hintAuthor}
		}
		return err
	}
	replies, err := i.replies(ctx, batch)
	if err != nil {
		m.guest.discard(ctx, i)
		return err
	}
	m.guest.give(i)
	for n, q := range batch {
		if *q.reply, err = m.reply(q.request, replies[n]); err != nil {
			*q.reply = m.failure(err.Error(), "")
		}
	}
	return nil
}

// replies makes a call and takes its answer apart; each reply is read later on its own.
func (i *instance) replies(ctx context.Context, batch []question) ([]codec.Raw, error) {
	text, err := i.exchange(ctx, callBody(batch))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Replies []codec.Raw `json:"replies"`
	}
	if err := codec.Unmarshal(text, &answer); err != nil {
		return nil, i.nonsense("answered what is no JSON of the abi: " + printable.Line(err.Error()))
	}
	if len(answer.Replies) != len(batch) {
		return nil, i.nonsense(fmt.Sprintf("gave %d replies to %d requests", len(answer.Replies), len(batch)))
	}
	return answer.Replies, nil
}

// hintAuthor is what to do where a guest misbehaves.
const hintAuthor = "this is a fault of the provider: tell its author"

// failure is the reply to a request that the guest did not answer.
func (m *Module) failure(message, output string) abi.Reply {
	return abi.Reply{Error: &abi.Error{
		Class:   op.Permanent,
		Message: "provider " + m.manifest.Name + ": " + message,
		Detail:  printable.Lines(output),
		Hint:    hintAuthor,
	}}
}
