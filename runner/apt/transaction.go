package apt

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// transaction is one op at work.
type transaction struct {
	apt      *Apt
	patience *patience

	ask       *op.PkgEnsure
	repaired  bool // what an earlier transaction left was repaired, or that was tried
	completed bool // the same of needs that were not met
}

// outcome is how apt-get or dpkg ended.
type outcome struct {
	rc    int
	text  string
	words *said.Report
}

// changing has programs ask nothing. The locale is UTF-8, since what is
// installed may take it over: a database made in "C" stores text in ASCII.
var changing = []string{
	"DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none",
	"NEEDRESTART_MODE=l", // what is to be restarted is the runbook's choice
	"LC_ALL=C.UTF-8", "LANGUAGE=",
}

// quiet are the options of every apt-get.
var quiet = []string{"-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Progress-Fancy=0"}

// keepConfig has dpkg keep configuration files that were changed on the host.
var keepConfig = []string{"--force-confdef", "--force-confold"}

// aptGet runs apt-get. Without sudo's leave for it, apt does the same.
func (t *transaction) aptGet(ctx context.Context, args ...string) (*outcome, error) {
	return t.act(ctx, func() []string {
		argv := append([]string{"apt-get"}, quiet...)
		wait := 0 // where the locks can be seen they are waited for here
		if t.apt.host.Sudo != nil {
			argv[0] = "/usr/bin/apt"
			wait = int(math.Ceil(t.patience.left().Seconds()))
		}
		argv = append(argv, "-o", "DPkg::Lock::Timeout="+itoa(wait))
		for _, option := range keepConfig {
			argv = append(argv, "-o", "Dpkg::Options::="+option)
		}
		return append(argv, args...)
	})
}

// act runs a program that takes locks, as soon as no other process holds them.
func (t *transaction) act(ctx context.Context, command func() []string) (*outcome, error) {
	for {
		if err := t.free(ctx); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		argv := command()
		if t.apt.host.Sudo != nil {
			argv = t.apt.host.Sudo(argv...)
		}
		t.patience.begun = time.Now()
		got, err := t.apt.host.Act(argv, changing, t.patience.heard)
		t.patience.over()
		if err != nil {
			return nil, err
		}
		o := &outcome{rc: got.RC, text: got.Stdout, words: said.Listen(got.Stdout)}
		switch {
		case o.rc != 0 && t.apt.host.Sudo != nil && o.words.Denied:
			return nil, fault(op.Permanent, "sudo", "sudo does not let "+t.apt.host.User+" run "+program(argv)+
				"\n"+said.Tail(o.text)+"\nexpected a rule such as: "+t.apt.host.User+" ALL=(root) NOPASSWD: /usr/bin/apt")
		case o.rc == 0 || !o.words.Locked:
			return o, nil
		}
		// Another process was faster.
		if err := t.patience.wait(ctx, cmp.Or(o.words.Holder, t.patience.holder, "another process"), time.Second); err != nil {
			return nil, err
		}
	}
}

// free waits until no process holds a lock, where that can be seen.
func (t *transaction) free(ctx context.Context) error {
	if t.apt.host.Sudo != nil {
		return nil
	}
	for {
		holder := t.apt.holder()
		if holder == "" {
			return nil
		}
		if err := t.patience.wait(ctx, holder, lockPoll); err != nil {
			return err
		}
	}
}

// program returns the program that sudo was to run.
func program(argv []string) string {
	for n, arg := range argv {
		if arg == "--" && n+1 < len(argv) {
			return argv[n+1]
		}
	}
	return argv[0]
}

// transact runs apt-get, and once more where that first had to be repaired which
// an earlier transaction left undone.
func (t *transaction) transact(ctx context.Context, args ...string) (*outcome, error) {
	for {
		o, err := t.aptGet(ctx, args...)
		if err != nil || o.rc == 0 {
			return o, err
		}
		switch {
		case o.words.Interrupted && !t.repaired:
			err = t.repair(ctx)
		case o.words.Unmet && !t.completed:
			t.completed = true
			_, err = t.aptGet(ctx, "--fix-broken", "--no-remove", "install")
		default:
			return o, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// repair has dpkg finish what it could not when it was interrupted.
func (t *transaction) repair(ctx context.Context) error {
	t.repaired = true
	if t.apt.host.Sudo != nil {
		return fault(op.Conflict, "interrupted", "an earlier change of packages was interrupted on this host, and sudo permits apt alone, which cannot finish it"+
			"\nrun there: sudo dpkg --configure -a")
	}
	t.patience.note("finishing a change of packages that was interrupted earlier")
	_, err := t.act(ctx, func() []string {
		return append(append([]string{"dpkg"}, keepConfig...), "--configure", "-a")
	})
	return err // of a package that still fails the transaction will speak
}
