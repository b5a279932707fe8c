// Package systemd asks systemd for the state of units and brings units into
// states. It asks over D-Bus, of which it speaks what that needs: a question is
// in every run, and a program costs more than all of the answer. It acts by
// systemctl, which waits for jobs, explains what went wrong, and may be all
// that sudo permits.
//
// It imports runner/op and the standard library only; never fmt, net or
// os/exec, since the runner's size is speed.
package systemd

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// Host is what systemd's host must do for this package.
type Host struct {
	Root string // before the paths of system files, with a "/" at its end
	UID  int    // of this process
	User string
	// Run runs a program to its end.
	Run func(ctx context.Context, argv, env []string) (*op.ExecResult, error)
	// Elevate gives the command line that runs a program as the user who may change services.
	Elevate func(argv ...string) []string
	// Init names what runs the host, and Distro its distribution; both may be "".
	Init, Distro func() string
}

// Manager is the systemd of a host. It keeps no state and no connection, which
// would fill with signals that are not read.
type Manager struct{ host Host }

// New returns the manager of a host.
func New(h Host) *Manager { return &Manager{h} }

// files are the files of the host's units.
func (m *Manager) files() unitFiles { return unitFiles{m.host.Root} }

// endings of names are the types of units.
var endings = [...]string{
	"service", "socket", "target", "timer", "path", "mount", "automount", "swap", "slice", "scope", "device",
}

// check refuses hosts without systemd, and names that systemd would not take.
func (m *Manager) check(names ...string) error {
	if !m.runs() {
		return m.noManager()
	}
	for _, name := range names {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return nil
}

// runs tells whether systemd runs the host, as sd_booted(3) does.
func (m *Manager) runs() bool {
	info, err := os.Lstat(m.host.Root + "run/systemd/system")
	return err == nil && info.IsDir()
}

// noManager says what runs the host instead.
func (m *Manager) noManager() error {
	init, distro := m.host.Init(), m.host.Distro()
	if _, err := os.Stat(m.host.Root + "run/openrc"); err == nil {
		init = "openrc"
	}
	if distro == "" {
		distro = "this host"
	}
	if init == "" {
		return refusal("nomanager", "nothing tells what manages the services on "+distro+"; expected systemd")
	}
	return refusal("nomanager", "services on "+distro+" are managed by "+init+", which froyo does not support yet; expected systemd")
}

func checkName(name string) error {
	stem, kind, _ := cutLast(name, '.')
	known := false
	for _, k := range endings {
		known = known || k == kind
	}
	switch at := strings.IndexByte(stem, '@'); {
	case !known:
		return refusal("einval", strconv.Quote(name)+" is no name of a unit: expected an ending such as .service or .timer")
	case at == 0:
		return refusal("einval", strconv.Quote(name)+" is no name of a unit: nothing is before its @")
	case at > 0 && at == len(stem)-1:
		return refusal("einval", name+" is a template: name an instance of it, such as "+stem+"x."+kind)
	}
	return nil
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// Bounds of what is said of a failure.
const (
	maxLine     = 300
	maxEvidence = 3 << 10
)

func refusal(code, message string) *op.Error {
	return &op.Error{Class: op.Permanent, Code: code, Message: message}
}

// line makes one bounded line of foreign text.
func line(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > maxLine {
		s = s[:maxLine] + "..."
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
