package connect

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/sysfile"
)

// maxAddresses bounds the addresses of a name that are tried.
const maxAddresses = 8

// address is an IP address; that of version 4 stands at the end of ip. net/netip
// would do the same, and make the runner 3 % larger.
type address struct {
	ip   [16]byte
	v4   bool
	zone string // the network interface of a link-local address, or ""
}

// loopback is what localhost means, whatever else a machine says.
func loopback() []address {
	return []address{{ip: [16]byte{12: 127, 15: 1}, v4: true}, {ip: [16]byte{15: 1}}}
}

// resolve finds the addresses of a name: itself, localhost, the file hosts,
// and then what the machine's own resolver says.
func (c *Connector) resolve(ctx context.Context, name string) ([]address, error) {
	if a, ok := parseAddress(name); ok {
		return []address{a}, nil
	}
	if !isHostName(name) {
		return nil, perform.Refuse("noname", strconv.Quote(name)+" is neither a name nor an IP address")
	}
	plain := strings.TrimSuffix(name, ".")
	if sameName(plain, "localhost") {
		return loopback(), nil
	}
	if text, err := sysfile.Read(c.Root + "etc/hosts"); err == nil {
		if found := hostsEntries(text, plain); len(found) > 0 {
			return found, nil
		}
	}
	got, err := c.Ask(ctx, "getent", "ahosts", name)
	if err != nil {
		return nil, err
	}
	if found := resolverLines(got.Stdout); got.RC == 0 && len(found) > 0 {
		return found, nil
	}
	return nil, &op.Error{Class: op.Transient, Code: "noname", Message: "the name " + name + " is unknown"}
}

// isHostName accepts what a resolver takes as a name and no program as an option.
func isHostName(name string) bool {
	if name == "" || len(name) > 255 || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// sameName compares host names, in which case does not count. strings.EqualFold
// knows more alphabets than they have.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && (a[i]|0x20 != b[i]|0x20 || a[i]|0x20 < 'a' || a[i]|0x20 > 'z') {
			return false
		}
	}
	return true
}

// hostsEntries finds a name in the text of hosts(5).
func hostsEntries(text, name string) []address {
	var found []address
	for line := range strings.SplitSeq(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) > 1 && slices.ContainsFunc(fields[1:], func(f string) bool { return sameName(f, name) }) {
			found = add(found, fields[0])
		}
	}
	return found
}

// resolverLines reads the answer of getent ahosts: a line for each address and
// kind of socket.
func resolverLines(text string) []address {
	var found []address
	for line := range strings.SplitSeq(text, "\n") {
		if fields := strings.Fields(line); len(fields) > 0 {
			found = add(found, fields[0])
		}
	}
	return found
}

// add adds an address that is one, is new, and is not one too many.
func add(found []address, text string) []address {
	a, ok := parseAddress(text)
	if !ok || slices.Contains(found, a) || len(found) == maxAddresses {
		return found
	}
	return append(found, a)
}

// parseAddress reads an IP address of either version, also with a zone.
func parseAddress(s string) (address, bool) {
	if !strings.Contains(s, ":") {
		v4, ok := parseV4(s)
		a := address{v4: true}
		copy(a.ip[12:], v4[:])
		return a, ok
	}
	s, zone, zoned := strings.Cut(s, "%")
	a := address{zone: zone}
	if zoned && (zone == "" || strings.ContainsAny(zone, "/.")) {
		return a, false
	}
	var ok bool
	a.ip, ok = parseV6(s)
	return a, ok
}

func parseV4(s string) (ip [4]byte, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return ip, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 1 && part[0] == '0' {
			return ip, false // 010 is 8 to some and 10 to others
		}
		ip[i] = byte(n)
	}
	return ip, true
}

// parseV6 reads groups of up to four hex digits, of which "::" leaves out some.
func parseV6(s string) (ip [16]byte, ok bool) {
	before, after, short := strings.Cut(s, "::")
	head, ok := parseGroups(before)
	if !short {
		return [16]byte(append(head, make([]byte, 16)...)), ok && len(head) == 16
	}
	tail, fits := parseGroups(after)
	if !ok || !fits || len(head)+len(tail) > 14 || strings.Contains(before, ".") {
		return ip, false
	}
	copy(ip[:], head)
	copy(ip[16-len(tail):], tail)
	return ip, true
}

// parseGroups reads groups with colons between them; the last may be an address of version 4.
func parseGroups(s string) (out []byte, ok bool) {
	if s == "" {
		return nil, true
	}
	parts := strings.Split(s, ":")
	for i, part := range parts {
		if i == len(parts)-1 && strings.Contains(part, ".") {
			v4, ok := parseV4(part)
			return append(out, v4[:]...), ok
		}
		n, err := strconv.ParseUint(part, 16, 16)
		if err != nil || len(part) > 4 {
			return nil, false
		}
		out = append(out, byte(n>>8), byte(n))
	}
	return out, true
}
