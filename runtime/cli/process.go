package cli

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

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

// alive reports whether the process of a lease is there. One of this machine is
// looked at; any other is believed for a minute after it was last heard of.
func alive(l *state.Lease, now time.Time) bool {
	if here := machine(); here != "" && strings.HasPrefix(l.Process, here+"/") {
		return processOf(l.PID) == l.Process
	}
	return !l.Expired(now)
}
