package builtins

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/wire"
)

// Limits of what a runbook reads from hosts.
const (
	maxRead = 1 << 20 // bytes of host.read
	maxFind = 10_000  // entries of host.find
)

type method = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

func hostMethods() map[string]method {
	return map[string]method{
		"stat": hostStat, "read": hostRead, "find": hostFind, "query": hostQuery, "getent": hostGetent,
	}
}

func hostDocs() []Builtin {
	return []Builtin{
		{
			Name: "host.stat",
			Doc: "What is at a path: exists, type, mode (\"0644\"), owner, group, size, target. " +
				"While planning it is the state before any change; inside a lambda it is live.",
			Example: `file("/etc/app.d/x", content = "on", when = lambda: host.stat("/etc/app.d").exists)`,
		},
		{
			Name:    "host.read",
			Doc:     "The text of a file, at most 1 MiB, or None where there is none. A file that is not UTF-8 is an error.",
			Example: `release = host.read("/etc/app/release")`,
		},
		{
			Name:    "host.find",
			Doc:     "What is below a directory, sorted by path, each with path, type, mode, owner, group, size; None where there is no such directory.",
			Example: `old = [e.path for e in host.find("/srv/releases") if e.type == "directory"]`,
		},
		{
			Name: "host.query",
			Doc: "Runs a program that changes nothing, given as a list or as a shell command, and returns rc, stdout and stderr. " +
				"It runs while planning.",
			Example: `version = host.query(["nginx", "-v"]).stderr`,
		},
		{
			Name: "host.getent",
			Doc: "Looks a name up in passwd (name, uid, gid, gecos, home, shell) or group (name, gid, members); " +
				"None where it is not there.",
			Example: `home = host.getent("passwd", "deploy").home`,
		},
	}
}

// ask puts a question to a host. While planning the answer is recorded, and
// the same question gets the same answer.
func (h *Host) ask(thread *starlark.Thread, what, runAs string, o op.Op) (op.Result, error) {
	s := scopeOf(thread)
	if s.reader == nil {
		return op.Result{}, s.needPlanning(what)
	}
	if err := o.Validate(); err != nil {
		return op.Result{}, &diag.Error{Summary: fmt.Sprintf("%s: %v", what, err)}
	}
	user := runAs
	if user == "" {
		user = s.user(s.host, args.Optional{}, "")
	}
	result, err := s.do(h, user, o)
	if err != nil {
		return op.Result{}, fmt.Errorf("%s of %s: %w", what, h.inv.Name, err)
	}
	if result.Error != nil {
		return op.Result{}, &diag.Error{Summary: fmt.Sprintf("%s of %s: %s", what, h.inv.Name, result.Error.Message), Cause: result.Error}
	}
	if s.phase == planning {
		s.record.read(ReadInput{
			Host: h.inv.Name, User: user, Op: o, Digest: wire.Digest(result),
			Pos: Pos(Stack(thread)), After: len(s.order),
		})
	}
	return result, nil
}

// do performs the op, while planning once for each question.
func (s *Scope) do(h *Host, user string, o op.Op) (op.Result, error) {
	if s.phase != planning {
		return s.reader.Do(s.ctx, h.inv, user, o)
	}
	text, err := codec.Marshal(o)
	if err != nil {
		return op.Result{}, err
	}
	question := h.inv.Name + "\x00" + user + "\x00" + string(text)
	if answer, ok := s.answers[question]; ok {
		return answer, nil
	}
	answer, err := s.reader.Do(s.ctx, h.inv, user, o)
	if err == nil {
		put(&s.answers, question, answer)
	}
	return answer, err
}

func sameOp(a, b op.Op) bool {
	ta, errA := codec.Marshal(a)
	tb, errB := codec.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(ta, tb)
}

func receiver(b *starlark.Builtin) *Host { return b.Receiver().(*Host) }

func object(fields starlark.StringDict) starlark.Value {
	return starlarkstruct.FromStringDict(starlarkstruct.Default, fields)
}

func modeText(mode uint32) starlark.String { return starlark.String(fmt.Sprintf("%04o", mode)) }

func hostStat(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		q     op.Stat
		runAs string
	)
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "follow?", &q.Follow, "run_as?", &runAs); err != nil {
		return nil, err
	}
	result, err := receiver(b).ask(thread, b.Name(), runAs, op.Op{Stat: &q})
	if err != nil {
		return nil, err
	}
	r := result.Stat
	if r == nil {
		return nil, noAnswer(b)
	}
	if !r.Exists {
		return object(starlark.StringDict{
			"exists": starlark.False, "type": starlark.None, "mode": starlark.None, "owner": starlark.None,
			"group": starlark.None, "size": starlark.None, "target": starlark.None,
		}), nil
	}
	return object(starlark.StringDict{
		"exists": starlark.True, "type": starlark.String(r.Type), "mode": modeText(r.Mode),
		"owner": starlark.String(r.Owner), "group": starlark.String(r.Group),
		"size": starlark.MakeInt64(r.Size), "target": starlark.String(r.Target),
	}), nil
}

func noAnswer(b *starlark.Builtin) error {
	return &diag.Error{Summary: b.Name() + ": the host's answer does not fit the question"}
}

func hostRead(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	q := op.Read{Limit: maxRead}
	var runAs string
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "run_as?", &runAs); err != nil {
		return nil, err
	}
	result, err := receiver(b).ask(thread, b.Name(), runAs, op.Op{Read: &q})
	if err != nil {
		return nil, err
	}
	r := result.Read
	switch {
	case r == nil:
		return nil, noAnswer(b)
	case !r.Exists:
		return starlark.None, nil
	case !r.Regular:
		return nil, &diag.Error{Summary: fmt.Sprintf("%s: %s is not a regular file", b.Name(), q.Path)}
	case r.Content == nil || r.Size > maxRead:
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s: %s has %d bytes, the limit is %d", b.Name(), q.Path, r.Size, maxRead)}).
			WithHint("host.query can pick out the part that matters")
	}
	text, err := contentOf(r.Content)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", b.Name(), q.Path, err)
	}
	return starlark.String(text), nil
}

func contentOf(blob *op.Blob) (string, error) {
	if blob.Open == nil {
		return "", errors.New("the content did not arrive")
	}
	r, err := blob.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxRead+1))
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) {
		return "", errors.New("the content is not UTF-8 text")
	}
	return string(data), nil
}
