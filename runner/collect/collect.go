// Package collect brings files of hosts to the controller: it is the controller's part of the op file.collect.
//
// Hosts are not trusted: names come from the runbook and the inventory alone, a file counts where it is the one that was
// planned, and nothing is written outside the directory or through a link that leads out of it.
//
// It imports runner/op, runner/probe, runner/protocol, runner/target and the standard library.
package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/probe"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Directory is where files come to. It is safe for concurrent use.
type Directory struct {
	// Open opens the directory; nil is that there is none.
	Open func() (*os.Root, error)

	mu     sync.Mutex
	taken  map[string]string // what each place is for, by its name: a host and a path there
	writes sync.Mutex        // held while a file is put in place
}

// Target is a host whose files come here; all else is done by another.
type Target struct {
	next probe.Next
	host string
	dir  *Directory
}

// Wrap returns a Target over next, the host of that name.
func Wrap(next probe.Next, host string, dir *Directory) *Target { return &Target{next, host, dir} }

func ours(s target.Step) bool { return s.Op.Collect != nil }

// Do performs independent steps, all at once.
func (t *Target) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	results := make([]op.Result, len(steps))
	var others []target.Step
	var places []int
	for i, s := range steps {
		if ours(s) {
			outcome, err := t.perform(ctx, s)
			if err != nil {
				return nil, err
			}
			results[i] = outcome.Result
			continue
		}
		others, places = append(others, s), append(places, i)
	}
	if len(others) == 0 {
		return results, nil
	}
	got, err := t.next.Do(ctx, others)
	for i, r := range got {
		results[places[i]] = r
	}
	return results, err
}

// Run performs steps one after the other and stops at the first that fails or gives another result than expected.
func (t *Target) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	return target.Sequence(ctx, steps, ours, func(ctx context.Context, s target.Step) ([]target.Outcome, error) {
		o, err := t.perform(ctx, s)
		if err != nil {
			return nil, err
		}
		return []target.Outcome{o}, nil
	}, t.next.Run)
}

// perform performs one op of this package.
func (t *Target) perform(ctx context.Context, s target.Step) (target.Outcome, error) {
	if err := s.Op.Validate(); err != nil {
		return target.Outcome{}, err
	}
	r, err := t.result(ctx, s)
	if failed, ok := errors.AsType[*op.Error](err); ok {
		r, err = op.Result{Error: failed}, nil
	}
	return target.Outcome{Result: r, Ran: true, Mismatch: s.Expect != "" && protocol.Digest(r) != s.Expect}, err
}

func (t *Target) result(ctx context.Context, s target.Step) (op.Result, error) {
	c := s.Op.Collect
	if c.Query {
		read, err := t.look(c)
		return op.Result{Read: read}, err
	}
	content, err := t.content(ctx, s)
	if err != nil {
		return op.Result{}, err
	}
	if err := t.put(c, content); err != nil {
		return op.Result{}, err
	}
	return op.Result{Done: &op.Done{Changed: true}}, nil
}

// place is the name of a file's place in the directory. It is for one file alone.
func (t *Target) place(c *op.Collect) (string, error) {
	name := c.Dest
	if !c.Flat {
		name = c.Dest + "/" + t.host + path.Clean(c.Path)
	}
	if !local(name) {
		return "", refuse(name, "it is no safe name below the workspace: it leads elsewhere or to hidden files, a part of it begins with -, or it holds a control character")
	}
	t.dir.mu.Lock()
	defer t.dir.mu.Unlock()
	is := t.host + ":" + c.Path
	if other, taken := t.dir.taken[name]; taken && other != is {
		return "", refuse(name, "it is where "+other+" is brought to as well; give each a name of its own")
	}
	if t.dir.taken == nil {
		t.dir.taken = map[string]string{}
	}
	t.dir.taken[name] = is
	return name, nil
}

func refuse(name, why string) *op.Error {
	return &op.Error{Class: op.Permanent, Code: "dest", Message: "on the controller, " + strconv.Quote(name) + ": " + why}
}

// open opens the directory, and gives the name of a file's place in it.
func (t *Target) open(c *op.Collect) (*os.Root, string, error) {
	name, err := t.place(c)
	if err != nil {
		return nil, "", err
	}
	if t.dir.Open == nil {
		return nil, "", refuse(name, "this program takes no files of hosts")
	}
	root, err := t.dir.Open()
	if err != nil {
		return nil, "", fault(name, err)
	}
	return root, name, nil
}

func fault(name string, err error) *op.Error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return refuse(name, err.Error())
}

// look tells what is at a file's place.
func (t *Target) look(c *op.Collect) (*op.ReadResult, error) {
	root, name, err := t.open(c)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it is only a handle
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &op.ReadResult{}, nil
	case err != nil:
		return nil, fault(name, err)
	case !info.Mode().IsRegular():
		return &op.ReadResult{Exists: true}, nil
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, fault(name, err)
	}
	defer f.Close()
	sum, size, err := digest(f)
	if err != nil {
		return nil, fault(name, err)
	}
	return &op.ReadResult{Exists: true, Regular: true, Sum: sum, Size: size}, nil
}

// content reads the host's file.
func (t *Target) content(ctx context.Context, s target.Step) (*op.Blob, error) {
	c := s.Op.Collect
	ask := s
	ask.Key, ask.Expect = "", ""
	ask.Op = op.Op{Read: &op.Read{Path: c.Path, Limit: max(c.Size, 1), Unsafe: c.Unsafe}}
	results, err := t.next.Do(ctx, []target.Step{ask})
	if err != nil {
		return nil, err
	}
	r := results[0]
	switch {
	case r.Error != nil:
		return nil, r.Error
	case r.Read == nil || r.Read.Content == nil || r.Read.Content.Open == nil || r.Read.Sum != c.Sum || r.Read.Content.Sum != c.Sum:
		return nil, &op.Error{Class: op.Conflict, Code: "changed", Message: c.Path + " is not the file any more that was read for the plan; nothing was written on the controller"}
	}
	return r.Read.Content, nil
}

// Permissions of what is made: it may hold secrets of a host.
const (
	fileMode = 0o600
	dirMode  = 0o700
)

// put puts content in place. What is there already is replaced, a directory or a link is not.
func (t *Target) put(c *op.Collect, content *op.Blob) error {
	root, name, err := t.open(c)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // it is only a handle
	t.dir.writes.Lock()
	defer t.dir.writes.Unlock()
	dir := path.Dir(name)
	if err := root.MkdirAll(filepath.FromSlash(dir), dirMode); errors.Is(err, fs.ErrExist) {
		return refuse(dir, "what is there is no directory; move it away")
	} else if err != nil {
		return fault(dir, err)
	}
	if info, err := root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return refuse(name, "what is there is no file; move it away")
	}
	draft := fmt.Sprintf("%s/.froyo-%x.tmp", dir, rand.Uint64())
	err = write(root, draft, content)
	if err == nil {
		err = root.Rename(draft, name)
	}
	if err != nil {
		_ = root.Remove(draft) // the error that led here is the one to tell
		return fault(name, err)
	}
	return nil
}

func write(root *os.Root, name string, content *op.Blob) error {
	from, err := content.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
