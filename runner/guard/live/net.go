package live

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"syscall"
	"unsafe"
)

// Net is how the kernel reaches others, as its own messages tell it.
type Net struct {
	Up        []int32  `json:"up,omitempty"` // the links that are up, by number
	Links     []Link   `json:"links,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Routes    []string `json:"routes,omitempty"`
	Rules     []string `json:"rules,omitempty"`
}

// Messages that package syscall does not name, and what is in them.
const (
	newRule, delRule, getRule = 32, 33, 34

	tableLocal     = 255
	routeCloned    = 0x200
	keptRouteFlags = 4 // that a gateway is on the link; the others tell of a moment
	replace        = 0x100
	create         = 0x400
)

// native is the byte order of messages.
var native = binary.NativeEndian

func readNet() Net {
	n := Net{}
	for _, m := range dump(syscall.RTM_GETLINK) {
		if len(m) < syscall.SizeofIfInfomsg {
			continue
		}
		l := linkOf(m)
		n.Links = append(n.Links, l)
		if native.Uint32(m[8:])&syscall.IFF_UP != 0 {
			n.Up = append(n.Up, l.Index)
		}
	}
	n.Addresses = texts(dump(syscall.RTM_GETADDR), syscall.SizeofIfAddrmsg, ifaCacheInfo)
	for _, m := range dump(syscall.RTM_GETROUTE) {
		if len(m) < syscall.SizeofRtMsg || m[4] == tableLocal || native.Uint32(m[8:])&routeCloned != 0 || m[7] > syscall.RTN_UNICAST && m[7] < syscall.RTN_BLACKHOLE {
			continue
		}
		native.PutUint32(m[8:], native.Uint32(m[8:])&keptRouteFlags)
		n.Routes = append(n.Routes, text(m, syscall.SizeofRtMsg, rtaCacheInfo))
	}
	n.Rules = texts(dump(getRule), syscall.SizeofRtMsg, 0)
	return n
}

// Attributes that tell of a moment.
const (
	ifaCacheInfo = 6
	rtaCacheInfo = 12
)

// dump asks the kernel for all there is of a kind.
func dump(kind int) [][]byte {
	raw, err := syscall.NetlinkRIB(kind, syscall.AF_UNSPEC)
	if err != nil {
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return nil
	}
	var all [][]byte
	for _, m := range messages {
		if m.Header.Type != syscall.NLMSG_DONE && m.Header.Type != syscall.NLMSG_ERROR {
			all = append(all, m.Data)
		}
	}
	return all
}

func texts(messages [][]byte, header int, without uint16) []string {
	var all []string
	for _, m := range messages {
		if len(m) >= header {
			all = append(all, text(m, header, without))
		}
	}
	return all
}

// text is a message without one of its attributes.
func text(m []byte, header int, without uint16) string {
	out := slices.Clone(m[:header])
	for kind, value := range attributes(m, header) {
		if without == 0 || kind != without {
			out = append(out, attribute(kind, value)...)
		}
	}
	return base64.StdEncoding.EncodeToString(out)
}

// attributes are the attributes of a message behind its header, with their kinds.
func attributes(m []byte, header int) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for rest := m[header:]; len(rest) >= syscall.SizeofRtAttr; {
			size := int(native.Uint16(rest))
			if size < syscall.SizeofRtAttr || size > len(rest) || !yield(native.Uint16(rest[2:]), rest[syscall.SizeofRtAttr:size]) {
				return
			}
			rest = rest[min((size+3)&^3, len(rest)):]
		}
	}
}

// attribute is one, as it is sent.
func attribute(kind uint16, value []byte) []byte {
	size := syscall.SizeofRtAttr + len(value)
	out := make([]byte, (size+3)&^3)
	native.PutUint16(out, uint16(size)) //nolint:gosec // it is short
	native.PutUint16(out[2:], kind)
	copy(out[syscall.SizeofRtAttr:], value)
	return out
}

// restore puts back what is missing, and takes away routes and rules that were added.
func (n *Net) restore(r *Result) {
	n.removeLinks(r, readNet())
	n.renameLinks(r, readNet().Links)
	n.makeLinks(r, readNet().Links)
	now := readNet()
	n.restoreLinks(r, now.Links)
	now = readNet()
	for _, index := range n.Up {
		if slices.Contains(now.Up, index) {
			continue
		}
		if err := flags(index, syscall.IFF_UP); err == nil {
			r.restored("network link " + n.name(index))
		} else if !errors.Is(err, syscall.ENODEV) {
			r.failed("network link "+n.name(index), err)
		}
	}
	n.takeAddresses(r, readNet().Addresses)
	now = readNet()
	n.put(r, "addresses", n.missing(now.Addresses), nil, syscall.RTM_NEWADDR)
	now = readNet() // an address brings routes
	take(r, "routes", n.Routes, now.Routes, syscall.RTM_DELROUTE)
	n.put(r, "routes", n.Routes, now.Routes, syscall.RTM_NEWROUTE)
	n.put(r, "rules of routes", n.Rules, now.Rules, newRule)
	take(r, "rules of routes", n.Rules, now.Rules, delRule)
}

// takeAddresses takes away those that were added for good: their networks hide others.
func (n *Net) takeAddresses(r *Result, now []string) {
	done := false
	for _, m := range n.added(now) {
		if err := send(syscall.RTM_DELADDR, 0, m); err == nil {
			done = true
		}
	}
	if done {
		r.restored("addresses")
	}
}

// added are the addresses that were not there: not those of a link alone, nor those that end by themselves.
func (n *Net) added(now []string) []string {
	had := map[string]bool{}
	for _, m := range n.Addresses {
		had[addressOf(m)] = true
	}
	return slices.DeleteFunc(slices.Clone(now), func(m string) bool {
		raw, err := base64.StdEncoding.DecodeString(m)
		return err != nil || had[addressOf(m)] || raw[3] == syscall.RT_SCOPE_LINK || raw[2]&syscall.IFA_F_PERMANENT == 0
	})
}

// missing are the addresses that are not there any more. What else is said of one tells of a moment, such as that others are asked
// whether it is theirs.
func (n *Net) missing(now []string) []string {
	have := map[string]bool{}
	for _, m := range now {
		have[addressOf(m)] = true
	}
	return slices.DeleteFunc(slices.Clone(n.Addresses), func(m string) bool { return have[addressOf(m)] })
}

// addressOf is what tells an address from others: its link, family, length and value.
func addressOf(m string) string {
	raw, err := base64.StdEncoding.DecodeString(m)
	if err != nil {
		return m
	}
	key := append(slices.Clone(raw[:2]), raw[4:syscall.SizeofIfAddrmsg]...)
	for kind, value := range attributes(raw, syscall.SizeofIfAddrmsg) {
		if kind == syscall.IFA_ADDRESS || kind == syscall.IFA_LOCAL {
			key = append(key, attribute(kind, value)...)
		}
	}
	return string(key)
}

// put sends what is missing to the kernel, twice, since one may need another.
func (*Net) put(r *Result, what string, before, now []string, kind uint16) {
	var missing []string
	for _, m := range before {
		if !slices.Contains(now, m) {
			missing = append(missing, m)
		}
	}
	var last error
	done := 0
	for range 2 {
		var left []string
		for _, m := range missing {
			if err := send(kind, create|replace, m); err != nil && !errors.Is(err, syscall.EEXIST) {
				left, last = append(left, m), err
				continue
			}
			done++
		}
		missing = left
	}
	if done > 0 {
		r.restored(what)
	}
	if len(missing) > 0 && !errors.Is(last, syscall.ENODEV) {
		r.failed(what, last)
	}
}

// take takes away what was not there. What the kernel makes, or a router announces, is left.
func take(r *Result, what string, before, now []string, kind uint16) {
	done := false
	for _, m := range now {
		raw, err := base64.StdEncoding.DecodeString(m)
		if slices.Contains(before, m) || err != nil || kind == syscall.RTM_DELROUTE && (raw[5] == syscall.RTPROT_KERNEL || raw[5] == syscall.RTPROT_RA || raw[5] == syscall.RTPROT_REDIRECT) {
			continue
		}
		if err := send(kind, 0, m); err == nil {
			done = true
		}
	}
	if done {
		r.restored(what)
	}
}

// send sends a message to the kernel, and waits for its answer.
func send(kind, flags uint16, encoded string) error {
	body, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 5}) // it answers at once
	message := make([]byte, syscall.SizeofNlMsghdr, syscall.SizeofNlMsghdr+len(body))
	native.PutUint32(message, uint32(syscall.SizeofNlMsghdr+len(body))) //nolint:gosec // a short message
	native.PutUint16(message[4:], kind)
	native.PutUint16(message[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_ACK|flags)
	native.PutUint32(message[8:], 1)
	message = append(message, body...)
	if err := syscall.Sendto(fd, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 8192)
	n, _, err := syscall.Recvfrom(fd, answer, 0)
	if err != nil {
		return err
	}
	if n < syscall.SizeofNlMsghdr+int(unsafe.Sizeof(int32(0))) || native.Uint16(answer[4:]) != syscall.NLMSG_ERROR {
		return syscall.EPROTO
	}
	if code := int32(native.Uint32(answer[syscall.SizeofNlMsghdr:])); code != 0 { //nolint:gosec // a negative error number
		return syscall.Errno(-code) //nolint:gosec // the same
	}
	return nil
}
