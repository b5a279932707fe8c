package proctree

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

// reap makes this process the one that orphans of its descendants become children
// of, once. Where the kernel does not know that (before 3.4), they become init's.
var reap = sync.OnceFunc(func() {
	const setChildSubreaper = 36
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0) // see above
})

// adopted lists the processes of a tree that live.
func (t *Tracker) adopted(tree *Tree) []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.adoptedLocked(tree)
}

func (t *Tracker) adoptedLocked(tree *Tree) []int {
	if !t.orphans() {
		return nil
	}
	var mine []int
	for _, p := range t.owned() {
		if p.tree == tree && !p.dead() {
			mine = append(mine, p.pid)
		}
	}
	return mine
}

// orphans reports, at little cost, whether there may be children besides the
// leaders under way that have not been waited for. With t.mu no program is just being started.
func (t *Tracker) orphans() bool {
	const all, exited, noHang, noWait = 0, 4, 1, 0x01000000
	var info [128]byte
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, all, 0, uintptr(unsafe.Pointer(&info)), exited|noHang|noWait, 0, 0) //nolint:gosec // how a system call takes memory
	return errno != syscall.ECHILD
}

// belonging is a descendant of this process, and the tree it belongs to, nil where that is not known.
type belonging struct {
	*process
	tree *Tree
}

// owned lists this process's descendants. Orphans that have ended are waited for,
// which no other process does.
func (t *Tracker) owned() []belonging {
	below := descendants(os.Getpid())
	var owned []belonging
	for _, child := range below[os.Getpid()] {
		tree := t.trees[child.pid]
		if tree == nil {
			if child.dead() {
				_, _ = syscall.Wait4(child.pid, nil, syscall.WNOHANG, nil) // it is gone then
				continue
			}
			tree = t.treeOf(child)
		}
		owned = appendBelow(owned, below, child, tree)
	}
	return owned
}

func appendBelow(owned []belonging, below map[int][]*process, p *process, tree *Tree) []belonging {
	owned = append(owned, belonging{p, tree})
	for _, child := range below[p.pid] {
		owned = appendBelow(owned, below, child, tree)
	}
	return owned
}

// treeOf finds the tree of an orphan: by its session or group, by its mark, or
// because there is only one that it can be of. What is in a cgroup of this runner's is
// tracked there, and nil here.
func (t *Tracker) treeOf(p *process) *Tree {
	if m, ok := ofGroup(slurp("/proc/"+itoa(p.pid)+"/cgroup", 64<<10)); ok && m.runnerOf() == t.self.runnerOf() {
		return nil
	}
	for _, leader := range []int{p.session, p.group} {
		if tree := t.trees[leader]; tree != nil {
			return tree
		}
	}
	if m, ok := ofEnvironment(environ(p.pid)); ok {
		if m.runnerOf() != t.self.runnerOf() {
			return nil
		}
		for _, tree := range t.trees {
			if tree.group == nil && tree.number == m.number {
				return tree
			}
		}
		return nil
	}
	if t.released {
		return nil
	}
	var only *Tree
	for _, tree := range t.trees {
		switch {
		case tree.group != nil:
		case only != nil:
			return nil
		default:
			only = tree
		}
	}
	return only
}

// descendants lists processes by their parents.
func descendants(of int) map[int][]*process {
	below := map[int][]*process{}
	if direct, ok := directChildren(of); ok {
		below[of] = direct
		for i := 0; i < len(direct); i++ {
			more, _ := directChildren(direct[i].pid) // gone meanwhile: its children are direct now
			below[direct[i].pid] = more
			direct = append(direct, more...)
		}
		return below
	}
	for _, pid := range all() {
		if p := stat(pid); p != nil {
			below[p.parent] = append(below[p.parent], p)
		}
	}
	return below
}

// directChildren asks the kernel for a process's children, which most can tell.
func directChildren(of int) ([]*process, bool) {
	tasks := "/proc/" + itoa(of) + "/task"
	f, err := os.Open(tasks)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1) // what could be read counts
	var found []*process
	for _, name := range names {
		path := tasks + "/" + name + "/children"
		if _, err := os.Stat(path); err != nil {
			return nil, false
		}
		for field := range strings.FieldsSeq(slurp(path, 1<<20)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				continue
			}
			if p := stat(pid); p != nil {
				found = append(found, p)
			}
		}
	}
	return found, true
}
