// Package machine performs ops on the machine it runs on: it reads and
// changes files, runs programs, and gathers facts. What it is told by the
// machine it bounds, and makes valid UTF-8.
//
// It imports runner/op, runner/names, runner/sudo, runner/apt, runner/systemd,
// runner/lease, runner/journal and the standard library only; never fmt, encoding/json, os/exec, os/user,
// net or regexp, since the runner's size is speed.
package machine

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/apt"
	"github.com/openfroyo/froyo/runner/journal"
	"github.com/openfroyo/froyo/runner/lease"
	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
)

// Machine performs ops. It may be used by several goroutines.
type Machine struct {
	UID  int    // who performs them
	User string // name of UID, else UID as decimal

	root  string // before the paths of system files; "/" except in tests
	home  string
	path  string // where programs are looked for; searchPath where empty, as it is but for tests
	as    string // who programs run as by sudo; "" is this process's own user
	rules *ruleList
	grace time.Duration
	names *names.Names
	now   func() time.Time

	apt   func() *apt.Apt // the packages, made at the first use
	lease *lease.Lease    // of the process, for all users

	journal *journal.Journal // as lease
}

// New returns the machine this process runs on. Programs that are to end have
// grace to do so by themselves.
func New(grace time.Duration) *Machine {
	m := &Machine{UID: os.Geteuid(), root: "/", home: "/", grace: grace, now: time.Now}
	m.names = names.New("/etc", m.ask)
	m.apt = sync.OnceValue(m.newApt)
	m.lease = lease.New(m.root, m.UID)
	m.journal = journal.New(m.root, m.UID)
	ctx := context.Background()
	m.User = m.names.User(ctx, uint32(m.UID)) //nolint:gosec // ids are 32 bits wide
	if e := m.names.Find(ctx, names.Passwd, m.User); e != nil && e[5] != "" {
		m.home = e[5]
	}
	return m
}

// Stream is the content that travels beside an op.
type Stream struct {
	In  io.Reader                                    // of the op's blob, or to be relayed; nil where there is none
	Out func(ctx context.Context, r io.Reader) error // takes the content of the result of fs.read, or what was relayed
	// Opened tells that the connection of net.connect is there.
	Opened func() error
	// Note tells people what the op waits for, in one line; nil drops it.
	Note func(text string)
}

// note tells what the op waits for, where somebody listens.
func (s Stream) note(text string) {
	if s.Note != nil {
		s.Note(text)
	}
}

// Perform does an op. Whatever happens, it answers. When ctx is done it gives
// the op up, with ctx's cause as the reason.
func (m *Machine) Perform(ctx context.Context, o op.Op, s Stream) (result op.Result) {
	defer func() {
		if r := recover(); r != nil {
			result = failed(Fault(Title(o), panicked(r)))
		}
	}()
	err := m.mayChange(o)
	switch {
	case err != nil:
	case m.as != "" && !bySudo(o):
		err = m.needsRunner(ctx, o)
	case o.Stat != nil:
		result.Stat, err = m.stat(ctx, o.Stat)
	case o.Read != nil:
		result.Read, err = m.read(ctx, o.Read, s.Out)
	case o.List != nil:
		result.List, err = m.list(ctx, o.List)
	case o.Getent != nil:
		result.Getent, err = m.getent(ctx, o.Getent)
	case o.Facts != nil:
		result.Facts, err = m.facts(ctx, o.Facts)
	case o.Exec != nil:
		result.Exec, err = m.exec(ctx, o.Exec, s.In)
	case o.Write != nil:
		result.Done, err = m.write(ctx, o.Write, s.In)
	case o.Mkdir != nil:
		result.Done, err = m.mkdir(ctx, o.Mkdir)
	case o.Link != nil:
		result.Done, err = m.link(ctx, o.Link)
	case o.Remove != nil:
		result.Done, err = m.remove(o.Remove)
	case o.Attr != nil:
		result.Done, err = m.attr(ctx, o.Attr)
	case o.PkgQuery != nil:
		result.PkgQuery, err = m.pkgQuery(ctx, o.PkgQuery)
	case o.PkgEnsure != nil:
		result.PkgEnsure, err = m.pkgEnsure(ctx, o.PkgEnsure, s.note)
	case o.SvcQuery != nil:
		result.SvcQuery, err = m.svcQuery(ctx, o.SvcQuery)
	case o.SvcEnsure != nil:
		result.Done, err = m.svcEnsure(ctx, o.SvcEnsure)
	case o.Connect != nil:
		result.Done, err = m.connect(ctx, o.Connect, s)
	case o.Lease != nil:
		result.Done, err = m.takeLease(ctx, o.Lease, s.note)
	case o.Journal != nil:
		result.Journal, err = m.journal.Read(o.Journal.Run)
	default:
		err = errors.New("this runner does not know the op")
	}
	if err != nil {
		return failed(m.explain(ctx, Fault(Title(o), err)))
	}
	return result
}

func failed(e *op.Error) op.Result { return op.Result{Error: e} }

// getent looks a name up anew.
func (m *Machine) getent(ctx context.Context, g *op.Getent) (*op.GetentResult, error) {
	if g.DB != names.Passwd && g.DB != names.Group {
		return nil, refusal("nodb", "there is no database "+strconv.Quote(g.DB)+", expected passwd or group")
	}
	m.names.Forget(g.DB, g.Key)
	e := m.names.Find(ctx, g.DB, g.Key)
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	return &op.GetentResult{Found: e != nil, Fields: slices.Clone(e)}, nil
}

// ask asks the program getent, which knows directory services. A machine
// without it, or one that does not know the key, gives "".
func (m *Machine) ask(ctx context.Context, db, key string) string {
	got, err := m.run(ctx, program{argv: []string{"getent", db, key}, limit: maxOutput})
	if err != nil || got.RC != 0 || got.Truncated {
		return ""
	}
	return got.Stdout
}
