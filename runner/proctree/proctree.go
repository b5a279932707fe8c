// Package proctree tracks the programs that a runner starts, with everything
// that they start in turn, so that a command has ended when its process tree
// has, and so that the next runner finds what a killed one left running.
//
// Where the runner may write a cgroup (v2), each program is started in one of its
// own, below the runner's: nothing escapes it but what is moved out by a user who
// may. Elsewhere programs carry a mark in their environment, and the runner is the
// reaper of its descendants (PR_SET_CHILD_SUBREAPER), so as long as it lives nothing
// escapes either. After its death a process is found by its mark, its session being
// of no help then; one that cleared its environment is found only below one that did not.
//
// It imports runner/op and the standard library only; never fmt, encoding/json
// or net, since the runner's size is speed.
package proctree

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// poll is how often it is looked whether processes have ended, at first and later.
const (
	firstPoll = 5 * time.Millisecond
	lastPoll  = 200 * time.Millisecond
)

// numbers tells apart what this process starts.
var numbers atomic.Int64

// Tracker is a runner's view of what it started. It may be used by several goroutines.
type Tracker struct {
	once sync.Once

	mu     sync.Mutex
	self   mark          // of this runner; run is "" until it is known
	groups *groups       // nil where no cgroup may be written
	trees  map[int]*Tree // those under way, by their leader
	// released says that something was let go, so that not every descendant
	// without a mark belongs to a tree under way.
	released bool
}

// New returns a tracker that tracks nothing yet.
func New() *Tracker { return &Tracker{trees: map[int]*Tree{}} }

// Unprivileged returns a tracker that uses no cgroups, as that of a user does who may not write them.
func Unprivileged() *Tracker {
	t := New()
	t.once.Do(func() { t.self = self() })
	return t
}

// Enter tells of which run the programs are that are started from now on.
func (t *Tracker) Enter(run string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if op.IsRun(run) {
		t.self.run = run
	}
}

// Depend tells of the lock that the run has on the machine: its token is noted with
// the programs that are started from now on.
func (t *Tracker) Depend(token int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.self.token = max(0, token)
}

// Close removes what the tracker made. No program may be started any more.
func (t *Tracker) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.groups != nil {
		t.groups.close()
	}
}

// Tree is a program with everything that it started.
type Tree struct {
	Process *os.Process // its leader, to be waited for by the caller

	tracker    *Tracker
	number     int
	group      *group // nil without cgroups
	background bool
}

// Start starts a program as os.StartProcess does. What a program in the
// background leaves when it ends is not the tracker's any more.
func (t *Tracker) Start(path string, argv []string, attr *os.ProcAttr, background bool) (*Tree, error) {
	t.once.Do(t.setUp)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.groups == nil {
		return t.startMarked(path, argv, attr, background)
	}
	g, err := t.groups.get(t.self)
	if err != nil { // there may be too many of them already
		return t.startMarked(path, argv, attr, background)
	}
	tree, err := t.startInGroup(g, path, argv, attr, background)
	if err == nil || !unsupported(err) {
		return tree, err
	}
	// The kernel, or a filter of system calls, may not know how to start a program
	// in a cgroup; where it was the program's fault, this fails as well.
	tree, markedErr := t.startMarked(path, argv, attr, background)
	if markedErr == nil {
		t.groups.close()
		t.groups = nil
	}
	return tree, markedErr
}

func (t *Tracker) setUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	run, token := t.self.run, t.self.token
	t.self = self()
	t.self.run, t.self.token = run, token
	t.groups = openGroups()
}

// unsupported reports whether an error may be the kernel's, which does not start programs in cgroups.
func unsupported(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.ENOSYS, syscall.EINVAL, syscall.EPERM, syscall.EACCES, syscall.EBUSY, syscall.EOPNOTSUPP,
		syscall.ENODEV, syscall.ENOSPC, syscall.EROFS, syscall.ENOENT, syscall.EAGAIN, syscall.E2BIG,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func (t *Tracker) startInGroup(g *group, path string, argv []string, attr *os.ProcAttr, background bool) (*Tree, error) {
	in := *attr
	sys := syscall.SysProcAttr{}
	if attr.Sys != nil {
		sys = *attr.Sys
	}
	sys.UseCgroupFD, sys.CgroupFD = true, int(g.dir.Fd())
	in.Sys = &sys
	proc, err := os.StartProcess(path, argv, &in)
	if err != nil {
		t.groups.put(g)
		return nil, err
	}
	tree := &Tree{Process: proc, tracker: t, group: g, background: background}
	t.trees[proc.Pid] = tree // there may be trees without a cgroup beside it
	return tree, nil
}

func (t *Tracker) startMarked(path string, argv []string, attr *os.ProcAttr, background bool) (*Tree, error) {
	reap()
	number := int(numbers.Add(1))
	marked := *attr
	if !background { // what is let go shall not look like the run's
		own := t.self
		own.number = number
		marked.Env = append(slices.Clip(attr.Env), own.variable())
	}
	proc, err := os.StartProcess(path, argv, &marked)
	if err != nil {
		return nil, err
	}
	tree := &Tree{Process: proc, tracker: t, number: number, background: background}
	t.trees[proc.Pid] = tree
	return tree, nil
}

// Left lists the processes of the tree that live, its leader included unless it
// was waited for. It costs next to nothing where there are none.
func (tree *Tree) Left() []int {
	if tree.group != nil {
		return tree.group.processes()
	}
	return tree.tracker.adopted(tree)
}

// Signal sends a signal to all processes of the tree, and reports whether one of
// them may not be sent it by this user.
func (tree *Tree) Signal(sig syscall.Signal) (forbidden bool) {
	leader := tree.Process.Pid
	left := tree.Left()
	member := func(pid int) bool { group, err := syscall.Getpgid(pid); return err == nil && group == leader }
	if slices.ContainsFunc(left, member) { // all of it at once, so that none sees another end first
		_ = syscall.Kill(-leader, sig) // who did not get it is seen below
	}
	for _, pid := range left {
		also := sig
		if member(pid) {
			also = 0
		}
		if syscall.Kill(pid, also) == syscall.EPERM {
			forbidden = true
		}
	}
	return forbidden
}

// End asks all processes of the tree to end and after the grace ends them. leader
// is closed once the leader was waited for. It reports whether all have ended, as
// far as can be seen: what sudo runs only root may end, and what hangs in the kernel
// does not end at all.
func (tree *Tree) End(grace time.Duration, leader <-chan struct{}) bool {
	forbidden := tree.Signal(syscall.SIGTERM)
	if tree.await(grace, leader) {
		return true
	}
	until := time.Now().Add(grace)
	for {
		if tree.Signal(syscall.SIGKILL) || forbidden {
			return tree.await(firstPoll, leader)
		}
		if tree.await(10*firstPoll, leader) {
			return true
		}
		if time.Now().After(until) {
			return false
		}
	}
}

// await waits until nothing is left of the tree, and reports whether that came about in time.
func (tree *Tree) await(limit time.Duration, leader <-chan struct{}) bool {
	until := time.Now().Add(limit)
	for wait := firstPoll; ; wait = min(2*wait, lastPoll) {
		select {
		case <-leader:
			if len(tree.Left()) == 0 {
				return true
			}
			time.Sleep(min(wait, max(0, time.Until(until))))
		case <-time.After(min(wait, max(0, time.Until(until)))):
		}
		if time.Now().After(until) {
			return false
		}
	}
}

// Background reports whether the tree's leftovers are to be let go.
func (tree *Tree) Background() bool { return tree.background }

// Done ends the tracking of the tree, whose leader was waited for. What is left
// of it is the runner's no more.
func (tree *Tree) Done() {
	t := tree.tracker
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() {
		if t.trees[tree.Process.Pid] == tree { // the number may be another leader's by now
			delete(t.trees, tree.Process.Pid)
		}
	}()
	if tree.group != nil {
		if tree.group.letGo() {
			t.released = true
		}
		if t.groups != nil {
			t.groups.put(tree.group)
		} else {
			tree.group.remove()
		}
		return
	}
	if tree.background || len(t.adoptedLocked(tree)) > 0 {
		t.released = true
	}
}

// Describe tells about processes of the tree.
func (tree *Tree) Describe(pids []int) []op.Process {
	var all []op.Process
	for _, pid := range pids {
		if p := read(pid); p != nil {
			all = append(all, p.describe(tree.tracker.run(), true))
		}
	}
	return all
}

func (t *Tracker) run() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.self.run
}

// Words names processes in a message: "4711 (sleep 1000), 4712 (sh)".
func Words(processes []op.Process) string {
	const most = 3
	var words []string
	for i, p := range processes {
		if i == most {
			words = append(words, itoa(len(processes)-most)+" more")
			break
		}
		words = append(words, itoa(p.PID)+" ("+p.Command+")")
	}
	return strings.Join(words, ", ")
}
