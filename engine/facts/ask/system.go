package ask

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/facts/procfs"
	"github.com/openfroyo/froyo/runner/op"
)

// sizeScript prints of each mount that the host itself can answer for: block size, blocks, free blocks for users, and the path.
// File systems on other machines are left out, since one that is gone never answers, and paths with a line break.
const sizeScript = `set --
while read -r _ _ _ _ path rest; do
  type=${rest#*- }; type=${type%% *}
  case $type in nfs*|cifs|smb*|fuse*|ceph|9p|afs|autofs|glusterfs|lustre|ocfs2|gpfs|beegfs|proc|sysfs|cgroup*|devpts|mqueue|securityfs|debugfs|tracefs|pstore|bpf|configfs|binfmt_misc|nsfs|rpc_pipefs) continue;; esac
  case $path in
    *\\012*) continue;;
    *\\*) path=$(printf '%b.' "$(printf '%s' "$path" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g')"); path=${path%.};;
  esac
  set -- "$@" "$path"
done < /proc/self/mountinfo
[ $# = 0 ] || stat -f -c '%S %b %a %n' -- "$@" 2>/dev/null; :`

// mounts reads /proc/self/mountinfo, and the sizes that sizeScript prints.
func mounts(results []op.Result, _ time.Time) (map[string]any, error) {
	text, err := output(results[0].Exec)
	if err != nil {
		return nil, err
	}
	sizes, err := output(results[1].Exec)
	if err != nil {
		return nil, err
	}
	known := map[string][2]int64{}
	for line := range strings.Lines(sizes) {
		var n [3]int64
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		for i := range min(len(fields), 3) {
			if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil || n[i] < 0 {
				return nil, fmt.Errorf("no size: %.100q", line)
			}
		}
		if len(fields) != 4 || n[0] > 0 && (n[1] > math.MaxInt64/n[0] || n[2] > math.MaxInt64/n[0]) {
			return nil, fmt.Errorf("no size: %.100q", line)
		}
		known[fields[3]] = [2]int64{n[0] * n[1], n[0] * n[2]}
	}
	found, err := procfs.Mounts(text)
	if err != nil {
		return nil, err
	}
	all := make([]any, len(found))
	for i, m := range found {
		options := make([]any, len(m.Options))
		for j, o := range m.Options {
			options[j] = clean(o)
		}
		size := known[m.Target]
		all[i] = map[string]any{
			"target": clean(m.Target), "source": clean(m.Source), "fstype": clean(m.Type), "options": options, "size": size[0], "available": size[1],
		}
	}
	return map[string]any{"mounts": all}, nil
}

// routes reads /proc/net/route and /proc/net/ipv6_route, of the latter what `ip -6 route` shows of the main table.
func routes(results []op.Result, _ time.Time) (map[string]any, error) {
	four, err := said(results[0].Text)
	if err != nil {
		return nil, err
	}
	six, err := said(results[1].Text)
	if err != nil {
		return nil, err
	}
	all := []any{}
	for line := range strings.Lines(four) {
		f := strings.Fields(line)
		if len(f) < 8 || f[0] == "Iface" {
			continue
		}
		r, err := route4(f)
		if err != nil {
			return nil, fmt.Errorf("/proc/net/route: %w: %.100q", err, line)
		}
		all = append(all, r)
	}
	for line := range strings.Lines(six) {
		f := strings.Fields(line)
		if len(f) < 10 {
			continue
		}
		r, err := route6(f)
		if err != nil {
			return nil, fmt.Errorf("/proc/net/ipv6_route: %w: %.100q", err, line)
		}
		if r != nil {
			all = append(all, r)
		}
	}
	return map[string]any{"routes": all}, nil
}

// route4 reads the fields of a line: interface, destination, gateway, flags, references, use, metric, mask.
func route4(f []string) (map[string]any, error) {
	var parts [3]netip.Addr
	for i, text := range []string{f[1], f[2], f[7]} {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != 4 {
			return nil, fmt.Errorf("no address %q", text)
		}
		slices.Reverse(b) // as the machine holds it, with its first byte last
		parts[i], _ = netip.AddrFromSlice(b)
	}
	metric, err := strconv.ParseInt(f[6], 10, 64)
	if err != nil {
		return nil, err
	}
	bits := 0
	for _, b := range parts[2].AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
	}
	return route("ipv4", netip.PrefixFrom(parts[0], bits), parts[1], f[0], metric), nil
}

// Flags of /proc/net/ipv6_route.
const (
	routeUp    = 0x1
	routeCache = 0x01000000
	routeLocal = 0x80000000
)

// route6 reads the fields of a line: destination, its prefix, source, its prefix, gateway, metric, references, use, flags,
// interface. It is nil for what is not of the main table: the host's own addresses, multicast, and what only refuses.
func route6(f []string) (map[string]any, error) {
	var parts [2]netip.Addr
	for i, text := range []string{f[0], f[4]} {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != 16 {
			return nil, fmt.Errorf("no address %q", text)
		}
		parts[i], _ = netip.AddrFromSlice(b)
	}
	bits, err := strconv.ParseUint(f[1], 16, 8)
	metric, errMetric := strconv.ParseUint(f[5], 16, 32)
	flags, errFlags := strconv.ParseUint(f[8], 16, 32)
	if err != nil || errMetric != nil || errFlags != nil || bits > 128 {
		return nil, fmt.Errorf("no route")
	}
	if flags&routeUp == 0 || flags&(routeLocal|routeCache) != 0 || parts[0].IsMulticast() || f[9] == "lo" {
		return nil, nil //nolint:nilnil // a line that is none of the main table's
	}
	return route("ipv6", netip.PrefixFrom(parts[0], int(bits)), parts[1], f[9], int64(metric)), nil
}

func route(family string, to netip.Prefix, gateway netip.Addr, iface string, metric int64) map[string]any {
	r := map[string]any{"family": family, "destination": to.String(), "gateway": "", "iface": clean(iface), "metric": metric}
	if to.Bits() == 0 {
		r["destination"] = "default"
	}
	if !gateway.IsUnspecified() {
		r["gateway"] = gateway.String()
	}
	return r
}

// users reads /etc/passwd and /etc/group. Of two lines with one name the first counts, as for the C library.
func users(results []op.Result, _ time.Time) (map[string]any, error) {
	passwd, err := output(results[0].Exec)
	if err != nil {
		return nil, err
	}
	group, err := output(results[1].Exec)
	if err != nil {
		return nil, err
	}
	entries, groups := map[string]any{}, map[string]any{}
	for f := range entriesOf(passwd, 7) {
		uid, errUID := strconv.ParseUint(f[2], 10, 32)
		gid, errGID := strconv.ParseUint(f[3], 10, 32)
		if _, twice := entries[f[0]]; twice || errUID != nil || errGID != nil {
			continue // a line that the C library skips, too
		}
		entries[clean(f[0])] = map[string]any{"uid": int64(uid), "gid": int64(gid), "comment": clean(f[4]), "home": clean(f[5]), "shell": clean(f[6])}
	}
	for f := range entriesOf(group, 4) {
		gid, err := strconv.ParseUint(f[2], 10, 32)
		if _, twice := groups[f[0]]; twice || err != nil {
			continue
		}
		members := []any{}
		for name := range strings.SplitSeq(f[3], ",") {
			if name != "" {
				members = append(members, clean(name))
			}
		}
		groups[clean(f[0])] = map[string]any{"gid": int64(gid), "members": members}
	}
	return map[string]any{"users": entries, "groups": groups}, nil
}

// entriesOf ranges over the lines of passwd(5) and group(5) that have n fields and a name; those of NIS, which begin with + or -, are none.
func entriesOf(text string, n int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(text) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
			if len(f) != n || f[0] == "" || strings.HasPrefix(f[0], "+") || strings.HasPrefix(f[0], "-") || strings.HasPrefix(f[0], "#") {
				continue
			}
			if !yield(f) {
				return
			}
		}
	}
}

// clockScript prints the time, the offset of local time, and whether the clock is kept right, with blanks. timesyncd leaves a
// mark; others are asked of timedatectl.
const clockScript = `date '+%s %z'
if [ -e /run/systemd/timesync/synchronized ]; then echo yes
elif [ -d /run/systemd/system ] && command -v timedatectl >/dev/null 2>&1; then timedatectl show -p NTPSynchronized --value 2>/dev/null || echo
else echo
fi`

// zones is what stands before the name of a time zone in the link /etc/localtime.
const zones = "zoneinfo/"

// minSkew is the smallest difference of clocks, in seconds, that is not due to how it is measured.
const minSkew = 2

// clock reads /proc/stat, /etc/timezone, what clockScript prints and where /etc/localtime leads.
func clock(results []op.Result, asked time.Time) (map[string]any, error) {
	stat, err := said(results[0].Text)
	if err != nil {
		return nil, err
	}
	name, err := said(results[1].Text)
	if err != nil {
		return nil, err
	}
	text, err := output(results[2].Exec)
	if err != nil {
		return nil, err
	}
	if results[3].Stat == nil {
		return nil, fmt.Errorf("the host gave no answer about /etc/localtime")
	}
	var boot int64
	for line := range strings.Lines(stat) {
		if rest, found := strings.CutPrefix(line, "btime "); found {
			began, err := strconv.ParseUint(strings.TrimSpace(rest), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("/proc/stat: no time: %.100q", line)
			}
			if began <= math.MaxInt64 { // else the clock says that it was booted before 1970
				boot = int64(began)
			}
		}
	}
	f := strings.Fields(text)
	if len(f) < 2 || len(f[1]) != 5 {
		return nil, fmt.Errorf("date printed %.100q", text)
	}
	now, errNow := strconv.ParseInt(f[0], 10, 64)
	offset, errOffset := strconv.ParseInt(f[1], 10, 64)
	if errNow != nil || errOffset != nil {
		return nil, fmt.Errorf("date printed %.100q", text)
	}
	synchronized := ""
	if len(f) > 2 {
		synchronized = f[2]
	}
	skew := now - asked.Unix()
	if skew > -minSkew && skew < minSkew {
		skew = 0
	}
	_, zone, found := strings.Cut(results[3].Stat.Target, zones)
	if !found {
		zone = strings.TrimSpace(name)
	}
	return map[string]any{
		"timezone": clean(zone), "offset": (offset/100*60 + offset%100) * 60, "synchronized": synchronized, "skew": skew, "boot": boot,
	}, nil
}
