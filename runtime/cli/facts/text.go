package facts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// mostEntries is how many entries of a dict are shown among the facts of other namespaces.
const mostEntries = 60

// view writes facts for people.
type view struct {
	strings.Builder
	columns int // of the terminal, 0 for none
	// host is whose facts these are; brief counts long dicts instead of listing them.
	host  string
	brief bool
}

// text is the facts of a host for people.
func text(a *collect.Answer, namespaces []*facts.Namespace, columns int) string {
	v := view{columns: columns, host: a.Host.Name, brief: len(namespaces) > 1}
	for _, n := range namespaces {
		f, found := a.Facts[n.Name]
		if !found || f.Err != nil {
			continue
		}
		if v.Len() > 0 {
			v.WriteString("\n")
		}
		by := ""
		if n.Own != nil {
			by = ", told by " + f.Source
		}
		fmt.Fprintf(&v, "%s  (%s%s)\n", n.Name, age(time.Since(f.Time)), ui.Readable(by))
		v.record("  ", n.Name, n.Fields, f.Values)
	}
	return v.String()
}

// age says how old something is, roughly.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return "now"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds ago", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// record writes fields, plain ones side by side with their names.
func (v *view) record(indent, at string, fields []facts.Field, values map[string]any) {
	var rows [][]string
	flush := func() {
		layout.Columns(&v.Builder, indent, rows)
		rows = nil
	}
	for i := range fields {
		f := &fields[i]
		value := values[f.Name]
		if f.Form == facts.Plain || size(value) == 0 {
			rows = append(rows, []string{f.Name, shown(f, value)})
			continue
		}
		flush()
		fmt.Fprintf(v, "%s%s\n", indent, f.Name)
		v.entries(indent+"  ", at+"."+f.Name, f, value)
	}
	flush()
}

// size is how many entries a list or a dict has.
func size(value any) int {
	switch value := value.(type) {
	case map[string]any:
		return len(value)
	case []any:
		return len(value)
	}
	return 0
}

// entries writes what a list or a dict holds: records as a table.
func (v *view) entries(indent, at string, f *facts.Field, value any) {
	if n := size(value); v.brief && n > mostEntries {
		fmt.Fprintf(v, "%s%d entries: froyo facts show %s %s\n", indent, n, v.host, at)
		return
	}
	var header []string
	for i := range f.Fields {
		header = append(header, strings.ToUpper(f.Fields[i].Name))
	}
	rows := [][]string{header}
	switch value := value.(type) {
	case map[string]any:
		if header != nil {
			rows[0] = append([]string{"NAME"}, header...)
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			rows = append(rows, append([]string{ui.Readable(name)}, cells(f, value[name])...))
		}
	case []any:
		for _, e := range value {
			rows = append(rows, cells(f, e))
		}
	}
	if header == nil {
		rows = rows[1:]
	}
	var t strings.Builder
	layout.Columns(&t, indent, rows)
	for line := range strings.Lines(t.String()) {
		if v.columns > 0 {
			line = layout.Fit(strings.TrimSuffix(line, "\n"), v.columns) + "\n"
		}
		v.WriteString(line)
	}
}

// cells are an entry of a list or a dict: the fields of a record, or one value.
func cells(f *facts.Field, entry any) []string {
	if len(f.Fields) == 0 {
		return []string{ui.Plain(entry)}
	}
	values, _ := entry.(map[string]any)
	row := make([]string, len(f.Fields))
	for i := range f.Fields {
		row[i] = shown(&f.Fields[i], values[f.Fields[i].Name])
	}
	return row
}

// shown is a value of a field; of records only how many there are, of what counts bytes the size in words.
func shown(f *facts.Field, value any) string {
	n, number := value.(int64)
	switch {
	case f.Bytes && number:
		return inBytes(n)
	case f.Form != facts.Plain && size(value) == 0:
		return "none"
	case f.Form == facts.List && len(f.Fields) > 0:
		var names []string
		for _, e := range value.([]any) {
			names = append(names, ui.Readable(nameOf(e)))
		}
		return strings.Join(names, ", ")
	}
	return ui.Plain(value)
}

// inBytes is a size as people say it: 3.8 GiB.
func inBytes(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f /= 1 << 10; f < 1<<10 {
			return fmt.Sprintf("%.1f %s", f, unit)
		}
	}
	return fmt.Sprintf("%.1f PiB", f/(1<<10))
}
