package proctree

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/op"
)

// process is what the kernel says of one.
type process struct {
	pid, parent, group, session int
	flags                       int // of the kernel
	state                       byte
	start                       string // ticks since boot
}

// kernel reports whether it is a thread of the kernel, which has neither an environment nor a cgroup of a runner's.
func (p *process) kernel() bool { return p.flags&kernelThread != 0 }

// kernelThread is PF_KTHREAD of the kernel's include/linux/sched.h.
const kernelThread = 0x200000

// The fields of /proc/PID/stat that follow the name.
const (
	statState   = 0
	statParent  = 1
	statGroup   = 2
	statSession = 3
	statFlags   = 6
	statStart   = 19
)

// read returns what a process is, or nil where it is gone, or a zombie.
func read(pid int) *process {
	p := stat(pid)
	if p == nil || p.dead() {
		return nil
	}
	return p
}

func (p *process) dead() bool { return p.state == 'Z' || p.state == 'X' }

func stat(pid int) *process {
	text := slurp("/proc/"+itoa(pid)+"/stat", 4<<10)
	// The name of the program, in parentheses, may hold anything.
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) <= statStart {
		return nil
	}
	p := &process{pid: pid, state: fields[statState][0], start: fields[statStart]}
	for i, at := range map[int]*int{statParent: &p.parent, statGroup: &p.group, statSession: &p.session, statFlags: &p.flags} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return nil
		}
		*at = n
	}
	return p
}

// startOf is when a process began, or "" where there is none.
func startOf(pid int) string {
	if p := stat(pid); p != nil {
		return p.start
	}
	return ""
}

// slurp reads the beginning of a file; nothing where it cannot be read. It goes
// around package os, since of a busy machine's processes there are thousands.
func slurp(path string, limit int) string {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer func() { _ = syscall.Close(fd) }() // it was only read
	var chunk [4 << 10]byte
	var text []byte
	for len(text) < limit {
		n, err := syscall.Read(fd, chunk[:])
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 {
			break // what could be read counts
		}
		text = append(text, chunk[:n]...)
	}
	return string(text[:min(len(text), limit)])
}

// How often, and after how long, the environment of a program that is just being
// started is looked at again.
const (
	startLooks = 20
	startPause = 500 * time.Microsecond
)

// environ reads a process's environment. While a program takes the place of
// another one the kernel shows none, nor a command line; that passes.
func environ(pid int) string {
	dir := "/proc/" + itoa(pid)
	for range startLooks {
		if text := slurp(dir+"/environ", maxEnviron); text != "" || slurp(dir+"/cmdline", 1) != "" {
			break
		}
		if _, err := os.Readlink(dir + "/exe"); err != nil {
			break // a thread of the kernel's, one that is gone, or another user's
		}
		time.Sleep(startPause)
	}
	return slurp(dir+"/environ", maxEnviron)
}

// all lists the numbers of all processes.
func all() []int {
	f, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1) // what could be read counts
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// describe tells about a process, in words that are safe to print. It is trusted where
// both the claim to its run and the process itself are.
func (p *process) describe(run string, claimed bool) op.Process {
	uid := realUser(p.pid)
	return op.Process{
		PID: p.pid, UID: uid, Since: p.since(), Command: command(p.pid), Run: run, Trusted: claimed && trusted(uid),
	}
}

// realUser is the user who started a process, or -1. Its effective one is root as well
// where anybody runs a setuid program, whose environment they choose.
func realUser(pid int) int {
	_, rest, _ := strings.Cut(slurp("/proc/"+itoa(pid)+"/status", 4<<10), "\nUid:")
	line, _, _ := strings.Cut(rest, "\n") // the name before it has its line ends escaped
	if fields := strings.Fields(line); len(fields) > 0 {
		if uid, err := strconv.Atoi(fields[0]); err == nil {
			return uid
		}
	}
	return -1
}

// trusted reports whether a user is taken at their word.
func trusted(uid int) bool { return uid == 0 || uid == os.Geteuid() }

// booted is when the machine was, in seconds since 1970.
var booted = sync.OnceValue(func() int64 {
	_, rest, _ := strings.Cut(slurp("/proc/stat", 1<<20), "\nbtime ")
	line, _, _ := strings.Cut(rest, "\n")
	seconds, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64) // 0 where it is not told
	return seconds
})

// since is when the process began, in milliseconds since 1970; the kernel tells
// programs times in hundredths of a second.
func (p *process) since() int64 {
	ticks, err := strconv.ParseInt(p.start, 10, 64)
	if err != nil || booted() == 0 {
		return 0
	}
	return booted()*1000 + ticks*10
}

// command is a process's command line, or its name where it has none.
func command(pid int) string {
	text := strings.ReplaceAll(strings.TrimRight(slurp("/proc/"+itoa(pid)+"/cmdline", 1<<10), "\x00"), "\x00", " ")
	if text == "" {
		text = strings.TrimSpace(slurp("/proc/"+itoa(pid)+"/comm", 64))
	}
	return Safe(text)
}

// Safe shortens text that anybody could have written, and replaces all that is
// more than a character on the line.
func Safe(text string) string {
	const most = 60
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > most {
			b.WriteString("...")
			break
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}
