package flags

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret/vault"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Vault says what opens that which ansible-vault encrypted.
type Vault struct {
	VaultFile []string `name:"vault-password-file" aliases:"vault-pass-file" sep:"none" placeholder:"FILE|PROGRAM" type:"path" complete:"files" help:"File with the password of Ansible's vault, or a program that prints it. Also: FROYO_VAULT_PASSWORD_FILE, ANSIBLE_VAULT_PASSWORD_FILE. May be repeated."`
	VaultID   []string `name:"vault-id" sep:"none" placeholder:"LABEL@FILE|PROGRAM|prompt" help:"Password of Ansible's vault for what is encrypted under a label. May be repeated."`
	AskVault  bool     `short:"J" name:"ask-vault-password" aliases:"ask-vault-pass" help:"Ask for the password of Ansible's vault, if something is encrypted."`

	// Sealed leaves out what is encrypted, for who must not ask.
	Sealed bool `kong:"-"`
	// Opened is made once.
	Opened *vault.Vault `kong:"-"`
}

// Named repeats the flags, with a blank before each.
func (f *Vault) Named() string {
	var words strings.Builder
	for _, id := range f.VaultID {
		words.WriteString(" --vault-id " + wording.Quote(id))
	}
	for _, file := range f.VaultFile {
		words.WriteString(" --vault-password-file " + wording.Quote(file))
	}
	if f.AskVault {
		words.WriteString(" -J")
	}
	return words.String()
}

// vaultVariable is what stands for the answer to -J.
const vaultVariable = "FROYO_VAULT_PASSWORD"

// maxVaultPassword bounds the file of a password.
const maxVaultPassword = 64 << 10

// Open returns what opens encrypted values, nil where these are left out. It asks for no password before one is encrypted. The
// workspace's password counts where none is given.
func (f *Vault) Open(ctx context.Context, c *console.Console, w *workspace.Workspace) (*vault.Vault, error) {
	if f.Sealed || f.Opened != nil {
		return f.Opened, nil
	}
	var all []vault.Password
	var errs []error
	for _, id := range f.VaultID {
		label, source, labelled := strings.Cut(id, "@")
		if !labelled {
			label, source = "", id
		}
		if source == "" {
			errs = append(errs, diag.Errorf(diag.Pos{}, "--vault-id %s: there is no source of the password", id).WithHint("--vault-id LABEL@FILE, LABEL@PROGRAM or LABEL@prompt"))
			continue
		}
		from := "--vault-id " + id
		if source == "prompt" {
			all = append(all, asked(c, label, from))
			continue
		}
		source = f.home(c, source)
		errs = append(errs, f.there(from, source))
		all = append(all, f.stored(ctx, c, label, from, source))
	}
	for _, file := range f.VaultFile {
		from := "--vault-password-file " + file
		errs = append(errs, f.there(from, file))
		all = append(all, f.stored(ctx, c, "", from, file))
	}
	if f.AskVault || c.Getenv(vaultVariable) != "" {
		all = append(all, asked(c, "", "as it was given"))
	}
	for _, name := range []string{"FROYO_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE"} {
		if file := c.Getenv(name); file != "" {
			all = append(all, f.stored(ctx, c, "", name, f.home(c, file)))
			break
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if name := w.Settings.VaultPassword.Name; name != "" && len(all) == 0 {
		all = append(all, kept(ctx, c, w, name))
	}
	f.Opened = vault.New(all...)
	return f.Opened, nil
}

// kept is a password that is a secret.
func kept(ctx context.Context, c *console.Console, w *workspace.Workspace, name string) vault.Password {
	from := "vaultPassword of " + here.Path(filepath.Join(w.Root, "froyo.cue"))
	read := here.Credentials(c, w, nil)
	return vault.Password{From: from, Get: func() ([]byte, error) {
		text, err := read(ctx, &inventory.Credential{Secret: name})
		if err != nil {
			d := diag.Of(err)
			return nil, &diag.Error{Summary: from + ": " + d.Summary, Detail: d.Detail, Hint: d.Hint, Code: d.Code, Cause: err}
		}
		return bytes.TrimSpace([]byte(text)), nil
	}}
}

func (f *Vault) home(c *console.Console, file string) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		return filepath.Join(c.Getenv("HOME"), rest)
	}
	return file
}

// there refuses what was named and does not exist.
func (f *Vault) there(from, file string) error {
	info, err := os.Stat(file)
	if err == nil && info.IsDir() {
		err = syscall.EISDIR
	}
	if err != nil {
		return diag.ReadFailed(from, err)
	}
	return nil
}

// asked is a password that is asked for on the terminal.
func asked(c *console.Console, label, from string) vault.Password {
	what, variable := "vault password", vaultVariable
	if label != "" {
		what += " (" + label + ")"
		variable += "_" + label
	}
	return vault.Password{ID: label, From: from, Get: func() ([]byte, error) {
		get, err := c.Password(what, variable)
		if err != nil {
			return nil, err
		}
		text, err := get()
		return []byte(strings.TrimSpace(text)), err
	}}
}

// stored is a password that a file holds, or a program prints.
func (f *Vault) stored(ctx context.Context, c *console.Console, label, from, file string) vault.Password {
	return vault.Password{ID: label, From: from, Get: func() ([]byte, error) {
		info, err := os.Stat(file)
		if err != nil {
			return nil, diag.ReadFailed(from, err)
		}
		const execute = 0o111
		var text []byte
		if info.Mode().IsRegular() && info.Mode()&execute != 0 {
			text, err = printed(ctx, c, label, file)
		} else {
			text, err = input.File{Name: file, What: from, Max: maxVaultPassword}.Read(ctx)
		}
		if err != nil {
			return nil, err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			return nil, fmt.Errorf("%s gives no password: it is empty", from)
		}
		return text, nil
	}}
}

// printed is what a program prints. One that ends in -client is told the label, as by Ansible.
func printed(ctx context.Context, c *console.Console, label, file string) ([]byte, error) {
	programs, err := runner(c)
	if err != nil {
		return nil, err
	}
	programs.What = "vault password"
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if strings.HasSuffix(base, "-client") && label != "" {
		return programs.Run(ctx, file, "--vault-id", label)
	}
	return programs.Run(ctx, file)
}

// unlock opens an encrypted text of a file of variables.
func unlock(v *vault.Vault, text []byte) ([]byte, error) {
	e, err := vault.Parse(text)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, vault.ErrNoPassword
	}
	return v.Open(e)
}

// locked says why something encrypted in a file of variables cannot be read.
func locked(pos diag.Pos, what string, err error) error {
	if _, refused := errors.AsType[*vault.RefusedError](err); refused || errors.Is(err, vault.ErrNoPassword) {
		return diag.Errorf(pos, "%s is %w", what, err).WithHint("give the password that it was encrypted with: --vault-password-file FILE, or --vault-id LABEL@FILE")
	}
	if e, ok := errors.AsType[*diag.Error](err); ok {
		return e
	}
	return diag.Errorf(pos, "%s is encrypted with ansible-vault, and cannot be read: %w", what, err)
}
