package source

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
)

// resolver puts a draft together.
type resolver struct {
	draft   *draft
	parents map[string][]string
	above   map[string][]string // group → itself and all groups that contain it
	depths  map[string]int
}

// resolve checks what the sources say of each other and makes the inventory.
func (d *draft) resolve() (*inventory.Inventory, error) {
	r := &resolver{draft: d, parents: map[string][]string{}, above: map[string][]string{}, depths: map[string]int{}}
	r.references()
	if r.cycles(); len(d.problems) > 0 {
		return nil, d.err()
	}
	if d.vault != nil {
		d.vault.OpenAll(d.sealed)
	}
	hosts := make([]*inventory.Host, len(d.order))
	origins := make(map[string]map[string]diag.Pos, len(d.order))
	for i, h := range d.order {
		hosts[i], origins[h.name] = r.host(h)
	}
	r.draft.warnOfTexts()
	r.warnOfNames()
	if len(d.problems) > 0 {
		return nil, d.err()
	}
	for i, w := range d.warnings {
		d.warnings[i] = d.showable(w)
	}
	var groups []string
	for name := range d.groups {
		if name != inventory.All && name != inventory.Ungrouped {
			groups = append(groups, name)
		}
	}
	return inventory.New(hosts, groups...).WithSources(inventory.Sources{Warnings: d.warnings, Tree: r.tree(), Origins: origins, Settings: r.settings}), nil
}

// references connects groups with the hosts and groups that they name.
func (r *resolver) references() {
	for _, name := range slices.Sorted(maps.Keys(r.draft.groups)) {
		g := r.draft.groups[name]
		r.priority(g)
		for _, ref := range g.hosts {
			if h := r.draft.hosts[ref.name]; h != nil {
				h.groups[name] = true
			} else {
				r.missing(ref, "host", slices.Collect(maps.Keys(r.draft.hosts)), name)
			}
		}
		for _, ref := range g.children {
			switch child := r.draft.groups[ref.name]; {
			case ref.name == inventory.All:
				r.draft.problem(ref.pos, "group %q cannot contain %q, which contains every host", name, inventory.All)
			case child == nil || !child.declared:
				r.missing(ref, "group", r.declaredGroups(), name)
			case name != inventory.All && !slices.Contains(r.parents[ref.name], name):
				r.parents[ref.name] = append(r.parents[ref.name], name)
			}
		}
	}
}

func (r *resolver) declaredGroups() []string {
	var names []string
	for name, g := range r.draft.groups {
		if g.declared {
			names = append(names, name)
		}
	}
	return names
}

func (r *resolver) missing(ref reference, kind string, names []string, group string) {
	err := r.draft.problem(ref.pos, "group %q contains the %s %q, which is declared nowhere", group, kind, ref.name)
	slices.Sort(names)
	if near := diag.Nearest(ref.name, names); near != "" {
		err.Hint = "did you mean \"" + near + "\"?"
	}
}

// cycles refuses groups that contain themselves.
func (r *resolver) cycles() {
	state := map[string]int{} // 1: on the path, 2: done
	var path []string
	var visit func(name string)
	visit = func(name string) {
		switch state[name] {
		case 1:
			ring := append(slices.Clone(path[slices.Index(path, name):]), name)
			slices.Reverse(ring) // from parents to children, as it is written
			r.draft.problem(r.draft.groups[name].pos, "group %q contains itself: %s", name, strings.Join(ring, " > "))
			return
		case 2:
			return
		}
		state[name] = 1
		path = append(path, name)
		for _, parent := range r.parents[name] {
			visit(parent)
		}
		path = path[:len(path)-1]
		state[name] = 2
	}
	for _, name := range slices.Sorted(maps.Keys(r.draft.groups)) {
		visit(name)
	}
}

// host puts together what the sources say of a host, and where they say it.
func (r *resolver) host(h *hostDraft) (*inventory.Host, map[string]diag.Pos) {
	groups := r.groupsOf(h)
	out := &inventory.Host{Name: h.name, Address: h.name, Pos: h.pos, Labels: map[string]string{}}
	for _, g := range groups {
		maps.Copy(out.Labels, g.labels)
		if g.name != inventory.All && g.name != inventory.Ungrouped {
			out.Groups = append(out.Groups, g.name)
		}
	}
	slices.Sort(out.Groups)
	maps.Copy(out.Labels, h.labels)
	vars := r.merge(h, groups)
	origins := vars.origins()
	r.draft.connect(out, vars)
	return out, origins
}

// merge gives the host's variables, the later of these winning, as in Ansible:
// groups of the inventory file, group_vars/all, other group_vars, the host in
// the inventory file, host_vars. Inner groups win over those that contain them,
// and in group_vars those of a later directory over all of an earlier one.
func (r *resolver) merge(h *hostDraft, groups []*groupDraft) settings {
	vars := settings{}
	for _, g := range groups {
		vars.addOf(groupLabel(g), g.vars)
	}
	for _, g := range groups {
		for _, files := range g.files {
			if g.name == inventory.All {
				vars.addOf(groupLabel(g), files)
			}
		}
	}
	for dir := 0; len(groups) > 0 && dir < len(groups[0].files); dir++ {
		for _, g := range groups {
			if g.name != inventory.All {
				vars.addOf(groupLabel(g), g.files[dir])
			}
		}
	}
	vars.addOf("host "+h.name, h.vars)
	vars.addOf("host "+h.name, h.files)
	delete(vars, groupPriority)
	return vars
}

// groupLabel names a group as what settings are for.
func groupLabel(g *groupDraft) string {
	if g.name == inventory.All {
		return "all hosts"
	}
	return "group " + g.name
}

// settings are what the sources say of a host, by name, the strongest first.
func (r *resolver) settings(host string) map[string][]inventory.Setting {
	h := r.draft.hosts[host]
	if h == nil {
		return nil
	}
	all := map[string][]inventory.Setting{}
	for name, v := range r.merge(h, r.groupsOf(h)) {
		for _, v := range append([]variable{v}, v.over...) {
			value := shown(v.value)
			switch {
			case isPassword(name):
				value = "(a password, which is not shown)"
				switch kept := v.value.(type) {
				case secretName:
					value = "(secret " + string(kept) + ")"
				case keyName:
					value = "(key " + string(kept) + ")"
				}
			case r.draft.encrypted[v.pos.File]:
				value = secret.Shown
			}
			all[name] = append(all[name], inventory.Setting{Value: value, Pos: v.pos, Of: cmp.Or(v.of, "host "+host)})
		}
	}
	return all
}

// groupsOf lists all groups of a host, the weakest first.
func (r *resolver) groupsOf(h *hostDraft) []*groupDraft {
	names := map[string]bool{}
	for name := range h.groups {
		if name == inventory.All || name == inventory.Ungrouped {
			continue
		}
		for _, above := range r.ancestry(name) {
			names[above] = true
		}
	}
	if len(names) == 0 {
		names[inventory.Ungrouped] = true
	}
	names[inventory.All] = true
	var groups []*groupDraft
	for name := range names {
		if g := r.draft.groups[name]; g != nil {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b *groupDraft) int {
		return cmp.Or(cmp.Compare(r.depth(a.name), r.depth(b.name)), cmp.Compare(a.priority, b.priority), cmp.Compare(a.name, b.name))
	})
	return groups
}

// ancestry is a group and all groups that contain it.
func (r *resolver) ancestry(name string) []string {
	if all, ok := r.above[name]; ok {
		return all
	}
	all := []string{name}
	for _, parent := range r.parents[name] {
		for _, above := range r.ancestry(parent) {
			if !slices.Contains(all, above) {
				all = append(all, above)
			}
		}
	}
	r.above[name] = all
	return all
}

// depth is the longest way from "all" down to a group.
func (r *resolver) depth(name string) int {
	if name == inventory.All {
		return 0
	}
	if depth, ok := r.depths[name]; ok {
		return depth
	}
	depth := 1
	for _, parent := range r.parents[name] {
		depth = max(depth, r.depth(parent)+1)
	}
	r.depths[name] = depth
	return depth
}

// groupPriority is the variable that decides between groups of the same depth, as in Ansible.
const groupPriority = "ansible_group_priority"

// priority reads the priority of a group.
func (r *resolver) priority(g *groupDraft) {
	v, ok := g.vars[groupPriority]
	if !ok {
		g.priority = 1
		return
	}
	var err error
	if g.priority, err = strconv.ParseInt(fmt.Sprint(v.value), 10, 64); err != nil {
		r.draft.problem(v.pos, "%s: want a whole number, got %q", groupPriority, fmt.Sprint(v.value))
	}
}

// warnOfNames tells of names that mean a host and a group: selectors take the group.
func (r *resolver) warnOfNames() {
	for _, h := range r.draft.order {
		if g := r.draft.groups[h.name]; g != nil {
			r.draft.warn(h.pos, "%q is the name of a host and of a group (%s); selectors take it for the group", h.name, g.pos)
		}
	}
}

// tree puts together which groups contain which.
func (r *resolver) tree() map[string]inventory.Group {
	tree := map[string]inventory.Group{inventory.All: {Name: inventory.All}}
	for name := range r.draft.groups {
		if name != inventory.All && name != inventory.Ungrouped {
			tree[name] = inventory.Group{Name: name}
		}
	}
	contain := func(parent, child string) {
		g := tree[parent]
		g.Children = append(g.Children, child)
		tree[parent] = g
	}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		switch parents := r.parents[name]; {
		case name == inventory.All:
		case len(parents) == 0:
			contain(inventory.All, name)
		default:
			for _, p := range parents {
				contain(p, name)
			}
		}
	}
	ungrouped := inventory.Group{Name: inventory.Ungrouped}
	for _, h := range r.draft.order {
		in := 0
		for name := range h.groups {
			if g, ok := tree[name]; ok && name != inventory.All {
				g.Hosts = append(g.Hosts, h.name)
				tree[name] = g
				in++
			}
		}
		if in == 0 {
			ungrouped.Hosts = append(ungrouped.Hosts, h.name)
		}
	}
	if len(ungrouped.Hosts) > 0 {
		tree[inventory.Ungrouped] = ungrouped
	}
	return tree
}
