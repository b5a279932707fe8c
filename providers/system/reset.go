package system

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Reset is a parameter that the kernel sets to another value where this one changes, and that the same file sets.
type Reset struct {
	Name  string `json:"name"` // canonical
	Value string `json:"value"`
}

// forAll are the parameters of IPv6 whose value for all interfaces becomes that of each.
var forAll = []string{"forwarding", "disable_ipv6", "ignore_routes_with_linkdown", "addr_gen_mode"}

// resets reports whether the kernel sets one parameter anew where another one changes, by their canonical names.
func resets(name, other string) bool {
	switch name {
	case "net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding":
		return other == "net/ipv4/conf/all/accept_redirects" ||
			other != name && strings.HasPrefix(other, "net/ipv4/conf/") && strings.HasSuffix(other, "/forwarding") && other != "net/ipv4/conf/all/forwarding"
	}
	what, is := strings.CutPrefix(name, "net/ipv6/conf/all/")
	return is && other != name && slices.Contains(forAll, what) && strings.HasPrefix(other, "net/ipv6/conf/") && strings.HasSuffix(other, "/"+what)
}

// usual are those that are reset on every host, and can be announced.
func (s Sysctl) usual() []string {
	switch name := canonical(s.Name); {
	case resets(name, "net/ipv4/conf/all/accept_redirects"):
		return []string{"net/ipv4/conf/all/accept_redirects", "net/ipv4/conf/default/forwarding"}
	default:
		if other := strings.Replace(name, "/all/", "/default/", 1); resets(name, other) {
			return []string{other}
		}
	}
	return nil
}

// others are the usual ones that a file sets, with the values that they have there.
func (s Sysctl) others(text string) []Reset {
	var all []Reset
	usual := s.usual()
	for _, line := range textfile.Lines(text) {
		name, value, is := setting(line)
		if is && slices.Contains(usual, name) {
			all = slices.DeleteFunc(all, func(r Reset) bool { return r.Name == name }) // the last one counts
			all = append(all, Reset{name, value})
		}
	}
	return all
}

// present are those that the kernel has.
func (s Sysctl) present(t *sdk.T, all []Reset) []Reset {
	if !s.Live || len(all) == 0 {
		return nil
	}
	var ops []op.Op
	for _, r := range all {
		ops = append(ops, op.Op{Text: &op.Text{Path: "/proc/sys/" + r.Name, Limit: maxValue, Unsafe: true}})
	}
	var found []Reset
	for i, result := range t.All(ops...) {
		if result.Error != nil || result.Text.Exists {
			found = append(found, all[i])
		}
	}
	return found
}

// keep sets what was reset to what it is to be.
func (s Sysctl) keep(t *sdk.T, all []Reset) {
	for _, r := range all {
		s.setOne(t, r.Name, &r.Value)
	}
}

// first puts the line of a parameter before those of what it resets, in the order of which a boot sets them.
func (s Sysctl) first(lines []string) []string {
	own, before := -1, -1
	for i, line := range lines {
		name, _, is := setting(line)
		switch {
		case is && name == canonical(s.Name):
			own = i
		case is && before < 0 && resets(canonical(s.Name), name):
			before = i
		}
	}
	if own < 0 || before < 0 || before > own {
		return lines
	}
	line := lines[own]
	lines = slices.Delete(lines, own, own+1)
	return slices.Insert(lines, before, line)
}

// setting reads a line of a file of parameters.
func setting(line string) (name, value string, is bool) {
	name, value, is = strings.Cut(textfile.Bare(line), "=")
	name = strings.TrimSpace(name)
	return canonical(name), normal(value), is && !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, ";")
}
