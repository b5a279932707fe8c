package source

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/command/kind"
)

// connectionArguments is the variable of what connectionArguments says in CUE.
const connectionArguments = "froyo_connection_arguments"

// ways are the commands that do what plugins of Ansible's do that froyo has no kind for.
var ways = map[string]string{
	"incus": "incus exec {host} --", "lxd": "lxc exec {host} --", "lxc": "lxc-attach --name {host} --", "oc": "oc exec -i {host} --",
	"jail": "jexec {host}", "buildah": "buildah run {host} --", "nsenter": "nsenter --all --target PID --", "libvirt_lxc": "virsh lxc-enter-namespace {host} --noseclabel --",
}

// errCommand is a connection that a command of one's own can take the place of.
type errCommand struct{ name, command string }

func (e *errCommand) Error() string {
	return fmt.Sprintf("%q is not supported; want %s", e.name, supported())
}

// hint is how the connection is written as a command.
func (e *errCommand) hint() string {
	return `in inventory.cue: connection: ["` + strings.Join(strings.Fields(e.command), `", "`) + `"]`
}

func supported() string {
	return "ssh, local, " + strings.Join(kind.Names(), ", ") + " or a command as a list"
}

func setConnection(_ *draft, h *inventory.Host, v any) error {
	if words, is := v.([]any); is {
		h.Connection = kind.Own
		var err error
		if h.Arguments, err = wordsOf(words); err != nil {
			return err
		}
		return kind.CheckCommand(h.Arguments)
	}
	s := strings.TrimPrefix(fmt.Sprint(v), "ansible.builtin.")
	switch k := kind.Of(s); {
	case slices.Contains([]string{"ssh", "smart", "paramiko", "paramiko_ssh"}, s):
		h.Connection = inventory.SSH
	case s == inventory.Local:
		h.Connection = inventory.Local
	case k != nil && k.Name != kind.Own:
		h.Connection = k.Name
	default:
		if command, ok := ways[s[strings.LastIndexByte(s, '.')+1:]]; ok {
			return &errCommand{s, command}
		}
		return fmt.Errorf("%q is not supported; want %s", s, supported())
	}
	return nil
}

// wordsOf takes a list of texts, none of which is a template.
func wordsOf(list []any) ([]string, error) {
	words := make([]string, len(list))
	for i, v := range list {
		var is bool
		if words[i], is = v.(string); !is {
			return nil, fmt.Errorf("want a list of strings, got %q in it", fmt.Sprint(v))
		}
		if isTemplate(words[i]) {
			return nil, errTemplate
		}
	}
	return words, nil
}

func setArguments(_ *draft, h *inventory.Host, v any) error {
	k := kind.Of(h.Connection)
	list, is := v.([]any)
	switch {
	case !is:
		return errors.New("want a list of strings")
	case k == nil || !slices.Contains(k.Argv, "{arguments}"):
		return errors.New("the connection takes no arguments")
	case k.Name == kind.Own:
		return errors.New("the connection is a command, which has them already")
	}
	words, err := wordsOf(list)
	h.Arguments = words
	return err
}

// takeOptions takes from a host's variables what Ansible's plugin of its connection reads.
func takeOptions(d *draft, h *inventory.Host, vars settings) {
	k := kind.Of(h.Connection)
	if k == nil {
		return
	}
	for _, name := range k.Address {
		setting{name, setAddress}.take(d, h, vars)
	}
	for _, o := range k.Options {
		setting{o.Variable, func(_ *draft, h *inventory.Host, v any) error {
			s, err := text(v)
			if err == nil && o.Flag != "" {
				h.Arguments = append(h.Arguments, o.Flag, s)
			}
			if err != nil || o.Flag != "" {
				return err
			}
			words, err := splitWords(s)
			for _, w := range words {
				h.Arguments = append(h.Arguments, w.text)
			}
			return err
		}}.take(d, h, vars)
	}
	for _, name := range slices.Sorted(maps.Keys(k.Lost)) {
		if v, ok := vars[name]; ok {
			delete(vars, name)
			d.warn(v.pos, "%s has no effect: %s", name, k.Lost[name])
		}
	}
}

// take applies a setting where the host's variables have it.
func (s setting) take(d *draft, h *inventory.Host, vars settings) {
	v, ok := vars[s.name]
	if !ok {
		return
	}
	delete(vars, s.name)
	d.set(s, h, v)
}
