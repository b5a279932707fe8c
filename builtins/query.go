package builtins

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/op"
)

func hostFind(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	q := op.List{Limit: maxFind}
	var runAs string
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "recurse?", &q.Recurse, "run_as?", &runAs); err != nil {
		return nil, err
	}
	result, err := receiver(b).ask(thread, b.Name(), runAs, op.Op{List: &q})
	if err != nil {
		return nil, err
	}
	r := result.List
	switch {
	case r == nil:
		return nil, noAnswer(b)
	case !r.Exists:
		return starlark.None, nil
	case r.More:
		return nil, &diag.Error{Summary: fmt.Sprintf("%s: more than %d entries below %s", b.Name(), maxFind, q.Path)}
	}
	entries := make([]starlark.Value, len(r.Entries))
	base := strings.TrimSuffix(q.Path, "/") + "/"
	for i, e := range r.Entries {
		entries[i] = object(starlark.StringDict{
			"path": starlark.String(base + e.Path), "type": starlark.String(e.Type), "mode": modeText(e.Mode),
			"owner": starlark.String(e.Owner), "group": starlark.String(e.Group), "size": starlark.MakeInt64(e.Size),
		})
	}
	return starlark.NewList(entries), nil
}

func hostQuery(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		command starlark.Value
		runAs   string
	)
	if err := args.Unpack(b.Name(), pos, kw, "command", &command, "run_as?", &runAs); err != nil {
		return nil, err
	}
	q := op.Exec{ReadOnly: true}
	if shell, ok := starlark.AsString(command); ok {
		q.Shell = shell
	} else {
		var argv args.Strings
		if err := argv.Unpack(command); err != nil {
			return nil, &diag.Error{Summary: fmt.Sprintf("%s: command: %v", b.Name(), err)}
		}
		q.Argv = argv
	}
	result, err := receiver(b).ask(thread, b.Name(), runAs, op.Op{Exec: &q})
	if err != nil {
		return nil, err
	}
	r := result.Exec
	if r == nil {
		return nil, noAnswer(b)
	}
	return object(starlark.StringDict{
		"rc": starlark.MakeInt(r.RC), "stdout": starlark.String(r.Stdout), "stderr": starlark.String(r.Stderr),
	}), nil
}

// getentFields names what the databases hold; the field of passwords is left out.
var getentFields = map[string][]string{
	"passwd": {"name", "", "uid", "gid", "gecos", "home", "shell"},
	"group":  {"name", "", "gid", "members"},
}

func hostGetent(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var q op.Getent
	if err := args.Unpack(b.Name(), pos, kw, "db", &q.DB, "key", &q.Key); err != nil {
		return nil, err
	}
	names, ok := getentFields[q.DB]
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s: there is no database %q", b.Name(), q.DB)}).
			WithHint("passwd and group can be asked")
	}
	result, err := receiver(b).ask(thread, b.Name(), "", op.Op{Getent: &q})
	if err != nil {
		return nil, err
	}
	r := result.Getent
	switch {
	case r == nil || r.Found && len(r.Fields) < len(names):
		return nil, noAnswer(b)
	case !r.Found:
		return starlark.None, nil
	}
	fields := starlark.StringDict{}
	for i, name := range names {
		if name != "" {
			fields[name] = getentValue(name, r.Fields[i])
		}
	}
	return object(fields), nil
}

func getentValue(name, text string) starlark.Value {
	switch name {
	case "uid", "gid":
		if n, err := strconv.ParseUint(text, 10, 32); err == nil {
			return starlark.MakeUint64(n)
		}
	case "members":
		var members []starlark.Value
		for member := range strings.SplitSeq(text, ",") {
			if member != "" {
				members = append(members, starlark.String(member))
			}
		}
		return starlark.NewList(members)
	}
	return starlark.String(text)
}
