package units

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// unitDir is where an operator's units are.
const unitDir = "/etc/systemd/system"

// verify is a shell command that has systemd read a new file, as one of a unit of some kind, and fails with what it says
// of the file's lines. What it says of programs and other units, which may come later, does not count; where it cannot
// be asked, nothing is checked.
func verify(kind string) string {
	return `command -v systemd-analyze >/dev/null || exit 0; d=$(mktemp -d) || exit; trap 'rm -r "$d"' EXIT; cp %s "$d/x.` + kind +
		`" && ! systemd-analyze verify --man=no "$d/x.` + kind + `" 2>&1 | sed -n "s/^.*x[.]` + kind + `:\([0-9]*: \)/line \1/p" | grep .`
}

// unitText is a file of systemd's made of sections.
func unitText(t *sdk.T, sections map[string]any) string {
	var text strings.Builder
	text.WriteString("# Managed by froyo: changes made by hand are undone.\n")
	for i, name := range slices.SortedFunc(maps.Keys(sections), bySection) {
		if !isSetting(name) {
			t.Fail(op.Permanent, "sections: "+quote(name)+" is no name of a section", "", `names are as in {"Unit": ..., "Service": ..., "Install": ...}`)
		}
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString("[" + name + "]\n")
		settings, _ := sections[name].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(settings)) {
			if !isSetting(key) {
				t.Fail(op.Permanent, "sections: "+quote(key)+" is no name of a setting", "", `names are as in {"Service": {"ExecStart": ...}}`)
			}
			for _, value := range values(settings[key]) {
				if strings.ContainsAny(value, "\n\r\x00") || strings.HasSuffix(value, `\`) {
					t.Fail(op.Permanent, "sections: the value of "+key+" is no text in one line: "+quote(value), "", "a setting of several lines is a list, one text for each line")
				}
				text.WriteString(key + "=" + value + "\n")
			}
		}
	}
	return text.String()
}

// bySection orders sections as they usually stand: Unit first, Install last.
func bySection(a, b string) int {
	rank := func(name string) int {
		switch name {
		case "Unit":
			return 0
		case "Install":
			return 2
		}
		return 1
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// isSetting reports whether a text can be the name of a section or a setting.
func isSetting(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// values are the lines of a setting.
func values(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case int64:
		return []string{strconv.FormatInt(v, 10)}
	case bool:
		return []string{map[bool]string{true: "yes", false: "no"}[v]}
	case []any:
		for _, each := range v {
			all = append(all, values(each)...)
		}
	}
	return all
}

// setting is the last value of a setting in a section of a text; systemd counts that of most.
func setting(text, section, key string) (value string) {
	in := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch name, rest, is := strings.Cut(line, "="); {
		case strings.HasPrefix(line, "["):
			in = strings.Trim(line, "[]")
		case is && in == section && strings.TrimSpace(name) == key:
			value = strings.TrimSpace(rest)
		}
	}
	return value
}

// hasSection reports whether a text has a section.
func hasSection(text, section string) bool {
	return slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool { return strings.TrimSpace(line) == "["+section+"]" })
}

// truth reports whether a value of systemd's means yes.
func truth(value string) bool {
	return slices.Contains([]string{"yes", "true", "1", "on", "y", "t"}, strings.ToLower(value))
}
