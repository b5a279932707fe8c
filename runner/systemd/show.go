package systemd

import (
	"context"
	"os"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// shown are the properties that tell what D-Bus would.
const shown = "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,Type,RemainAfterExit"

// show asks for units by one program: for hosts whose bus does not take us, or
// whose systemd is too old to be asked for several units.
func (m *Manager) show(ctx context.Context, names []string) ([]unit, error) {
	argv := append([]string{m.systemctl(), "show", "--no-pager", "--property=" + shown, "--"}, names...)
	r, err := m.host.Run(ctx, argv, environment)
	if err != nil {
		return nil, err
	}
	blocks := strings.Split(strings.TrimSpace(r.Stdout), "\n\n")
	if r.RC != 0 || r.Truncated() || len(blocks) != len(names) {
		return nil, unanswered(r)
	}
	units := make([]unit, len(names))
	for i, block := range blocks {
		p := parseProperties(block)
		u := &units[i]
		u.id, u.Service = p.get("Id"), op.Service{
			Name: names[i], Load: p.get("LoadState"), Active: p.get("ActiveState"), Sub: p.get("SubState"), File: p.get("UnitFileState"),
		}
		u.Outdated = u.Load != notFound && p.get("NeedDaemonReload") == "yes"
		u.Once = u.Load == "loaded" && u.Stopped() && p.get("Type") == "oneshot" && p.get("RemainAfterExit") == "no"
		if !isUnit(u.id) || !isWord(u.Load) || !isWord(u.Active) || !isWord(u.Sub) || u.File != "" && !isWord(u.File) {
			return nil, unanswered(r)
		}
	}
	return units, nil
}

// unanswered is systemctl that does not tell what it was asked.
func unanswered(r *op.ExecResult) *op.Error {
	text := line(r.Stderr)
	if text == "" {
		text = "its answer cannot be understood"
	}
	e := &op.Error{Class: op.Permanent, Code: "nobus", Message: "ask systemd for the state of units: systemctl show: " + text}
	if passes(r.Stderr) {
		e.Class = op.Transient
	}
	return e
}

// environment makes systemctl speak English, on which nothing depends but the
// explanation of failures.
var environment = []string{"LC_ALL=C"}

// systemctl is where the program is. Rules of sudo name its path.
func (m *Manager) systemctl() string {
	const path, old = "/usr/bin/systemctl", "/bin/systemctl"
	if _, err := os.Stat(m.host.Root + path[1:]); err != nil {
		return old
	}
	return path
}

// properties are lines of NAME=value, of which a name may have several.
type properties [][2]string

func parseProperties(text string) properties {
	var p properties
	for l := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(l, "="); ok {
			p = append(p, [2]string{name, value})
		}
	}
	return p
}

// get returns the first value of a name.
func (p properties) get(name string) string {
	for _, each := range p {
		if each[0] == name {
			return each[1]
		}
	}
	return ""
}

// maxUnits bounds how many services are told.
const maxUnits = 10_000

// Units tells the loaded services. A host that has no systemd, or whose
// systemd does not answer, has none and no manager.
func (m *Manager) Units(ctx context.Context) *op.SvcUnits {
	result := &op.SvcUnits{Units: map[string]op.SvcUnit{}}
	if !m.runs() {
		return result
	}
	answers, err := m.exchange(ctx, []call{manager("ListUnits", false)})
	if err != nil {
		return result
	}
	units, err := listed(answers[0])
	if err != nil {
		return result
	}
	result.Manager = "systemd"
	for _, u := range units {
		if strings.HasSuffix(u.id, ".service") && len(result.Units) < maxUnits {
			result.Units[u.id] = op.SvcUnit{Active: u.Active, Sub: u.Sub, Load: u.Load}
		}
	}
	return result
}
