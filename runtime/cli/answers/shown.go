package answers

import (
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Shown is plain data as people read it: text as it is, lists of objects as tables.
func Shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "(none)"
	case string:
		return lines(v)
	case []any:
		return list(v)
	case map[string]any:
		if _, printed := v["stdout"].(string); printed {
			return program(v)
		}
		return dict(v)
	}
	return ui.Plain(v)
}

// lines are those of a text, without what a terminal would obey.
func lines(text string) string {
	if text == "" {
		return "(empty)"
	}
	var out []string
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		out = append(out, ui.Readable(strings.TrimSuffix(line, "\r")))
	}
	return strings.Join(out, "\n")
}

// program is what a program printed.
func program(v map[string]any) string {
	var parts []string
	if rc := ui.Plain(v["rc"]); rc != "0" {
		parts = append(parts, "exit code "+rc)
	}
	if text := v["stdout"].(string); text != "" {
		parts = append(parts, lines(text))
	}
	if text, _ := v["stderr"].(string); text != "" {
		for line := range strings.SplitSeq(lines(text), "\n") {
			parts = append(parts, "stderr: "+line)
		}
	}
	if len(parts) == 0 {
		return "(nothing printed)"
	}
	return strings.Join(parts, "\n")
}

func list(all []any) string {
	if len(all) == 0 {
		return "(none)"
	}
	objects := make([]map[string]any, len(all))
	for i, e := range all {
		object, ok := e.(map[string]any)
		if !ok {
			var parts []string
			for _, e := range all {
				parts = append(parts, ui.Plain(e))
			}
			return strings.Join(parts, "\n")
		}
		objects[i] = object
	}
	return table("", nil, objects)
}

// dict has a line for each entry; entries that are objects are a table.
func dict(v map[string]any) string {
	if len(v) == 0 {
		return "(none)"
	}
	names := slices.Sorted(maps.Keys(v))
	objects := make([]map[string]any, len(names))
	tabular := true
	for i, name := range names {
		object, ok := v[name].(map[string]any)
		objects[i], tabular = object, tabular && ok
	}
	if tabular {
		return table("name", names, objects)
	}
	var rows [][]string
	for _, name := range ordered(names) {
		if v[name] != "" { // such as the target of what is no link
			rows = append(rows, []string{ui.Readable(name), ui.Plain(v[name])})
		}
	}
	return columns(rows)
}

// table has a line for each object. before is the title of a column of names in front, "" for none.
func table(before string, names []string, objects []map[string]any) string {
	var fields []string
	for _, o := range objects {
		for name := range o {
			if !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		}
	}
	slices.Sort(fields)
	fields = ordered(fields)
	var title []string
	if before != "" {
		title = []string{strings.ToUpper(before)}
	}
	for _, f := range fields {
		title = append(title, ui.Readable(strings.ToUpper(f)))
	}
	rows := [][]string{title}
	for i, o := range objects {
		var row []string
		if before != "" {
			row = []string{ui.Readable(names[i])}
		}
		for _, f := range fields {
			row = append(row, ui.Plain(o[f]))
		}
		rows = append(rows, row)
	}
	return columns(rows)
}

func columns(rows [][]string) string {
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return strings.TrimSuffix(b.String(), "\n")
}

// front are the fields that tables begin with, and back those that they end with, since they are long.
var (
	front = []string{"exists", "path", "pid", "target", "source", "name", "protocol", "address", "port", "type", "mode", "owner", "group", "size"}
	back  = []string{"options", "command"}
)

// ordered sorts names of fields, which are sorted already, as tables have them.
func ordered(names []string) []string {
	place := func(name string) int {
		if i := slices.Index(front, name); i >= 0 {
			return i - len(front)
		}
		return slices.Index(back, name) + 1
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return place(a) - place(b) })
	return names
}
