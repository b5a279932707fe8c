package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// registered calls do with the targets of the workspace around the current directory. The store is nil where nothing was ever recorded.
func registered(ctx context.Context, e *console.Console, do func(store state.Store, workspace string, all []state.Target) error) (err error) {
	store, workspace, err := here.State(ctx, e)
	if err != nil {
		return err
	}
	if store == nil {
		return do(nil, workspace, nil)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all, err := store.Targets(ctx, workspace)
	if err != nil {
		return err
	}
	return do(store, workspace, all)
}

// errSeveral is that a name is the address of several targets.
var errSeveral = errors.New("the address of several")

// find finds a target by its name, or by the address that it alone has.
func find(all []state.Target, name string) (*state.Target, error) { return findAt(all, name, 0) }

// findAt is find, where an address is meant with a port, unless that is 0.
func findAt(all []state.Target, name string, port int) (*state.Target, error) {
	var names, there []string
	var found *state.Target
	for i, t := range all {
		if t.Name == name {
			return &all[i], nil
		}
		names = append(names, t.Name)
		if t.Address == name && (port == 0 || port == cmp.Or(t.Port, sshPort)) {
			found, there = &all[i], append(there, ui.Readable(t.Name)+", port "+strconv.Itoa(cmp.Or(t.Port, sshPort)))
		}
	}
	if len(there) > 1 {
		return nil, (&diag.Error{Summary: ui.Readable(name) + " is the address of several hosts: " + strings.Join(there, "; "), Cause: errSeveral}).
			WithHint("name the one that is meant: froyo onboard list shows their names")
	}
	if found != nil {
		return found, nil
	}
	err := &diag.Error{Summary: "no host " + ui.Readable(name) + " was onboarded here"}
	if port != 0 {
		err.Summary = fmt.Sprintf("no host %s with port %d was onboarded here", ui.Readable(name), port)
	}
	if near := diag.Nearest(name, names); near != "" {
		return nil, err.WithHint("did you mean %s?", near)
	}
	return nil, err.WithHint("froyo onboard list shows those that were")
}

// sshPort is the port of a target that has none of its own.
const sshPort = 22

// entry is a target, as JSON.
type entry struct {
	Name     string            `json:"name"`
	Address  string            `json:"address"`
	Port     int               `json:"port,omitempty"`
	User     string            `json:"user"`
	Key      string            `json:"key,omitempty"`
	KeyFile  string            `json:"key_file,omitempty"`
	KeyPrint string            `json:"key_fingerprint"`
	HostKey  string            `json:"host_key"`
	Labels   map[string]string `json:"labels,omitempty"`
	Sudo     string            `json:"sudo"`
	LockDown []string          `json:"lock_down,omitempty"`
	Login    string            `json:"login"`
	Rollback bool              `json:"rollback"`
	Since    time.Time         `json:"since"`
}

func entryOf(t *state.Target) entry {
	return entry{t.Name, t.Address, t.Port, t.User, t.Key, t.KeyFile, t.KeyPrint, t.HostKey, t.Labels, t.Sudo, t.LockDown, t.Login, t.Rollback, t.Since}
}

// labels are k=v, in the order of their names.
func labels(all map[string]string) string {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		words = append(words, k+"="+all[k])
	}
	return strings.Join(words, ",")
}

// address is where a target is, with its port where it is not SSH's.
func address(t *state.Target) string {
	if t.Port == 0 {
		return t.Address
	}
	return t.Address + " port " + strconv.Itoa(t.Port)
}

type listCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*listCommand) Help() string {
	return `Examples:
  froyo onboard list
  froyo onboard list --json | jq -r '.targets[].name'`
}

// Run lists the targets.
func (c *listCommand) Run(ctx context.Context, e *console.Console) error {
	return registered(ctx, e, func(_ state.Store, _ string, all []state.Target) error {
		if c.JSON {
			entries := []entry{}
			for i := range all {
				entries = append(entries, entryOf(&all[i]))
			}
			return e.WriteJSON(map[string]any{"targets": entries})
		}
		if len(all) == 0 {
			_, err := fmt.Fprintln(e.Stdout, "no host was onboarded")
			return err
		}
		rows := [][]string{{"NAME", "ADDRESS", "USER", "KEY", "LABELS", "SINCE"}}
		for i := range all {
			t := &all[i]
			rows = append(rows, []string{ui.Readable(t.Name), ui.Readable(address(t)), ui.Readable(t.User), ui.Readable(here.Path(cmp.Or(t.KeyFile, t.Key))), ui.Readable(labels(t.Labels)), wording.When(t.Since)})
		}
		var b strings.Builder
		layout.Columns(&b, "", rows)
		return e.WriteFitted(b.String())
	})
}

type showCommand struct {
	Name string `arg:"" placeholder:"NAME" complete:"hosts" help:"The target's name, or its address."`
	JSON bool   `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*showCommand) Help() string {
	return `Examples:
  froyo onboard show web1`
}

// Run shows a target.
func (c *showCommand) Run(ctx context.Context, e *console.Console) error {
	return registered(ctx, e, func(_ state.Store, _ string, all []state.Target) error {
		t, err := find(all, c.Name)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.WriteJSON(entryOf(t))
		}
		restores := t.User + ", by " + onboard.RollbackFile
		if !t.Rollback {
			restores = "root alone"
		}
		var b strings.Builder
		rows := [][]string{
			{"name", t.Name},
			{"address", address(t)},
			{"host key", t.HostKey},
			{"user", t.User},
			{"key", cmp.Or(t.KeyFile, t.Key)},
			{"", t.KeyPrint},
			{"sudo", t.Sudo},
			{"locked down", cmp.Or(strings.Join(t.LockDown, ", "), "nothing")},
			{"labels", cmp.Or(labels(t.Labels), "none")},
			{"since", wording.When(t.Since) + ", by the login of " + t.Login},
			{"restored by", restores},
		}
		for _, row := range rows {
			row[1] = ui.Readable(row[1])
		}
		layout.Columns(&b, "", rows)
		_, err = io.WriteString(e.Stdout, b.String())
		return err
	})
}

type forgetCommand struct {
	Name string `arg:"" placeholder:"NAME" complete:"hosts" help:"The target's name, or its address."`
}

// Help gives the command's example.
func (*forgetCommand) Help() string {
	return `Nothing is done on the host: the user, the key and the rule stay, and what was closed stays closed. To restore it: froyo onboard rollback --host NAME.

Examples:
  froyo onboard forget web1`
}

// Run drops a target.
func (c *forgetCommand) Run(ctx context.Context, e *console.Console) error {
	return registered(ctx, e, func(store state.Store, workspace string, all []state.Target) error {
		t, err := find(all, c.Name)
		if err != nil {
			return err
		}
		return forget(ctx, e, store, workspace, t)
	})
}

// forget drops a target, and notes who did.
func forget(ctx context.Context, e *console.Console, store state.Store, workspace string, t *state.Target) error {
	if _, err := store.Unregister(ctx, workspace, t.Name, note("onboard forget", t)); err != nil {
		return err
	}
	_, err := fmt.Fprintln(e.Stdout, "forgot "+ui.Readable(t.Name))
	return err
}

// note is what the audit log tells of a target that is dropped.
func note(action string, t *state.Target) state.Audit {
	return state.Audit{Time: time.Now(), Action: action, Hosts: t.Name, Outcome: audit.Done, Detail: fmt.Sprintf("%s (%s@%s)", t.Name, t.User, t.Address)}
}
