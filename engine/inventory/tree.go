package inventory

import (
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
)

// Group is a group as the sources declare it: what they put right into it.
type Group struct {
	Name     string   `json:"name"`
	Children []string `json:"children,omitempty"` // groups, sorted
	Hosts    []string `json:"hosts,omitempty"`    // in the inventory's order
}

// Tree returns the groups from "all" down. Of an inventory that was not read
// from sources all groups stand right below "all", with all their hosts.
func (inv *Inventory) Tree() map[string]Group {
	if inv.tree != nil {
		return maps.Clone(inv.tree)
	}
	tree := map[string]Group{groupAll: {Name: groupAll, Children: slices.Sorted(maps.Keys(inv.groups))}}
	for name, hosts := range inv.groups {
		tree[name] = Group{Name: name, Hosts: slices.Clone(hosts)}
	}
	ungrouped := Group{Name: groupUngrouped}
	for _, h := range inv.hosts {
		if len(h.Groups) == 0 {
			ungrouped.Hosts = append(ungrouped.Hosts, h.Name)
		}
	}
	return addUngrouped(tree, ungrouped)
}

// tree puts together which groups contain which.
func (r *resolver) tree() map[string]Group {
	tree := map[string]Group{groupAll: {Name: groupAll}}
	for name := range r.groups {
		if name != groupAll && name != groupUngrouped {
			tree[name] = Group{Name: name}
		}
	}
	contain := func(parent, child string) {
		g := tree[parent]
		g.Children = append(g.Children, child)
		tree[parent] = g
	}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		switch parents := r.parents[name]; {
		case name == groupAll:
		case len(parents) == 0:
			contain(groupAll, name)
		default:
			for _, p := range parents {
				contain(p, name)
			}
		}
	}
	ungrouped := Group{Name: groupUngrouped}
	for _, h := range r.order {
		in := 0
		for name := range h.groups {
			if g, ok := tree[name]; ok && name != groupAll {
				g.Hosts = append(g.Hosts, h.name)
				tree[name] = g
				in++
			}
		}
		if in == 0 {
			ungrouped.Hosts = append(ungrouped.Hosts, h.name)
		}
	}
	return addUngrouped(tree, ungrouped)
}

// addUngrouped puts the hosts of no group into one that comes first, where there are any.
func addUngrouped(tree map[string]Group, ungrouped Group) map[string]Group {
	if len(ungrouped.Hosts) > 0 {
		all := tree[groupAll]
		all.Children = append([]string{groupUngrouped}, all.Children...)
		tree[groupAll], tree[groupUngrouped] = all, ungrouped
	}
	return tree
}

// Origins says where the sources set what is known of a host: its variables,
// and how to reach it by the names of Ansible's variables. Nothing is known of
// an inventory that was not read from sources.
func (inv *Inventory) Origins(host string) map[string]diag.Pos { return maps.Clone(inv.origins[host]) }

func (s settings) origins() map[string]diag.Pos {
	out := make(map[string]diag.Pos, len(s))
	for name, v := range s {
		out[name] = v.pos
	}
	return out
}
