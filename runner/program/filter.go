package program

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
)

// Filter is a program whose standard output is read while it runs, however slowly.
type Filter struct {
	pipes  *pipes
	errOut *capture
	stop   context.CancelCauseFunc
	ended  chan struct{} // closed when the program has ended; then the rest may be read
	result *op.ExecResult
	err    error
	once   sync.Once
}

// errUnread is why a filter is ended whose output nobody wants any more.
var errUnread = errors.New("the rest of its output is not needed")

// Filter starts a program as this process's own user. The caller closes what it returns.
func (s *Starter) Filter(ctx context.Context, p Program) (*Filter, error) {
	env := s.environment(p.Env)
	path, err := lookup(p.Argv[0], env)
	if err != nil {
		return nil, err
	}
	pipes, err := openPipes(p.Stdin)
	if err != nil {
		return nil, err
	}
	tree, err := s.start(path, p, env, pipes.child[:])
	if err != nil {
		pipes.close()
		return nil, err
	}
	pipes.closeChild()
	f := &Filter{pipes: pipes, errOut: newCapture(pipes.stderr, p.Limit, func([]byte) {}), ended: make(chan struct{})}
	pipes.feed(p.Stdin)
	ctx, f.stop = context.WithCancelCause(ctx)
	go func() {
		defer close(f.ended)
		state, err := s.wait(ctx, tree, p)
		if f.err = err; err != nil {
			return
		}
		_ = pipes.stderr.SetReadDeadline(soon()) // without deadlines it ends with the last who has it
		<-f.errOut.done
		f.result = ended(state, &capture{}, f.errOut)
	}()
	return f, nil
}

// Read reads what the program prints.
func (f *Filter) Read(b []byte) (int, error) { return f.pipes.stdout.Read(b) }

// End waits for the end of a program whose output was read, and says how it ended.
func (f *Filter) End() (*op.ExecResult, error) {
	<-f.ended
	return f.result, f.err
}

// Close ends the program where it still runs.
func (f *Filter) Close() {
	f.once.Do(func() {
		f.stop(errUnread)
		<-f.ended
		f.pipes.close()
	})
}

var _ io.Reader = (*Filter)(nil)
