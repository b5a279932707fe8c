package ansible

import (
	"path"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func paths() []*function.Func {
	return []*function.Func{
		onlyText("basename", "The last part of a path.", func(s string) value { return starlark.String(s[strings.LastIndexByte(s, '/')+1:]) }),
		onlyText("dirname", "A path without its last part.", func(s string) value { return starlark.String(parent(s, "/")) }),
		onlyText("splitext", "A path as two: up to its extension, and that.", func(s string) value {
			base, ext := splitExt(s)
			return starlark.Tuple{starlark.String(base), starlark.String(ext)}
		}),
		function.New("path_join", "", "The parts of a path together; what is absolute begins anew.", pathJoin),
		function.New("relpath", "start=None", "A path as seen from another; both are absolute.", relPath),
		onlyText("win_basename", "The last part of a Windows path.", func(s string) value {
			_, s = drive(s)
			return starlark.String(s[strings.LastIndexAny(s, `/\`)+1:])
		}),
		onlyText("win_dirname", "A Windows path without its last part.", func(s string) value {
			d, rest := drive(s)
			return starlark.String(d + parent(rest, `/\`))
		}),
		onlyText("win_splitdrive", "A Windows path as two: its drive, and the rest.", func(s string) value {
			d, rest := drive(s)
			return starlark.Tuple{starlark.String(d), starlark.String(rest)}
		}),
	}
}

// parent is a path up to its last separator, which stays only where there is nothing else.
func parent(s, separators string) string {
	head := s[:strings.LastIndexAny(s, separators)+1]
	if trimmed := strings.TrimRight(head, separators); trimmed != "" {
		return trimmed
	}
	return head
}

func splitExt(s string) (base, ext string) {
	from := strings.LastIndexByte(s, '/') + 1
	dot := strings.LastIndexByte(s, '.')
	if dot < from || strings.Trim(s[from:dot], ".") == "" {
		return s, ""
	}
	return s[:dot], s[dot:]
}

func pathJoin(c *call) (value, error) {
	items := []value{c.Value}
	if py.IsSequence(c.Value) {
		var err error
		if items, err = elements(c, c.Value); err != nil {
			return nil, err
		}
	}
	out := ""
	for i, item := range items {
		s, ok := item.(starlark.String)
		if !ok {
			return nil, py.Errorf("expected the parts of a path, not %s", py.TypeName(item))
		}
		switch {
		case i == 0 || strings.HasPrefix(string(s), "/"):
			out = string(s)
		case out == "" || strings.HasSuffix(out, "/"):
			out += string(s)
		default:
			out += "/" + string(s)
		}
	}
	if len(items) == 0 {
		return nil, py.Errorf("there are no parts to join")
	}
	return starlark.String(out), nil
}

func relPath(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	start := ""
	if c.Values[0] != starlark.None {
		if start, err = c.Text(0); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(s, "/") || !strings.HasPrefix(start, "/") {
		return nil, py.Errorf("relpath depends on the working directory unless both paths are absolute: write %q | relpath('/from/where')", s)
	}
	from, to := strings.Split(strings.Trim(path.Clean(start), "/"), "/"), strings.Split(strings.Trim(path.Clean(s), "/"), "/")
	if from[0] == "" {
		from = nil
	}
	if to[0] == "" {
		to = nil
	}
	n := 0
	for n < len(from) && n < len(to) && from[n] == to[n] {
		n++
	}
	parts := strings.Repeat("../", len(from)-n) + strings.Join(to[n:], "/")
	if parts = strings.TrimSuffix(parts, "/"); parts == "" {
		parts = "."
	}
	return starlark.String(parts), nil
}

// drive splits the drive off a Windows path.
func drive(s string) (d, rest string) {
	if len(s) >= 2 && s[1] == ':' {
		return s[:2], s[2:]
	}
	plain := strings.ReplaceAll(s, "/", `\`)
	if strings.HasPrefix(plain, `\\`) && !strings.HasPrefix(plain, `\\\`) {
		if i := strings.IndexByte(plain[2:], '\\'); i >= 0 {
			if j := strings.IndexByte(plain[2+i+1:], '\\'); j < 0 {
				return s, ""
			} else if j > 0 {
				return s[:2+i+1+j], s[2+i+1+j:]
			}
		}
	}
	return "", s
}
