package source

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/endpoint"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/command/kind"
)

// setting is a variable of Ansible's that says how a host is reached.
type setting struct {
	name string
	set  func(d *draft, h *inventory.Host, v any) error
}

// honoured lists them. Where a host has several for the same thing, the later one wins, as in Ansible.
func honoured() []setting {
	return []setting{
		{"ansible_connection", setConnection}, // first: it says what an address is
		{"ansible_host", setAddress},
		{"ansible_ssh_host", setAddress},
		{"ansible_port", setPort},
		{"ansible_ssh_port", setPort},
		{"ansible_user", setUser},
		{"ansible_ssh_user", setUser},
		{"ansible_private_key_file", setKey},
		{"ansible_ssh_private_key_file", setKey},
		{"ansible_become", setBecome},
		{"ansible_become_user", setBecomeUser},
		{"ansible_become_method", setBecomeMethod},
		{connectionArguments, setArguments},
	}
}

// Variables that are passwords, of which the later ones win, and those that Ansible reads and froyo does not.
var (
	loginPasswords  = []string{"ansible_password", "ansible_ssh_pass", "ansible_ssh_password"}
	becomePasswords = []string{"ansible_become_password", "ansible_become_pass"}
	methodPasswords = map[string][]string{
		"sudo": {"ansible_sudo_pass", "ansible_sudo_password"}, "su": {"ansible_su_pass"}, "doas": {"ansible_doas_pass"},
	}
	passphrases = []string{"ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase"}

	// privateKey is no variable of Ansible's.
	privateKey = "froyo_private_key"

	ignored = []string{
		"ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_executable",
		"ansible_become_exe", "ansible_become_flags",
	}
)

// secretName is the name of a secret, which is a password or a key.
type secretName string

// keyName is the name of a key of the workspace, which is what a private key is, too.
type keyName string

// connect takes from a host's variables how to reach it; the rest become its Vars.
func (d *draft) connect(h *inventory.Host, vars settings) {
	for _, s := range honoured() {
		s.take(d, h, vars)
	}
	takeOptions(d, h, vars)
	d.takePasswords(h, vars)
	for _, name := range ignored {
		if v, ok := vars[name]; ok {
			delete(vars, name)
			d.warn(v.pos, "%s has no effect", name).WithHint("options of SSH belong into ~/.ssh/config, which froyo reads; jump hosts, too")
		}
	}
	if h.Connection == "" {
		h.Connection = inventory.SSH
		// Nothing says how to reach it, so it is the machine that froyo runs on.
		if h.Name == "localhost" && h.Address == h.Name && h.Port == 0 && h.User == "" && h.Key == "" {
			h.Connection = inventory.Local
		}
	}
	d.keep(h, vars)
}

// set sets what the setting is for, unless its value has to be computed first.
func (d *draft) set(s setting, h *inventory.Host, v variable) {
	if _, ok := v.value.(vaulted); ok && d.vault == nil {
		d.warn(v.pos, "%s is left out: it is %v", s.name, errVault)
		return
	}
	value, encrypted := d.opened(s.name, v.value, asText)
	err := errTemplate
	if text, ok := value.(string); !ok || !isTemplate(text) {
		err = s.set(d, h, value)
	}
	switch {
	case err == nil:
	case encrypted && !errors.Is(err, errTemplate):
		if len(d.problems) == 0 { // else it may not have been opened
			d.problem(v.pos, "%s: the encrypted value cannot be used for it; it is not shown", s.name)
		}
	default:
		d.problem(v.pos, "%s: %w", s.name, err).Hint = hintFor(err)
	}
}

// asText is for what says how a host is reached, which has to be shown.
func asText(text string) string { return text }

var (
	errTemplate = errors.New("a template, which is not evaluated in an inventory")
	errVault    = errors.New("encrypted with ansible-vault, and is not opened here")
)

func isTemplate(s string) bool { return strings.Contains(s, "{{") || strings.Contains(s, "{%") }

func hintFor(err error) string {
	if errors.Is(err, errTemplate) {
		return "write the value itself, or compute it in inventory.cue"
	}
	if c, ok := errors.AsType[*errCommand](err); ok {
		return c.hint()
	}
	return ""
}

// isPassword reports whether a variable is one that Ansible takes for a password.
func isPassword(name string) bool {
	for _, names := range methodPasswords {
		if slices.Contains(names, name) {
			return true
		}
	}
	return name == privateKey || slices.Contains(loginPasswords, name) || slices.Contains(becomePasswords, name) || slices.Contains(passphrases, name)
}

// takePasswords takes the passwords of a host; they become none of its variables.
func (d *draft) takePasswords(h *inventory.Host, vars settings) {
	h.Password = d.password(vars, loginPasswords)
	h.BecomePassword = d.password(vars, slices.Concat(becomePasswords, methodPasswords[cmp.Or(h.BecomeMethod, "sudo")]))
	if v, ok := vars[privateKey]; ok {
		switch name := v.value.(type) {
		case secretName:
			h.PrivateKey = &inventory.Credential{Secret: string(name), Pos: v.pos}
		case keyName:
			h.PrivateKey = &inventory.Credential{Key: string(name), Pos: v.pos}
		default:
			d.problem(v.pos, "%s cannot be set as a variable", privateKey).WithHint("name a key in inventory.cue: privateKey: key: \"NAME\"; or a file: ansible_ssh_private_key_file")
		}
	}
	h.HasPasswords = h.Password != nil || h.BecomePassword != nil || h.PrivateKey != nil
	for _, name := range passphrases {
		if v, ok := vars[name]; ok {
			d.warn(v.pos, "%s is ignored: keys are not unlocked here", name).WithHint("unlock the key with ssh-add")
		}
	}
	maps.DeleteFunc(vars, func(name string, _ variable) bool { return isPassword(name) })
}

// password is the last of these variables, nil where there is none.
func (d *draft) password(vars settings, names []string) *inventory.Credential {
	for _, name := range slices.Backward(names) {
		v, ok := vars[name]
		if !ok {
			continue
		}
		if name, ok := v.value.(secretName); ok {
			return &inventory.Credential{Secret: string(name), Pos: v.pos}
		}
		from, ok := referred(vars, v)
		if !ok {
			d.warn(v.pos, "%s is ignored: of templates only the name of a variable is read, as {{ vault_password }}", name).
				WithHint("froyo asks for them: -k for the SSH password, -K for that of sudo, su or doas; better still, log in with a key")
			return nil
		}
		if _, locked := from.value.(vaulted); locked && d.vault == nil {
			return nil
		}
		value, encrypted := d.opened(name, from.value, asText)
		switch value.(type) {
		case nil, []any, map[string]any:
			d.problem(from.pos, "%s: want a text", name)
			return nil
		}
		if !encrypted && !d.encrypted[from.pos.File] && !printed(from.pos.File) {
			d.warn(from.pos, "%s stands there in the open: whoever reads the inventory has it", name).
				WithHint("leave it out, and give -k for the SSH password, -K for that of sudo, su or doas; or encrypt it with ansible-vault")
		}
		text := fmt.Sprint(value)
		if text == "" {
			return nil
		}
		return &inventory.Credential{Text: secret.Given(text), Pos: v.pos}
	}
	return nil
}

// templateName is a template that names a variable and nothing else.
var templateName = regexp.MustCompile(`^\s*\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}\s*$`)

// referred follows the names of variables to a value, false where there is none, or it would have to be computed.
func referred(vars settings, v variable) (variable, bool) {
	const most = 8
	for range most {
		text, ok := v.value.(string)
		if !ok || !isTemplate(text) {
			return v, true
		}
		name := templateName.FindStringSubmatch(text)
		if name == nil {
			return v, false
		}
		if v, ok = vars[name[1]]; !ok {
			return v, false
		}
	}
	return v, false
}

// keep makes the remaining variables the host's.
func (d *draft) keep(h *inventory.Host, vars settings) {
	h.Vars = make(map[string]any, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		v := vars[name]
		if _, ok := v.value.(vaulted); ok && d.vault == nil {
			d.warn(v.pos, "variable %q is left out: it is %v", name, errVault)
			continue
		}
		value, _ := d.opened(name, v.value, secret.Given)
		if d.encrypted[v.pos.File] && name != inventory.Sensitive {
			value = secret.Mark(value)
		}
		h.Vars[name] = value
	}
}

func text(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("want a string, got %q", fmt.Sprint(v))
	}
	return s, nil
}

func setAddress(_ *draft, h *inventory.Host, v any) error {
	s, err := text(v)
	if err != nil {
		return err
	}
	if k := kind.Of(h.Connection); k != nil && k.Name != kind.Own {
		h.Address = s
		return k.CheckAddress(s)
	}
	if inner, ok := strings.CutPrefix(strings.TrimSuffix(s, "]"), "["); ok {
		s = inner
	}
	if !inventory.IsAddress(s) && inventory.CheckName("host", s) != nil {
		return fmt.Errorf("%q is neither a host's name nor an IP address", s)
	}
	h.Address = s
	return nil
}

func setPort(_ *draft, h *inventory.Host, v any) error {
	var err error
	h.Port, err = endpoint.ParsePort(fmt.Sprint(v))
	return err
}

func setUser(_ *draft, h *inventory.Host, v any) error {
	h.User = fmt.Sprint(v)
	return endpoint.CheckUser(h.User)
}

func setBecomeUser(_ *draft, h *inventory.Host, v any) error {
	h.BecomeUser = fmt.Sprint(v)
	return endpoint.CheckUser(h.BecomeUser)
}

func setKey(d *draft, h *inventory.Host, v any) error {
	s, err := text(v)
	if err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(s, "~/"); ok && d.home != "" {
		s = filepath.Join(d.home, rest)
	}
	if s == "" || strings.ContainsRune(s, 0) {
		return fmt.Errorf("%q is no path", s)
	}
	h.Key = s
	return nil
}

func setBecome(_ *draft, h *inventory.Host, v any) error {
	b, ok := v.(bool)
	if !ok {
		switch strings.ToLower(fmt.Sprint(v)) {
		case "true", "yes", "on", "y", "t", "1":
			b = true
		case "false", "no", "off", "n", "f", "0":
		default:
			return fmt.Errorf("want true or false, got %q", fmt.Sprint(v))
		}
	}
	h.Become = &b
	return nil
}

func setBecomeMethod(_ *draft, h *inventory.Host, v any) error {
	s := fmt.Sprint(v)
	for _, collection := range []string{"ansible.builtin.", "community.general."} {
		s = strings.TrimPrefix(s, collection)
	}
	switch s {
	case "sudo", "su", "doas":
		h.BecomeMethod = s
		return nil
	}
	return fmt.Errorf("%q is not supported; want sudo, su or doas", s)
}
