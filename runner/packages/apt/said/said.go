// Package said reads what apt and dpkg say of what they did, in English, as they
// are written. What is kept of it is bounded.
//
// It imports runner/op, runner/packages, runner/packages/apt/dpkg and the standard library only.
package said

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

// maxWords bounds what is kept of each kind, maxNeeds how many packages provide one.
const (
	maxWords = 200
	maxNeeds = 10
)

// reader takes in what apt and dpkg say of a failure. They are read in English, as they are written.
type reader struct {
	report  *packages.Report
	keeping bool // something would have to go, and may not
}

// Listen reads the output of apt-get or dpkg.
func Listen(text string) *packages.Report {
	w := &reader{report: &packages.Report{}}
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
				w.report.Blame(packageIn(name), packages.Failed, "")
			}
		case line == "The following packages have unmet dependencies:":
			w.unmetNeeds(indented(block))
		case line == "The following packages will be REMOVED:":
			w.report.Removed = names(indented(block))
		case strings.HasPrefix(line, "W: "):
			w.missed(line[len("W: "):])
		default:
			w.report.Sudo(line)
		}
	}
	if !w.keeping {
		w.report.Removed = nil
	}
	return w.report
}

// missed notes that lists were not fetched. An apt that does not know the option to fail then only warns.
func (w *reader) missed(line string) {
	if w.report.Missed == "" && (strings.HasPrefix(line, "Failed to fetch ") || strings.HasPrefix(line, "Some index files failed")) {
		w.report.Missed = packages.Short(line)
	}
}

// aptError reads one of apt's final lines.
func (w *reader) aptError(line string) {
	w.report.Say(line)
	switch {
	case strings.HasPrefix(line, "Could not get lock "), strings.Contains(line, ", is another process using it?"):
		w.report.Locked = true
		if who := holder(line); who != "" {
			w.report.Holder = who
		}
	case strings.Contains(line, "dpkg was interrupted"):
		w.report.Undone = packages.Interrupted
	case strings.Contains(line, "--fix-broken install"), strings.Contains(line, "apt-get -f install"):
		w.report.Undone = packages.Unmet
	case strings.Contains(line, "remove is disabled"):
		w.keeping = true
	case strings.HasPrefix(line, "Unable to locate package "):
		w.report.Blame(line[len("Unable to locate package "):], packages.Unknown, "the package lists do not know it")
	case strings.HasSuffix(line, "has no installation candidate"):
		w.report.Blame(quoted(line), packages.None, "no package list has a version of it")
	case strings.HasPrefix(line, "Version ") && strings.HasSuffix(line, " was not found"):
		if _, rest, ok := strings.Cut(line, " for "); ok {
			w.report.Blame(quoted(rest), packages.Version, line)
		}
	case strings.HasPrefix(line, "Failed to fetch "):
		url, reason, _ := strings.Cut(line[len("Failed to fetch "):], " ")
		if strings.HasSuffix(url, ".deb") {
			w.report.Blame(packageIn(url), packages.Fetch, "it could not be fetched: "+strings.TrimSpace(reason))
		}
	}
}

// dpkgError reads "dpkg: error processing package NAME (--configure):" with the reason behind it.
func (w *reader) dpkgError(line string, block []string) {
	if strings.Contains(line, " lock was locked by another process") {
		w.report.Locked = true
		if _, pid, ok := strings.Cut(line, " with pid "); ok {
			w.report.Holder = "process " + packages.Short(pid)
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
	w.report.Blame(strings.TrimSuffix(name, ":"), packages.Failed, strings.Join(indented(block), " "))
}

// dependency reads what keeps a package from being configured:
//
//	app depends on lib; however:
//	 Package lib is not configured yet.
func (w *reader) dependency(block []string) {
	for _, line := range indented(block) {
		name, need, ok := strings.Cut(line, " depends on ")
		if !ok {
			continue
		}
		need, _, _ = strings.Cut(need, ";")
		need, _, _ = strings.Cut(need, " ")
		w.report.Blame(name, packages.Failed, "", need)
	}
}

// unmetNeeds reads a block of
//
//	app : Depends: lib (>= 2) but 1 is to be installed
//	      Depends: other but it is not installable
func (w *reader) unmetNeeds(block []string) {
	name := ""
	for _, line := range block {
		need := line
		if before, after, ok := strings.Cut(line, " : "); ok && packages.IsName(before) {
			name, need = before, after
		}
		kind, rest, ok := strings.Cut(strings.TrimSpace(need), ": ")
		if !ok {
			continue
		}
		on, _, _ := strings.Cut(rest, " ")
		w.report.Blame(name, packages.Depends, kind+": "+rest, on)
	}
}

// indented returns the lines of a block, which ends with the first that is not indented.
func indented(lines []string) []string {
	var block []string
	for _, line := range lines {
		if !strings.HasPrefix(line, " ") || len(block) == maxWords {
			break
		}
		block = append(block, packages.Short(strings.TrimSpace(line)))
	}
	return block
}

// names returns the packages in lines of names, of which "*" marks those to be purged.
func names(lines []string) []string {
	var found []string
	for _, line := range lines {
		for name := range strings.FieldsSeq(line) {
			if name = strings.TrimSuffix(name, "*"); packages.IsName(name) {
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

// holder reads "... It is held by process 812 (apt-get)".
func holder(line string) string {
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
	return packages.Short(name) + " (process " + number + ")"
}

// Changes reads what a simulation says would happen, by names: "Inst tree [1.0] (2.0 Debian [amd64])", "Remv tree [1.0]".
func Changes(text string) []op.PkgChange {
	var all []op.PkgChange
	for line := range strings.SplitSeq(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || !packages.IsName(fields[1]) {
			continue
		}
		c := op.PkgChange{Name: fields[1]}
		if len(fields) > 2 && fields[2][0] == '[' {
			c.Before = strings.Trim(fields[2], "[]")
			fields = fields[1:]
		}
		switch {
		case strings.HasPrefix(line, "Inst ") && len(fields) > 2 && fields[2][0] == '(':
			c.After = strings.Trim(fields[2], "()")
		case !strings.HasPrefix(line, "Remv ") && !strings.HasPrefix(line, "Purg "):
			continue
		}
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b op.PkgChange) int { return strings.Compare(a.Name, b.Name) })
	return all
}
