package apt

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
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// Where dpkg keeps what is installed: one file, and beside it a journal of what
// has changed since that was written.
const (
	statusFile = "var/lib/dpkg/status"
	updatesDir = "var/lib/dpkg/updates"
)

// Bounds of what is read there. A large desktop has 20 MB and 5000 packages.
const (
	maxStatus  = 256 << 20
	maxEntries = 200_000
	maxUpdates = 10_000
)

// entry is a package of one architecture that is installed, or was.
type entry struct {
	name, arch, version string
	status              string // one of op's, never ""
	held                bool
}

// installedVersion is the version that is there, if only in part.
func (e entry) installedVersion() string {
	if e.status == op.PkgConfig {
		return ""
	}
	return e.version
}

// database is what dpkg knows.
type database struct {
	stamp   stamp
	entries map[string][]entry // by name
	count   int
	native  string // architecture, "" where it is not known
	// interrupted says that dpkg was not able to finish what it did, or is at it.
	interrupted bool
}

// stamp changes when the database does.
type stamp struct {
	status, updates fileStamp
}

type fileStamp struct {
	inode       uint64
	size, mtime int64
}

// installed returns the database as it is now. It is read again only where it
// has changed.
func (a *Apt) installed() (*database, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for try := 0; ; try++ {
		now, err := a.stamp()
		if err != nil {
			return nil, err
		}
		if a.known != nil && a.known.stamp == now {
			return a.known, nil
		}
		if a.known, err = a.read(now); err != nil {
			return nil, err
		}
		// While dpkg is at work the two parts may not belong together. They do
		// once it is done, and until then there is no right answer.
		if after, err := a.stamp(); try == 3 || err == nil && after == now {
			return a.known, nil
		}
	}
}

func (a *Apt) stamp() (stamp, error) {
	status, err := os.Stat(a.host.Root + statusFile)
	if err != nil {
		return stamp{}, err
	}
	s := stamp{status: stampOf(status)}
	if updates, err := os.Stat(a.host.Root + updatesDir); err == nil {
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
func (a *Apt) read(now stamp) (*database, error) {
	db := &database{stamp: now, entries: map[string][]entry{}}
	if err := db.readFile(a.host.Root + statusFile); err != nil {
		return nil, err
	}
	for _, name := range a.updates() {
		db.interrupted = true
		err := db.readFile(a.host.Root + updatesDir + "/" + name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // written into the status file meanwhile
			return nil, err
		}
	}
	for _, e := range db.entries["dpkg"] {
		if e.status == op.PkgInstalled && e.arch != "all" {
			db.native = e.arch
			break
		}
	}
	return db, nil
}

// updates lists the parts of the journal in their order: their names are numbers.
func (a *Apt) updates() []string {
	dir, err := os.Open(a.host.Root + updatesDir)
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

func (db *database) readFile(path string) error {
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
func (db *database) parse(r io.Reader) error {
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
func (db *database) add(p *paragraph) error {
	if !word(string(p.name)) || bytes.IndexByte(p.name, ':') >= 0 {
		return nil
	}
	if len(p.version) > 0 && !word(string(p.version)) || len(p.arch) > 0 && !word(string(p.arch)) {
		return nil
	}
	status, held := statusOf(string(p.status))
	e := entry{name: string(p.name), arch: string(p.arch), version: string(p.version), status: status, held: held}
	kept := slices.DeleteFunc(db.entries[e.name], func(old entry) bool { return old.arch == e.arch })
	db.count -= len(db.entries[e.name]) - len(kept)
	if status != "" {
		kept = append(kept, e)
		db.count++
	}
	if db.count > maxEntries {
		return errors.New("has more than " + strconv.Itoa(maxEntries) + " packages")
	}
	if len(kept) == 0 {
		delete(db.entries, e.name)
		return nil
	}
	db.entries[e.name] = kept
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

// find returns a package by its name, with or without ":arch". Without, the
// native architecture is meant, or packages that are for all.
func (db *database) find(name string) (entry, bool) {
	name, arch, qualified := strings.Cut(name, ":")
	var found entry
	for _, e := range db.entries[name] {
		fits := db.native == "" || e.arch == db.native || e.arch == "all"
		if qualified && arch != db.native && arch != "native" {
			fits = e.arch == arch || arch == "any"
		}
		if fits && rank(e) > rank(found) {
			found = e
		}
	}
	return found, found.status != ""
}

// rank orders entries that one name may mean.
func rank(e entry) int {
	switch e.status {
	case op.PkgInstalled:
		return 3
	case op.PkgBroken:
		return 2
	case op.PkgConfig:
		return 1
	}
	return 0
}

// plain is a package's name as dpkg and apt print it: the architecture is said
// only where it is not the native one.
func (db *database) plain(name string) string {
	bare, arch, _ := strings.Cut(name, ":")
	if arch == db.native || arch == "native" || arch == "all" || arch == "any" {
		return bare
	}
	return name
}

// title names an entry as plain does.
func (db *database) title(e entry) string { return db.plain(e.name + ":" + cmp.Or(e.arch, "all")) }

// versions returns the versions of what is installed, if only in part, by their titles.
func (db *database) versions() map[string]string {
	versions := make(map[string]string, len(db.entries))
	for _, entries := range db.entries {
		for _, e := range entries {
			if e.status != op.PkgConfig {
				versions[db.title(e)] = e.version
			}
		}
	}
	return versions
}
