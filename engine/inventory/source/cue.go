package source

import (
	_ "embed" // the definition
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/cuefile"
	"github.com/openfroyo/froyo/engine/inventory"
)

// schema is the definition of an inventory in CUE.
//
//go:embed schema.cue
var schema string

// reach maps the fields that hosts and groups share to Ansible's variables for the same.
var reach = map[string]string{
	"address": "ansible_host", "port": "ansible_port", "user": "ansible_user", "key": "ansible_ssh_private_key_file",
	"connection": "ansible_connection", "connectionArguments": connectionArguments, "become": "ansible_become", "becomeUser": "ansible_become_user",
	"becomeMethod": "ansible_become_method", "password": loginPasswords[len(loginPasswords)-1],
	"becomePassword": becomePasswords[len(becomePasswords)-1], "privateKey": privateKey,
}

// cueParser takes over an inventory in CUE that agrees with the definition.
type cueParser struct {
	draft *draft
	file  *cuefile.File
	dir   string
}

func (r *reader) parseCUE(path string, src []byte) {
	f, err := cuefile.Read(path, src, schema)
	if err != nil {
		r.add(err)
		return
	}
	p := &cueParser{draft: r.draft, file: f, dir: filepath.Dir(path)}
	p.fields(f.Value, func(section string, v cue.Value) {
		switch section {
		case "hosts":
			p.fields(v, p.host)
		case "groups":
			p.fields(v, p.group)
		}
	})
}

// fields ranges over a struct that the definition has allowed, in the order of the file.
func (p *cueParser) fields(v cue.Value, yield func(name string, v cue.Value)) {
	fields, err := v.Fields()
	if err != nil {
		p.draft.problem(p.file.Pos(v), "%w", err)
		return
	}
	for fields.Next() {
		yield(fields.Selector().Unquoted(), fields.Value())
	}
}

func (p *cueParser) host(name string, v cue.Value) {
	for _, h := range p.draft.hostsOf(name, p.file.Pos(v)) {
		p.fields(v, func(field string, v cue.Value) {
			if field != "groups" {
				p.common(field, v, h.vars, h.labels)
				return
			}
			for _, ref := range p.list(v) {
				if p.draft.declare(ref.name, ref.pos) != nil {
					h.groups[ref.name] = true
				}
			}
		})
		p.reach(v, h.vars)
	}
}

func (p *cueParser) group(name string, v cue.Value) {
	g := p.draft.declare(name, p.file.Pos(v))
	if g == nil {
		return
	}
	p.fields(v, func(field string, v cue.Value) {
		switch field {
		case "hosts":
			for _, ref := range p.list(v) {
				names, err := inventory.Expand(ref.name)
				if err != nil {
					p.draft.problem(ref.pos, "%w", err)
				}
				for _, name := range names {
					g.hosts = append(g.hosts, reference{name, ref.pos})
				}
			}
		case "children":
			g.children = append(g.children, p.list(v)...)
		default:
			p.common(field, v, g.vars, g.labels)
		}
	})
	p.reach(v, g.vars)
}

// common takes over what hosts and groups both have.
func (p *cueParser) common(field string, v cue.Value, vars settings, labels map[string]string) {
	switch field {
	case "labels":
		p.fields(v, func(name string, v cue.Value) {
			labels[name], _ = p.plain(v).(string)
		})
	case "vars":
		p.fields(v, func(name string, v cue.Value) {
			vars.set(name, variable{value: p.plain(v), pos: p.file.Pos(v)})
		})
	}
}

// reach takes over how to get onto a host; it wins over vars of Ansible's names.
func (p *cueParser) reach(v cue.Value, vars settings) {
	p.fields(v, func(field string, v cue.Value) {
		name, ok := reach[field]
		if !ok {
			return
		}
		value := p.plain(v)
		if key, ok := value.(string); ok && field == "key" && !filepath.IsAbs(key) && !strings.HasPrefix(key, "~") {
			value = filepath.Join(p.dir, key)
		}
		if slices.Contains([]string{"password", "becomePassword", "privateKey"}, field) {
			fields, ok := value.(map[string]any) // the definition allows those that name a secret, and no others
			if !ok {
				p.draft.problem(p.file.ValuePos(v), "%s: want the name of a secret, and not the value itself", field).
					WithHint("keep it: froyo secret set NAME; and name it here: %s: secret: \"NAME\"", field)
				return
			}
			if text, ok := fields["key"].(string); ok {
				value = keyName(text)
			} else {
				text, _ := fields["secret"].(string)
				value = secretName(text)
			}
		}
		vars[name] = variable{value: value, pos: p.file.ValuePos(v)}
	})
}

func (p *cueParser) list(v cue.Value) []reference {
	list, err := v.List()
	if err != nil {
		p.draft.problem(p.file.ValuePos(v), "%w", err)
		return nil
	}
	var refs []reference
	for list.Next() {
		name, _ := p.plain(list.Value()).(string)
		refs = append(refs, reference{name, p.file.ValuePos(list.Value())})
	}
	return refs
}

// plain turns a value into plain data and reports what cannot be.
func (p *cueParser) plain(v cue.Value) any {
	data, err := cuefile.Plain(v)
	if err != nil {
		p.draft.problem(p.file.ValuePos(v), "%s: %w", v.Path(), err)
	}
	return data
}
