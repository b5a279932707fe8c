package pacman

import (
	"strings"

	"github.com/openfroyo/froyo/runner/packages"
)

// lines reads "name|version" of each line.
func lines(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		name, version, ok := strings.Cut(strings.TrimSpace(line), "|")
		if ok && packages.IsName(name) && packages.IsName(version) {
			all[name] = version
		}
	}
	return all
}

// dependents reads ":: removing fy-lib breaks dependency 'fy-lib' required by fy-app".
func dependents(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, ":: removing ") {
			continue
		}
		_, name, ok := strings.Cut(strings.TrimSpace(line), " required by ")
		if ok && packages.IsName(name) {
			names = append(names, name)
		}
	}
	return names
}

// Listen implements packages.Tool.
func (Tool) Listen(_ int, text string) *packages.Report {
	r := &packages.Report{}
	at := "" // the package that is being worked on
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		r.Sudo(line)
		for _, verb := range []string{"installing ", "upgrading ", "reinstalling ", "downgrading ", "removing "} {
			if rest, ok := strings.CutPrefix(line, verb); ok {
				at = strings.TrimSuffix(rest, "...")
			}
		}
		switch {
		case strings.Contains(line, "unable to lock database"):
			r.Locked = true
		case line == "error: command failed to execute correctly":
			r.Script(at)
		case strings.HasPrefix(line, ":: "):
			problem(r, strings.TrimPrefix(line, ":: "))
		case strings.HasPrefix(line, "error: "):
			errorLine(r, strings.TrimPrefix(line, "error: "))
		}
	}
	return r
}

func errorLine(r *packages.Report, line string) {
	if name, ok := strings.CutPrefix(line, "target not found: "); ok {
		r.Blame(name, packages.Unknown, "the package lists do not have it")
	}
	if strings.HasPrefix(line, "failed retrieving file") || strings.HasPrefix(line, "failed to synchronize") {
		r.Code = packages.Fetch
	}
	if strings.HasPrefix(line, "failed to prepare transaction") && len(r.Errors) > 0 {
		return // why has been said
	}
	r.Say(line)
}

// problem reads "unable to satisfy dependency 'x' required by fy-needs" and
// "fy-rival and fy-app are in conflict".
func problem(r *packages.Report, line string) {
	if strings.HasPrefix(line, "unable to satisfy dependency ") {
		_, name, _ := strings.Cut(line, " required by ")
		r.Blame(name, packages.Depends, line)
		r.Code = packages.Depends
	}
	if before, _, ok := strings.Cut(line, " are in conflict"); ok {
		name, _, _ := strings.Cut(before, " and ")
		name, _, _ = strings.Cut(name, ":")
		r.Blame(name, packages.Depends, before+" are in conflict")
		r.Code = packages.Depends
	}
}
