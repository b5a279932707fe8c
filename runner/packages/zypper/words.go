package zypper

import (
	"os"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/rpm"
)

// Exit codes of zypper.
const (
	codeLocked  = 7
	codeNothing = 104 // there is no such package
	codeInfo    = 100 // from here it did its work, and something else is to be done
	codeLast    = 103 // the last of these
	codeScript  = 107 // a script failed, and the package is there all the same
)

// maxTags bounds what is read of an answer.
const maxTags = 20_000

// tags reads the attributes of each element of a name. It is no more of XML than zypper writes.
func tags(text, name string) []map[string]string {
	var all []map[string]string
	for len(all) < maxTags {
		_, rest, ok := strings.Cut(text, "<"+name+" ")
		if !ok {
			break
		}
		attributes := map[string]string{}
		for {
			rest = strings.TrimLeft(rest, " \n\t")
			key, after, ok := strings.Cut(rest, `="`)
			if !ok || strings.ContainsAny(key, "<> /") {
				break
			}
			value, behind, ok := strings.Cut(after, `"`)
			if !ok {
				break
			}
			attributes[key], rest = plain(value), behind
		}
		all, text = append(all, attributes), rest
	}
	return all
}

// entities are those that zypper writes.
var entities = [...][2]string{{"&apos;", "'"}, {"&quot;", `"`}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}}

func plain(text string) string {
	for _, e := range entities {
		text = strings.ReplaceAll(text, e[0], e[1])
	}
	return text
}

// section returns what is between <name> and </name>.
func section(text, name string) string {
	_, rest, ok := strings.Cut(text, "<"+name+">")
	if !ok {
		return ""
	}
	inside, _, _ := strings.Cut(rest, "</"+name+">")
	return inside
}

// summary reads what a dry run would change.
func summary(text string) []op.PkgChange {
	var changes []op.PkgChange
	for _, name := range []string{"to-install", "to-upgrade", "to-upgrade-change-arch", "to-downgrade", "to-downgrade-change-arch", "to-reinstall", "to-change-arch", "to-remove"} {
		for _, tag := range tags(section(text, name), "solvable") {
			c := op.PkgChange{Name: tag["name"], Before: rpm.Plain(tag["edition-old"]), After: rpm.Plain(tag["edition"])}
			if name == "to-remove" {
				c.Before, c.After = c.After, ""
			}
			if tag["type"] == "package" && packages.IsName(c.Name) {
				changes = append(changes, c)
			}
		}
	}
	return changes
}

// Listen implements packages.Tool.
func (Tool) Listen(rc int, text string) *packages.Report {
	r := &packages.Report{Locked: rc == codeLocked, Done: rc >= codeInfo && rc <= codeLast}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		r.Sudo(line)
		if _, rest, ok := strings.Cut(line, `<message type="error">`); ok {
			errorLine(r, plain(strings.TrimSuffix(rest, "</message>")))
		}
		if _, rest, ok := strings.Cut(line, "<description>Problem: "); ok {
			problem(r, plain(rest))
		}
		if rc == codeScript {
			script(r, plain(line))
		}
	}
	return r
}

func errorLine(r *packages.Report, line string) {
	switch {
	case strings.HasPrefix(line, "No provider of "), strings.HasPrefix(line, "Package ") && strings.HasSuffix(line, " not found."):
		_, name, _ := strings.Cut(line, "'")
		name, _, _ = strings.Cut(name, "'")
		name, _, _ = strings.Cut(name, "=")
		name, _, _ = strings.Cut(name, " ")
		r.Blame(name, packages.Unknown, "the package lists do not have it")
	case strings.Contains(line, "is locked by the application with pid "):
		_, rest, _ := strings.Cut(line, " with pid ")
		pid, name, _ := strings.Cut(rest, " ")
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "("), ")")
		if packages.IsName(pid) && packages.IsName(name) {
			r.Holder = name + " (process " + pid + ")"
		}
	case strings.Contains(line, "Download (curl) error"), strings.Contains(line, "Failed to download"), strings.Contains(line, "Valid metadata not found"):
		r.Code = packages.Fetch
	}
	r.Say(line)
}

// problem reads what the resolver found: "nothing provides x needed by fy-needs-1.0-1.noarch",
// "fy-rival-1.0-1.noarch conflicts with ...".
func problem(r *packages.Report, line string) {
	r.Code = packages.Depends
	r.Say(line)
	if _, nevra, ok := strings.Cut(line, " needed by "); ok {
		r.Blame(nameOf(strings.TrimSpace(nevra)), packages.Depends, line)
	}
	nevra, rest, _ := strings.Cut(strings.TrimPrefix(line, "the to be installed "), " ")
	if strings.HasPrefix(rest, "conflicts with ") || strings.HasPrefix(rest, "obsoletes ") || strings.HasPrefix(rest, "requires ") {
		r.Blame(nameOf(nevra), packages.Depends, line)
	}
}

// script reads "warning: %post(fy-script-1.0-1.noarch) scriptlet failed, exit status 3".
func script(r *packages.Report, line string) {
	before, _, ok := strings.Cut(line, ") scriptlet failed")
	if !ok {
		return
	}
	if at := strings.LastIndexByte(before, '('); at >= 0 {
		r.Script(nameOf(before[at+1:]))
	}
}

// nameOf is the name in "name-version-release.arch".
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

// locksFile is where zypper keeps which packages are to stay as they are.
const locksFile = "etc/zypp/locks"

// maxLocks bounds that file.
const maxLocks = 1 << 20

// locked lists the patterns of names that zypper's locks keep as they are.
func (t Tool) locked() []string {
	info, err := os.Stat(t.Root + locksFile)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxLocks {
		return nil
	}
	text, err := os.ReadFile(t.Root + locksFile)
	if err != nil {
		return nil // then zypper itself refuses
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "solvable_name: "); ok {
			names = append(names, name)
		}
	}
	return names
}
