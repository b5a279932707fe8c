// Package procfs reads what Linux tells of itself in text: mounts, sockets that are listened on, processes. The texts come
// from a host, and are no more believed than other answers of it.
//
// It imports the standard library only.
package procfs

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Mount is a line of /proc/self/mountinfo.
type Mount struct {
	Target, Source, Type string
	Options              []string // of the mount, then of its file system, each once
}

// Mounts reads /proc/self/mountinfo; see proc(5).
func Mounts(text string) ([]Mount, error) {
	var all []Mount
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		dash := -1
		if len(fields) > 6 {
			dash = 6 + slices.Index(fields[6:], "-")
		}
		if dash < 6 || len(fields) < dash+4 {
			return nil, fmt.Errorf("a line with %d fields, expected 10 or more with a dash between them: %.100q", len(fields), line)
		}
		m := Mount{Target: unescape(fields[4]), Type: fields[dash+1], Source: unescape(fields[dash+2])}
		for _, options := range []string{fields[5], fields[dash+3]} {
			for option := range strings.SplitSeq(options, ",") {
				if option = unescape(option); !slices.Contains(m.Options, option) {
					m.Options = append(m.Options, option)
				}
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// unescape reads \040 and the like, as the kernel writes blanks and backslashes.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Socket is one that is listened on.
type Socket struct {
	Protocol, Address string // tcp or udp
	Port              uint16
	UID               uint32 // of its owner
}

// ListenScript is a shell script that prints what Sockets reads: of /proc/net the lines of sockets that are listened on, with
// their file, address and owner, and nothing that changes while they stay.
const ListenScript = `for f in tcp tcp6 udp udp6; do
  if [ -r /proc/net/$f ]; then awk -v f=$f 'NR > 1 && ($4 == "0A" || f ~ /^udp/ && $4 == "07") { print f, $2, $8 }' /proc/net/$f; fi
done | sort -u`

// Sockets reads what ListenScript prints.
func Sockets(text string) ([]Socket, error) {
	all := []Socket{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return nil, fmt.Errorf("a line with %d fields, expected 3: %.100q", len(fields), line)
		}
		address, port, found := strings.Cut(fields[1], ":")
		ip, err := ipOf(address)
		number, errPort := strconv.ParseUint(port, 16, 16)
		uid, errUID := strconv.ParseUint(fields[2], 10, 32)
		if !found || err != nil || errPort != nil || errUID != nil {
			return nil, fmt.Errorf("no socket: %.100q", line)
		}
		all = append(all, Socket{strings.TrimSuffix(fields[0], "6"), ip.String(), uint16(number), uint32(uid)})
	}
	slices.SortFunc(all, func(a, b Socket) int {
		return strings.Compare(fmt.Sprintf("%s %05d %s", a.Protocol, a.Port, a.Address), fmt.Sprintf("%s %05d %s", b.Protocol, b.Port, b.Address))
	})
	return slices.Compact(all), nil
}

// ipOf reads an address as /proc/net writes it: words of four bytes, each as the machine holds it, which is with its first byte last.
func ipOf(text string) (netip.Addr, error) {
	data, err := hex.DecodeString(text)
	if err != nil || len(data)%4 != 0 {
		return netip.Addr{}, fmt.Errorf("no address: %.50q", text)
	}
	for word := range slices.Chunk(data, 4) {
		slices.Reverse(word)
	}
	ip, ok := netip.AddrFromSlice(data)
	if !ok {
		return ip, fmt.Errorf("no address: %.50q", text)
	}
	return ip.Unmap(), nil
}

// Process is one that runs.
type Process struct {
	PID, Parent uint64
	User        string
	Command     string // with its arguments
}

// ProcessColumns are what ps has to print for Processes.
const ProcessColumns = "pid=,ppid=,user:32=,args="

// Processes reads what ps prints.
func Processes(text string) ([]Process, error) {
	all := []Process{}
	for line := range strings.Lines(text) {
		var p Process
		rest := strings.TrimSuffix(line, "\n")
		var words [3]string
		for i := range words {
			words[i], rest, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
		}
		var errPID, errParent error
		p.PID, errPID = strconv.ParseUint(words[0], 10, 64)
		p.Parent, errParent = strconv.ParseUint(words[1], 10, 64)
		p.User, p.Command = words[2], strings.TrimLeft(rest, " ")
		if errPID != nil || errParent != nil || p.Command == "" {
			return nil, fmt.Errorf("no process: %.100q", line)
		}
		all = append(all, p)
	}
	return all, nil
}
