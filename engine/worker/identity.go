// Package worker says who carries a run out, as data that a store can keep, and whether the
// worker that a record names is still at work.
//
// It imports engine/state and engine/diag.
package worker

import (
	"net/netip"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/state"
)

// Identity is a worker: a process, and who runs it where.
type Identity struct {
	Operator string // login name
	Machine  string // its host name, "" where that is not known
	Process  state.Process
}

// Here is the identity of this process.
func Here() Identity {
	id := Identity{Operator: Operator(), Process: state.Process{PID: os.Getpid(), Birth: self()}}
	if name, err := os.Hostname(); err == nil {
		id.Machine = name
	}
	return id
}

// Owner names the operator: alice@laptop.
func (i Identity) Owner() string {
	if i.Machine == "" {
		return i.Operator
	}
	return i.Operator + "@" + i.Machine
}

// String names the process, too, as claims of work do.
func (i Identity) String() string { return i.Owner() + ", process " + strconv.Itoa(i.Process.PID) }

// Origin says from where this process is used: the identity, who called sudo, and the address from which they are logged
// in by SSH, both as the variables SUDO_USER and SSH_CONNECTION tell.
func Origin(sudoUser, sshConnection string) string {
	text := Here().String()
	if sudoUser != "" {
		text += ", sudo by " + sudoUser
	}
	client, _, _ := strings.Cut(sshConnection, " ")
	if addr, err := netip.ParseAddr(client); err == nil {
		text += ", from " + addr.String()
	}
	return text
}

// Operator is the login name of who runs this process.
func Operator() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// self tells this process from all others that its machine had.
var self = sync.OnceValue(func() string { return processOf(os.Getpid()) })

// processOf tells a process from all others: when the machine was booted, the
// world of process ids that it is in, and when it began. It is "" where there is no
// such process, or where the system does not say.
func processOf(pid int) string {
	here := machine()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil || here == "" {
		return ""
	}
	// The name of the program, in parentheses, may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const start = 19 // the 22nd field, three being cut off with the name
	if len(fields) <= start {
		return ""
	}
	return here + "/" + fields[start]
}

// machine tells in which world the ids of processes are what they are here.
var machine = sync.OnceValue(func() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	world, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + "/" + world
})
