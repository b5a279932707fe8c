package hostapi

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

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
	answer, err := ask(thread, b, "", op.Op{Getent: &q})
	if err != nil {
		return nil, err
	}
	r := answer.Getent
	switch {
	case r == nil || r.Found && len(r.Fields) < len(names):
		return nil, noAnswer(b)
	case !r.Found:
		return starlark.None, nil
	}
	values := map[string]any{}
	var lossy []string
	for i, name := range names {
		if name == "" {
			continue
		}
		values[name] = getentValue(name, r.Fields[i])
		if strings.Contains(r.Fields[i], replaced) {
			lossy = append(lossy, name)
		}
	}
	if len(lossy) > 0 {
		values[unit.Incomplete] = notText(lossy...)
	}
	return result.New(q.DB+" "+q.Key, nil, values), nil
}

// replaced stands in texts of a host for what is not UTF-8, or was cut off.
const replaced = "\uFFFD"

func getentValue(name, text string) any {
	switch name {
	case "uid", "gid":
		if n, err := strconv.ParseUint(text, 10, 32); err == nil {
			return n
		}
	case "members":
		members := []any{}
		for member := range strings.SplitSeq(text, ",") {
			if member != "" {
				members = append(members, member)
			}
		}
		return members
	}
	return text
}
