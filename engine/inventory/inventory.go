// Package inventory knows the hosts: their addresses, groups, labels and
// variables, and how selectors and ranges name some of them. Package source
// reads them.
//
// Beside the standard library it imports engine/diag.
package inventory

import (
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// How a host is reached.
const (
	SSH   = "ssh"
	Local = "local"
)

// Host is one machine, with all that the sources say about it put together.
type Host struct {
	Name string `json:"name"`
	// Address is where to connect to: a name or an IP address, the host's name where nothing else is said.
	Address string `json:"address"`
	// Port is 0 where nothing is said.
	Port int    `json:"port,omitempty"`
	User string `json:"user,omitempty"`
	// Key is the path of a private key.
	Key string `json:"key,omitempty"`
	// Become is nil where nothing is said.
	Become     *bool  `json:"become,omitempty"`
	BecomeUser string `json:"become_user,omitempty"`
	// BecomeMethod is "sudo", "su" or "doas"; "" is sudo where nothing is said.
	BecomeMethod string `json:"become_method,omitempty"`
	// Connection is SSH, Local, or a kind of transport by command, whose program gets Arguments: some of its own, or the
	// whole command of the operator's.
	Connection string   `json:"connection"`
	Arguments  []string `json:"connection_arguments,omitempty"`
	// Groups are the groups of the host and all that contain these, sorted, without "all".
	Groups []string          `json:"groups,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	// Vars is plain data: nil, bool, int64, float64, string, []any and map[string]any.
	Vars map[string]any `json:"vars,omitempty"`
	// Pos is where the host is first named.
	Pos diag.Pos `json:"pos,omitzero"`
	// Password and BecomePassword are what the sources give to log in with, and to become another user, and PrivateKey a key to log
	// in with; nil where they give none. They are kept nowhere: HasPasswords says that there were some.
	Password       *Credential `json:"-"`
	BecomePassword *Credential `json:"-"`
	PrivateKey     *Credential `json:"-"`
	HasPasswords   bool        `json:"has_passwords,omitempty"`
}

// Credential is a password or a key of a host.
type Credential struct {
	Text   string // as a marker of engine/secret, "" where Secret or Key counts
	Secret string // the name of a secret, as secret() takes it, which is read when it is wanted
	Key    string // of a private key: the name of one of the workspace's, where Secret is ""
	Pos    diag.Pos
}

// ActsAs is who units act as on the host where the runbook says nothing else:
// "" is who logs in.
func (h *Host) ActsAs() string {
	switch {
	case h.Become == nil || !*h.Become:
		return ""
	case h.BecomeUser != "":
		return h.BecomeUser
	}
	return "root"
}

// Inventory is a set of hosts. It does not change after it was made.
type Inventory struct {
	hosts    []*Host
	byName   map[string]*Host
	local    *Host               // used for "localhost" where no source lists it
	groups   map[string][]string // group → names of its hosts, in the inventory's order
	warnings []*diag.Error
	tree     map[string]Group
	origins  map[string]map[string]diag.Pos // host → variable or setting → where it is set
	settings func(host string) map[string][]Setting
}

// New makes an inventory of hosts that are complete, in their order. Groups
// that have no hosts are known besides those that the hosts name.
func New(hosts []*Host, groups ...string) *Inventory {
	inv := &Inventory{hosts: hosts, local: implicit(), byName: make(map[string]*Host, len(hosts)), groups: map[string][]string{}}
	for _, g := range groups {
		inv.groups[g] = nil
	}
	for _, h := range hosts {
		inv.byName[h.Name] = h
		for _, g := range h.Groups {
			inv.groups[g] = append(inv.groups[g], h.Name)
		}
	}
	return inv
}

// Localhost is the inventory of the machine that froyo runs on.
func Localhost() *Inventory {
	return New([]*Host{implicit()})
}

const localhost = "localhost"

func implicit() *Host { return &Host{Name: localhost, Address: localhost, Connection: Local} }

// Hosts returns all hosts, as the sources declare them.
func (inv *Inventory) Hosts() []*Host { return slices.Clone(inv.hosts) }

// Host returns the host of that name, or nil. The machine that froyo runs on is
// "localhost" in every inventory; where that does not list it, Hosts does not
// return it either, and it has no variables, groups or become.
func (inv *Inventory) Host(name string) *Host {
	if h := inv.byName[name]; h != nil || name != localhost {
		return h
	}
	return inv.local
}

// Groups returns the groups with the names of their hosts, those of nested
// groups among them. Groups without hosts are there, too; "all" is not.
func (inv *Inventory) Groups() map[string][]string { return maps.Clone(inv.groups) }

// WithVars is the inventory with other variables of its hosts.
func (inv *Inventory) WithVars(vars func(h *Host) map[string]any) *Inventory {
	out := *inv
	out.hosts, out.byName = make([]*Host, len(inv.hosts)), make(map[string]*Host, len(inv.hosts))
	for i, h := range inv.hosts {
		h := *h
		h.Vars = vars(&h)
		out.hosts[i], out.byName[h.Name] = &h, &h
	}
	return &out
}

// WithPasswordsOf is the inventory with the passwords that another has for hosts of the same names.
func (inv *Inventory) WithPasswordsOf(other *Inventory) *Inventory {
	out := *inv
	out.hosts, out.byName = make([]*Host, len(inv.hosts)), make(map[string]*Host, len(inv.hosts))
	for i, h := range inv.hosts {
		h := *h
		if from := other.byName[h.Name]; from != nil {
			h.Password, h.BecomePassword, h.PrivateKey = from.Password, from.BecomePassword, from.PrivateKey
		}
		out.hosts[i], out.byName[h.Name] = &h, &h
	}
	return &out
}

// Warnings returns what the sources say that has no effect, or another one than it looks like.
func (inv *Inventory) Warnings() []*diag.Error { return slices.Clone(inv.warnings) }

// Names are the names of hosts, in their order.
func Names(hosts []*Host) []string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	return names
}

// Sensitive is the variable that names those whose values are shown to no one. Where several
// sources have it, all that they name is: none takes the place of another.
const Sensitive = "froyo_sensitive"

// JoinNames puts two lists of names together. What is none is left for whoever
// reads it to refuse.
func JoinNames(a, b any) any {
	var all []any
	for _, v := range []any{a, b} {
		switch v := v.(type) {
		case string:
			for name := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == ',' || r == ' ' }) {
				all = append(all, name)
			}
		case []any:
			all = append(all, v...)
		case nil:
		default:
			return v
		}
	}
	return all
}
