// Package apt asks and changes the packages of a Debian or one of its kin. What
// is installed it reads from dpkg's own files, without a program; what could be
// installed it asks of apt-cache; changes are apt-get's.
//
// All it needs of the machine is in Host. What programs and files say is
// bounded, and taken for no more than words.
//
// It imports runner/op and the standard library only; never fmt, os/exec or
// regexp, since the runner's size is speed.
package apt

import (
	"context"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
	"github.com/openfroyo/froyo/runner/op"
)

// Host is the machine whose packages these are.
type Host struct {
	Root string // before the paths of system files, ends in "/"
	// Ask runs a program that changes nothing, to its end or that of ctx.
	Ask func(ctx context.Context, argv, env []string) (*op.ExecResult, error)
	// Act runs a program that changes the host, to its end, which nothing here
	// brings about: not that of ctx, of this process, or of the connection. Stdout
	// holds both of its streams, of long ones the beginning and the end; heard is
	// told each line while it runs.
	Act func(argv, env []string, heard func(line string)) (*op.ExecResult, error)
	// Sudo makes a command line one of the user who may change packages. It is nil
	// where this process is that user; else sudo may permit no program but apt.
	Sudo func(argv ...string) []string
	// Able says that this process or Sudo may change packages at all; User is who it works as.
	Able bool
	User string
}

// Apt knows the packages of one host. It may be used by several goroutines.
type Apt struct {
	host Host
	dpkg *dpkg.Reader
	turn chan struct{} // holds one token: one transaction at a time
}

// New returns the packages of a host.
func New(h Host) *Apt {
	a := &Apt{host: h, dpkg: dpkg.NewReader(h.Root), turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	return a
}

// fault is an error with a code, bounded by what it is made of.
func fault(class op.Class, code, message string) *op.Error {
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

func itoa(n int) string { return strconv.Itoa(n) }
