package flags

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// maxAnsibleConfig bounds what is read of ansible.cfg.
const maxAnsibleConfig = 1 << 20

// ofAnsible are the settings of ansible.cfg that say who is reached and how, by section and name, with what froyo has in their place.
var ofAnsible = []struct {
	name, place string
	given       func(f *Target, c *console.Console, w *workspace.Workspace) bool // froyo was told in its own way
}{
	{"defaults inventory", `-i FILE, or inventory: "FILE" in froyo.cue`, func(f *Target, _ *console.Console, w *workspace.Workspace) bool {
		return len(f.Inventory)+len(w.Inventory()) > 0
	}},
	{"defaults remote_user", `-u USER, or user: "USER" in froyo.cue`, func(f *Target, _ *console.Console, w *workspace.Workspace) bool {
		return f.User != "" || w.Settings.User != ""
	}},
	{"defaults private_key_file", "--key FILE, or IdentityFile in ~/.ssh/config", func(f *Target, _ *console.Console, _ *workspace.Workspace) bool { return len(f.Key) > 0 }},
	{"defaults host_key_checking", "--accept-new, or StrictHostKeyChecking in ~/.ssh/config", func(f *Target, _ *console.Console, _ *workspace.Workspace) bool { return f.AcceptNew }},
	{"defaults vault_password_file", "--vault-password-file FILE, or FROYO_VAULT_PASSWORD_FILE", hasVault},
	{"defaults vault_identity_list", "--vault-id LABEL@FILE", hasVault},
	{"defaults ask_pass", "-k", func(f *Target, _ *console.Console, _ *workspace.Workspace) bool { return f.AskPass }},
	{"privilege_escalation become", "-b, or become: true in froyo.cue", func(f *Target, _ *console.Console, w *workspace.Workspace) bool { return f.Become || w.Settings.Become }},
	{"privilege_escalation become_method", "--become-method METHOD", func(f *Target, _ *console.Console, _ *workspace.Workspace) bool { return f.Method != "" }},
	{"privilege_escalation become_user", "ansible_become_user in the inventory", nil},
	{"privilege_escalation become_ask_pass", "-K", func(f *Target, _ *console.Console, _ *workspace.Workspace) bool { return f.AskBecome }},
	{"ssh_connection ssh_args", "~/.ssh/config", nil},
	{"ssh_connection ssh_common_args", "~/.ssh/config", nil},
}

func hasVault(f *Target, c *console.Console, w *workspace.Workspace) bool {
	return len(f.Vault.VaultFile)+len(f.Vault.VaultID) > 0 || f.Vault.AskVault || w.Settings.VaultPassword.Name != "" || c.Getenv(vaultVariable) != "" ||
		c.Getenv("FROYO_VAULT_PASSWORD_FILE") != "" || c.Getenv("ANSIBLE_VAULT_PASSWORD_FILE") != ""
}

// ansibleConfig says what of ansible.cfg here, or of the file that ANSIBLE_CONFIG names, has no effect though it says how hosts
// are reached; nil is nothing.
func ansibleConfig(f *Target, c *console.Console, w *workspace.Workspace) *diag.Error {
	name := "ansible.cfg"
	if named := c.Getenv("ANSIBLE_CONFIG"); named != "" {
		name = named
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxAnsibleConfig {
		return nil
	}
	text, err := os.ReadFile(name) //nolint:gosec // the operator's
	if err != nil {
		return nil
	}
	set := settingsOf(text)
	var names []string
	pos := diag.Pos{File: name}
	for _, s := range ofAnsible {
		line := set[s.name]
		if line == 0 || s.given != nil && s.given(f, c, w) {
			continue
		}
		_, setting, _ := strings.Cut(s.name, " ")
		names = append(names, setting+" (here: "+s.place+")")
		if pos.Line == 0 || line < pos.Line {
			pos.Line, pos.Col = line, 1
		}
	}
	if len(names) == 0 {
		return nil
	}
	return diag.Errorf(pos, "froyo does not read ansible.cfg, which sets %s", strings.Join(names, ", "))
}

// usual are values that change nothing.
var usual = map[string]string{"host_key_checking": "true yes on 1", "ask_pass": no, "become": no, "become_ask_pass": no}

const no = "false no off 0"

// settingsOf are the lines at which settings stand that change something, by section and name.
func settingsOf(text []byte) map[string]int {
	set := map[string]int{}
	section := ""
	for i, line := range bytes.Split(text, []byte("\n")) {
		line := string(bytes.TrimRight(line, " \t\r"))
		if inner, is := strings.CutPrefix(line, "["); is {
			section, _, _ = strings.Cut(inner, "]")
			continue
		}
		if line == "" || strings.ContainsAny(line[:1], "#; \t") {
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 1 {
			continue
		}
		name, value := strings.ToLower(strings.TrimSpace(line[:at])), strings.ToLower(strings.TrimSpace(line[at+1:]))
		if value != "" && !slices.Contains(strings.Fields(usual[name]), value) {
			set[section+" "+name] = i + 1
		}
	}
	return set
}
