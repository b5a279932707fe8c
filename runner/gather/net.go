package gather

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of what is told of the network.
const (
	maxIfaces         = 4096
	maxIfaceAddresses = 256      // of each interface
	maxDump           = 64 << 20 // bytes of a table
)

// Names of the kernel's that package syscall lacks.
const (
	rtaVia       = 18
	ifaTemporary = 1 // a flag
)

// netIfaces gathers interfaces and their addresses from the kernel. Where it
// does not tell, there are none.
func netIfaces() *op.NetIfaces {
	n := &network{}
	n.read(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	for _, family := range []byte{syscall.AF_INET, syscall.AF_INET6} {
		n.read(syscall.RTM_GETADDR, family)
		n.read(syscall.RTM_GETROUTE, family)
	}
	return n.result()
}

// network is what the kernel told so far.
type network struct {
	links  []link
	routes [2]route // the best default route of IPv4 and IPv6
}

// link is an interface.
type link struct {
	index int32
	iface op.Iface
	first [2]ifaceAddress // of IPv4 and IPv6
}

// ifaceAddress is one address of an interface.
type ifaceAddress struct {
	text   string
	global bool
}

// route is a default route; without an index there is none.
type route struct {
	index   int32
	gateway string
	metric  uint32
}

// version is where the things of a family are kept.
func version(family byte) int {
	if family == syscall.AF_INET {
		return 0
	}
	return 1
}

// read asks the kernel for a table and takes what it says. What comes is not
// kept, since a router has a million routes; of those the default ones come first.
func (n *network) read(table uint16, family byte) {
	s, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return
	}
	defer func() { _ = syscall.Close(s) }() // it was only read
	kernel := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}
	wait := syscall.Timeval{Sec: 5}
	if syscall.SetsockoptTimeval(s, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait) != nil ||
		syscall.Sendto(s, dumpRequest(table, family), 0, kernel) != nil {
		return
	}
	chunk := make([]byte, 64<<10)
	for size := 0; size < maxDump; {
		got, _, err := syscall.Recvfrom(s, chunk, 0)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || !n.parse(chunk[:got]) {
			return
		}
		size += got
	}
}

// dumpRequest asks for all entries of a table: a struct nlmsghdr and the family.
func dumpRequest(table uint16, family byte) []byte {
	b := make([]byte, syscall.NLMSG_HDRLEN+4)
	native.PutUint32(b, uint32(len(b))) //nolint:gosec // it is small
	native.PutUint16(b[4:], table)
	native.PutUint16(b[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_DUMP)
	b[syscall.NLMSG_HDRLEN] = family
	return b
}

// parse takes messages of the kernel, those that can be read, and reports
// whether more will come.
func (n *network) parse(data []byte) bool {
	messages, err := syscall.ParseNetlinkMessage(data)
	if err != nil {
		return false
	}
	for i := range messages {
		m := &messages[i]
		if m.Header.Type == syscall.NLMSG_DONE || m.Header.Type == syscall.NLMSG_ERROR {
			return false
		}
		if !whole(m) {
			continue
		}
		attrs, err := syscall.ParseNetlinkRouteAttr(m)
		if err != nil {
			continue
		}
		switch m.Header.Type {
		case syscall.RTM_NEWLINK:
			n.link(m.Data, attrs)
		case syscall.RTM_NEWADDR:
			n.address(m.Data, attrs)
		case syscall.RTM_NEWROUTE:
			n.route(m.Data, attrs)
		}
	}
	return len(messages) > 0
}

// whole reports whether a message is of a kind that is read, and as long as
// what that begins with.
func whole(m *syscall.NetlinkMessage) bool {
	switch m.Header.Type {
	case syscall.RTM_NEWLINK:
		return len(m.Data) >= syscall.SizeofIfInfomsg
	case syscall.RTM_NEWADDR:
		return len(m.Data) >= syscall.SizeofIfAddrmsg
	case syscall.RTM_NEWROUTE:
		return len(m.Data) >= syscall.SizeofRtMsg
	}
	return false
}

// link takes a struct ifinfomsg: family, pad, type (2 bytes), index (4), flags (4), ...
func (n *network) link(b []byte, attrs []syscall.NetlinkRouteAttr) {
	l := link{index: int32(native.Uint32(b[4:]))} //nolint:gosec // it is one
	kind, flags := native.Uint16(b[2:]), native.Uint32(b[8:])
	l.iface.Up = flags&syscall.IFF_UP != 0
	l.iface.Loopback = flags&syscall.IFF_LOOPBACK != 0
	l.iface.Addresses = []string{}
	for _, a := range attrs {
		switch a.Attr.Type {
		case syscall.IFLA_IFNAME:
			l.iface.Name = fact(chars(a.Value))
		case syscall.IFLA_MTU:
			if len(a.Value) == 4 {
				l.iface.MTU = int(native.Uint32(a.Value))
			}
		case syscall.IFLA_ADDRESS:
			if kind == syscall.ARPHRD_ETHER && len(a.Value) == 6 {
				l.iface.MAC = mac(a.Value)
			}
		}
	}
	if l.iface.Name != "" && len(n.links) < maxIfaces {
		n.insert(l)
	}
}

// insert keeps links in the order of their index, in which most kernels tell them.
func (n *network) insert(l link) {
	n.links = append(n.links, l)
	for i := len(n.links) - 1; i > 0 && n.links[i-1].index > l.index; i-- {
		n.links[i-1], n.links[i] = l, n.links[i-1]
	}
}

// address takes a struct ifaddrmsg: family, prefix, flags, scope, index (4 bytes).
func (n *network) address(b []byte, attrs []syscall.NetlinkRouteAttr) {
	family, prefix, flags, scope := b[0], b[1], b[2], b[3]
	l := n.find(int32(native.Uint32(b[4:]))) //nolint:gosec // it is one
	if l == nil || flags&ifaTemporary != 0 && family == syscall.AF_INET6 || len(l.iface.Addresses) >= maxIfaceAddresses {
		return
	}
	var own, other string
	for _, a := range attrs {
		switch a.Attr.Type {
		case syscall.IFA_LOCAL: // IFA_ADDRESS is the other end then
			own = ip(a.Value)
		case syscall.IFA_ADDRESS:
			other = ip(a.Value)
		}
	}
	if own == "" {
		own = other
	}
	if own == "" {
		return
	}
	l.iface.Addresses = append(l.iface.Addresses, own+"/"+strconv.Itoa(int(prefix)))
	if first := &l.first[version(family)]; first.text == "" || !first.global && scope == syscall.RT_SCOPE_UNIVERSE {
		*first = ifaceAddress{own, scope == syscall.RT_SCOPE_UNIVERSE}
	}
}

func (n *network) find(index int32) *link {
	for i := range n.links {
		if n.links[i].index == index {
			return &n.links[i]
		}
	}
	return nil
}

// route takes a struct rtmsg: family, length of destination and source, tos,
// table, protocol, scope, type, flags (4 bytes). Only default routes of the
// main table count; of equal ones the first.
func (n *network) route(b []byte, attrs []syscall.NetlinkRouteAttr) {
	family := b[0]
	if b[1] != 0 || b[4] != syscall.RT_TABLE_MAIN || b[7] != syscall.RTN_UNICAST {
		return
	}
	r := route{}
	for _, a := range attrs {
		switch a.Attr.Type {
		case syscall.RTA_PRIORITY:
			if len(a.Value) == 4 {
				r.metric = native.Uint32(a.Value)
			}
		case syscall.RTA_MULTIPATH:
			r.hop(a.Value)
		default:
			r.attribute(a.Attr.Type, a.Value)
		}
	}
	if best := &n.routes[version(family)]; r.index != 0 && (best.index == 0 || r.metric < best.metric) {
		*best = r
	}
}

// attribute takes where a route leads.
func (r *route) attribute(kind uint16, value []byte) {
	switch {
	case kind == syscall.RTA_OIF && len(value) == 4:
		r.index = int32(native.Uint32(value)) //nolint:gosec // it is one
	case kind == syscall.RTA_GATEWAY:
		r.gateway = ip(value)
	case kind == rtaVia && len(value) > 2: // a gateway of the other family
		r.gateway = ip(value[2:])
	}
}

// hop takes the first of several ways: a struct rtnexthop with its length (2
// bytes), flags, hops and index (4), and attributes of its own.
func (r *route) hop(b []byte) {
	const head, attr = 8, 4
	if len(b) < head {
		return
	}
	r.index = int32(native.Uint32(b[4:])) //nolint:gosec // it is one
	b = b[head:min(len(b), max(head, int(native.Uint16(b))))]
	for len(b) >= attr {
		n := int(native.Uint16(b))
		if n < attr || n > len(b) {
			return
		}
		r.attribute(native.Uint16(b[2:]), b[attr:n])
		b = b[min(len(b), (n+3)&^3):]
	}
}

// result gives interfaces in the order of their index.
func (n *network) result() *op.NetIfaces {
	result := &op.NetIfaces{Ifaces: []op.Iface{}}
	for i := range n.links {
		result.Ifaces = append(result.Ifaces, n.links[i].iface)
	}
	for v, r := range n.routes {
		if l := n.find(r.index); l != nil {
			result.Default, result.Gateway, result.Address = l.iface.Name, r.gateway, l.first[v].text
			break
		}
	}
	return result
}

// native is the byte order of the kernel.
var native = binary.NativeEndian

// mac writes a hardware address.
func mac(b []byte) string {
	if len(bytes.Trim(b, "\x00")) == 0 { // a bridge without ports has none
		return ""
	}
	var out []byte
	for i := range b {
		if i > 0 {
			out = append(out, ':')
		}
		out = append(out, op.Hex(b[i:i+1])...)
	}
	return string(out)
}

// ip writes an address as RFC 5952 has it, or "" where it is none.
func ip(b []byte) string {
	switch len(b) {
	case 4:
		return strconv.Itoa(int(b[0])) + "." + strconv.Itoa(int(b[1])) + "." + strconv.Itoa(int(b[2])) + "." + strconv.Itoa(int(b[3]))
	case 16:
		return ip6(b)
	}
	return ""
}

func ip6(b []byte) string {
	group := func(i int) uint64 { return uint64(b[2*i])<<8 | uint64(b[2*i+1]) }
	from, to := 0, 0 // the longest run of zeros, the first of equal ones
	for i := 0; i < 8; i++ {
		end := i
		for end < 8 && group(end) == 0 {
			end++
		}
		if end-i > 1 && end-i > to-from {
			from, to = i, end
		}
		i = max(i, end-1)
	}
	var out []byte
	for i := 0; i < 8; i++ {
		if i == from && to > from {
			out = append(out, "::"...)
			i = to - 1
			continue
		}
		if after := to > from && i == to; i > 0 && !after {
			out = append(out, ':')
		}
		out = strconv.AppendUint(out, group(i), 16)
	}
	return string(out)
}
