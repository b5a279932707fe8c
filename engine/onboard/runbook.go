package onboard

import (
	_ "embed"
	"regexp"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/op"
)

// Runbook is the runbook that brings hosts to what is wanted of them.
//
//go:embed onboard.star
var Runbook string

//go:embed keep.sh
var keepScript string

//go:embed reload.sh
var reloadScript string

//go:embed rollback.sh
var rollbackScript string

// Directory is where a host keeps what was there, and RollbackFile what restores it.
const (
	Directory    = "/var/lib/froyo/onboard"
	RollbackFile = Directory + "/rollback"
)

// Program is by what the units are known that are done here, and not on the host: their command is "false" with it.
const Program = "froyo:onboard"

// The steps that are done here.
const (
	stepHostKey  = "host-key"
	stepAccess   = "access"
	stepLocked   = "locked"
	stepRegister = "register"
)

// keep is the script that keeps what is there. The name has no quotes: Check sees to that.
func (r *Request) keep() string { return strings.ReplaceAll(keepScript, "@USER@", r.User) }

// Undo is the script that restores a host, the same for all.
func Undo() string {
	var lines []string
	for _, l := range Locks() {
		lines = append(lines, l.Settings...)
	}
	return strings.ReplaceAll(rollbackScript, "@LINES@", strings.Join(lines, "\n"))
}

// hostList is how a rule begins that says for which machines it is.
var hostList = regexp.MustCompile(`^[A-Za-z0-9_.*,!+-]+\s*=`)

// rules are the lines of the user's rules.
func (r *Request) rules() []any {
	rule := strings.TrimSpace(r.Sudo)
	if !hostList.MatchString(rule) {
		who := "ALL=(root) "
		if strings.HasPrefix(rule, "(") {
			who = "ALL="
		}
		rule = who + rule
	}
	lines := []any{r.User + " " + rule}
	if !r.NoRollback {
		lines = append(lines, r.User+` ALL=(root) NOPASSWD: `+RollbackFile+` "", `+RollbackFile+` show`)
	}
	return lines
}

// settings are what sshd has to show.
func (r *Request) settings() (lines []string) {
	for _, l := range Locks() {
		for _, name := range r.LockDown {
			if name == l.Name {
				lines = append(lines, l.Settings...)
			}
		}
	}
	return lines
}

// vars are what the runbook knows of a host.
func (r *Request) vars(hostKey string) map[string]any {
	v := map[string]any{
		"host_key": hostKey, "who": r.User, "login": r.Login, "key": r.Key.Line, "key_name": r.Key.String(), "rules": r.rules(),
		"keep": r.keep(), "reload": reloadScript, "undo": Undo(), "rollback": "", "lock": "", "shows": "",
	}
	if !r.NoRollback {
		v["rollback"], v["sum"] = Undo(), op.Sum([]byte(Undo()))
	}
	if lines := r.settings(); len(lines) > 0 {
		v["lock"] = strings.Join(lines, "\n") + "\n"
		v["shows"] = strings.ToLower(strings.Join(lines, "\n")) + "\n"
	}
	return map[string]any{"onboard": v}
}

// Hosts is the inventory that the runbook is for: hosts as who is let in now reaches them.
func Hosts(all []*Entry) *inventory.Inventory {
	var hosts []*inventory.Host
	for _, e := range all {
		h := e.Before()
		h.Vars = e.vars(e.HostKey)
		hosts = append(hosts, h)
	}
	return inventory.New(hosts)
}
