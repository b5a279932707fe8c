package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

// ErrNotKnown is what a Reader answers where it has no connection and no
// stored value. It ends the host's evaluation, which is no error.
var ErrNotKnown = runbook.ErrNotKnown

// Reader answers what a runbook asks of hosts, while planning and inside
// lambdas when their units are executed. It must be safe for concurrent use.
type Reader = runbook.Reader

// Ask puts a question to a host; what names it in messages. While planning the
// answer is recorded, and the same question gets the same answer.
func (s *Scope) Ask(what string, host *inventory.Host, runAs string, o op.Op) (op.Result, error) {
	if s.reader == nil {
		return op.Result{}, s.NeedPlanning(what)
	}
	if err := o.Validate(); err != nil {
		return op.Result{}, &diag.Error{Summary: fmt.Sprintf("%s: %v", what, err)}
	}
	user := runAs
	if user == "" {
		user = s.User(cmp.Or(s.host, host), args.Optional{}, "")
	}
	result, err := s.do(host, user, o)
	if err != nil {
		return op.Result{}, unanswered(what, host, s.HostName(), err)
	}
	s.answered.Store(true)
	if result.Error != nil {
		return op.Result{}, BadAnswer(host.Name, result.Error, "%s of %s: %s", what, host.Name, result.Error.Message).WithHint("%s", result.Error.Hint())
	}
	if s.phase == Planning {
		digest, sealed, err := s.env.digest(result)
		if err != nil {
			return op.Result{}, err
		}
		s.inputs.read(ReadInput{
			Host: host.Name, User: user, Op: o, Digest: digest, Sealed: sealed,
			Pos: Pos(Stack(s.thread)), After: s.units,
		})
	}
	return result, nil
}

// do performs the op, while planning once for each question.
func (s *Scope) do(host *inventory.Host, user string, o op.Op) (op.Result, error) {
	if s.phase != Planning {
		return s.reader.Do(s.ctx, host, user, o)
	}
	text, err := codec.Marshal(o)
	if err != nil {
		return op.Result{}, err
	}
	question := host.Name + "\x00" + user + "\x00" + string(text)
	if answer, ok := s.answers[question]; ok {
		return answer, nil
	}
	answer, err := s.reader.Do(s.ctx, host, user, o)
	if err == nil {
		put(&s.answers, question, answer)
	}
	return answer, err
}

// digest identifies an answer, so that a later one can be compared with it; of one that holds secrets it is keyed.
func (e *Env) digest(result op.Result) (digest string, sealed bool, err error) {
	text, err := codec.Marshal(result)
	if err != nil || !secret.Marked(text) && (result.Read == nil || !secret.IsMarkedSum(result.Read.Sum)) {
		return protocol.Digest(result), false, err
	}
	seal, err := e.Sealer()
	if err != nil {
		return "", false, err
	}
	return seal(secret.Canonical([]byte(text))), true, nil
}

// factStore holds the facts that an evaluation has asked for. It is safe for
// concurrent use, because lambdas come back to it.
type factStore struct {
	mu    sync.Mutex
	scope *Scope                    // of planning, or of what is typed at a prompt now
	known map[string]map[string]any // by host and namespace
}

// Facts returns a namespace of a host's facts, which is asked for once.
func (s *Scope) Facts(host *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if s.facts == nil {
		return nil, (&diag.Error{Summary: "facts are not known while files are loaded"}).
			WithHint("read them in the function that play() gets as do; call hosts() there, too")
	}
	told, err := s.facts.get(host, n)
	if err != nil {
		return nil, err
	}
	s.answered.Store(true)
	return told, nil
}

// renew forgets what was told, and has an evaluation ask from now on.
func (f *factStore) renew(s *Scope) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.scope, f.known = s, nil
}

func (f *factStore) get(host *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := host.Name + "\x00" + n.Name
	if told, ok := f.known[key]; ok {
		return told, nil
	}
	ctx := f.scope.ctx
	if f.scope.ended {
		ctx = context.WithoutCancel(ctx)
	}
	told, err := f.scope.reader.Facts(ctx, host, n)
	if call := f.scope.env.Collect[n.Name]; errors.Is(err, ErrNotKnown) && call != nil {
		if told, err = call(ctx, host, f.scope.reader); err != nil {
			return nil, err // with its place
		}
	}
	if err != nil {
		return nil, unanswered("facts "+n.Name, host, f.scope.HostName(), err)
	}
	put(&f.known, key, told)
	return told, nil
}
