package dnf

import (
	"os"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/packages"
)

// codeLocked is dnf's exit code where it was told not to wait for a lock.
const codeLocked = 200

// Listen implements packages.Tool.
func (Tool) Listen(rc int, text string) *packages.Report {
	r := &packages.Report{Locked: rc == codeLocked}
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(strings.TrimSpace(line), "> ")
		r.Sudo(line)
		lockLine(r, line)
		problemLine(r, line)
		switch {
		case strings.HasPrefix(line, "No match for argument: "):
			spec := strings.TrimPrefix(line, "No match for argument: ")
			r.Blame(spec, packages.Unknown, line)
			r.Blame(nameOf(spec), packages.Unknown, line)
		case strings.HasPrefix(line, "Error in ") && strings.Contains(line, " scriptlet in rpm package "):
			_, name, _ := strings.Cut(line, " scriptlet in rpm package ")
			if strings.HasPrefix(line, "Error in PRE") {
				r.Blame(name, packages.Failed, line)
			} else {
				r.Script(name)
			}
		case strings.HasPrefix(line, "Error: ") && line != "Error: Operation aborted.":
			r.Say(strings.TrimPrefix(line, "Error: "))
		case strings.HasPrefix(line, "error: "):
			r.Say(strings.TrimPrefix(line, "error: "))
		case strings.HasPrefix(line, "Errors during downloading"), strings.Contains(line, "Curl error"):
			r.Code = packages.Fetch
			r.Say(line)
		}
	}
	return r
}

// lockLine reads "metadata already locked by 812", after which dnf says who that is.
func lockLine(r *packages.Report, line string) {
	if _, pid, ok := strings.Cut(line, " already locked by "); ok && number(pid) {
		r.Holder = "process " + pid
	}
	if rest, ok := strings.CutPrefix(line, "The application with PID "); ok {
		pid, name, found := strings.Cut(rest, " is: ")
		if found && number(pid) && packages.IsName(name) {
			r.Holder = name + " (process " + pid + ")"
		}
	}
	if strings.Contains(line, "can't create transaction lock on") || strings.HasPrefix(line, "Failed to obtain ") && strings.Contains(line, " lock") {
		r.Locked = true
	}
}

// problemLine reads what the resolver found:
//
//	Problem: conflicting requests
//	 - nothing provides fy-nothing needed by fy-needs-1.0-1.noarch
func problemLine(r *packages.Report, line string) {
	if why, ok := strings.CutPrefix(line, "- nothing provides "); ok {
		_, nevra, _ := strings.Cut(why, " needed by ")
		nevra, _, _ = strings.Cut(nevra, " ")
		r.Code = packages.Depends
		r.Blame(nameOf(nevra), packages.Depends, "nothing provides "+why)
		r.Say("nothing provides " + why)
		return
	}
	rest, ok := strings.CutPrefix(line, "- package ")
	if !ok {
		return
	}
	nevra, why, _ := strings.Cut(rest, " ")
	for _, verb := range []string{"conflicts with ", "obsoletes "} {
		if strings.HasPrefix(why, verb) {
			r.Code = packages.Depends
			r.Blame(nameOf(nevra), packages.Depends, rest)
		}
	}
	if strings.HasPrefix(why, "requires ") {
		r.Code = packages.Depends
		r.Say(rest)
	}
}

// nameOf is the name in "name-[epoch:]version-release[.arch]".
func nameOf(nevra string) string {
	for range 2 {
		at := strings.LastIndexByte(nevra, '-')
		if at <= 0 {
			return nevra
		}
		nevra = nevra[:at]
	}
	return nevra
}

func number(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0
}

// Where dnf keeps which packages are to stay in their version, and in its fifth edition.
const (
	versionlock  = "etc/dnf/plugins/versionlock.list"
	versionlock5 = "etc/dnf/versionlock.toml"
)

// locked lists the packages that the plugin versionlock keeps in their version.
func (t Tool) locked() []string {
	var names []string
	for line := range strings.Lines(read(t.Root + versionlock)) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && line[0] != '!' {
			names = append(names, nameOf(line))
		}
	}
	for line := range strings.Lines(read(t.Root + versionlock5)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.TrimSpace(key) == "name" {
			names = append(names, strings.Trim(strings.TrimSpace(value), `"'`))
		}
	}
	return names
}

// defaultPriority is that of a repository which says none.
const defaultPriority = 99

// priorities reads those of the repositories by their names. A smaller number goes first.
func (t Tool) priorities() map[string]int {
	found := map[string]int{}
	dir := t.Root + "etc/yum.repos.d/"
	for _, name := range packages.Names(dir) {
		if !strings.HasSuffix(name, ".repo") {
			continue
		}
		repo := ""
		for line := range strings.Lines(read(dir + name)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "[") {
				repo = strings.Trim(line, "[]")
				continue
			}
			key, value, _ := strings.Cut(line, "=")
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && strings.TrimSpace(key) == "priority" {
				found[repo] = n
			}
		}
	}
	return found
}

// maxFile bounds a file of settings.
const maxFile = 1 << 20

// read returns a file of settings, "" for one that is not there or too large to be one.
func read(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return ""
	}
	text, err := os.ReadFile(path) //nolint:gosec // the path is dnf's
	if err != nil {
		return ""
	}
	return string(text)
}
