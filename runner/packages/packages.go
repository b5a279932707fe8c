// Package packages asks and changes packages through a package manager: what is
// installed, what could be, and transactions. What the managers differ in is a
// Tool, one for each in the packages below.
//
// All it needs of the machine is in Host. What programs say is bounded, and taken
// for no more than words.
//
// It imports runner/op and the standard library only; never fmt, os/exec or
// regexp, since the runner's size is speed.
package packages

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Host is the machine whose packages these are.
type Host struct {
	Root string // before the paths of system files, ends in "/"
	// Ask runs a program that changes nothing, to its end or that of ctx.
	Ask func(ctx context.Context, argv, env []string) (*op.ExecResult, error)
	// Act runs a program that changes the host, to its end, which nothing here
	// brings about: not that of ctx, of this process, or of the connection. Stdout
	// holds both of its streams; heard is told each line while it runs.
	Act func(argv, env []string, heard func(line string)) (*op.ExecResult, error)
	// Sudo makes a command line one of the user who may change packages. It is nil
	// where this process is that user.
	Sudo func(argv ...string) []string
	// Able says that this process or Sudo may change packages at all; User is who it works as.
	Able bool
	User string
}

// Ask runs a program that changes nothing, as root where the tool insists on that.
type Ask func(ctx context.Context, asRoot bool, argv ...string) (*op.ExecResult, error)

// Tool is a package manager: how it is asked, what it is told, and what its words mean.
type Tool interface {
	Traits() Traits
	// Installed lists what is installed.
	Installed(ctx context.Context, ask Ask) (Database, error)
	// Offers says what the package lists have of packages, as they are: nothing is
	// fetched. A name that they do not know has none.
	Offers(ctx context.Context, ask Ask, names []string) (map[string]Offer, error)
	// Forecast says what a job would come to, and changes nothing.
	Forecast(ctx context.Context, ask Ask, db Database, job Job) (*Forecast, error)
	// Commands are those that do a job, one after the other.
	Commands(job Job) [][]string
	// Refresh is the command that fetches the package lists, or where that can be only those of the repository in a file.
	Refresh(source string) []string
	// Fetched is when the lists were last fetched, zero where that is not known.
	Fetched(root string) time.Time
	// Listen reads what the manager printed before it ended.
	Listen(rc int, text string) *Report
	// Unneeded lists what came along for others, and that nothing needs any more. Where a lock is in the way, it says so.
	// It is not asked where the manager's traits say that it autoremoves.
	Unneeded(ctx context.Context, ask Ask) (names []string, locked *Report, err error)
	// File is the command that says of a file which package it holds, and Packed reads that.
	File(path string) []string
	Packed(said string) (name, version string)
}

// Traits are what a manager is like. But for the name none needs to be said.
type Traits struct {
	Name   string // such as "dnf"
	Unlock string // what to do about a lock that nobody gives up
	Unhold string // the command that releases a package which is held, before its name
	// Exact says that a job which removes nothing is refused by the manager where
	// something would have to go, and that a refusal names all that it is about.
	Exact bool
	// Autoremoves says that a job may be about all that nothing needs any more.
	Autoremoves bool
	// Holder says which process holds the locks, "" for none, where that can be seen without a program.
	Holder func() string
	// Stamp notes when the lists were fetched, where the manager does not.
	Stamp func(when time.Time)
	// Repair is the command that does what was left undone.
	Repair func(u Undone) ([]string, error)
}

// Undone is what an earlier change of packages left, "" for nothing.
type Undone string

// What a change of packages can leave undone.
const (
	Interrupted Undone = "interrupted" // it was ended while it worked
	Unmet       Undone = "unmet"       // what is installed lacks what it needs
)

// Package is one that is installed, or was.
type Package struct {
	Version string // that is there, if only in part
	Status  string // one of op's, "" for nothing
	Held    bool   // it is not to be changed by upgrades
}

// Database is what is installed.
type Database interface {
	// Find returns a package by its name, or by that and the architecture as the manager writes both.
	Find(name string) Package
	// Plain is a package's name as the manager prints it.
	Plain(name string) string
	// Each tells all packages by the names that the manager prints.
	Each(tell func(name string, p Package))
	// Undone is what an earlier change left.
	Undone() Undone
}

// Table is a Database of packages that are installed or are not: the newest version of each, by name.
type Table struct {
	Packages map[string]Package
	// Arch has them by "name.arch", where packages of several architectures may be there.
	Arch map[string]Package
}

// Find implements Database.
func (db *Table) Find(name string) Package {
	p, ok := db.Packages[name]
	if !ok {
		p = db.Arch[name]
	}
	if p.Version != "" {
		p.Status = op.PkgInstalled
	}
	return p
}

// Plain implements Database.
func (db *Table) Plain(name string) string { return name }

// Each implements Database.
func (db *Table) Each(tell func(name string, p Package)) {
	for name := range db.Packages {
		tell(name, db.Find(name))
	}
}

// Undone implements Database.
func (db *Table) Undone() Undone { return "" }

// Offer is what the lists have of a package.
type Offer struct {
	Candidate string   // what would be installed
	Versions  []string // the newest first
	Providers []string // that provide it, where it is no package itself
}

// Target is a package to be installed, "" for any version. A name that is an absolute path is a file that holds one.
type Target struct {
	Name, Version string
	Pinned        bool // it shall be that version, and not just what the lists offer
	Changes       bool // a version is wanted, and another is installed
}

// IsFile reports whether the target is a file.
func (t Target) IsFile() bool { return strings.HasPrefix(t.Name, "/") }

// Job is what a manager shall do in one transaction.
type Job struct {
	Upgrade  op.PkgUpgrade // all packages, in the place of what follows
	Unneeded op.PkgState   // the same of what nothing needs any more, for managers that autoremove
	Install  []Target
	Remove   []string
	Purge    []string // of those that are removed, the ones whose configuration goes, too
	// Recommends installs recommended packages or does not; nil is what the host is set to.
	Recommends *bool
}

// Forecast is what a job would come to.
type Forecast struct {
	Changes []op.PkgChange // without an After they go
	Report  *Report        // where it is refused, with how the manager ended
	RC      int
	Text    string
}

// Gone lists what would go, or would have to.
func (f *Forecast) Gone() []string {
	var gone []string
	if f.Report != nil {
		gone = slices.Clone(f.Report.Removed)
	}
	for _, c := range f.Changes {
		if c.After == "" {
			gone = append(gone, c.Name)
		}
	}
	return gone
}

// Manager changes the packages of one host. It may be used by several goroutines.
type Manager struct {
	host Host
	tool Tool
	is   Traits
	turn chan struct{} // holds one token: one transaction at a time
}

// New returns the packages of a host.
func New(h Host, t Tool) *Manager {
	m := &Manager{host: h, tool: t, is: t.Traits(), turn: make(chan struct{}, 1)}
	m.turn <- struct{}{}
	return m
}

// File says which package a file of the host holds.
func (m *Manager) File(ctx context.Context, path string) (name, version string, err error) {
	argv := m.tool.File(path)
	got, err := m.ask(ctx, false, argv...)
	if err != nil {
		return "", "", err
	}
	if name, version = m.tool.Packed(got.Stdout); got.RC != 0 || !IsName(name) || !IsName(version) {
		return "", "", Fault(op.Permanent, "nopackagefile", path+" holds no package that "+argv[0]+" could read\n"+Tail(got.Stderr))
	}
	return name, version, nil
}

// plainWords has programs speak as they were written.
var plainWords = []string{"LC_ALL=C", "LANGUAGE="}

func (m *Manager) ask(ctx context.Context, asRoot bool, argv ...string) (*op.ExecResult, error) {
	if asRoot && m.host.Sudo != nil {
		argv = m.host.Sudo(argv...)
	}
	got, err := m.host.Ask(ctx, argv, plainWords)
	if err == nil && got.Truncated() {
		return nil, Fault(op.Permanent, "output", argv[0]+" says more than is read of it, "+strconv.FormatInt(op.MaxOutput>>20, 10)+" MiB")
	}
	return got, err
}

// Fault is an error with a code, bounded by what it is made of.
func Fault(class op.Class, code, message string) *op.Error {
	return &op.Error{Class: class, Code: code, Message: message}
}

// maxNamed bounds how many names a message lists.
const maxNamed = 10

// list joins names for people: "a", "a and b", "a, b and c".
func list(names []string) string {
	if len(names) > maxNamed {
		return strings.Join(names[:maxNamed], ", ") + " and others"
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
