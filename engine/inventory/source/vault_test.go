package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/source"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/secret/vault"
)

// lockedBy is testdata/vault, whose password is "open sesame".
func lockedBy(passwords ...string) source.Options {
	var all []vault.Password
	for _, p := range passwords {
		all = append(all, vault.Password{From: "test", Get: func() ([]byte, error) { return []byte(p), nil }})
	}
	return source.Options{Vault: vault.New(all...)}
}

// TestVault reads an inventory of Ansible with encrypted values, an encrypted file, and passwords that are variables there.
func TestVault(t *testing.T) {
	inv, err := source.Load(t.Context(), []string{"testdata/vault/hosts.yml"}, lockedBy("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "warnings", nil, report(inv.Warnings()...))
	h := inv.Host("web1")
	for _, tt := range []struct {
		name string
		got  any
		want any
	}{
		{"user", h.User, "ops"},
		{"password", secret.Resolve(h.Password.Text), "login-Pa55"},
		{"become password", secret.Resolve(h.BecomePassword.Text), "become-Pa55"},
		{"token", secret.ResolveValue(h.Vars["token"]), "t0ken-of-web"},
		{"nested", secret.ResolveValue(h.Vars["nested"]), []any{map[string]any{"key": "t0ken-of-web", "open": int64(1)}}},
		{"of a file", secret.ResolveValue(h.Vars["from_file"]), "hidden-in-file"},
		{"open", h.Vars["open"], "yes it is"},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	for _, name := range []string{"token", "nested", "from_file", "vault_become"} {
		if !secret.MarkedValue(h.Vars[name]) {
			t.Errorf("%s is no secret: %v", name, h.Vars[name])
		}
	}
	if secret.MarkedValue(h.Vars["open"]) || h.Vars["ansible_password"] != nil {
		t.Errorf("%v", h.Vars)
	}
	for name, all := range inv.Settings("web1") {
		for _, s := range all {
			text := fmt.Sprint(s.Value)
			if strings.Contains(text, "Pa55") || strings.Contains(text, "t0ken") || strings.Contains(text, "hidden") || strings.Contains(text, "envelope") {
				t.Errorf("%s is shown: %v", name, s.Value)
			}
		}
	}
}

// TestVaultErrors: without the right password nothing is read, and each place is named once.
func TestVaultErrors(t *testing.T) {
	const hint = " (give the password that it was encrypted with: --vault-password-file FILE, or --vault-id LABEL@FILE)"
	for _, tt := range []struct {
		name, why string
		opts      source.Options
	}{
		{"none", "encrypted with ansible-vault, and no password is given", lockedBy()},
		{"wrong", "encrypted with ansible-vault, and the password does not open it (test), or it was changed since", lockedBy("x")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inv, err := source.Load(t.Context(), []string{"testdata/vault/hosts.yml"}, tt.opts)
			if inv != nil || err == nil {
				t.Fatal("half of it was read")
			}
			check(t, "errors", []string{"testdata/vault/group_vars/all/vault.yml:1:1: the file is " + tt.why + hint}, reportError(err)[:1])
		})
	}
	src, err := os.ReadFile("testdata/vault/hosts.yml")
	if err != nil {
		t.Fatal(err)
	}
	files(t, map[string]string{"hosts.yml": string(src), "bad.yml": "all: {hosts: {h: {a: !vault x, ansible_port: !vault y}}}\n"})
	_, err = source.Load(t.Context(), []string{"hosts.yml"}, lockedBy("x"))
	if got := reportError(err); len(got) != 1 || !strings.HasPrefix(got[0], `hosts.yml:6:`) || !strings.Contains(got[0], `variable "`) ||
		!strings.Contains(got[0], "or it was changed since; so are 2 other values of the file (give the password") {
		t.Errorf("%q", got)
	}
	_, err = source.Load(t.Context(), []string{"bad.yml"}, lockedBy("x"))
	check(t, "errors", []string{
		`bad.yml:1:22: variable "a" is encrypted with ansible-vault, and cannot be read: it does not begin with $ANSIBLE_VAULT;`,
		`bad.yml:1:46: variable "ansible_port" is encrypted with ansible-vault, and cannot be read: it does not begin with $ANSIBLE_VAULT;`,
	}, reportError(err))
}

// TestEncryptedTextIsNotQuoted: what is wrong in an encrypted file is told without it.
func TestEncryptedTextIsNotQuoted(t *testing.T) {
	_, err := source.Load(t.Context(), []string{"testdata/vault/broken.yml"}, lockedBy("open sesame"))
	check(t, "errors", []string{"testdata/vault/broken.yml:4:7: the encrypted text is not as it has to be here; what stands there is not shown"}, reportError(err))
}

// TestCUESecrets: passwords and keys of a CUE inventory are names of secrets, of hosts and of groups, and nothing else.
func TestCUESecrets(t *testing.T) {
	inv, err := load(t, "inventory.cue", `hosts: {
	web1: {
		groups: ["web"]
		password: secret: "ssh/web1"
		privateKey: secret: "env:KEY"
		vars: ansible_password: "pl4in"
	}
	web2: groups: ["web"]
	web3: {}
	web4: privateKey: key: "default-ed25519"
}
groups: web: {becomePassword: secret: "ops/sudo", password: secret: "ssh/web"}
`)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "warnings", nil, report(inv.Warnings()...))
	told := func(c *inventory.Credential) string {
		if c == nil {
			return ""
		}
		return c.Secret + c.Key + c.Text + " " + c.Pos.String()
	}
	for _, tt := range []struct {
		host  string
		want  []string
		holds bool
	}{
		{"web1", []string{"ssh/web1 inventory.cue:4:13", "ops/sudo inventory.cue:12:31", "env:KEY inventory.cue:5:15"}, true},
		{"web2", []string{"ssh/web inventory.cue:12:61", "ops/sudo inventory.cue:12:31", ""}, true},
		{"web3", []string{"", "", ""}, false},
		{"web4", []string{"", "", "default-ed25519 inventory.cue:10:20"}, true},
	} {
		h := inv.Host(tt.host)
		got := []string{told(h.Password), told(h.BecomePassword), told(h.PrivateKey)}
		for i, text := range got {
			if _, rest, cut := strings.Cut(text, " "); cut {
				got[i] = strings.TrimSuffix(text, rest) + filepath.Base(rest)
			}
		}
		check(t, tt.host, tt.want, got)
		if h.HasPasswords != tt.holds || len(h.Vars) > 0 {
			t.Errorf("%s: %v %v", tt.host, h.HasPasswords, h.Vars)
		}
	}
	for name, all := range inv.Settings("web1") {
		for _, s := range all {
			if text := fmt.Sprint(s.Value); strings.Contains(text, "pl4in") || text == "ssh/web1" {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
	for text, want := range map[string]string{
		`hosts: web1: password: "pl4in"`:                `password: want the name of a secret, and not the value itself (keep it: froyo secret set NAME; and name it here: password: secret: "NAME")`,
		`hosts: web1: privateKey: secret: ""`:           `privateKey: want {key: "NAME"} or {secret: "NAME"}`,
		`hosts: web1: password: key: "web"`:             `password: want {secret: "NAME"}`,
		`hosts: web1: becomePassword: {secrets: "x"}`:   `becomePassword: want {secret: "NAME"}`,
		`hosts: web1: vars: froyo_private_key: "pl4in"`: `froyo_private_key cannot be set as a variable`,
	} {
		_, err := load(t, "inventory.cue", text)
		if err == nil || !strings.Contains(fmt.Sprint(reportError(err)), want) || strings.Contains(err.Error(), "pl4in") {
			t.Errorf("%s: %q", text, reportError(err))
		}
	}
}
