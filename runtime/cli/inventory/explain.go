package inventory

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

type explainCommand struct {
	Variable string `arg:"" help:"A variable, or how the host is reached: address, port, user, key, become, connection."`
	Name     string `arg:"" complete:"hosts" help:"Name of the host."`
	Flags
	flags.Vars
}

// Help gives the command's example.
func (*explainCommand) Help() string {
	return `The first value is what a runbook reads, and those below are what it replaces, the strongest first: the command line, host_vars, the host, group_vars,
groups, where inner groups are stronger than those that contain them, and what vars.cue declares.

Examples:
  froyo inventory explain port web1
  froyo inventory explain user web1 -i hosts.ini
  froyo inventory explain port web1 -e port=8080 --json`
}

// settingNames are the variables of Ansible that stand for how a host is reached, the stronger first.
var settingNames = map[string][]string{
	"address": {"ansible_ssh_host", "ansible_host"}, "port": {"ansible_ssh_port", "ansible_port"}, "user": {"ansible_ssh_user", "ansible_user"},
	"key": {"ansible_ssh_private_key_file", "ansible_private_key_file"}, "become": {"ansible_become"}, "connection": {"ansible_connection"},
}

// explained is a value, where it is from, and whether it counts.
type explained struct {
	Value any    `json:"value"`
	Of    string `json:"of"`
	At    string `json:"at,omitempty"`
}

// Run explains the value.
func (c *explainCommand) Run(ctx context.Context, e *console.Console) error {
	f, err := c.Load(ctx, e)
	if err != nil {
		return err
	}
	h, err := f.host(c.Name)
	if err != nil {
		return err
	}
	opens, err := c.Vault.Open(ctx, e, f.workspace)
	if err != nil {
		return err
	}
	texts, err := c.Texts(ctx)
	if err != nil {
		return err
	}
	given, err := c.Values(texts, e.Process.Environ(), opens)
	if err != nil {
		return err
	}
	values := f.explain(h, c.Variable, given, c.Places(texts, e.Process.Environ()))
	if len(values) == 0 {
		return f.unknown(h, c.Variable, given)
	}
	marked, err := vars.SensitiveNames(given, nil)
	if err != nil {
		return err
	}
	maps.Copy(f.hidden, marked)
	for _, s := range c.Sensitive {
		f.hidden[s] = true
	}
	for i := range values {
		values[i].Value = secret.MaskValue(values[i].Value)
	}
	if f.hidden[c.Variable] {
		for i := range values {
			values[i].Value = secret.Shown
		}
	}
	if c.JSON {
		return e.WriteJSON(struct {
			Host     string      `json:"host"`
			Variable string      `json:"variable"`
			Value    any         `json:"value"`
			Values   []explained `json:"values"`
		}{h.Name, c.Variable, values[0].Value, values})
	}
	_, err = io.WriteString(e.Stdout, explanation(h.Name, c.Variable, values))
	return err
}

// explain lists what gives a variable or setting of a host its value, the strongest first.
func (f *Fleet) explain(h *inventory.Host, name string, given map[string]any, places map[string]vars.Place) []explained {
	var values []explained
	if v, ok := given[name]; ok {
		place := places[name]
		values = append(values, explained{v, cmp.Or(place.By, "command line"), posText(place.Pos)})
	}
	settings := f.Read.Settings(h.Name)
	aliases := []string{name}
	if len(settings[name])+len(values) == 0 && !f.declared.Declares(name) { // else it is a variable
		aliases = settingNames[name]
	}
	for _, alias := range aliases {
		for _, s := range settings[alias] {
			values = append(values, explained{s.Value, s.Of, posText(s.Pos)})
		}
	}
	for _, d := range f.declared.All() {
		if v, ok := h.Vars[name]; ok && d.Name == name && len(values) == 0 {
			values = append(values, explained{v, "default", posText(d.Pos)})
		}
	}
	if len(values) == 0 { // what flags and the workspace add, and what is so where nothing is said
		for setting, v := range map[string]any{"address": h.Address, "user": h.User, "connection": h.Connection} {
			if setting == name && v != "" {
				values = append(values, explained{v, "default", ""})
			}
		}
		if name == "become" && h.Become != nil {
			values = append(values, explained{*h.Become, "default", ""})
		}
	}
	return values
}

// unknown says that a host has no such variable.
func (f *Fleet) unknown(h *inventory.Host, name string, given map[string]any) error {
	names := slices.Concat(slices.Collect(maps.Keys(f.Read.Settings(h.Name))), slices.Collect(maps.Keys(h.Vars)), slices.Collect(maps.Keys(settingNames)), slices.Collect(maps.Keys(given)))
	slices.Sort(names)
	d := &diag.Error{Summary: fmt.Sprintf("nothing gives %s a value for %q", h.Name, name)}
	if near := diag.Nearest(name, names); near != "" {
		return d.WithHint("did you mean %q?", near)
	}
	return d.WithHint("all that it has: froyo inventory host %s%s", h.Name, f.named)
}

// explanation is the values for people.
func explanation(host, name string, values []explained) string {
	var rows [][]string
	for i, v := range values {
		mark := "replaces"
		if i == 0 {
			mark = "counts"
		}
		rows = append(rows, []string{mark, plainText(v.Value), v.Of, v.At})
	}
	var b strings.Builder
	fmt.Fprintln(&b, ui.Readable(fmt.Sprintf("%s of %s is %s", name, host, plainText(values[0].Value))))
	layout.Columns(&b, "  ", readableRows(rows))
	return b.String()
}
