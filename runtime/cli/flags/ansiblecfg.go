package flags

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	{"defaults remote_port", "ansible_port in the inventory, or Port in ~/.ssh/config", nil},
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
// are reached; and where that cannot be known.
func ansibleConfig(f *Target, c *console.Console, w *workspace.Workspace) []*diag.Error {
	const here = "ansible.cfg"
	named := c.Getenv("ANSIBLE_CONFIG")
	if named == "" {
		return ofConfig(here, here, f, c, w)
	}
	info, err := os.Stat(named)
	if err == nil && info.IsDir() {
		named = filepath.Join(named, here)
		_, err = os.Stat(named)
	}
	if errors.Is(err, fs.ErrNotExist) { // then it is the one of here for Ansible, too
		missing := &diag.Error{Summary: "ANSIBLE_CONFIG names " + named + ", which is not there; froyo does not read ansible.cfg"}
		return append([]*diag.Error{missing}, ofConfig(here, here, f, c, w)...)
	}
	return ofConfig(named, "ANSIBLE_CONFIG names "+named, f, c, w)
}

// ofConfig is ansibleConfig for one file.
func ofConfig(name, what string, f *Target, c *console.Console, w *workspace.Workspace) []*diag.Error {
	unread := func(why string) []*diag.Error {
		return []*diag.Error{{Summary: what + ": " + why + "; froyo does not read it, and cannot tell whether it says who is reached and how"}}
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unread(diag.ReadFailed("it", err).Summary)
	case !info.Mode().IsRegular():
		return unread("it is no regular file")
	case info.Size() > maxAnsibleConfig:
		return unread("it is too large")
	}
	text, err := os.ReadFile(name) //nolint:gosec // the operator's
	if err != nil {
		return unread(diag.ReadFailed("it", err).Summary)
	}
	if ignored := ignoredOf(name, text, f, c, w); ignored != nil {
		return []*diag.Error{ignored}
	}
	return nil
}

// ignoredOf says what the text of a file sets that has no effect; nil is nothing.
func ignoredOf(name string, text []byte, f *Target, c *console.Console, w *workspace.Workspace) *diag.Error {
	set := settingsOf(text)
	var names []string
	pos := diag.Pos{File: name}
	for _, s := range ofAnsible {
		line := set[s.name].line
		if line == 0 || s.given != nil && s.given(f, c, w) {
			continue
		}
		_, setting, _ := strings.Cut(s.name, " ")
		names = append(names, setting+" (here: "+s.place+missing(name, setting, set[s.name].value)+")")
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
var usual = map[string]string{"host_key_checking": "true yes on 1", "ask_pass": no, "become": no, "become_ask_pass": no, "remote_port": "22"}

const no = "false no off 0"

// missing adds that an inventory which a file names is not there. What names it is relative to the file.
func missing(file, setting, value string) string {
	if setting != "inventory" {
		return ""
	}
	var gone []string
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if name == "" || strings.ContainsAny(name, "~${") || strings.HasSuffix(strings.TrimSpace(value), ",") {
			continue // a variable, or hosts by name
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, name)
		}
	}
	if len(gone) == 0 {
		return ""
	}
	return "; " + strings.Join(gone, ", ") + " is not there"
}

// set is a setting, and the line at which it stands.
type set struct {
	line  int
	value string
}

// settingsOf are the settings that change something, by section and name.
func settingsOf(text []byte) map[string]set {
	all := map[string]set{}
	section := ""
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
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
		name, value := strings.ToLower(strings.TrimSpace(line[:at])), strings.TrimSpace(line[at+1:])
		if value != "" && !slices.Contains(strings.Fields(usual[name]), strings.ToLower(value)) {
			all[section+" "+name] = set{i + 1, value}
		}
	}
	return all
}
