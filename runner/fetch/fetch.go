// Package fetch downloads files for hosts: it is the controller's part of the op file.fetch. What is downloaded once is kept for
// the hosts of a run, in a file without a name, and reaches a host as file.write.
//
// Who answers is not trusted: what comes is bounded, and counts once its digest is right.
//
// It imports runner/op, runner/probe, runner/protocol, runner/target and the standard library.
package fetch

import (
	"context"
	"errors"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/probe"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Options say how to download for a host.
type Options struct {
	// Host is the host's name.
	Host string
	// Via gives the way to connect from the host of that name.
	Via func(ctx context.Context, host string) (probe.Dial, error)
	// Cache keeps what was downloaded.
	Cache *Cache
	// Note is told, in an escaped line, how far a download has come; nil drops it. It must return at once.
	Note func(unit, text string)
}

// Target is a host for which files are downloaded here, and all else is done by another.
type Target struct {
	next    probe.Next
	options Options
}

// Wrap returns a Target over next.
func Wrap(next probe.Next, o Options) *Target { return &Target{next: next, options: o} }

// Do performs independent steps, all at once.
func (t *Target) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	results := make([]op.Result, len(steps))
	others := make([]target.Step, 0, len(steps))
	places := make([]int, 0, len(steps))
	for i, s := range steps {
		if s.Op.Fetch != nil {
			outcomes, err := t.Run(ctx, steps[i:i+1])
			if err != nil {
				return nil, err
			}
			results[i] = outcomes[0].Result
			continue
		}
		others, places = append(others, s), append(places, i)
	}
	if len(others) == 0 {
		return results, nil
	}
	got, err := t.next.Do(ctx, others)
	if err != nil {
		return nil, err
	}
	for i, r := range got {
		results[places[i]] = r
	}
	return results, nil
}

// Run performs steps one after the other and stops at the first that fails or gives another result than expected. What
// stands before a download travels together.
func (t *Target) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	return target.Sequence(ctx, steps, func(s target.Step) bool { return s.Op.Fetch != nil }, t.fetch, t.next.Run)
}

// fetch performs one download.
func (t *Target) fetch(ctx context.Context, s target.Step) ([]target.Outcome, error) {
	f := s.Op.Fetch
	if err := s.Op.Validate(); err != nil {
		return nil, err
	}
	whole := ctx
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.Timeout)
		defer cancel()
	}
	blob, err := t.options.Cache.get(ctx, &request{Fetch: f, host: t.options.Host, dial: t.dial(f.ByHost), note: func(text string) { t.note(s, text) }})
	if err != nil {
		if lost, ok := errors.AsType[*target.Error](err); ok && f.ByHost {
			return nil, lost
		}
		if whole.Err() != nil {
			return nil, whole.Err()
		}
		return failed(s, err), nil
	}
	// What is there already is not written again, where that was not known before.
	if f.Sum == "" {
		asked := target.Step{Op: op.Op{Read: &op.Read{Path: f.Path, NoFollow: true, Unsafe: f.Unsafe}}, User: s.User, Timeout: s.Timeout, Unit: s.Unit}
		results, err := t.next.Do(whole, []target.Step{asked})
		switch {
		case err != nil:
			return nil, err
		case results[0].Error != nil:
			return []target.Outcome{{Result: results[0], Ran: true}}, nil
		case results[0].Read != nil && results[0].Read.Regular && results[0].Read.Sum == blob.Sum:
			s.Op = op.Op{Attr: &op.Attr{Path: f.Path, Attributes: f.Attributes, Unsafe: f.Unsafe}}
			return t.next.Run(whole, []target.Step{s})
		}
	}
	s.Op = f.Written(blob)
	return t.next.Run(whole, []target.Step{s})
}

func failed(s target.Step, err error) []target.Outcome {
	e, ok := errors.AsType[*op.Error](err)
	if !ok {
		e = &op.Error{Class: op.Transient, Code: "fetch", Message: err.Error()}
	}
	if s.Sensitive {
		e = &op.Error{Class: e.Class, Code: e.Code, Message: "the download failed; what it asked and was answered is sensitive"}
	}
	r := op.Result{Error: e}
	return []target.Outcome{{Result: r, Ran: true, Mismatch: s.Expect != "" && protocol.Digest(r) != s.Expect}}
}

func (t *Target) note(s target.Step, text string) {
	if t.options.Note != nil && !s.Sensitive {
		t.options.Note(s.Unit, text)
	}
}

// dial gives the way to connect from where a download begins; nil is this machine.
func (t *Target) dial(byHost bool) func(ctx context.Context) (probe.Dial, error) {
	if !byHost {
		return nil
	}
	return func(ctx context.Context) (probe.Dial, error) { return t.options.Via(ctx, t.options.Host) }
}

// Cache keeps what was downloaded in a run. The zero value is ready for use, and safe for concurrent use.
type Cache struct {
	mu    sync.Mutex
	known map[string]*entry
}

// entry is one download, which is made by one at a time.
type entry struct {
	mu   sync.Mutex
	blob *op.Blob // nil until it has succeeded
}

// get downloads what is not there yet.
func (c *Cache) get(ctx context.Context, r *request) (*op.Blob, error) {
	key, err := r.key()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if c.known == nil {
		c.known = map[string]*entry{}
	}
	e := c.known[key]
	if e == nil {
		e = &entry{}
		c.known[key] = e
	}
	c.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.blob == nil {
		blob, err := r.download(ctx)
		if err != nil {
			return nil, err
		}
		e.blob = blob
	}
	return e.blob, nil
}
