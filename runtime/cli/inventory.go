package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/ui"
)

type inventoryCommand struct {
	List  inventoryListCommand  `cmd:"" help:"List the hosts with their addresses, groups and labels."`
	Host  inventoryHostCommand  `cmd:"" help:"Show all that is known of one host, and where it is said."`
	Graph inventoryGraphCommand `cmd:"" help:"Show the groups as a tree."`
}

// inventoryFlags say which inventory, and which of its hosts.
type inventoryFlags struct {
	Inventory []string `short:"i" sep:"none" placeholder:"FILE|h1,h2," complete:"files" help:"Inventory, as for plan; the workspace's where left out."`
	Limit     string   `short:"l" placeholder:"SELECTOR" complete:"selector" help:"Only these hosts, as for plan."`
	JSON      bool     `name:"json" help:"Print JSON on standard output."`
}

// fleet is an inventory as it was read, and the hosts that were asked for with
// what the workspace's settings add.
type fleet struct {
	job   *job
	read  *inventory.Inventory
	hosts []*inventory.Host
}

// load reads the inventory. No runbook is needed.
func (f *inventoryFlags) load(e *env) (*fleet, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	j := &job{env: e}
	if j.workspace, err = e.findWorkspace(cwd); err != nil {
		return nil, err
	}
	flags := &targetFlags{Inventory: f.Inventory, Limit: f.Limit}
	read, err := j.readInventory(flags)
	if err != nil {
		return nil, err
	}
	all := j.withSettings(read, flags)
	hosts, err := limited(all, f.Limit)
	if err != nil {
		return nil, err
	}
	if len(hosts) == 0 {
		return nil, (&diag.Error{Summary: "no host is left: the limit \"" + f.Limit + "\" picks none"}).
			WithHint("froyo inventory list shows all")
	}
	return &fleet{job: j, read: read, hosts: hosts}, nil
}

type inventoryListCommand struct{ inventoryFlags }

// Help gives the command's example.
func (*inventoryListCommand) Help() string {
	return `Examples:
  froyo inventory list
  froyo inventory list -i hosts.ini -l 'web:!web3'
  froyo inventory list --json | jq '.hosts[].address'`
}

// Run lists the hosts.
func (c *inventoryListCommand) Run(_ context.Context, e *env) error {
	f, err := c.load(e)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.Stdout, struct {
			Hosts []*inventory.Host `json:"hosts"`
		}{f.hosts})
	}
	rows := [][]string{{"NAME", "ADDRESS", "GROUPS", "LABELS"}}
	for _, h := range f.hosts {
		rows = append(rows, []string{h.Name, endpointOf(h), strings.Join(h.Groups, ","), labelsOf(h)})
	}
	var b strings.Builder
	ui.Columns(&b, "", rows)
	return writeFitted(e, b.String())
}

// endpointOf is where and as whom a host is reached: ops@192.0.2.1:2222, or local.
func endpointOf(h *inventory.Host) string {
	if h.Connection == inventory.Local {
		return "(this machine)"
	}
	at := h.Address
	if h.Port != 0 {
		at = net.JoinHostPort(h.Address, strconv.Itoa(h.Port))
	}
	if h.User != "" {
		at = h.User + "@" + at
	}
	return at
}

func labelsOf(h *inventory.Host) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(h.Labels)) {
		parts = append(parts, k+"="+h.Labels[k])
	}
	return ui.Readable(strings.Join(parts, ","))
}

// writeFitted writes lines, on a terminal none longer than it is wide.
func writeFitted(e *env, text string) error {
	if !isTerminal(e.Stdout) {
		_, err := io.WriteString(e.Stdout, text)
		return err
	}
	columns, _ := size(e.Stdout)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if _, err := fmt.Fprintln(e.Stdout, ui.Fit(line, columns)); err != nil {
			return err
		}
	}
	return nil
}

type inventoryHostCommand struct {
	Name string `arg:"" complete:"hosts" help:"Name of the host."`
	inventoryFlags
}

// Help gives the command's example.
func (*inventoryHostCommand) Help() string {
	return `Examples:
  froyo inventory host web1
  froyo inventory host web1 -i hosts.ini --json`
}

// Run shows a host: what the inventory says, and what earlier runs stored.
func (c *inventoryHostCommand) Run(ctx context.Context, e *env) error {
	f, err := c.load(e)
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
	origins := f.read.Origins(h.Name)
	if c.JSON {
		return writeJSON(e.Stdout, hostAnswer(h, origins, facts))
	}
	_, err = io.WriteString(e.Stdout, hostText(h, origins, facts))
	return err
}

func (f *fleet) host(name string) (*inventory.Host, error) {
	if i := slices.IndexFunc(f.hosts, func(h *inventory.Host) bool { return h.Name == name }); i >= 0 {
		return f.hosts[i], nil
	}
	d := &diag.Error{Summary: fmt.Sprintf("no host is named %q", name)}
	switch near := diag.Nearest(name, hostNames(f.hosts)); {
	case f.read.Host(name) != nil:
		return nil, d.WithHint("the inventory has it, and --limit leaves it out")
	case f.read.Groups()[name] != nil:
		return nil, d.WithHint("it is a group: froyo inventory list -l %s", name)
	case near != "":
		return nil, d.WithHint("did you mean %q?", near)
	}
	return nil, d.WithHint("froyo inventory list shows all")
}

// facts are what earlier runs stored of the machine behind the name.
func (f *fleet) facts(ctx context.Context, host string) (facts []state.Fact, err error) {
	store, err := f.job.openStored(ctx)
	if err != nil || store.facts == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.close()) }()
	return store.facts.Facts(ctx, store.where, host)
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
		become = map[bool]string{true: "yes, as " + cmp.Or(h.BecomeUser, "root"), false: "no"}[*h.Become]
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
		{"connection", h.Connection, place(origins, "ansible_connection")},
		{"groups", strings.Join(h.Groups, ", "), ""},
		{"labels", labelsOf(h), ""},
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
	var b strings.Builder
	fmt.Fprintln(&b, strings.TrimRight(h.Name+"  "+posText(h.Pos), " "))
	ui.Columns(&b, "  ", readableRows(rows))
	if len(h.Vars) > 0 {
		fmt.Fprintln(&b, "variables")
		var vars [][]string
		for _, name := range slices.Sorted(maps.Keys(h.Vars)) {
			vars = append(vars, []string{name, plainText(h.Vars[name]), place(origins, name)})
		}
		ui.Columns(&b, "  ", readableRows(vars))
	}
	for _, f := range facts {
		fmt.Fprintf(&b, "facts %s, of %s, machine-id %s\n", f.Namespace, f.Time.Local().Format(time.DateTime), ui.Readable(f.MachineID))
		ui.Columns(&b, "  ", readableRows(factRows(f.Data)))
	}
	return b.String()
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
		pos.File = relativeTo(pos.File)
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

type inventoryGraphCommand struct{ inventoryFlags }

// Help gives the command's example.
func (*inventoryGraphCommand) Help() string {
	return `Prints the groups and hosts as ansible-inventory --graph does.

Examples:
  froyo inventory graph
  froyo inventory graph -i hosts.ini -l db`
}

// Run prints the tree.
func (c *inventoryGraphCommand) Run(_ context.Context, e *env) error {
	f, err := c.load(e)
	if err != nil {
		return err
	}
	t := &groupTree{groups: f.read.Tree(), full: c.Limit == "", shown: map[string]bool{}, seen: map[string]bool{}, left: map[string]bool{}}
	for _, h := range f.hosts {
		t.shown[h.Name] = true
	}
	if c.JSON {
		return writeJSON(e.Stdout, t.answer())
	}
	var b strings.Builder
	t.write(&b, "all", 0)
	_, err = io.WriteString(e.Stdout, b.String())
	return err
}

// groupTree prints groups, of a limited inventory those that have hosts left.
type groupTree struct {
	groups map[string]inventory.Group
	full   bool
	shown  map[string]bool // hosts
	seen   map[string]bool // groups that were written
	left   map[string]bool // groups → whether they have hosts left
}

// has reports whether the group is to be shown. Groups never contain themselves.
func (t *groupTree) has(name string) bool {
	if has, known := t.left[name]; known || t.full {
		return has || t.full
	}
	g := t.groups[name]
	t.left[name] = slices.ContainsFunc(g.Hosts, func(h string) bool { return t.shown[h] }) || slices.ContainsFunc(g.Children, t.has)
	return t.left[name]
}

func (t *groupTree) write(b *strings.Builder, name string, depth int) {
	g := t.groups[name]
	again := t.seen[name] && len(g.Children)+len(g.Hosts) > 0
	t.seen[name] = true
	t.line(b, "@"+name+":", depth)
	if again {
		t.line(b, "(as above)", depth+1)
		return
	}
	for _, child := range g.Children {
		if t.has(child) {
			t.write(b, child, depth+1)
		}
	}
	for _, h := range g.Hosts {
		if t.shown[h] {
			t.line(b, h, depth+1)
		}
	}
}

func (t *groupTree) line(b *strings.Builder, text string, depth int) {
	if depth > 0 {
		text = "  " + strings.Repeat("|  ", depth-1) + "|--" + text
	}
	fmt.Fprintln(b, text)
}

// answer is the tree as JSON.
func (t *groupTree) answer() map[string]inventory.Group {
	out := map[string]inventory.Group{}
	for name, g := range t.groups {
		if t.has(name) {
			g.Children = slices.DeleteFunc(slices.Clone(g.Children), func(c string) bool { return !t.has(c) })
			g.Hosts = slices.DeleteFunc(slices.Clone(g.Hosts), func(h string) bool { return !t.shown[h] })
			out[name] = g
		}
	}
	return out
}
