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

// RekeyBook is the runbook that gives the user of a target another key.
//
//go:embed rekey.star
var RekeyBook string

//go:embed others.sh
var othersScript string

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

// Mark is the comment of the keys in authorized_keys by which they are known when the host is restored, or they get successors.
const Mark = "froyo-onboard"

// Program is by what the units are known that are done here, and not on the host: their command is "false" with it.
const Program = "froyo:onboard"

// The steps that are done here.
const (
	stepHostKey  = "host-key"
	stepAccess   = "access"
	stepLocked   = "locked"
	stepRegister = "register"
)

// keep is the script that keeps what is there. Neither the name nor the key has quotes: Check and publicKey see to that.
func (r *Request) keep() string {
	return strings.NewReplacer("@USER@", r.User, "@KEY@", r.Key.Line).Replace(keepScript)
}

// Undo is the script that restores a host, the same for all.
func Undo() string {
	var lines []string
	for _, l := range Locks() {
		lines = append(lines, l.Settings...)
	}
	return strings.NewReplacer("@LINES@", strings.Join(lines, "\n"), "@MARK@", Mark).Replace(rollbackScript)
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
		"mark": Mark, "keep": r.keep(), "reload": reloadScript, "undo": Undo(), "rollback": "", "lock": "", "shows": "",
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

// Rekeyed is the inventory of RekeyBook: the target as its user reaches it by the key that it has. e wants the other one.
func Rekeyed(e *Entry, now Key) *inventory.Inventory {
	was := e.Request
	was.Key = now
	h := was.After()
	others := strings.NewReplacer("@NEW@", e.Key.Line, "@OLD@", now.Line, "@MARK@", Mark).Replace(othersScript)
	h.Vars = map[string]any{"onboard": map[string]any{
		"who": e.User, "key": e.Key.Line, "key_name": e.Key.String(), "mark": Mark,
		"others": others + "cp -p \"$f\" \"$f.froyo\" && others 0 >\"$f.froyo\" && sync && mv -f \"$f.froyo\" \"$f\" || { rm -f \"$f.froyo\"; exit 1; }\n", "alone": others + "test -z \"$(others 1)\"\n",
	}}
	return inventory.New([]*inventory.Host{h})
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
