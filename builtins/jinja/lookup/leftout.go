package lookup

// leftOut are lookups of Ansible that ask the world outside, and what to write instead.
var leftOut = []struct{ Name, Why string }{
	{"config", "froyo has no configuration of Ansible; give the value to template()"},
	{"dig", "a template asks no name server; give the address to template(), from the inventory or host.query"},
	{"env", "a template reads no environment; FROYO_VAR_x in the environment is vars.x in the runbook, which is given to template()"},
	{"hashi_vault", "a template asks no server; read the secret in the runbook and give it to template() as sensitive(...)"},
	{"inventory_hostnames", "a template reads no inventory; give [h.name for h in hosts(\"...\")] to template()"},
	{"lines", "a template runs no program; read a file of the host by host.read(...) in the runbook, and give it to template()"},
	{"password", "a template keeps no files of passwords; give the password to template() as sensitive(vars.x)"},
	{"passwordstore", "a template runs no program; give the password to template() as sensitive(vars.x)"},
	{"pipe", "a template runs no program; give what it says to template(), from vars, or from the host by host.query(...)"},
	{"random_choice", "a text that differs each time would be a change each time; use the filter random with a seed"},
	{"redis", "a template asks no server; give the value to template()"},
	{"unvault", "there are no files of Ansible Vault; give the text to template() as sensitive(vars.x)"},
	{"url", "a template asks no server; save the text as a file of the workspace, or give it to template()"},
	{"varnames", "a template cannot list its variables; give it a dict and go over its keys"},
}

// LeftOut says why a lookup is left out and what to write instead, or nothing where it is not known.
func LeftOut(name string) string {
	for _, l := range leftOut {
		if l.Name == name {
			return l.Why
		}
	}
	return ""
}

// AllLeftOut returns the lookups that are left out, each with what to write instead.
func AllLeftOut() []struct{ Name, Why string } { return leftOut }
