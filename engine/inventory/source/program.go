package source

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/engine/diag"
)

// program runs an inventory that is executable and takes over what it prints.
// It reports false where the file is none.
func (r *reader) program(path string) bool {
	const execute = 1 // X_OK
	if syscall.Access(path, execute) != nil {
		return false
	}
	if r.run == nil {
		r.draft.problem(diag.Pos{File: path}, "the inventory is a program, which cannot be run here")
		return true
	}
	if err := r.trusts(path); err != nil {
		r.add(err)
		return true
	}
	out, err := r.run(path, "--list")
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return false // a file that is marked by mistake, or all are, as on a disk of Windows
	case err != nil:
		r.add(err)
	default:
		p := newListing(r.draft, path+" --list")
		p.parse(out)
		p.ask(func(host string) ([]byte, error) { return r.run(path, "--host", host) }, func(host string) string { return path + " --host " + host }, r.add)
	}
	return true
}

// printed reports whether a place is in what a program printed.
func printed(file string) bool {
	return strings.HasSuffix(file, " --list") || strings.Contains(file, " --host ")
}

// listing takes over what a program prints with --list, by Ansible's protocol:
// groups, each a list of hosts or a mapping with hosts, children and vars, and
// beside these _meta, whose hostvars are the variables of hosts.
type listing struct {
	draft *draft
	yaml  *yamlParser
	hosts []*hostDraft // in the order of the groups
	seen  map[*hostDraft]bool
	vars  *yaml.Node // _meta.hostvars, nil where there are none
	bad   bool       // no mapping, or not JSON
}

func newListing(d *draft, file string) *listing {
	return &listing{draft: d, yaml: &yamlParser{draft: d, file: file, json: true}, seen: map[*hostDraft]bool{}}
}

func (l *listing) parse(out []byte) {
	root := l.yaml.jsonDocument(out)
	if root == nil || root.Kind != yaml.MappingNode {
		l.bad = true
		if root != nil || bytes.Equal(bytes.TrimSpace(out), []byte("null")) {
			l.draft.problem(diag.Pos{File: l.yaml.file, Line: 1, Col: 1}, "want a JSON mapping of groups, got %.40q", bytes.TrimSpace(out))
		}
		return
	}
	for _, f := range fieldsOf(root) {
		if f.key.Value != "_meta" {
			l.group(f.key, f.value)
			continue
		}
		l.yaml.each(f.value, "_meta", func(key, value *yaml.Node) {
			if key.Value == "hostvars" {
				l.vars = value
			}
		})
	}
	if l.vars != nil {
		l.hostVars()
	}
}

func (l *listing) group(key, value *yaml.Node) {
	g := l.draft.declare(key.Value, l.yaml.pos(key))
	if g == nil {
		return
	}
	var fields []field
	if value.Kind == yaml.MappingNode {
		fields = fieldsOf(value)
	}
	known := func(f field) bool { return slices.Contains(groupFields, f.key.Value) }
	switch {
	case value.Kind == yaml.SequenceNode:
		l.members(g, value)
	case value.Kind != yaml.MappingNode:
		l.draft.problem(l.yaml.pos(value), "group %q: want a list of hosts, or a mapping with hosts, children and vars, got %s", g.name, kindOf(value))
	case len(fields) > 0 && !slices.ContainsFunc(fields, known): // the short form: a host of that name, and variables
		l.host(g, key)
		l.yaml.settings(value, "group "+g.name, g.vars)
	default:
		for _, f := range fields {
			l.field(g, f)
		}
	}
}

// field takes over one of hosts, children and vars of a group.
func (l *listing) field(g *groupDraft, f field) {
	switch f.key.Value {
	case "hosts":
		l.members(g, f.value)
	case "children":
		l.names(f.value, "children", g, func(name *yaml.Node) {
			if child := l.draft.declare(name.Value, l.yaml.pos(name)); child != nil {
				g.children = append(g.children, reference{child.name, l.yaml.pos(name)})
			}
		})
	case "vars":
		l.yaml.settings(f.value, "vars of group "+g.name, g.vars)
	default:
		l.draft.warn(l.yaml.pos(f.key), "group %q: %q has no effect, as in Ansible", g.name, f.key.Value).
			WithHint("a group has hosts, children and vars")
	}
}

func (l *listing) members(g *groupDraft, list *yaml.Node) {
	l.names(list, "hosts", g, func(name *yaml.Node) { l.host(g, name) })
}

// names ranges over a list of names.
func (l *listing) names(list *yaml.Node, what string, g *groupDraft, yield func(name *yaml.Node)) {
	if list.Kind != yaml.SequenceNode {
		l.draft.problem(l.yaml.pos(list), "%s of group %q: want a list of names, got %s", what, g.name, kindOf(list))
		return
	}
	for _, name := range list.Content {
		if name.Kind != yaml.ScalarNode || name.Tag != "!!str" {
			l.draft.problem(l.yaml.pos(name), "%s of group %q: want a name, got %s", what, g.name, kindOf(name))
			continue
		}
		yield(name)
	}
}

// host puts a host into a group. Its name stands as it is: ranges and ports are for files.
func (l *listing) host(g *groupDraft, name *yaml.Node) {
	h := l.draft.host(name.Value, l.yaml.pos(name))
	if h == nil {
		return
	}
	h.groups[g.name] = true
	if !l.seen[h] {
		l.seen[h] = true
		l.hosts = append(l.hosts, h)
	}
}

// hostVars takes over _meta.hostvars. Those of hosts in no group have no effect, which is told.
func (l *listing) hostVars() {
	l.yaml.each(l.vars, "_meta.hostvars", func(key, value *yaml.Node) {
		h := l.draft.hosts[key.Value]
		if h == nil || !l.seen[h] {
			l.draft.warn(l.yaml.pos(key), "host %q has variables, but is in no group: it is left out, as in Ansible", key.Value)
			return
		}
		l.yaml.settings(value, "host "+h.name, h.vars)
	})
}

// ask gets the variables of each host from the program, where --list did not tell any.
func (l *listing) ask(run func(host string) ([]byte, error), file func(host string) string, add func(err error)) {
	if l.vars != nil || l.bad {
		return
	}
	for _, h := range l.hosts {
		out, err := run(h.name)
		if err != nil {
			add(err)
			return // the others would fail in the same way, perhaps slowly
		}
		if len(bytes.TrimSpace(out)) == 0 {
			continue
		}
		p := &yamlParser{draft: l.draft, file: file(h.name), json: true}
		if root := p.jsonDocument(out); root != nil {
			p.settings(root, "the variables of "+h.name, h.vars)
		}
	}
}
