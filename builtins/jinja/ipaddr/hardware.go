package ipaddr

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// hardwareText are the ways in which a hardware address of 48 bits is written.
var hardwareText = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2})$`),
	regexp.MustCompile(`(?i)^([0-9a-f]{1,2})-([0-9a-f]{1,2})-([0-9a-f]{1,2})-([0-9a-f]{1,2})-([0-9a-f]{1,2})-([0-9a-f]{1,2})$`),
	regexp.MustCompile(`(?i)^([0-9a-f]{1,4})[.]([0-9a-f]{1,4})[.]([0-9a-f]{1,4})$`),
	regexp.MustCompile(`(?i)^([0-9a-f]{1,4}):([0-9a-f]{1,4}):([0-9a-f]{1,4})$`),
	regexp.MustCompile(`(?i)^([0-9a-f]{1,4})-([0-9a-f]{1,4})-([0-9a-f]{1,4})$`),
	regexp.MustCompile(`(?i)^([0-9a-f]{5,6})-([0-9a-f]{5,6})$`),
	regexp.MustCompile(`(?i)^([0-9a-f]{5,6}):([0-9a-f]{5,6})$`),
	regexp.MustCompile(`(?i)^([0-9a-f]{12})$`),
}

// parseHardware reads a hardware address of 48 bits.
func parseHardware(v value) (uint64, bool) {
	if n, ok := py.Int(v); ok {
		return uint64(n), n >= 0 && n < 1<<48 //nolint:gosec // not negative
	}
	s, ok := v.(starlark.String)
	if !ok {
		return 0, false
	}
	for _, re := range hardwareText {
		m := re.FindStringSubmatch(string(s))
		if m == nil {
			continue
		}
		bits := 48 / (len(m) - 1)
		var out uint64
		for _, part := range m[1:] {
			n, err := strconv.ParseUint(part, 16, 64)
			if err != nil {
				return 0, false
			}
			out = out<<bits | n
		}
		return out, true
	}
	if isDigits(string(s)) && len(s) < 11 {
		n, err := strconv.ParseUint(string(s), 10, 48)
		return n, err == nil
	}
	return 0, false
}

// grouped writes the digits of a hardware address in groups.
func grouped(v uint64, size int, sep, format string) string {
	digits := fmt.Sprintf("%012x", v)
	var out []string
	for i := 0; i < len(digits); i += size {
		n, _ := strconv.ParseUint(digits[i:i+size], 16, 64)
		out = append(out, fmt.Sprintf(format, n))
	}
	return strings.Join(out, sep)
}

func hwaddr(v, q value, name string) (value, error) {
	ask, isText := q.(starlark.String)
	mac, ok := parseHardware(v)
	if s, isString := v.(starlark.String); isString && !ok && len(s) >= 16 && strings.Trim(strings.ToLower(string(s)), "0123456789abcdef:.-") == "" {
		return nil, py.Errorf("%s: %q may be a hardware address of 64 bits, which is not read here", name, s)
	}
	if !ok && (!isText || ask != "" && ask != "bool") {
		s, err := py.Str(v)
		if err != nil {
			return nil, err
		}
		return nil, py.Errorf("%s: not a hardware address: %s", name, s)
	}
	if !ok {
		return none, nil
	}
	switch ask {
	case "":
		return v, nil
	case "bool":
		return starlark.True, nil
	case "bare":
		return str(fmt.Sprintf("%012X", mac)), nil
	case "int":
		return starlark.MakeUint64(mac), nil
	case "cisco":
		return str(grouped(mac, 4, ".", "%04x")), nil
	case "eui48", "win":
		return str(grouped(mac, 2, "-", "%02X")), nil
	case "linux":
		return str(grouped(mac, 2, ":", "%02x")), nil
	case "pgsql", "postgresql", "psql":
		return str(grouped(mac, 6, ":", "%06x")), nil
	case "unix":
		return str(grouped(mac, 2, ":", "%x")), nil
	}
	return nil, py.Errorf("%s: unknown filter type: %s", name, string(ask))
}

// slaac is the address of a hardware address in a network of version 6.
func slaac(c *call) (value, error) {
	n := whole(c.Value)
	if n == nil || n.version != 6 {
		return no, nil
	}
	mac, ok := parseHardware(c.Values[0])
	if given, err := py.Truth(c.Values[0]); err != nil || !given || !ok {
		return no, err
	}
	host := new(big.Int).SetUint64((mac>>24<<40 | 0xfffe<<24 | mac&0xffffff) ^ 1<<57)
	v := new(big.Int).Add(n.first(), host)
	if v.Cmp(most(6)) > 0 {
		return nil, py.Errorf("there is no such address")
	}
	return str(text(v, 6)), nil
}
