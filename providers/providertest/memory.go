package providertest

import (
	"cmp"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/op"
)

// Node is a file, directory or link in a Memory.
type Node struct {
	Type    op.Type
	Mode    uint32
	Owner   string
	Group   string
	Content *op.Blob // of files
	Target  string   // of links
}

// Memory is a target whose files and packages are in memory and whose programs
// are functions. Content is kept as a reference only.
type Memory struct {
	Files map[string]*Node // by absolute path; "/" is always there
	// Mounts are the mount points that a list tells, relative to the directory, whichever it is.
	Mounts []string
	// Users holds the ids of names, for users and groups alike; root is always known.
	Users map[string]uint32
	// Programs answer exec ops by their shell text or their argv joined with
	// spaces, of scripts with "script" before it, and checks of file.write by their text. Others cannot be started.
	Programs map[string]func(e *op.Exec) op.Result
	// Packages is the database of the package manager; nil is a target without one.
	Packages MemoryPackages
	// PackagesFault is what every pkg.ensure ends with, as a lock that is held; nil for none.
	PackagesFault *op.Error
	Services      MemoryServices // by full name; nil is a target without systemd
	// Done lists the changing ops that were asked for.
	Done []op.Op
	// Listeners answer probes, by their URL or address:port; Probed lists those asked for.
	Listeners map[string]func(o op.Op) op.Result
	// Lacks names programs and directories that need.query does not find; of users and groups it tells those in Users.
	Lacks  []string
	Probed []op.Op
}

// Exits is a program that ends with an exit code and says something on its standard output.
func Exits(rc int, stdout string) func(*op.Exec) op.Result {
	return func(*op.Exec) op.Result { return op.Result{Exec: &op.ExecResult{RC: rc, Stdout: stdout}} }
}

// Do performs an op.
func (m *Memory) Do(o op.Op) op.Result {
	if o.Changes() {
		m.Done = append(m.Done, o)
	}
	switch {
	case o.Probes():
		return m.probe(o)
	case o.Restart != nil:
		return op.Result{Done: &op.Done{Changed: true}}
	case o.Stat != nil:
		return m.stat(o.Stat)
	case o.Read != nil:
		return m.read(o.Read)
	case o.Text != nil:
		return m.text(o.Text)
	case o.List != nil:
		return m.list(o.List)
	case o.Need != nil:
		return m.need(o.Need)
	case o.Exec != nil:
		return m.exec(o.Exec)
	case o.Write != nil:
		return m.write(o.Write)
	case o.Mkdir != nil:
		return m.mkdir(o.Mkdir)
	case o.Link != nil:
		return m.put(o.Link.Path, Node{Type: op.TypeLink, Mode: 0o777, Target: o.Link.Target}, op.Attributes{Owner: o.Link.Owner, Group: o.Link.Group})
	case o.Remove != nil:
		return m.remove(o.Remove)
	case o.Attr != nil:
		return m.attr(o.Attr)
	case o.PkgQuery != nil:
		return m.Packages.query(o.PkgQuery)
	case o.PkgEnsure != nil && m.Packages != nil && m.PackagesFault != nil:
		return op.Result{Error: m.PackagesFault}
	case o.PkgEnsure != nil:
		return m.Packages.ensure(o.PkgEnsure)
	case o.SvcQuery != nil:
		return m.Services.query(o.SvcQuery)
	case o.SvcEnsure != nil:
		return m.Services.ensure(o.SvcEnsure)
	}
	return fault("enosys", o.String()+" is not known here")
}

// Says is what is at a path, for tests to compare: a file's text, or its digest where nobody brought its content, "->" with the
// target of a link, or "nothing".
func (m *Memory) Says(t testing.TB, path string) string {
	t.Helper()
	switch n := m.Files[path]; {
	case n == nil:
		return "nothing"
	case n.Type == op.TypeLink:
		return "->" + n.Target
	case n.Content == nil || n.Content.Open == nil:
		return n.sum()
	default:
		data, err := n.read()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
}

func (n *Node) sum() string {
	if n.Content == nil {
		return ""
	}
	return n.Content.Sum
}

// read is the content of a file that somebody brought.
func (n *Node) read() ([]byte, error) {
	f, err := n.Content.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (m *Memory) text(t *op.Text) op.Result {
	n := m.node(t.Path, false)
	if n == nil {
		parent := m.node(path.Dir(t.Path), true)
		return op.Result{Text: &op.TextResult{NoParent: parent == nil && path.Dir(t.Path) != "/"}}
	}
	r := &op.TextResult{Exists: true, Type: n.Type, Target: n.Target}
	if n.Content != nil && n.Content.Open != nil {
		data, err := n.read()
		if err != nil {
			return fault("eio", err.Error())
		}
		if r.Text = string(data); !utf8.Valid(data) {
			r.Text, r.Binary = "", true
		}
	}
	return op.Result{Text: r}
}

func (m *Memory) need(n *op.Need) op.Result {
	lacks := func(names []string) (missing []string) {
		for _, name := range names {
			if _, known := m.Users[name]; !known && name != "root" {
				missing = append(missing, name)
			}
		}
		return missing
	}
	return op.Result{Need: &op.NeedResult{
		NoUsers: lacks(n.Users), NoGroups: lacks(n.Groups),
		NoProgram: slices.Contains(m.Lacks, n.Program), NoDir: slices.Contains(m.Lacks, n.Dir),
	}}
}

func fault(code, message string) op.Result {
	return op.Result{Error: &op.Error{Class: op.Permanent, Code: code, Message: message}}
}

func done(changed bool) op.Result { return op.Result{Done: &op.Done{Changed: changed}} }

// node returns what is at a path, nil for nothing.
func (m *Memory) node(p string, follow bool) *Node {
	if p == "/" {
		return &Node{Type: op.TypeDir, Mode: 0o755}
	}
	n := m.Files[p]
	if n == nil || n.Type != op.TypeLink || !follow {
		return n
	}
	target := n.Target
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(p), target)
	}
	return m.node(target, follow)
}

func (m *Memory) stat(s *op.Stat) op.Result {
	n := m.node(s.Path, s.Follow)
	if n == nil {
		return op.Result{Stat: &op.StatResult{}}
	}
	r := &op.StatResult{
		Exists: true, Type: n.Type, Mode: n.Mode, Target: n.Target,
		UID: m.Users[n.Owner], GID: m.Users[n.Group], Owner: owner(n.Owner), Group: owner(n.Group),
	}
	if n.Content != nil {
		r.Size = n.Content.Size
	}
	return op.Result{Stat: r}
}

func owner(name string) string { return cmp.Or(name, "root") }

func (m *Memory) read(r *op.Read) op.Result {
	n := m.node(r.Path, !r.NoFollow)
	if n == nil || n.Content == nil {
		return op.Result{Read: &op.ReadResult{Exists: n != nil}}
	}
	if size := n.Content.Size; r.Limit > 0 && size > r.Limit && size != r.Size {
		return op.Result{Read: &op.ReadResult{Exists: true, Regular: true, Size: size, MTime: 1}}
	}
	result := &op.ReadResult{Exists: true, Regular: true, Size: n.Content.Size, Sum: n.Content.Sum}
	if n.Content.Sum != r.Unless && n.Content.Size <= r.Limit {
		result.Content = &op.Blob{Sum: n.Content.Sum, Size: n.Content.Size}
	}
	return op.Result{Read: result}
}

// below returns the paths below a directory, sorted.
func (m *Memory) below(dir string) []string {
	var paths []string
	for p := range m.Files {
		if strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/") {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

func (m *Memory) list(l *op.List) op.Result {
	n := m.node(l.Path, true)
	if n == nil {
		return op.Result{List: &op.ListResult{}}
	}
	if n.Type != op.TypeDir {
		return fault("enotdir", l.Path+" is not a directory")
	}
	r := &op.ListResult{Exists: true}
	if l.Mounts {
		r.Mounts = m.Mounts
	}
	for _, p := range m.below(l.Path) {
		n := m.Files[p]
		if !l.Recurse && path.Dir(p) != l.Path || l.Unless != nil && !m.set(n, *l.Unless, true) {
			continue
		}
		if l.Tally {
			r.Count++
			if n.Type == op.TypeDir {
				r.Dirs++
			}
			if n.Content != nil {
				r.Bytes += n.Content.Size
			}
		}
		if r.More = l.Limit > 0 && len(r.Entries) == l.Limit; r.More && l.Tally {
			continue
		} else if r.More {
			break
		}
		r.Entries = append(r.Entries, op.Entry{Path: strings.TrimPrefix(p, l.Path+"/"), Type: n.Type, Mode: n.Mode, Owner: owner(n.Owner), Group: owner(n.Group)})
	}
	return op.Result{List: r}
}

func (m *Memory) exec(e *op.Exec) op.Result {
	name := cmp.Or(e.Shell, strings.Join(e.Argv, " "))
	if e.Script != nil {
		name = strings.TrimSpace("script " + name)
	}
	if run := m.Programs[name]; run != nil {
		return run(e)
	}
	return fault("enoent", name+": no such program")
}

func (m *Memory) write(w *op.Write) op.Result {
	if w.Check != "" {
		if r := m.exec(&op.Exec{Shell: w.Check}); r.Error != nil || r.Exec.RC != 0 {
			return fault("check", "the check refused the new file")
		}
	}
	old, n := m.Files[w.Path], Node{Type: op.TypeFile, Mode: 0o644, Content: &op.Blob{Sum: w.Content.Sum, Size: w.Content.Size, Open: w.Content.Open}}
	if old != nil && old.Type == op.TypeFile {
		n.Mode, n.Owner, n.Group = old.Mode, old.Owner, old.Group
	}
	r := m.put(w.Path, n, w.Attributes)
	if r.Done != nil && w.Backup && old != nil {
		r.Done.Backup = w.Path + ".old"
		m.Files[r.Done.Backup] = old
	}
	return r
}

// put places a node at a path, on which nothing or a file or link may be.
func (m *Memory) put(p string, n Node, a op.Attributes) op.Result {
	if parent := m.node(path.Dir(p), true); parent == nil || parent.Type != op.TypeDir {
		return fault("enoent", "directory "+path.Dir(p)+" does not exist")
	}
	if old := m.Files[p]; old != nil && old.Type == op.TypeDir {
		return fault("eisdir", p+" is a directory")
	}
	if r, ok := m.known(a); !ok {
		return r
	}
	m.set(&n, a, false)
	m.Files[p] = &n
	return done(true)
}

func (m *Memory) mkdir(d *op.Mkdir) op.Result {
	if r, ok := m.known(d.Attributes); !ok {
		return r
	}
	if m.node(d.Path, true) != nil {
		return done(false)
	}
	for dir := d.Path; dir != "/" && m.Files[dir] == nil; dir = path.Dir(dir) {
		m.Files[dir] = &Node{Type: op.TypeDir, Mode: 0o755}
	}
	m.set(m.Files[d.Path], d.Attributes, false)
	return done(true)
}

func (m *Memory) remove(r *op.Remove) op.Result {
	below := m.below(r.Path)
	if len(below) > 0 && !r.Recurse {
		return fault("enotempty", r.Path+" is not empty")
	}
	_, there := m.Files[r.Path]
	maps.DeleteFunc(m.Files, func(p string, _ *Node) bool { return p == r.Path || slices.Contains(below, p) })
	return done(there)
}

func (m *Memory) attr(a *op.Attr) op.Result {
	n := m.node(a.Path, false)
	if n == nil {
		return fault("enoent", a.Path+" does not exist")
	}
	if r, ok := m.known(a.Attributes); !ok {
		return r
	}
	changed := m.set(n, a.Attributes, false)
	if a.Recurse {
		for _, p := range m.below(a.Path) {
			changed = m.set(m.Files[p], a.Attributes, false) || changed
		}
	}
	return done(changed)
}

// known checks that the owners exist.
func (m *Memory) known(a op.Attributes) (op.Result, bool) {
	for _, name := range []string{a.Owner, a.Group} {
		_, err := strconv.Atoi(name)
		if _, ok := m.Users[name]; !ok && err != nil && name != "" && name != "root" {
			return fault("enoent", "there is no user or group "+name), false
		}
	}
	return op.Result{}, true
}

// set gives a node attributes and reports whether that changes it; with dry it
// only reports.
func (m *Memory) set(n *Node, a op.Attributes, dry bool) bool {
	want := *n
	mode := a.Mode
	if n.Type == op.TypeDir && a.DirMode != nil {
		mode = a.DirMode
	}
	if mode != nil && n.Type != op.TypeLink {
		want.Mode = *mode
	}
	if a.Owner != "" {
		want.Owner = m.name(a.Owner)
	}
	if a.Group != "" {
		want.Group = m.name(a.Group)
	}
	changed := want.Mode != n.Mode || owner(want.Owner) != owner(n.Owner) || owner(want.Group) != owner(n.Group)
	if !dry {
		*n = want
	}
	return changed
}

// name returns the name of what may be a decimal id.
func (m *Memory) name(id string) string {
	for name, n := range m.Users {
		if strconv.FormatUint(uint64(n), 10) == id {
			return name
		}
	}
	return id
}
