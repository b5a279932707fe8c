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
	tree := map[string]Group{All: {Name: All, Children: slices.Sorted(maps.Keys(inv.groups))}}
	for name, hosts := range inv.groups {
		tree[name] = Group{Name: name, Hosts: slices.Clone(hosts)}
	}
	ungrouped := Group{Name: Ungrouped}
	for _, h := range inv.hosts {
		if len(h.Groups) == 0 {
			ungrouped.Hosts = append(ungrouped.Hosts, h.Name)
		}
	}
	return addUngrouped(tree, ungrouped)
}

// addUngrouped puts the hosts of no group into one that comes first, where there are any.
func addUngrouped(tree map[string]Group, ungrouped Group) map[string]Group {
	if len(ungrouped.Hosts) > 0 {
		all := tree[All]
		all.Children = append([]string{Ungrouped}, all.Children...)
		tree[All], tree[Ungrouped] = all, ungrouped
	}
	return tree
}

// Origins says where the sources set what is known of a host: its variables,
// and how to reach it by the names of Ansible's variables. Nothing is known of
// an inventory that was not read from sources.
func (inv *Inventory) Origins(host string) map[string]diag.Pos { return maps.Clone(inv.origins[host]) }

// Sources is what the sources of an inventory say of more than its hosts.
type Sources struct {
	Warnings []*diag.Error
	// Tree holds the groups by name, that of the hosts in no group under Ungrouped, where there are any.
	Tree map[string]Group
	// Origins says where each variable and setting is set, by host.
	Origins map[string]map[string]diag.Pos
	// Settings tells all that is said of a host; see Inventory.Settings.
	Settings func(host string) map[string][]Setting
}

// Setting is a value that a source gives a variable or setting of a host.
type Setting struct {
	Value any
	Pos   diag.Pos
	Of    string // what it is given for: "host web1", "group web", "all hosts"
}

// Settings says what the sources give the variables and settings of a host, by name: the first counts, and replaces those behind
// it. Of a variable that adds up, such as froyo_sensitive, the first is the sum. Nothing is known of an inventory that was not read from sources.
func (inv *Inventory) Settings(host string) map[string][]Setting {
	if inv.settings == nil {
		return nil
	}
	return inv.settings(host)
}

// WithOriginsOf is the inventory with what another knows of where things are set.
func (inv *Inventory) WithOriginsOf(other *Inventory) *Inventory {
	out := *inv
	out.origins, out.settings = other.origins, other.settings
	return &out
}

// WithSources is the inventory as it was read from sources.
func (inv *Inventory) WithSources(s Sources) *Inventory {
	out := *inv
	out.warnings, out.origins, out.settings = s.Warnings, s.Origins, s.Settings
	out.tree = addUngrouped(s.Tree, s.Tree[Ungrouped])
	return &out
}
