package proctree

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// groups are cgroups below this process's own, one for each program under way.
// They are guarded by the tracker's lock.
type groups struct {
	base string   // this process's own
	free []*group // empty, to be used again
}

// group is a cgroup that holds one program at a time with what it starts.
type group struct {
	base, path string
	run        string
	token      int64
	dir        *os.File
	events     *os.File
}

const cgroupMagic = 0x63677270 // of a cgroup file system, version 2

// openGroups finds out whether this process may make cgroups below its own; nil where it may not.
func openGroups() *groups {
	own := ""
	for line := range strings.Lines(slurp("/proc/self/cgroup", 64<<10)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			own = strings.TrimSuffix(path, "\n")
		}
	}
	if own == "" || strings.Contains(own, "/..") {
		return nil
	}
	for _, mount := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs syscall.Statfs_t
		if syscall.Statfs(mount, &fs) != nil || int64(fs.Type) != cgroupMagic { //nolint:unconvert // its type is the platform's
			continue
		}
		g := &groups{base: filepath.Join(mount, own)}
		const writeExecute = 3
		if syscall.Access(g.base, writeExecute) != nil || syscall.Access(g.base+"/cgroup.procs", 2) != nil {
			return nil
		}
		g.sweep()
		return g
	}
	return nil
}

// sweep removes what runners that are gone left behind and nothing runs in.
func (g *groups) sweep() {
	ns := namespace()
	for _, name := range children(g.base) {
		text, ok := strings.CutPrefix(name, groupPrefix)
		if m, valid := parse(text); ok && valid && m.ns == ns && !m.alive() {
			removeTree(filepath.Join(g.base, name)) // where something runs in it, it stays
		}
	}
}

// get returns an empty cgroup for a program of a run.
func (g *groups) get(m mark) (*group, error) {
	for n := len(g.free); n > 0; n = len(g.free) {
		c := g.free[n-1]
		g.free = g.free[:n-1]
		if c.run == m.run && c.token == m.token {
			return c, nil
		}
		c.remove()
	}
	m.number = int(numbers.Add(1))
	c := &group{base: g.base, path: filepath.Join(g.base, groupPrefix+m.text()), run: m.run, token: m.token}
	if err := os.Mkdir(c.path, 0o755); err != nil {
		return nil, err
	}
	var err error
	if c.dir, err = os.Open(c.path); err == nil {
		c.events, err = os.Open(c.path + "/cgroup.events")
	}
	if err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// put takes back a cgroup that nothing runs in any more.
func (g *groups) put(c *group) {
	if c.populated() {
		c.remove()
		return
	}
	g.free = append(g.free, c)
}

func (g *groups) close() {
	for _, c := range g.free {
		c.remove()
	}
	g.free = nil
}

// remove removes the cgroup, unless something still runs in it.
func (c *group) remove() {
	for _, f := range []*os.File{c.dir, c.events} {
		if f != nil {
			f.Close()
		}
	}
	removeTree(c.path)
}

// populated reports whether anything runs in the cgroup or below.
func (c *group) populated() bool {
	var text [256]byte
	n, _ := c.events.ReadAt(text[:], 0) // it is shorter, so this ends with io.EOF
	return n == 0 || strings.Contains(string(text[:n]), "populated 1")
}

// processes lists what runs in the cgroup or below.
func (c *group) processes() []int {
	if !c.populated() {
		return nil
	}
	var pids []int
	walk(c.path, func(dir string) {
		for line := range strings.Lines(slurp(dir+"/cgroup.procs", 1<<20)) {
			if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
	})
	return pids
}

// letGo moves what still runs out of the cgroup, to where the runner itself is, and
// reports whether anything did.
func (c *group) letGo() (moved bool) {
	for range 10 { // it may start more meanwhile
		pids := c.processes()
		if len(pids) == 0 {
			return moved
		}
		moved = true
		for _, pid := range pids {
			_ = os.WriteFile(c.base+"/cgroup.procs", []byte(itoa(pid)), 0) // it may have ended
		}
	}
	return moved
}

// walk visits a cgroup and those below it, the lowest first.
func walk(dir string, visit func(dir string)) {
	for _, name := range children(dir) {
		walk(filepath.Join(dir, name), visit)
	}
	visit(dir)
}

func removeTree(dir string) {
	walk(dir, func(dir string) { _ = syscall.Rmdir(dir) }) // where something runs in it, it stays
}

// children names the cgroups in one.
func children(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(-1) // what could be read counts
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
