package live

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"syscall"
)

// Link is what can be set of a link. Address is that of its hardware, in base64, Info what sort of link it is, where a program made it.
type Link struct {
	Index   int32  `json:"index"`
	Name    string `json:"name,omitempty"`
	MTU     uint32 `json:"mtu,omitempty"`
	Master  uint32 `json:"master,omitempty"` // the link that this one is a port of
	Parent  uint32 `json:"parent,omitempty"` // the link that this one lies on
	Address string `json:"address,omitempty"`
	Info    string `json:"info,omitempty"`
}

// Attributes of links that package syscall does not name.
const (
	iflaLinkInfo       = 18
	infoKind, infoData = 1, 2
	nested             = 0x8000
)

// linkOf reads a message about a link.
func linkOf(m []byte) Link {
	l := Link{Index: int32(native.Uint32(m[4:]))} //nolint:gosec // a number of a link
	for kind, value := range attributes(m, syscall.SizeofIfInfomsg) {
		switch {
		case kind == syscall.IFLA_ADDRESS:
			l.Address = base64.StdEncoding.EncodeToString(value)
		case kind == syscall.IFLA_IFNAME && len(value) > 1:
			l.Name = string(value[:len(value)-1])
		case kind == syscall.IFLA_MTU && len(value) == 4:
			l.MTU = native.Uint32(value)
		case kind == syscall.IFLA_MASTER && len(value) == 4:
			l.Master = native.Uint32(value)
		case kind == syscall.IFLA_LINK && len(value) == 4:
			l.Parent = native.Uint32(value)
		case kind&^nested == iflaLinkInfo:
			l.Info = infoOf(value)
		}
	}
	return l
}

// infoOf is the part of what is told of the sort of a link that it can be made by, "" where it cannot.
func infoOf(value []byte) string {
	var info []byte
	sort := ""
	for kind, value := range attributes(value, 0) {
		switch kind &^ nested {
		case infoKind:
			sort, info = string(value), append(info, attribute(infoKind, value)...)
		case infoData:
			info = append(info, attribute(infoData, value)...)
		}
	}
	if sort == "" || sort == "veth\x00" || sort == "netkit\x00" { // one of two ends cannot be made alone
		return ""
	}
	return base64.StdEncoding.EncodeToString(info)
}

// shorter is what a link is made by without what is only told of it: of its settings the first is the one that it cannot be without,
// such as the number of a VLAN or the mode of a bond.
func shorter(info []byte) []byte {
	var short []byte
	for kind, value := range attributes(info, 0) {
		if kind == infoData {
			for kind, first := range attributes(value, 0) {
				value = attribute(kind, first)
				break
			}
		}
		short = append(short, attribute(kind, value)...)
	}
	return short
}

// name is what a link was called.
func (n *Net) name(index int32) string {
	for _, l := range n.Links {
		if l.Index == index && l.Name != "" {
			return l.Name
		}
	}
	return strconv.Itoa(int(index))
}

// index is the place of a link by its number, negative for none.
func index(links []Link, number int32) int {
	return slices.IndexFunc(links, func(l Link) bool { return l.Index == number })
}

// removeLinks removes links that were added and took a port, a name or the way of another one: others harm none.
func (n *Net) removeLinks(r *Result, now Net) {
	for _, l := range now.Links {
		if index(n.Links, l.Index) >= 0 {
			continue
		}
		takes := slices.ContainsFunc(n.Links, func(was Link) bool { return was.Name == l.Name }) ||
			slices.ContainsFunc(now.Links, func(port Link) bool { return port.Master == uint32(l.Index) && index(n.Links, port.Index) >= 0 }) || //nolint:gosec // a number of a link
			slices.ContainsFunc(n.added(now.Addresses), func(m string) bool {
				raw, err := base64.StdEncoding.DecodeString(m)
				return err == nil && native.Uint32(raw[4:]) == uint32(l.Index) //nolint:gosec // the same
			})
		if takes && send(syscall.RTM_DELLINK, 0, base64.StdEncoding.EncodeToString(linkMessage(l.Index))) == nil { // of hardware it is refused
			r.restored("network link " + l.Name + " (removed)")
		}
	}
}

// makeLinks makes links anew that are gone, under their numbers; one may lie on another.
func (n *Net) makeLinks(r *Result, now []Link) {
	failed := map[int32]error{}
	for range 2 {
		for _, was := range n.Links {
			info, err := base64.StdEncoding.DecodeString(was.Info)
			if index(now, was.Index) >= 0 || err != nil || len(info) == 0 {
				continue
			}
			m := append(linkMessage(was.Index), attribute(syscall.IFLA_IFNAME, append([]byte(was.Name), 0))...)
			if was.Parent != 0 {
				m = append(m, attribute(syscall.IFLA_LINK, native.AppendUint32(nil, was.Parent))...)
			}
			for _, info := range [][]byte{info, shorter(info)} {
				message := append(slices.Clip(m), attribute(iflaLinkInfo, info)...)
				if failed[was.Index] = send(syscall.RTM_NEWLINK, create, base64.StdEncoding.EncodeToString(message)); failed[was.Index] == nil {
					r.restored("network link " + was.Name)
					break
				}
			}
		}
		now = readNet().Links
	}
	for _, was := range n.Links {
		switch err := failed[was.Index]; {
		case index(now, was.Index) >= 0:
		case err != nil:
			r.failed("network link "+was.Name, err)
		case n.addressed(was.Index):
			r.failed("network link "+was.Name, errors.New("it is gone, with its addresses"))
		}
	}
}

// addressed reports whether a link had addresses.
func (n *Net) addressed(number int32) bool {
	return slices.ContainsFunc(n.Addresses, func(m string) bool {
		raw, err := base64.StdEncoding.DecodeString(m)
		return err == nil && native.Uint32(raw[4:]) == uint32(number) && raw[3] != syscall.RT_SCOPE_LINK //nolint:gosec // a number of a link
	})
}

// renameLinks gives links their names back, by names that no link has: two may have changed theirs. They are down meanwhile.
func (n *Net) renameLinks(r *Result, now []Link) {
	var renamed []Link
	for _, was := range n.Links {
		if at := index(now, was.Index); at >= 0 && was.Name != "" && now[at].Name != was.Name {
			_ = flags(was.Index, 0)
			_ = rename(was.Index, "froyo"+strconv.Itoa(int(was.Index))) // the other name tells
			renamed = append(renamed, was)
		}
	}
	for _, was := range renamed {
		if err := rename(was.Index, was.Name); err != nil {
			r.failed("network link "+was.Name, err)
			_ = rename(was.Index, now[index(now, was.Index)].Name)
			_ = flags(was.Index, syscall.IFF_UP)
			continue
		}
		r.restored("network link " + was.Name)
	}
}

func rename(number int32, name string) error {
	return change(number, attribute(syscall.IFLA_IFNAME, append([]byte(name), 0)))
}

// restoreLinks sets what was set otherwise of the links that are still there.
func (n *Net) restoreLinks(r *Result, now []Link) {
	for _, was := range n.Links {
		at := index(now, was.Index)
		if at < 0 {
			continue
		}
		is, name := now[at], "settings of network link "+n.name(was.Index)
		if is.Master == was.Master && is.MTU == was.MTU && is.Address == was.Address {
			continue
		}
		var attributes []byte
		if is.Master != was.Master { // alone, first: a port takes the size of packets, and the address, from it
			attributes = attribute(syscall.IFLA_MASTER, native.AppendUint32(nil, was.Master))
			if err := change(was.Index, attributes); err != nil {
				r.failed(name, err)
				continue
			}
		}
		attributes = nil
		if is.MTU != was.MTU {
			attributes = append(attributes, attribute(syscall.IFLA_MTU, native.AppendUint32(nil, was.MTU))...)
		}
		if address, err := base64.StdEncoding.DecodeString(was.Address); err == nil && is.Address != was.Address {
			attributes = append(attributes, attribute(syscall.IFLA_ADDRESS, address)...)
		}
		if err := change(was.Index, attributes); err != nil {
			r.failed(name, err)
			continue
		}
		r.restored(name)
	}
}

// linkMessage begins a message about a link.
func linkMessage(number int32) []byte {
	m := make([]byte, syscall.SizeofIfInfomsg)
	native.PutUint32(m[4:], uint32(number)) //nolint:gosec // as the kernel gave it
	return m
}

// change sets attributes of a link.
func change(number int32, attributes []byte) error {
	return send(syscall.RTM_NEWLINK, 0, base64.StdEncoding.EncodeToString(append(linkMessage(number), attributes...)))
}

// flags has a link go up, or down.
func flags(number int32, to uint32) error {
	m := linkMessage(number)
	native.PutUint32(m[8:], to)
	native.PutUint32(m[12:], syscall.IFF_UP)
	return send(syscall.RTM_NEWLINK, 0, base64.StdEncoding.EncodeToString(m))
}
