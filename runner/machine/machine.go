// Package machine performs ops on the machine it runs on: it knows who performs
// which ops, and refuses what the run may not do any more, or not as this user.
//
// It imports runner/op, runner/perform, the performers (runner/files, runner/unpack, runner/mirror, runner/program, runner/gather,
// runner/connect, runner/wait, runner/packages and the managers below it, runner/systemd, runner/overlap), runner/names, runner/lockfile,
// runner/journal, runner/proctree and the standard library only; never fmt, encoding/json, os/exec,
// os/user, net or regexp, since the runner's size is speed.
package machine

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/connect"
	"github.com/openfroyo/froyo/runner/files"
	"github.com/openfroyo/froyo/runner/gather"
	"github.com/openfroyo/froyo/runner/journal"
	"github.com/openfroyo/froyo/runner/lockfile"
	"github.com/openfroyo/froyo/runner/mirror"
	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/overlap"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/proctree"
	"github.com/openfroyo/froyo/runner/program"
	"github.com/openfroyo/froyo/runner/unpack"
	"github.com/openfroyo/froyo/runner/wait"
)

// Machine performs ops. It may be used by several goroutines.
type Machine struct {
	UID  int    // who performs them
	User string // name of UID, else UID as decimal

	root       string // before the paths of system files; "/" except in tests
	grace      time.Duration
	names      *names.Names
	programs   *program.Starter
	performers []perform.Performer

	lock *lockfile.Lock // of the process, for all users
	// acquiring is held while the host lock is acquired, until nothing is left running that the run may not work beside.
	acquiring *sync.Mutex

	journal *journal.Journal  // as lock
	trees   *proctree.Tracker // as lock
}

// New returns the machine this process runs on. Programs that are to end have
// grace to do so by themselves.
func New(grace time.Duration) *Machine { return newAt("/", grace) }

// newAt returns the machine with its system files below root.
func newAt(root string, grace time.Duration) *Machine {
	m := &Machine{UID: os.Geteuid(), root: root, grace: grace, trees: proctree.New(), acquiring: &sync.Mutex{}}
	m.programs = program.New(grace, m.trees)
	m.names = names.New("/etc", m.getent)
	m.lock = lockfile.New(m.root, m.UID)
	m.journal = journal.New(m.root, m.UID)
	ctx := context.Background()
	m.User = m.names.User(ctx, uint32(m.UID)) //nolint:gosec // ids are 32 bits wide
	m.programs.User = m.User
	if e := m.names.Find(ctx, names.Passwd, m.User); e != nil && e[5] != "" {
		m.programs.Home = e[5]
	}
	m.performers = m.assemble()
	return m
}

// As returns the machine as it is for ops of a user: this one, or one that
// does for another user what sudo allows. Programs then run by sudo, what only
// reads is done as this process's user, and everything else is refused.
func (m *Machine) As(user string) *Machine {
	if user == "" || user == m.User {
		return m
	}
	view := *m
	view.programs = m.programs.As(user)
	view.performers = view.assemble()
	return &view
}

// assemble lists who performs which ops.
func (m *Machine) assemble() []perform.Performer {
	p := newPackages(m.root, m.UID, m.programs)
	s := &services{root: m.root, uid: m.UID, programs: m.programs}
	f := files.New(m.UID, m.names, m.programs)
	c := &connect.Connector{Root: m.root, Ask: m.ask}
	return []perform.Performer{
		f,
		unpack.New(m.UID, f, m.programs),
		mirror.New(f, m.names),
		m.programs,
		p,
		s,
		&gather.Collector{Root: m.root, Packages: p.manifest, Services: s.units},
		c,
		&wait.Waiter{Reach: c.Reach, Unit: s.unit},
	}
}

// Perform does an op. Whatever happens, it answers. When ctx is done it gives
// the op up, with ctx's cause as the reason.
func (m *Machine) Perform(ctx context.Context, o op.Op, s perform.Stream) op.Result {
	return perform.Answer(o, s, func(c *perform.Call) error {
		err := m.mayChange(c.Op)
		switch {
		case err != nil:
		case m.programs.Other() != "" && c.Op.Changes() && !c.Op.ByPrograms():
			err = m.programs.NeedsRunner(ctx, c.Op)
		default:
			err = m.perform(ctx, c)
		}
		if err == nil {
			return nil
		}
		return m.programs.Explain(ctx, perform.Fault(perform.Title(c.Op), err))
	})
}

// perform has a call performed by the first that knows the op.
func (m *Machine) perform(ctx context.Context, c *perform.Call) (err error) {
	switch o := &c.Op; {
	case o.Lock != nil:
		return m.acquireLock(ctx, c)
	case o.Watch != nil:
		return m.watchLock(c)
	case o.Journal != nil:
		return m.readJournal(ctx, c)
	case o.Getent != nil:
		return m.find(ctx, c)
	case o.Need != nil:
		return m.look(ctx, c)
	case o.Overlap != nil:
		c.Result.Overlap, err = overlap.Find(o.Overlap)
		return err
	case o.Restart != nil:
		return m.restart(ctx, c)
	}
	for _, p := range m.performers {
		if err := p.Perform(ctx, c); !errors.Is(err, perform.ErrUnknown) {
			return err
		}
	}
	return perform.ErrUnknown
}

// find looks a name up anew.
func (m *Machine) find(ctx context.Context, c *perform.Call) error {
	g := c.Op.Getent
	switch g.DB {
	case names.Passwd, names.Group:
	case names.Shadow:
		return m.findSecret(c)
	default:
		return perform.Refuse("nodb", "there is no database "+strconv.Quote(g.DB)+", expected passwd, group or shadow")
	}
	m.names.Forget(g.DB, g.Key)
	e := m.names.Find(ctx, g.DB, g.Key)
	c.Result.Getent = &op.GetentResult{Found: e != nil, Fields: slices.Clone(e)}
	return perform.Stopped(ctx)
}

// findSecret looks up what may be told of a user's password.
func (m *Machine) findSecret(c *perform.Call) error {
	s, err := m.names.Secret(c.Op.Getent.Key, c.Op.Getent.Hash)
	if err != nil {
		return err
	}
	c.Result.Getent = &op.GetentResult{}
	if s != nil {
		*c.Result.Getent = op.GetentResult{Found: true, Fields: s.Entry, Locked: s.Locked, Unset: s.Unset, Same: s.Same}
	}
	return nil
}

// getent asks the program of that name, which knows directory services. A machine
// without it, or one that does not know the key, gives "".
func (m *Machine) getent(ctx context.Context, db, key string) string {
	got, err := m.programs.Run(ctx, program.Program{Argv: []string{"getent", db, key}, Limit: op.MaxOutput})
	if err != nil || got.RC != 0 || got.Truncated() {
		return ""
	}
	return got.Stdout
}

// ask runs a program that is only asked something.
func (m *Machine) ask(ctx context.Context, argv ...string) (*op.ExecResult, error) {
	return m.programs.Run(ctx, program.Program{Argv: argv})
}
