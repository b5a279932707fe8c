package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runtime/ui"
)

type lockCommand struct {
	List  lockListCommand  `cmd:"" help:"List the hosts that runs of this workspace are changing."`
	Break lockBreakCommand `cmd:"" help:"Take hosts from a run that will not end."`
}

type lockListCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*lockListCommand) Help() string {
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
func (c *lockListCommand) Run(ctx context.Context, e *env) error {
	held, err := openLocks(ctx, e)
	if err != nil {
		return err
	}
	answers := []lockAnswer{}
	now := time.Now()
	for _, l := range held.leases {
		answers = append(answers, lockAnswer{
			ID: l.ID(), Host: l.Host, Owner: l.Owner, Since: l.Acquired, Heartbeat: l.Heartbeat, Run: l.Run, PID: l.PID, Alive: alive(&l, now),
		})
	}
	if err := held.close(); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.Stdout, struct {
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
		rows = append(rows, []string{a.ID, a.Host, a.Owner, apply.Since(a.Since, now), a.Run, process})
	}
	var b strings.Builder
	ui.Columns(&b, "", rows)
	return writeFitted(e, b.String())
}

// locks are what the store around the working folder says of hosts that are being changed.
type locks struct {
	job    *job
	store  state.Store // nil where nothing was ever stored
	leases []state.Lease
}

func openLocks(ctx context.Context, e *env) (*locks, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	l := &locks{job: &job{env: e}}
	if l.job.workspace, err = e.findWorkspace(cwd); err != nil {
		return nil, err
	}
	dir := l.job.workspace.StateDir()
	if _, err := os.Stat(filepath.Join(dir, "openfroyo.db")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return l, nil
		}
		return nil, err
	}
	if l.store, err = sqlite.Open(ctx, dir); err != nil {
		return nil, err
	}
	if l.leases, err = l.store.Leases(ctx, l.job.workspace.ID()); err != nil {
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

type lockBreakCommand struct {
	ID string `arg:"" help:"Lock, as froyo lock list and the refusal name it: RUN or RUN/HOST."`
	targetFlags
	Yes bool `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*lockBreakCommand) Help() string {
	return `The run's runner is asked to end what it does and to end; one that does not heed may change nothing more.

Examples:
  froyo lock break 20261125-210315-ab12cd
  froyo lock break 20261125-210315-ab12cd/h1 -i hosts.ini -y`
}

// Run breaks a lock, in the store and on the hosts.
func (c *lockBreakCommand) Run(ctx context.Context, e *env) (err error) {
	held, err := openLocks(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.close()) }()
	run, host, _ := strings.Cut(c.ID, "/")
	mine := slices.DeleteFunc(held.leases, func(l state.Lease) bool { return l.Run != run || host != "" && l.Host != host })
	hosts, names, err := held.hosts(&c.targetFlags, host, mine)
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
	for _, l := range mine {
		if err := held.store.DropLeases(ctx, l.Workspace, l.Run, l.Host); err != nil {
			return err
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(hosts, func(h *inventory.Host) bool { return h.Name == name }) {
			e.errors.Warnings([]*diag.Error{(&diag.Error{Summary: "the inventory does not have it, so on the host itself the lock stays", Host: name}).
				WithHint("it ends with the run's runner; -i names the inventory that has the host")})
		}
	}
	return c.breakOn(ctx, e, run, hosts)
}

// hosts picks the hosts that a lock is broken on, of those that the inventory
// has, and their names, of which there may be more. What the store knows nothing of is looked
// for on all.
func (l *locks) hosts(f *targetFlags, host string, mine []state.Lease) ([]*inventory.Host, []string, error) {
	read, err := l.job.readInventory(f)
	if err != nil {
		return nil, nil, err
	}
	hosts, err := limited(l.job.withSettings(read, f), f.Limit)
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
		return hosts, hostNames(hosts), nil
	}
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(h *inventory.Host) bool { return !slices.Contains(names, h.Name) })
	if len(mine) == 0 && len(hosts) == 0 {
		names = nil
	}
	return hosts, names, nil
}

func (c *lockBreakCommand) approve(ctx context.Context, e *env, run string, names []string) error {
	if c.Yes {
		return nil
	}
	if !isTerminal(e.Stdin) {
		return (&diag.Error{Summary: "lock break asks first, and there is no terminal to ask on"}).WithHint("give -y")
	}
	question := fmt.Sprintf("Take %s from run %s, which may be in the middle of a change?", strings.TrimSpace(inventory.FoldNames(names)), run)
	yes, err := e.confirm(ctx, question)
	if err == nil && !yes || errors.Is(err, io.EOF) {
		err = &diag.Error{Summary: "not approved; nothing was broken"}
	}
	return err
}

// breakOn takes hosts from a run and leaves them free.
func (c *lockBreakCommand) breakOn(ctx context.Context, e *env, run string, hosts []*inventory.Host) error {
	connector, err := newConnector(e, &c.targetFlags)
	if err != nil {
		return err
	}
	connector.note = func(string, string, string) {}
	now := time.Now()
	o := op.Op{Lease: &op.Lease{Run: state.NewRunID(now), Owner: whoAndWhere(), Since: now.UnixMilli(), Token: now.UnixMilli(), Break: run}}
	errs := make([]error, len(hosts))
	slots := make(chan struct{}, defaultForks)
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() {
			slots <- struct{}{}
			errs[i] = breakOne(ctx, connector, h, o)
			<-slots
		})
	}
	all.Wait()
	for i, h := range hosts {
		if errs[i] == nil {
			fmt.Fprintf(e.Stdout, "%s: run %s no longer has it\n", h.Name, ui.Readable(run))
		}
	}
	return errors.Join(append(errs, connector.close())...)
}

func breakOne(ctx context.Context, connector *connector, h *inventory.Host, o op.Op) error {
	session, err := connector.open(ctx, h, event.Tee{})
	if err != nil {
		return hostError(h.Name, err)
	}
	results, err := session.Do(ctx, []dial.Step{{Op: o, User: h.ActsAs()}})
	if err == nil && results[0].Error != nil {
		if e := results[0].Error; e.Holder != nil && e.Holder.Run != "" {
			err = apply.Held(h.Name, *e.Holder) // another run by now
		} else {
			err = e
		}
	}
	closing := session.Close(context.WithoutCancel(ctx))
	if err != nil {
		return hostError(h.Name, err)
	}
	return closing
}
