package hostapi

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// Limits of what a runbook reads from hosts.
const (
	defaultRead = 1 << 20  // bytes of host.read, where it does not say
	maxRead     = 16 << 20 // bytes that it may say
	maxFind     = 10_000   // entries of host.find
)

func hostStat(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		q     op.Stat
		runAs string
	)
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "follow?", &q.Follow, "run_as?", &runAs); err != nil {
		return nil, err
	}
	answer, err := ask(thread, b, runAs, op.Op{Stat: &q})
	if err != nil {
		return nil, err
	}
	r := answer.Stat
	if r == nil {
		return nil, noAnswer(b)
	}
	if !r.Exists {
		return object(starlark.StringDict{
			"exists": starlark.False, "type": starlark.None, "mode": starlark.None, "owner": starlark.None,
			"group": starlark.None, "size": starlark.None, "target": starlark.None,
		}), nil
	}
	values := map[string]any{
		"exists": true, "type": string(r.Type), "mode": fmt.Sprintf("%04o", r.Mode),
		"owner": r.Owner, "group": r.Group, "size": r.Size, "target": r.Target,
	}
	if r.Lossy {
		values[unit.Incomplete] = notText("target")
	}
	return result.New(q.Path, nil, values), nil
}

func hostRead(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	q := op.Read{Limit: defaultRead}
	var runAs string
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "run_as?", &runAs, "max_size?", &q.Limit); err != nil {
		return nil, err
	}
	if q.Limit < 1 || q.Limit > maxRead {
		return nil, &diag.Error{Summary: fmt.Sprintf("%s: max_size: got %d, want 1 to %d", b.Name(), q.Limit, maxRead)}
	}
	answer, err := ask(thread, b, runAs, op.Op{Read: &q})
	if err != nil {
		return nil, err
	}
	r := answer.Read
	switch {
	case r == nil:
		return nil, noAnswer(b)
	case !r.Exists:
		return starlark.None, nil
	case !r.Regular:
		return nil, eval.BadAnswer(receiver(b).inv.Name, nil, "%s: %s is not a regular file", b.Name(), q.Path)
	case r.Content == nil || r.Size > q.Limit:
		err := eval.BadAnswer(receiver(b).inv.Name, nil, "%s: %s has %d bytes, the limit is %d", b.Name(), q.Path, r.Size, q.Limit)
		if r.Size > maxRead {
			return nil, err.WithHint("host.query can pick out the part that matters")
		}
		return nil, err.WithHint("max_size = N reads N bytes, at most %d; host.query can pick out the part that matters", maxRead)
	}
	data, err := contentOf(r.Content)
	switch {
	case err != nil:
		return nil, eval.BadAnswer(receiver(b).inv.Name, err, "%s: %s: %v", b.Name(), q.Path, err)
	case b.Name() == "host.read_bytes":
		return plain.Bytes(data)
	case !utf8.Valid(data):
		return nil, eval.BadAnswer(receiver(b).inv.Name, nil, "%s: %s: the content is not UTF-8 text", b.Name(), q.Path).
			WithHint("host.read_bytes gives its bytes as they are")
	}
	return plain.Text(string(data)), nil
}

func contentOf(blob *op.Blob) ([]byte, error) {
	if blob.Open == nil {
		return nil, errors.New("the content did not arrive")
	}
	r, err := blob.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxRead+1))
}

func hostFind(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	q := op.List{Limit: maxFind}
	var runAs string
	var newer starlark.Value
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "recurse?", &q.Recurse, "newer?", &newer, "run_as?", &runAs); err != nil {
		return nil, err
	}
	if newer != nil {
		text, ok := starlark.AsString(newer)
		if !ok {
			text = newer.String()
		}
		var err error
		if q.Newer, err = secondsOf(text); err != nil {
			return nil, &diag.Error{Summary: fmt.Sprintf("%s: newer: %v", b.Name(), err)}
		}
	}
	answer, err := ask(thread, b, runAs, op.Op{List: &q})
	if err != nil {
		return nil, err
	}
	r := answer.List
	switch {
	case r == nil:
		return nil, noAnswer(b)
	case !r.Exists:
		return starlark.None, nil
	case r.More:
		return nil, eval.BadAnswer(receiver(b).inv.Name, nil, "%s: more than %d entries below %s", b.Name(), maxFind, q.Path)
	}
	entries := make([]starlark.Value, len(r.Entries))
	base := strings.TrimSuffix(q.Path, "/") + "/"
	for i, e := range r.Entries {
		values := map[string]any{
			"path": base + e.Path, "type": string(e.Type), "mode": fmt.Sprintf("%04o", e.Mode),
			"owner": e.Owner, "group": e.Group, "size": e.Size,
		}
		if e.Lossy {
			values[unit.Incomplete] = notText("path")
		}
		entries[i] = result.New(strconv.Quote(base+e.Path), nil, values)
	}
	return starlark.NewList(entries), nil
}

// secondsOf reads how long ago something was: a duration, or days such as "7d".
func secondsOf(text string) (int64, error) {
	const most = 36_500 // days
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= most {
			return int64(n) * 24 * 60 * 60, nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d >= time.Second {
		return int64(d / time.Second), nil
	}
	return 0, fmt.Errorf("got %q, want a time such as \"90s\", \"24h\" or \"7d\"", text)
}

// notText says of an output that it is not UTF-8.
func notText(names ...string) map[string]any {
	all := map[string]any{}
	for _, name := range names {
		all[name] = map[string]any{"why": "it is not UTF-8 text, and bytes of it were replaced", "hint": "host.query can pick out what is needed"}
	}
	return all
}
