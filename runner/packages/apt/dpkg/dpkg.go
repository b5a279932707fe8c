// Package dpkg reads what is installed from dpkg's own files, without a program.
// What they say is bounded, and taken for no more than words.
//
// It imports runner/op, runner/packages and the standard library only.
package dpkg

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

// Where dpkg keeps what is installed: one file, and beside it a journal of what
// has changed since that was written.
const (
	StatusFile = "var/lib/dpkg/status"
	updatesDir = "var/lib/dpkg/updates"
)

// Bounds of what is read there. A large desktop has 20 MB and 5000 packages.
const (
	maxStatus  = 256 << 20
	maxEntries = 200_000
	maxUpdates = 10_000
)

// Entry is a package of one architecture that is installed, or was.
type Entry struct {
	Name, Arch, Version string
	Status              string // one of op's, never ""
	Held                bool
}

// InstalledVersion is the version that is there, if only in part.
func (e Entry) InstalledVersion() string {
	if e.Status == op.PkgConfig {
		return ""
	}
	return e.Version
}

// Database is what dpkg knows.
type Database struct {
	stamp   stamp
	Entries map[string][]Entry // by name
	count   int
	native  string // architecture, "" where it is not known
	// Interrupted says that dpkg was not able to finish what it did, or is at it.
	Interrupted bool
}

// Reader reads the database of one host. It may be used by several goroutines.
type Reader struct {
	root string // before the paths of system files, ends in "/"

	mu    sync.Mutex
	known *Database // what was last read, guarded by mu
}

// NewReader returns the reader of a host, whose system files are below root, which ends in "/".
func NewReader(root string) *Reader { return &Reader{root: root} }

// stamp changes when the database does.
type stamp struct {
	status, updates fileStamp
}

type fileStamp struct {
	inode       uint64
	size, mtime int64
}

// Installed returns the database as it is now. It is read again only where it
// has changed.
func (r *Reader) Installed() (*Database, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for try := 0; ; try++ {
		now, err := r.stamp()
		if err != nil {
			return nil, err
		}
		if r.known != nil && r.known.stamp == now {
			return r.known, nil
		}
		if r.known, err = r.read(now); err != nil {
			return nil, err
		}
		// While dpkg is at work the two parts may not belong together. They do
		// once it is done, and until then there is no right answer.
		if after, err := r.stamp(); try == 3 || err == nil && after == now {
			return r.known, nil
		}
	}
}

func (r *Reader) stamp() (stamp, error) {
	status, err := os.Stat(r.root + StatusFile)
	if err != nil {
		return stamp{}, err
	}
	s := stamp{status: stampOf(status)}
	if updates, err := os.Stat(r.root + updatesDir); err == nil {
		s.updates = stampOf(updates)
	}
	return s, nil
}

func stampOf(info fs.FileInfo) fileStamp {
	s := fileStamp{size: info.Size(), mtime: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = sys.Ino
	}
	return s
}

// read reads the status file and then the journal, whose entries count more.
func (r *Reader) read(now stamp) (*Database, error) {
	db := &Database{stamp: now, Entries: map[string][]Entry{}}
	if err := db.readFile(r.root + StatusFile); err != nil {
		return nil, err
	}
	for _, name := range r.updates() {
		db.Interrupted = true
		err := db.readFile(r.root + updatesDir + "/" + name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // written into the status file meanwhile
			return nil, err
		}
	}
	for _, e := range db.Entries["dpkg"] {
		if e.Status == op.PkgInstalled && e.Arch != "all" {
			db.native = e.Arch
			break
		}
	}
	return db, nil
}

// updates lists the parts of the journal in their order: their names are numbers.
func (r *Reader) updates() []string {
	dir, err := os.Open(r.root + updatesDir)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxUpdates)
	if err != nil {
		return nil
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.Trim(name, "0123456789") != "" })
	slices.Sort(names)
	return names
}

func (db *Database) readFile(path string) error {
	f, err := os.Open(path) //nolint:gosec // the path is dpkg's
	if err != nil {
		return err
	}
	defer f.Close()
	if err := db.parse(io.LimitReader(f, maxStatus+1)); err != nil {
		return errors.New(path + " " + err.Error())
	}
	return nil
}

// parse takes in paragraphs of fields. What makes no sense is passed over, and
// so is a last paragraph that was cut off.
func (db *Database) parse(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	var p paragraph
	size := 0
	for {
		line, n, err := readLine(lines)
		if size += n; size > maxStatus {
			return errors.New("is larger than " + strconv.Itoa(maxStatus) + " bytes")
		}
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case len(line) > 0:
			p.field(line)
			continue
		}
		if addErr := db.add(&p); err != nil || addErr != nil {
			return addErr
		}
		p.clear()
	}
}

// readLine returns a line without its end, and how many bytes it took. Of a
// line that is far longer than any that counts here only a space is left. The
// error is io.ErrUnexpectedEOF for a line that was cut off.
func readLine(r *bufio.Reader) (line []byte, n int, err error) {
	line, err = r.ReadSlice('\n')
	n = len(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = r.ReadSlice('\n')
		n += len(line)
		line = space
	}
	if err == nil {
		return bytes.TrimSuffix(line, newline), n, nil
	}
	if errors.Is(err, io.EOF) && n > 0 {
		err = io.ErrUnexpectedEOF
	}
	return nil, n, err
}

var space, newline = []byte(" "), []byte("\n")

// paragraph is what counts of one.
type paragraph struct{ name, status, version, arch []byte }

func (p *paragraph) clear() {
	p.name, p.status, p.version, p.arch = p.name[:0], p.status[:0], p.version[:0], p.arch[:0]
}

// field takes in a line, which is valid only now.
func (p *paragraph) field(line []byte) {
	switch line[0] {
	case 'P':
		cut(&p.name, line, "Package: ")
	case 'S':
		cut(&p.status, line, "Status: ")
	case 'V':
		cut(&p.version, line, "Version: ")
	case 'A':
		cut(&p.arch, line, "Architecture: ")
	}
}

func cut(into *[]byte, line []byte, name string) {
	if len(line) > len(name) && string(line[:len(name)]) == name {
		*into = append((*into)[:0], bytes.TrimSpace(line[len(name):])...)
	}
}

// add takes in a package, over what was known of it.
func (db *Database) add(p *paragraph) error {
	if !packages.IsName(string(p.name)) || bytes.IndexByte(p.name, ':') >= 0 {
		return nil
	}
	if len(p.version) > 0 && !packages.IsName(string(p.version)) || len(p.arch) > 0 && !packages.IsName(string(p.arch)) {
		return nil
	}
	status, held := statusOf(string(p.status))
	e := Entry{Name: string(p.name), Arch: string(p.arch), Version: string(p.version), Status: status, Held: held}
	kept := slices.DeleteFunc(db.Entries[e.Name], func(old Entry) bool { return old.Arch == e.Arch })
	db.count -= len(db.Entries[e.Name]) - len(kept)
	if status != "" {
		kept = append(kept, e)
		db.count++
	}
	if db.count > maxEntries {
		return errors.New("has more than " + strconv.Itoa(maxEntries) + " packages")
	}
	if len(kept) == 0 {
		delete(db.Entries, e.Name)
		return nil
	}
	db.Entries[e.Name] = kept
	return nil
}

// statusOf reads dpkg's status: what is wanted, whether all is well, and how far it came.
func statusOf(text string) (status string, held bool) {
	want, rest, _ := strings.Cut(text, " ")
	well, state, _ := strings.Cut(rest, " ")
	held = want == "hold"
	switch state {
	case "", "not-installed":
		return "", held
	case "config-files":
		return op.PkgConfig, held
	case "installed", "triggers-awaited", "triggers-pending":
		if well == "ok" {
			return op.PkgInstalled, held
		}
	}
	return op.PkgBroken, held // half-installed, unpacked, half-configured, or to be installed anew
}

// entry returns a package by its name, with or without ":arch". Without, the
// native architecture is meant, or packages that are for all.
func (db *Database) entry(name string) Entry {
	name, arch, qualified := strings.Cut(name, ":")
	var found Entry
	for _, e := range db.Entries[name] {
		fits := db.native == "" || e.Arch == db.native || e.Arch == "all"
		if qualified && arch != db.native && arch != "native" {
			fits = e.Arch == arch || arch == "any"
		}
		if fits && rank(e) > rank(found) {
			found = e
		}
	}
	return found
}

// rank orders entries that one name may mean.
func rank(e Entry) int {
	switch e.Status {
	case op.PkgInstalled:
		return 3
	case op.PkgBroken:
		return 2
	case op.PkgConfig:
		return 1
	}
	return 0
}

// Plain is a package's name as dpkg and apt print it: the architecture is said
// only where it is not the native one.
func (db *Database) Plain(name string) string {
	bare, arch, _ := strings.Cut(name, ":")
	if arch == db.native || arch == "native" || arch == "all" || arch == "any" {
		return bare
	}
	return name
}

// title names an Entry as plain does.
func (db *Database) Title(e Entry) string { return db.Plain(e.Name + ":" + cmp.Or(e.Arch, "all")) }

// Package describes an entry.
func (e Entry) Package() packages.Package {
	return packages.Package{Version: e.InstalledVersion(), Status: e.Status, Held: e.Held}
}

// Find implements packages.Database.
func (db *Database) Find(name string) packages.Package { return db.entry(name).Package() }

// Each implements packages.Database.
func (db *Database) Each(tell func(name string, p packages.Package)) {
	for _, entries := range db.Entries {
		for _, e := range entries {
			tell(db.Title(e), e.Package())
		}
	}
}

// Undone implements packages.Database.
func (db *Database) Undone() packages.Undone {
	if db.Interrupted {
		return packages.Interrupted
	}
	return ""
}
