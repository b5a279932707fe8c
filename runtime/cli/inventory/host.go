package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
	"github.com/openfroyo/froyo/runtime/wire"
)

type hostCommand struct {
	Name string `arg:"" complete:"hosts" help:"Name of the host."`
	Flags
}

// Help gives the command's example.
func (*hostCommand) Help() string {
	return `Examples:
  froyo inventory host web1
  froyo inventory host web1 -i hosts.ini --json`
}

// Run shows a host: what the inventory says, and what earlier runs stored.
func (c *hostCommand) Run(ctx context.Context, e *console.Console) error {
	f, err := c.Load(ctx, e)
	if err != nil {
		return err
	}
	h, err := f.host(c.Name)
	if err != nil {
		return err
	}
	facts, err := f.facts(ctx, h.Name)
	if err != nil {
		return err
	}
	origins := f.origins(h)
	if c.JSON {
		return e.WriteJSON(hostAnswer(h, origins, facts))
	}
	_, err = io.WriteString(e.Stdout, hostText(h, origins, facts))
	return err
}

// origins says where each value of a host is set: by a default where nothing else does.
func (f *Fleet) origins(h *inventory.Host) map[string]diag.Pos {
	origins := f.Read.Origins(h.Name)
	if origins == nil {
		origins = map[string]diag.Pos{}
	}
	for _, d := range f.declared.All() {
		if _, isSet := origins[d.Name]; !isSet {
			origins[d.Name] = d.Pos
		}
	}
	return origins
}

func (f *Fleet) host(name string) (*inventory.Host, error) {
	if i := slices.IndexFunc(f.Hosts, func(h *inventory.Host) bool { return h.Name == name }); i >= 0 {
		return f.Hosts[i], nil
	}
	d := &diag.Error{Summary: fmt.Sprintf("no host is named %q", name)}
	switch near := diag.Nearest(name, inventory.Names(f.Hosts)); {
	case f.Read.Host(name) != nil:
		return nil, d.WithHint("the inventory has it, and --limit leaves it out")
	case f.Read.Groups()[name] != nil:
		return nil, d.WithHint("it is a group: froyo inventory list -l %s%s", wording.Quote(name), f.named)
	case near != "":
		return nil, d.WithHint("did you mean %q?", near)
	}
	return nil, d.WithHint("all that there are: froyo inventory list%s", f.named)
}

// facts are what earlier runs stored of the machine behind the name.
func (f *Fleet) facts(ctx context.Context, host string) (facts []state.Fact, err error) {
	store, err := wire.Kept(ctx, f.workspace)
	if err != nil || store == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.Facts(ctx, f.workspace.ID(), host)
}

// factAnswer is what is stored of a namespace of facts.
type factAnswer struct {
	MachineID string          `json:"machine_id"`
	Time      time.Time       `json:"time"`
	Data      json.RawMessage `json:"data"`
}

// hostAnswer is the host as JSON: as in a plan, with the places and the facts besides.
func hostAnswer(h *inventory.Host, origins map[string]diag.Pos, facts []state.Fact) any {
	answer := struct {
		Host    *inventory.Host       `json:"host"`
		Origins map[string]string     `json:"origins"`
		Facts   map[string]factAnswer `json:"facts,omitempty"`
	}{Host: h, Origins: map[string]string{}}
	for name, pos := range origins {
		if pos.File != "" {
			answer.Origins[name] = pos.String()
		}
	}
	for _, f := range facts {
		if answer.Facts == nil {
			answer.Facts = map[string]factAnswer{}
		}
		answer.Facts[f.Namespace] = factAnswer{f.MachineID, f.Time, f.Data}
	}
	return answer
}

// hostText is the host for people.
func hostText(h *inventory.Host, origins map[string]diag.Pos, facts []state.Fact) string {
	become := ""
	if h.Become != nil {
		become = map[bool]string{true: "yes, as " + cmp.Or(h.BecomeUser, "root") + byMethod(h), false: "no"}[*h.Become]
	}
	port := ""
	if h.Port != 0 {
		port = strconv.Itoa(h.Port)
	}
	rows := [][]string{
		{"address", h.Address, place(origins, "ansible_host", "ansible_ssh_host")},
		{"port", port, place(origins, "ansible_port", "ansible_ssh_port")},
		{"user", h.User, place(origins, "ansible_user", "ansible_ssh_user")},
		{"key", h.Key, place(origins, "ansible_private_key_file", "ansible_ssh_private_key_file")},
		{"become", become, place(origins, "ansible_become")},
		{"connection", strings.Join(append([]string{h.Connection}, h.Arguments...), " "), place(origins, "ansible_connection")},
		{"groups", strings.Join(h.Groups, ", "), ""},
		{"labels", labelsOf(h), ""},
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
	var b strings.Builder
	fmt.Fprintln(&b, strings.TrimRight(ui.Readable(h.Name+"  "+posText(h.Pos)), " "))
	layout.Columns(&b, "  ", readableRows(rows))
	if len(h.Vars) > 0 {
		fmt.Fprintln(&b, "variables")
		var vars [][]string
		for _, name := range slices.Sorted(maps.Keys(h.Vars)) {
			vars = append(vars, []string{name, plainText(h.Vars[name]), place(origins, name)})
		}
		layout.Columns(&b, "  ", readableRows(vars))
	}
	for _, f := range facts {
		fmt.Fprintf(&b, "facts %s, of %s, machine-id %s\n", ui.Readable(f.Namespace), f.Time.Local().Format(time.DateTime), ui.Readable(f.MachineID))
		layout.Columns(&b, "  ", readableRows(factRows(f.Data)))
	}
	return b.String()
}

// byMethod tells how another user is become, where that is not sudo.
func byMethod(h *inventory.Host) string {
	if h.BecomeMethod == "" || h.BecomeMethod == "sudo" {
		return ""
	}
	return " by " + h.BecomeMethod
}

// place is where the first of these names is set.
func place(origins map[string]diag.Pos, names ...string) string {
	for _, name := range names {
		if pos, ok := origins[name]; ok {
			return posText(pos)
		}
	}
	return ""
}

// posText is a place as one would type it; of a list on the command line there is none.
func posText(pos diag.Pos) string {
	if filepath.IsAbs(pos.File) {
		pos.File = here.Path(pos.File)
	}
	return pos.String()
}

// plainText writes plain data as JSON.
func plainText(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

func factRows(data json.RawMessage) [][]string {
	var values map[string]any
	if json.Unmarshal(data, &values) != nil {
		return [][]string{{string(data)}}
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		rows = append(rows, []string{name, plainText(values[name])})
	}
	return rows
}

func readableRows(rows [][]string) [][]string {
	for _, row := range rows {
		for i := range row {
			row[i] = ui.Readable(row[i])
		}
	}
	return rows
}
