package source_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// site generates inventories.
type site struct {
	*rapid.T
	dir   string
	names map[string]bool // of hosts, as they are written
}

var (
	groupNames = []string{"web", "db", "prod", "eu-1", "x.y", "rack_9", "zone", "app"}
	hostNames  = []string{"h1", "h2", "lone", "w[1:3]", "w[01:12:5].example.com", "db-[a:c]", "192.0.2.[1:2]", "n[1:2]-[x:y]", "w2", "::1", "up[A:C]", "z[:2]", "m[y:B]"}
	varNames   = []string{"a", "b", "c", "port", "tier"}
	// values as INI has them after the name.
	iniValues = []string{
		"1", "-5", "007", "0x1F", "1.5", "1.10", "1e3", "True", "true", "yes", "None", "null", "text", "a b", "'q'", `"q"`, `"a # b"`, "[1, 'a', 2.5]", "{'k': [1, None]}", "[a]", "{k: v}",
		"(1, 2)", "80,443", "10.0.0.1", "1_000", "x=y", "http://h:80/p?q=1", "''", `"a" "b"`, "5 # five", "a # b", "ünï", "/var/lib", "~/x", "1:30", "2020-01-01", "99.", "1.2.3", `"tab\t"`, `c:\dir`,
	}
	// values as YAML has them.
	yamlValues = []string{
		"1", "-5", "0644", "0x1F", "1.5", "1.10", "1e3", "1.5e+3", "True", "yes", "off", "~", "null", "text", "a b", "'q'", `"q\n"`, "[1, a, 2.5]", "{k: [1, null], 80: x, yes: z}", "10.0.0.1", "1_000", "1:30",
		"2020-01-01", "|\n      two\n      lines", ">-\n      folded\n      text", "http://h:80/p?q=1", "''", "ünï", "1.", ".5", "0o17", "0b11", "[]", "{}", "y", "08", "+1", "!!str 5", "!!int '7'", "a#b", "a #b",
	}
)

func (g *site) pick(what string, from []string) string {
	return rapid.SampledFrom(from).Draw(g.T, what)
}
func (g *site) number(what string, n int) int { return rapid.IntRange(0, n).Draw(g.T, what) }
func (g *site) flip(what string) bool         { return rapid.Bool().Draw(g.T, what) }

// some draws a few different ones, in the order of the list.
func (g *site) some(what string, from []string, most int) []string {
	if len(from) == 0 {
		return nil
	}
	list := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, most, rapid.ID[string]).Draw(g.T, what)
	slices.SortFunc(list, func(a, b string) int { return slices.Index(from, a) - slices.Index(from, b) })
	return list
}

func (g *site) write(name, text string) string {
	path := filepath.Join(g.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		g.Fatal(err)
	}
	return path
}

// sources writes one to three inventories, some within a directory, and files of variables.
func (g *site) sources() []string {
	g.names = map[string]bool{}
	var sources []string
	for i := range 1 + g.number("more sources", 2) {
		dir := fmt.Sprintf("s%d", g.number("directory", 1))
		name := fmt.Sprintf("%s/%d", dir, i)
		var path string
		switch g.number("format", 4) {
		case 0:
			path = g.write(name+".sh", "#!/bin/sh\ncat <<'END'\n"+g.listing()+"\nEND\n")
			if err := os.Chmod(path, 0o755); err != nil {
				g.Fatal(err)
			}
		case 1, 2:
			path = g.write(name+".yml", g.yaml())
		default:
			path = g.write(name, g.ini())
		}
		if g.number("whole directory", 4) == 0 {
			path = filepath.Dir(path)
		}
		sources = append(sources, path)
		for _, entity := range g.some("group_vars", append([]string{"all", "ungrouped"}, groupNames...), 2) {
			g.write(dir+"/group_vars/"+entity+g.pick("ext", []string{"", ".yml"}), g.yamlVars("", 2))
		}
		for _, host := range g.some("host_vars", []string{"h1", "w1", "db-a", "lone"}, 1) {
			g.write(dir+"/host_vars/"+host+".yaml", g.yamlVars("", 2))
		}
	}
	return sources
}

// edges draws which groups contain which: only later ones of the list, so that none contains itself.
func (g *site) edges(groups []string) map[string][]string {
	edges := map[string][]string{}
	for i, name := range groups {
		if children := g.some("children of "+name, groups[i+1:], 2); len(children) > 0 {
			edges[name] = children
		}
	}
	return edges
}

func (g *site) hosts(group string) []string {
	hosts := g.some("hosts of "+group, hostNames, 3)
	for _, h := range hosts {
		g.names[h] = true
	}
	return hosts
}

func (g *site) ini() string {
	var parts []string
	section := func(head string, lines []string) {
		if g.flip("indent") {
			head += "  # note"
		}
		parts = append(parts, head+"\n"+strings.Join(lines, "\n")+"\n")
	}
	groups := g.some("groups", groupNames, 5)
	edges := g.edges(groups)
	for _, name := range groups {
		lines := []string{}
		for _, h := range g.hosts(name) {
			lines = append(lines, h+g.iniHostVars())
		}
		section("["+name+"]", lines)
		if g.number("vars", 2) == 0 {
			section("["+name+":vars]", g.iniVars())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(edges)) {
		section("["+name+":children]", edges[name])
	}
	if g.flip("all") {
		section("[all:vars]", g.iniVars())
	}
	parts = rapid.Permutation(parts).Draw(g.T, "order")
	var top strings.Builder
	for _, h := range g.hosts("none") {
		top.WriteString(h + g.iniHostVars() + "\n")
	}
	// Without a section Ansible may take a file for YAML.
	return "# generated\n" + top.String() + "[ungrouped]\n" + strings.Join(parts, "\n")
}

func (g *site) iniVars() []string {
	lines := []string{"; vars"}
	for _, name := range g.some("vars", varNames, 3) {
		lines = append(lines, name+g.pick("sign", []string{"=", " = ", "= "})+g.pick("value", iniValues))
	}
	if g.number("priority", 5) == 0 {
		lines = append(lines, fmt.Sprintf("ansible_group_priority=%d", g.number("priority", 3)))
	}
	return lines
}

// iniHostVars are variables on a host's line, where values are quoted as in a shell.
func (g *site) iniHostVars() string {
	var line strings.Builder
	for _, name := range g.some("host vars", varNames, 2) {
		value := g.pick("value", iniValues)
		switch {
		case !strings.ContainsAny(value, "'") && g.flip("single quotes"):
			value = "'" + value + "'"
		case strings.ContainsAny(value, `'"\ #`):
			value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
		}
		line.WriteString(" " + name + "=" + value)
	}
	switch g.number("reach", 8) {
	case 0:
		line.WriteString(" ansible_port=2222")
	case 1:
		line.WriteString(" ansible_host=198.51.100.7")
	case 2:
		line.WriteString(" ansible_user=ops # way in")
	}
	return line.String()
}

func (g *site) yaml() string {
	groups := g.some("groups", groupNames, 5)
	edges := g.edges(groups)
	if g.flip("flat") {
		var text strings.Builder
		text.WriteString("---\n")
		for _, name := range groups {
			text.WriteString(name + ":\n" + g.yamlGroup(name, edges[name], "  "))
		}
		return text.String() + "all:\n  hosts:\n" + g.yamlHosts("all", "    ") + "  vars:\n" + g.yamlVars("    ", 2)
	}
	var inner strings.Builder
	for _, name := range groups {
		inner.WriteString("    " + name + ":\n" + g.yamlGroup(name, edges[name], "      "))
	}
	return "all:\n  vars:\n" + g.yamlVars("    ", 2) + "  children:\n" + inner.String() + "    ungrouped:\n      hosts:\n" + g.yamlHosts("ungrouped", "        ")
}

func (g *site) yamlGroup(name string, children []string, indent string) string {
	var text strings.Builder
	if g.flip("hosts") {
		text.WriteString(indent + "hosts:\n" + g.yamlHosts(name, indent+"  "))
	}
	if len(children) > 0 {
		text.WriteString(indent + "children:\n")
		for _, c := range children {
			text.WriteString(indent + "  " + c + ":\n")
		}
	}
	if g.flip("vars") {
		text.WriteString(indent + "vars:\n" + g.yamlVars(indent+"  ", 3))
		if g.number("priority", 5) == 0 {
			text.WriteString(indent + fmt.Sprintf("  ansible_group_priority: %d\n", g.number("priority", 3)))
		}
	}
	return text.String()
}

func (g *site) yamlHosts(group, indent string) string {
	var text strings.Builder
	for _, h := range g.hosts(group) {
		text.WriteString(indent + `"` + h + "\":\n" + g.yamlVars(indent+"  ", 2))
	}
	return text.String()
}

func (g *site) yamlVars(indent string, most int) string {
	var text strings.Builder
	for _, name := range g.some("vars", varNames, most) {
		value := g.pick("value", yamlValues)
		text.WriteString(indent + name + ": " + strings.ReplaceAll(value, "\n      ", "\n"+indent+"  ") + "\n")
	}
	return text.String()
}

// listing is what a program prints with --list.
func (g *site) listing() string {
	vars := func(what string) map[string]any {
		vars := map[string]any{}
		for _, name := range g.some(what, varNames, 2) {
			vars[name] = rapid.SampledFrom([]any{1, 1.5, "text", "5", true, nil, []any{1, "a"}, map[string]any{"k": map[string]any{}}}).Draw(g.T, "value")
		}
		return vars
	}
	names := []string{"h1", "h2", "w1", "p1", "p2", "::1"}
	out := map[string]any{"all": map[string]any{"vars": vars("vars of all")}}
	groups := g.some("groups", groupNames, 4)
	edges := g.edges(groups)
	hostVars := map[string]any{}
	for _, name := range groups {
		hosts := g.some("hosts of "+name, names, 3)
		for _, h := range hosts {
			hostVars[h] = vars("host vars")
			g.names[h] = true
		}
		if out[name] = hosts; g.flip("mapping") || len(edges[name]) > 0 || len(hosts) == 0 {
			out[name] = map[string]any{"hosts": append([]string{}, hosts...), "vars": vars("vars"), "children": append([]string{}, edges[name]...)}
		}
	}
	out["_meta"] = map[string]any{"hostvars": hostVars}
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		g.Fatal(err)
	}
	return string(text)
}

// limits are patterns that mean the same to both: see the differences in docs/inventory.md.
func (g *site) limits() []string {
	patterns := []string{"all", "*", "h*", "w*", "*.example.com", "[hw]1", "w?", "[!w]*1", "db-[a-c]", "192.0.2.*", "*-x"}
	for _, h := range slices.Sorted(maps.Keys(g.names)) {
		if !strings.Contains(h, "[") && h != "::1" {
			patterns = append(patterns, h)
		}
	}
	var limits []string
	for range 3 {
		terms := rapid.SliceOfN(rapid.SampledFrom(patterns), 1, 3).Draw(g.T, "limit")
		for i := range terms {
			terms[i] = g.pick("sign", []string{"", "", "&", "!"}) + terms[i]
		}
		limits = append(limits, strings.Join(terms, g.pick("joined by", []string{",", ":"})))
	}
	return limits
}

// text is all that was written, to be shown where it is at fault.
func (g *site) text() string {
	text := ""
	_ = filepath.WalkDir(g.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			content, _ := os.ReadFile(path)
			text += "== " + path + "\n" + string(content) + "\n"
		}
		return err
	})
	return text
}
