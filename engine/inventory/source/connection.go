package source

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/endpoint"
)

// setting is a variable of Ansible's that says how a host is reached.
type setting struct {
	name string
	set  func(d *draft, h *inventory.Host, v any) error
}

// honoured lists them. Where a host has several for the same thing, the later one wins, as in Ansible.
func honoured() []setting {
	return []setting{
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
		{"ansible_connection", setConnection},
	}
}

// Variables that Ansible reads and froyo does not.
var (
	passwords = []string{
		"ansible_password", "ansible_ssh_pass", "ansible_ssh_password", "ansible_become_password", "ansible_become_pass",
		"ansible_sudo_pass", "ansible_sudo_password", "ansible_su_pass", "ansible_ssh_private_key_passphrase",
	}
	ignored = []string{
		"ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_executable",
		"ansible_become_exe", "ansible_become_flags",
	}
)

// connect takes from a host's variables how to reach it; the rest become its Vars.
func (d *draft) connect(h *inventory.Host, vars settings) {
	for _, s := range honoured() {
		v, ok := vars[s.name]
		if !ok {
			continue
		}
		delete(vars, s.name)
		if err := s.apply(d, h, v.value); err != nil {
			d.problem(v.pos, "%s: %w", s.name, err).Hint = hintFor(err)
		}
	}
	d.dropPasswords(vars)
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

// apply sets what the setting is for, unless its value has to be computed first.
func (s setting) apply(d *draft, h *inventory.Host, v any) error {
	switch v := v.(type) {
	case vaulted:
		return errVault
	case string:
		if isTemplate(v) {
			return errTemplate
		}
	}
	return s.set(d, h, v)
}

var (
	errTemplate = errors.New("a template, which is not evaluated in an inventory")
	errVault    = errors.New("encrypted with ansible-vault, which froyo does not read")
)

func isTemplate(s string) bool { return strings.Contains(s, "{{") || strings.Contains(s, "{%") }

func hintFor(err error) string {
	switch {
	case errors.Is(err, errTemplate):
		return "write the value itself, or compute it in inventory.cue"
	case errors.Is(err, errVault):
		return "write the value itself"
	}
	return ""
}

func (d *draft) dropPasswords(vars settings) {
	for _, name := range passwords {
		if v, ok := vars[name]; ok {
			delete(vars, name)
			d.warn(v.pos, "%s is ignored: passwords do not belong into an inventory", name).
				WithHint("froyo asks for them: -k for the SSH password, -K for that of sudo, su or doas; better still, log in with a key")
		}
	}
}

// keep makes the remaining variables the host's.
func (d *draft) keep(h *inventory.Host, vars settings) {
	h.Vars = make(map[string]any, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		v := vars[name]
		if _, ok := v.value.(vaulted); ok {
			d.warn(v.pos, "variable %q is left out: it is %v", name, errVault).
				WithHint("give it on the command line, with -e")
			continue
		}
		h.Vars[name] = v.value
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

func setConnection(_ *draft, h *inventory.Host, v any) error {
	switch s := strings.TrimPrefix(fmt.Sprint(v), "ansible.builtin."); s {
	case "ssh", "smart", "paramiko", "paramiko_ssh":
		h.Connection = inventory.SSH
	case "local":
		h.Connection = inventory.Local
	default:
		return fmt.Errorf("%q is not supported; want ssh or local", s)
	}
	return nil
}
