// Package lock is froyo lock: the hosts that runs are changing.
//
// It imports runtime/cli/flags, runtime/cli/here, engine/fleet and engine/state.
package lock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Command is froyo lock.
type Command struct {
	List  listCommand  `cmd:"" help:"List the hosts that runs of this workspace are changing."`
	Break breakCommand `cmd:"" help:"Force-release the hosts that a run has locked."`
}

type listCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*listCommand) Help() string {
	return `Examples:
  froyo lock list
  froyo lock list --json | jq -r '.locks[] | select(.alive | not) | .id'`
}

// lockAnswer is a lock on the outside.
type lockAnswer struct {
	ID        string    `json:"id"`
	Host      string    `json:"host"`
	Owner     string    `json:"owner"`
	Since     time.Time `json:"since"`
	Heartbeat time.Time `json:"heartbeat"`
	Run       string    `json:"run"`
	PID       int       `json:"pid"`
	Alive     bool      `json:"alive"`
}

// Run lists the locks.
func (c *listCommand) Run(ctx context.Context, e *console.Console) error {
	held, err := openLocks(ctx, e)
	if err != nil {
		return err
	}
	answers := []lockAnswer{}
	now := time.Now()
	for _, l := range held.held {
		answers = append(answers, lockAnswer{
			ID: l.ID(), Host: l.Host, Owner: l.Owner, Since: l.Acquired, Heartbeat: l.Heartbeat, Run: l.Run, PID: l.PID, Alive: worker.Holds(&l, now),
		})
	}
	if err := held.close(); err != nil {
		return err
	}
	if c.JSON {
		return e.WriteJSON(struct {
			Locks []lockAnswer `json:"locks"`
		}{answers})
	}
	if len(answers) == 0 {
		_, err := io.WriteString(e.Stdout, "no locks are held\n")
		return err
	}
	rows := [][]string{{"ID", "HOST", "OWNER", "SINCE", "RUN", "PROCESS"}}
	for _, a := range answers {
		process := "alive"
		if !a.Alive {
			process = "gone"
		}
		rows = append(rows, []string{a.ID, a.Host, a.Owner, hostlock.Since(a.Since, now), a.Run, process})
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return e.WriteFitted(b.String())
}

// locks are what the store around the working directory says of hosts that are being changed.
type locks struct {
	workspace *workspace.Workspace
	store     state.Store // nil where nothing was ever stored
	held      []state.HostLock
}

func openLocks(ctx context.Context, e *console.Console) (*locks, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, err
	}
	l := &locks{workspace: w}
	if l.store, err = wire.Kept(ctx, w); err != nil || l.store == nil {
		return l, err
	}
	if l.held, err = l.store.LockedHosts(ctx, w.ID()); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *locks) close() error {
	if l.store == nil {
		return nil
	}
	return l.store.Close()
}

// note adds to the audit log that a lock is broken.
func (l *locks) note(ctx context.Context, id string, hosts []string) error {
	entry := state.Audit{Time: time.Now(), Action: "lock break", Hosts: strings.Join(hosts, " "), Outcome: audit.Done, Detail: id}
	if l.store == nil { // it is another workspace's
		return here.Audit(ctx, l.workspace, entry)
	}
	return l.store.AppendAudit(ctx, entry)
}

type breakCommand struct {
	ID string `arg:"" complete:"runs" help:"Lock, as froyo lock list and the refusal name it: RUN or RUN/HOST."`
	flags.Target
	Kill bool `help:"Also end the processes that the run left on the hosts."`
	Yes  bool `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*breakCommand) Help() string {
	return `The runner of the run is asked to stop its programs and to end; if it does not end, it can change nothing more.
Where the runner is gone and left processes running, the host stays locked until they have ended; --kill ends them.

Examples:
  froyo lock break 20261125-210315-ab12cd
  froyo lock break 20261125-210315-ab12cd --kill
  froyo lock break 20261125-210315-ab12cd/h1 -i hosts.ini -y`
}

// Run breaks a lock, in the store and on the hosts.
func (c *breakCommand) Run(ctx context.Context, e *console.Console) (err error) {
	if c.Where != "" {
		return diag.Errorf(diag.Pos{}, "--where cannot be given here, since hosts that are locked are not asked for facts; -l names hosts")
	}
	held, err := openLocks(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.close()) }()
	run, host, _ := strings.Cut(c.ID, "/")
	mine := slices.DeleteFunc(held.held, func(l state.HostLock) bool { return l.Run != run || host != "" && l.Host != host })
	if len(mine) == 0 && !state.IsRunID(run) {
		return (&diag.Error{Summary: "there is no lock " + ui.Readable(c.ID) + ": its name begins with the ID of a run"}).
			WithHint("froyo lock list lists the locks of this workspace")
	}
	hosts, names, err := held.hosts(ctx, e, &c.Target, host, mine)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return (&diag.Error{Summary: "there is no lock " + c.ID + ", and no host to look for it on"}).
			WithHint("froyo lock list lists the locks of this workspace; -i names the hosts that another one's run is changing")
	}
	if err := c.approve(ctx, e, run, names); err != nil {
		return err
	}
	if err := held.note(ctx, c.ID, names); err != nil {
		return err
	}
	for _, l := range mine {
		if err := held.store.UnlockHosts(ctx, l.Workspace, l.Run, l.Host); err != nil {
			return err
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(hosts, func(h *inventory.Host) bool { return h.Name == name }) {
			e.Errors.Warnings([]*diag.Error{(&diag.Error{Summary: "the inventory does not have it, so on the host itself the lock stays", Host: name}).
				WithHint("it ends with the run's runner; -i names the inventory that has the host")})
		}
	}
	return c.breakOn(ctx, e, run, hosts)
}

// hosts picks the hosts that a lock is broken on, of those that the inventory
// has, and their names, of which there may be more. What the store knows nothing of is looked
// for on all.
func (l *locks) hosts(ctx context.Context, e *console.Console, f *flags.Target, host string, mine []state.HostLock) ([]*inventory.Host, []string, error) {
	read, err := f.Read(ctx, e, l.workspace)
	if err != nil {
		return nil, nil, err
	}
	hosts, err := f.WithDefaults(read, l.workspace).Limited(f.Limit, flags.LimitFile(ctx))
	if err != nil {
		return nil, nil, err
	}
	names := []string{}
	for _, m := range mine {
		names = append(names, m.Host)
	}
	if host != "" && len(mine) == 0 {
		names = append(names, host)
	}
	if len(names) == 0 {
		return hosts, inventory.Names(hosts), nil
	}
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(h *inventory.Host) bool { return !slices.Contains(names, h.Name) })
	if len(mine) == 0 && len(hosts) == 0 {
		names = nil
	}
	return hosts, names, nil
}

func (c *breakCommand) approve(ctx context.Context, e *console.Console, run string, names []string) error {
	if c.Yes {
		return nil
	}
	if err := e.NeedsTerminal(c.Yes); err != nil {
		return err
	}
	question := fmt.Sprintf("Release %s, which run %s has locked? It may be in the middle of a change.", strings.TrimSpace(inventory.FoldNames(names)), run)
	return e.Approve(ctx, question, "released")
}

// breakOn takes hosts from a run and leaves them free.
func (c *breakCommand) breakOn(ctx context.Context, e *console.Console, id string, hosts []*inventory.Host) error {
	at, err := here.Workspace(e)
	if err != nil {
		return err
	}
	opens, err := c.Vault.Open(ctx, e, at)
	if err != nil {
		return err
	}
	transports, err := c.Transports(e, here.Credentials(e, at, opens))
	if err != nil {
		return err
	}
	openers := transports.Openers()
	now := time.Now()
	o := op.Op{Lock: &op.Lock{Run: state.NewRunID(now), Owner: worker.Here().Owner(), Since: now.UnixMilli(), Token: now.UnixMilli(), Break: id, Kill: c.Kill}}
	errs := make([]error, len(hosts))
	slots := make(chan struct{}, run.DefaultForks)
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() {
			slots <- struct{}{}
			errs[i] = breakOne(ctx, openers, h, o)
			<-slots
		})
	}
	all.Wait()
	for i, h := range hosts {
		if errs[i] == nil {
			fmt.Fprintf(e.Stdout, "%s: released from run %s\n", h.Name, ui.Readable(id))
		}
	}
	return errors.Join(append(errs, transports.Close())...)
}

func breakOne(ctx context.Context, openers fleet.Openers, h *inventory.Host, o op.Op) error {
	session, err := openers.Open(ctx, h, fleet.Hooks{Restricted: func(string, []string) {}, Note: func(string, string) {}})
	if err != nil {
		return blame.Host(h.Name, err)
	}
	results, err := session.Do(ctx, []target.Step{{Op: o, User: h.ActsAs()}})
	if err == nil && results[0].Error != nil {
		if e := results[0].Error; e.Holder != nil && e.Holder.Run != "" {
			err = hostlock.Held(h.Name, *e.Holder) // another run by now
		} else {
			err = &diag.Error{Summary: escape.Text(e.Message), Code: diag.Failed, Cause: e}
		}
	}
	closing := session.Close(context.WithoutCancel(ctx))
	if err != nil {
		return blame.Host(h.Name, err)
	}
	return closing
}
