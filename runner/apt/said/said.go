// Package said reads what apt and dpkg say of what they did, in English, as they
// are written. What is kept of it is bounded.
//
// It imports runner/apt/dpkg and the standard library only.
package said

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
)

// Report is what apt and dpkg said of a failure. They are read in English, as
// they are written.
type Report struct {
	Locked      bool   // another process holds a lock
	Holder      string // who, "" where it does not say
	Interrupted bool   // dpkg was ended earlier while it worked
	Unmet       bool   // what is installed already lacks what it needs
	Denied      bool   // sudo does not permit the program
	Keeping     bool   // something would have to go, and may not

	Failures []Failure
	Removed  []string // what would go, where going is not allowed
	Errors   []string // apt's last words
}

// Failure is a package that apt or dpkg say something bad of.
type Failure struct {
	Name   string
	Code   string // of the error it becomes
	Reason string
	Needs  []string // what it waits for in vain, where that is the reason
}

// The codes of Failures.
const (
	Unknown = "nopackage"
	None    = "nocandidate"
	Version = "noversion"
	Fetch   = "fetch"
	Depends = "depends"
	Failed  = "failed"
)

// maxNeeds bounds how many packages a failure names that it waits for.
const maxNeeds = 10

// maxWords bounds what is kept of each kind, and each line of it.
const (
	maxWords = 200
	maxLine  = 300
)

func (w *Report) failure(name string) *Failure {
	for i := range w.Failures {
		if w.Failures[i].Name == name {
			return &w.Failures[i]
		}
	}
	return nil
}

// blame notes that a package failed. What was said first counts.
func (w *Report) blame(name, code, reason string, needs ...string) {
	if !dpkg.IsName(name) {
		return
	}
	f := w.failure(name)
	if f == nil {
		if len(w.Failures) == maxWords {
			return
		}
		w.Failures = append(w.Failures, Failure{Name: name, Code: code})
		f = &w.Failures[len(w.Failures)-1]
	}
	if f.Reason == "" {
		f.Reason = Short(reason)
	}
	for _, need := range needs {
		if dpkg.IsName(need) && !slices.Contains(f.Needs, need) && len(f.Needs) < maxNeeds {
			f.Needs = append(f.Needs, need)
		}
	}
}

// Listen reads the output of apt-get or dpkg.
func Listen(text string) *Report {
	w := &Report{}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		block := lines[i+1:]
		switch {
		case strings.HasPrefix(line, "E: "):
			w.aptError(line[len("E: "):])
		case strings.HasPrefix(line, "dpkg: error"):
			w.dpkgError(line, block)
		case strings.HasPrefix(line, "dpkg: dependency problems prevent "):
			w.dependency(block)
		case line == "Errors were encountered while processing:":
			for _, name := range indented(block) {
				w.blame(packageIn(name), Failed, "")
			}
		case line == "The following packages have unmet dependencies:":
			w.unmetNeeds(indented(block))
		case line == "The following packages will be REMOVED:":
			w.Removed = names(indented(block))
		case strings.HasPrefix(line, "sudo: ") || strings.HasPrefix(line, "Sorry, user "):
			w.Denied = w.Denied || slices.ContainsFunc(denials, func(d string) bool { return strings.Contains(line, d) })
		}
	}
	return w
}

// denials are in the lines with which sudo refuses to do anything.
var denials = []string{"a password is required", "a terminal is required", "is not allowed to", "must have a tty", "may not run sudo"}

// aptError reads one of apt's final lines.
func (w *Report) aptError(line string) {
	if len(w.Errors) < maxWords {
		w.Errors = append(w.Errors, Short(line))
	}
	switch {
	case strings.HasPrefix(line, "Could not get lock "), strings.Contains(line, ", is another process using it?"):
		w.Locked = true
		if holder := Holder(line); holder != "" {
			w.Holder = holder
		}
	case strings.Contains(line, "dpkg was interrupted"):
		w.Interrupted = true
	case strings.Contains(line, "--fix-broken install"), strings.Contains(line, "apt-get -f install"):
		w.Unmet = true
	case strings.Contains(line, "remove is disabled"):
		w.Keeping = true
	case strings.HasPrefix(line, "Unable to locate package "):
		w.blame(line[len("Unable to locate package "):], Unknown, "the package lists do not know it")
	case strings.HasSuffix(line, "has no installation candidate"):
		w.blame(quoted(line), None, "no package list has a version of it")
	case strings.HasPrefix(line, "Version ") && strings.HasSuffix(line, " was not found"):
		if _, rest, ok := strings.Cut(line, " for "); ok {
			w.blame(quoted(rest), Version, line)
		}
	case strings.HasPrefix(line, "Failed to fetch "):
		url, reason, _ := strings.Cut(line[len("Failed to fetch "):], " ")
		if strings.HasSuffix(url, ".deb") {
			w.blame(packageIn(url), Fetch, "it could not be fetched: "+strings.TrimSpace(reason))
		}
	}
}

// dpkgError reads "dpkg: error processing package NAME (--configure):" with the reason behind it.
func (w *Report) dpkgError(line string, block []string) {
	if strings.Contains(line, " lock was locked by another process") {
		w.Locked = true
		if _, pid, ok := strings.Cut(line, " with pid "); ok {
			w.Holder = "process " + Short(pid)
		}
		return
	}
	_, what, ok := strings.Cut(line, " processing ")
	if !ok {
		return
	}
	kind, rest, _ := strings.Cut(what, " ")
	name, _, _ := strings.Cut(rest, " ")
	if kind == "archive" {
		name = packageIn(name)
	}
	w.blame(strings.TrimSuffix(name, ":"), Failed, strings.Join(indented(block), " "))
}

// dependency reads what keeps a package from being configured:
//
//	app depends on lib; however:
//	 Package lib is not configured yet.
func (w *Report) dependency(block []string) {
	for _, line := range indented(block) {
		name, need, ok := strings.Cut(line, " depends on ")
		if !ok {
			continue
		}
		need, _, _ = strings.Cut(need, ";")
		need, _, _ = strings.Cut(need, " ")
		w.blame(name, Failed, "", need)
	}
}

// unmetNeeds reads a block of
//
//	app : Depends: lib (>= 2) but 1 is to be installed
//	      Depends: other but it is not installable
func (w *Report) unmetNeeds(block []string) {
	name := ""
	for _, line := range block {
		need := line
		if before, after, ok := strings.Cut(line, " : "); ok && dpkg.IsName(before) {
			name, need = before, after
		}
		kind, rest, ok := strings.Cut(strings.TrimSpace(need), ": ")
		if !ok {
			continue
		}
		on, _, _ := strings.Cut(rest, " ")
		w.blame(name, Depends, kind+": "+rest, on)
	}
}

// indented returns the lines of a block, which ends with the first that is not indented.
func indented(lines []string) []string {
	var block []string
	for _, line := range lines {
		if !strings.HasPrefix(line, " ") || len(block) == maxWords {
			break
		}
		block = append(block, Short(strings.TrimSpace(line)))
	}
	return block
}

// names returns the packages in lines of names, of which "*" marks those to be purged.
func names(lines []string) []string {
	var found []string
	for _, line := range lines {
		for name := range strings.FieldsSeq(line) {
			if name = strings.TrimSuffix(name, "*"); dpkg.IsName(name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// packageIn returns the name of the package that an archive holds, by the
// archive's path or URL; the name of a package it returns as it is.
func packageIn(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if strings.HasSuffix(name, ".deb") {
		name, _, _ = strings.Cut(name, "_")
	}
	return name
}

// quoted returns what stands between the first two single quotes.
func quoted(s string) string {
	_, s, _ = strings.Cut(s, "'")
	s, _, _ = strings.Cut(s, "'")
	return s
}

// Holder reads "... It is held by process 812 (apt-get)".
func Holder(line string) string {
	_, rest, ok := strings.Cut(line, "It is held by process ")
	if !ok {
		return ""
	}
	number, name, _ := strings.Cut(rest, " ")
	if pid, err := strconv.Atoi(number); err != nil || pid <= 0 {
		return ""
	}
	name, _, ok = strings.Cut(strings.TrimPrefix(name, "("), ")")
	if !ok || name == "" {
		return "process " + number
	}
	return Short(name) + " (process " + number + ")"
}

// Simulated returns what apt-get -s says would go.
func Simulated(text string) []string { return Told(text, "Remv", "Purg") }

// Change is a package in a simulation: "" is not installed.
type Change struct{ Name, Before, After string }

// Changes reads what a simulation says would happen: "Inst tree [1.0] (2.0 Debian [amd64])", "Remv tree [1.0]".
func Changes(text string) (all []Change) {
	for line := range strings.SplitSeq(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 || len(all) == maxChanges || !dpkg.IsName(fields[1]) {
			continue
		}
		c := Change{Name: fields[1]}
		if fields[2][0] == '[' {
			c.Before = strings.Trim(fields[2], "[]")
			fields = fields[1:]
		}
		switch {
		case strings.HasPrefix(line, "Inst ") && len(fields) > 2 && fields[2][0] == '(':
			c.After = strings.Trim(fields[2], "()")
		case !strings.HasPrefix(line, "Remv ") && !strings.HasPrefix(line, "Purg "):
			continue
		}
		all = append(all, c)
	}
	return all
}

// maxChanges bounds what is kept of a simulation.
const maxChanges = 1000

// Told returns the packages of which a simulation says one of these verbs.
func Told(text string, verbs ...string) []string {
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		verb, rest, _ := strings.Cut(line, " ")
		name, _, _ := strings.Cut(rest, " ")
		if slices.Contains(verbs, verb) && dpkg.IsName(name) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Short bounds what is told of a line.
func Short(s string) string {
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "") + "..."
	}
	return s
}

// noise begins lines that say nothing about a failure.
var noise = []string{
	"Reading ", "Building dependency", "(Reading database", "Get:", "Ign:", "Hit:", "Need to get ", "After this operation",
	"Selecting previously", "Preparing to unpack", "debconf: delaying", "WARNING: apt does not have", "Fetched ",
	"Use 'apt autoremove'", "Use 'sudo apt autoremove'", "NOTE: This is only a simulation", "Waiting for cache lock",
}

// Bounds of the evidence that an error carries.
const (
	maxTail      = 2 << 10
	maxTailLines = 25
)

// Tail returns the last lines of an output that say something.
func Tail(text string) string {
	var kept []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimRight(line, " \t")
		quiet := line == "" || slices.ContainsFunc(noise, func(n string) bool { return strings.HasPrefix(line, n) })
		if !quiet {
			kept = append(kept, Short(line))
		}
	}
	kept = kept[max(0, len(kept)-maxTailLines):]
	for size := 0; ; kept = kept[1:] {
		size = 0
		for _, line := range kept {
			size += len(line) + 1
		}
		if size <= maxTail {
			return strings.Join(kept, "\n")
		}
	}
}
