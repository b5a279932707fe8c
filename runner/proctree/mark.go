package proctree

import (
	"os"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// mark tells of a process which runner started it, and for which run.
type mark struct {
	run    string // "" where it was not known yet, as while a plan is made
	token  int64  // of the lock that the run has on the machine, which tells its attempts apart; 0 where none was taken yet
	ns     string // inode of the runner's PID namespace: the numbers below mean something there only
	pid    int    // of the runner
	start  string // when the runner began, in ticks since boot
	number int    // of the program among the runner's
}

const (
	envName     = "FROYO_RUN"
	groupPrefix = "froyo-"
	noRun       = "-"
)

// self is this process's own mark.
func self() mark {
	pid := os.Getpid()
	return mark{ns: namespace(), pid: pid, start: startOf(pid)}
}

// namespace is the number of this process's PID namespace, or "0".
func namespace() string {
	link, _ := os.Readlink("/proc/self/ns/pid") // without it all are taken to be of one
	number := strings.TrimSuffix(strings.TrimPrefix(link, "pid:["), "]")
	if _, err := strconv.ParseUint(number, 10, 64); err != nil {
		return "0"
	}
	return number
}

// text is the mark as one word: RUN.TOKEN.NAMESPACE.PID.START.NUMBER.
func (m mark) text() string {
	run := m.run
	if run == "" {
		run = noRun
	}
	return run + "." + strconv.FormatInt(m.token, 10) + "." + m.ns + "." + itoa(m.pid) + "." + m.start + "." + itoa(m.number)
}

func (m mark) variable() string { return envName + "=" + m.text() }

// parse reads a mark. A process can carry any text; what is no mark is none.
func parse(text string) (mark, bool) {
	fields := strings.Split(text, ".")
	n := len(fields) - 5
	if n < 1 {
		return mark{}, false
	}
	for _, number := range fields[n:] {
		if _, err := strconv.ParseUint(number, 10, 63); err != nil {
			return mark{}, false
		}
	}
	m := mark{run: strings.Join(fields[:n], "."), ns: fields[n+1], start: fields[n+3]}
	var tokenErr, pidErr, numberErr error
	m.token, tokenErr = strconv.ParseInt(fields[n], 10, 64)
	m.pid, pidErr = strconv.Atoi(fields[n+2])
	m.number, numberErr = strconv.Atoi(fields[n+4])
	if tokenErr != nil || pidErr != nil || numberErr != nil || m.run != noRun && !op.IsRun(m.run) {
		return mark{}, false
	}
	if m.run == noRun {
		m.run = ""
	}
	return m, true
}

// runnerOf is the part of a mark that is its runner's.
func (m mark) runnerOf() mark { return mark{ns: m.ns, pid: m.pid, start: m.start} }

// alive reports whether the runner of the mark lives.
func (m mark) alive() bool { return startOf(m.pid) == m.start }

// ofEnvironment finds the mark in an environment, entries ending with NUL.
func ofEnvironment(environ string) (mark, bool) {
	for entry := range strings.SplitSeq(environ, "\x00") {
		if value, ok := strings.CutPrefix(entry, envName+"="); ok {
			return parse(value)
		}
	}
	return mark{}, false
}

// ofGroup finds the mark in what /proc/PID/cgroup says. Of several the last counts: a
// runner may have been started by a program of another.
func ofGroup(text string) (mark, bool) {
	at := strings.Index(text, "0::/")
	if at < 0 || at > 0 && text[at-1] != '\n' {
		return mark{}, false
	}
	path, _, _ := strings.Cut(text[at:], "\n")
	var found mark
	ok := false
	for part := range strings.SplitSeq(path, "/") {
		if name, is := strings.CutPrefix(part, groupPrefix); is {
			if m, valid := parse(name); valid {
				found, ok = m, true
			}
		}
	}
	return found, ok
}

func itoa(n int) string { return strconv.Itoa(n) }
