package packages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// The codes of failures.
const (
	Unknown = "nopackage"
	None    = "nocandidate"
	Version = "noversion"
	Fetch   = "fetch"
	Depends = "depends"
	Removes = "removes"
	Failed  = "failed"
)

// Failure is a package that a manager says something bad of.
type Failure struct {
	Name, Code, Reason string
	Needs              []string // what it waits for in vain, where that is the reason
}

func (f *Failure) reason(tool string) string { return cmp.Or(f.Reason, tool+" does not say why") }

// Report is what a manager said of a failure.
type Report struct {
	Locked   bool   // another process holds a lock
	Holder   string // who, "" where it does not say
	Denied   bool   // sudo does not permit the program
	Done     bool   // the work was done, whatever the exit code
	Undone   Undone // what an earlier change left, and has to be done first
	Failures []Failure
	Removed  []string // what would have to go, and may not
	Missed   string   // why package lists were not fetched
	// Scripts are packages that were installed or removed although a script of theirs failed.
	Scripts []string
	Errors  []string // its own words, with the code in Code
	Code    string   // of the whole, "" for Failed
}

// maxWords bounds what is kept of each kind, and maxLine each line of it.
const (
	maxWords = 200
	maxLine  = 300
	maxName  = 200
	maxNeeds = 10
)

// Blame notes that a package failed. What was said first counts.
func (r *Report) Blame(name, code, reason string, needs ...string) {
	if !IsName(name) {
		return
	}
	n := slices.IndexFunc(r.Failures, func(f Failure) bool { return f.Name == name })
	if n < 0 {
		if n = len(r.Failures); n == maxWords {
			return
		}
		r.Failures = append(r.Failures, Failure{Name: name, Code: code})
	}
	f := &r.Failures[n]
	if f.Reason == "" {
		f.Reason = Short(reason)
	}
	for _, need := range needs {
		if IsName(need) && !slices.Contains(f.Needs, need) && len(f.Needs) < maxNeeds {
			f.Needs = append(f.Needs, need)
		}
	}
}

// Script notes that a script of a package failed.
func (r *Report) Script(name string) {
	if IsName(name) && len(r.Scripts) < maxWords && !slices.Contains(r.Scripts, name) {
		r.Scripts = append(r.Scripts, name)
	}
}

// Say keeps a line of the manager.
func (r *Report) Say(line string) {
	if line = strings.TrimSpace(line); line != "" && len(r.Errors) < maxWords {
		r.Errors = append(r.Errors, Short(line))
	}
}

// denials are in the lines with which sudo refuses to do anything.
var denials = []string{"a password is required", "a terminal is required", "is not allowed to", "must have a tty", "may not run sudo"}

// Sudo reads a line for the words of sudo.
func (r *Report) Sudo(line string) {
	if strings.HasPrefix(line, "sudo: ") || strings.HasPrefix(line, "Sorry, user ") {
		r.Denied = r.Denied || slices.ContainsFunc(denials, func(d string) bool { return strings.Contains(line, d) })
	}
}

// why is the reason of a failure that no package was named for: one that was not
// asked for, or whatever the manager said.
func (r *Report) why(tool string, rc int) (string, op.Class, string) {
	for n := range r.Failures {
		if f := &r.Failures[n]; len(f.Needs) == 0 {
			return f.Name + ", which the transaction needs, failed: " + f.reason(tool), class(f.Code), f.Code
		}
	}
	code := cmp.Or(r.Code, Failed)
	switch {
	case len(r.Errors) > 0:
		return r.Errors[0], class(code), code
	case rc == 0:
		return tool + " ended well, but did not do it", op.Permanent, Failed
	}
	return tool + " ended with exit code " + itoa(rc), op.Permanent, Failed
}

// class says what a failure means for trying again.
func class(code string) op.Class {
	switch code {
	case Fetch:
		return op.Transient
	case Depends, Removes:
		return op.Conflict
	}
	return op.Permanent
}

// IsName reports whether s can be a name or a version. Anything else that the
// host tells in their place is dropped.
func IsName(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("+-.:~^_", c) < 0 {
			return false
		}
	}
	return true
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

// Tail returns the last lines of an output that say something. Of XML it is the text that counts.
func Tail(text string) string {
	var kept []string
	elements := strings.HasPrefix(text, "<?xml ")
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if elements {
			line = bare(line)
		}
		line = strings.TrimRight(line, " \t")
		quiet := line == "" || slices.ContainsFunc(noise, func(n string) bool { return strings.HasPrefix(line, n) })
		if !quiet {
			kept = append(kept, Short(line))
		}
	}
	kept = kept[max(0, len(kept)-maxTailLines):]
	for ; ; kept = kept[1:] {
		size := 0
		for _, line := range kept {
			size += len(line) + 1
		}
		if size <= maxTail {
			return strings.Join(kept, "\n")
		}
	}
}

// bare is a line of XML without its tags.
func bare(line string) string {
	var text strings.Builder
	for {
		before, rest, ok := strings.Cut(line, "<")
		text.WriteString(before)
		if !ok {
			return text.String()
		}
		_, line, _ = strings.Cut(rest, ">")
	}
}
